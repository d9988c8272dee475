"""IAM and STS: who calls, what a role may, and assuming one as a service does."""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

import functools
import json
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import boto3
import botocore.loaders
import botocore.session
from botocore.model import OperationNotFoundError
from ministack.core import iam_evaluator, router
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, sts
from ministack.services.cloudformation import provisioners

from constructs_lib.local import api_model
from constructs_lib.local.hooks.shapes import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from constructs_lib.local.hooks.shapes import Response

# The operations that make what CloudFormation's resource types describe.
_OPERATIONS = {
    "Group": "CreateGroup",
    "InstanceProfile": "CreateInstanceProfile",
    "ManagedPolicy": "CreatePolicy",
    "Policy": "PutRolePolicy",
    "Role": "CreateRole",
    "User": "CreateUser",
}


def refuse_what_the_model_refuses() -> None:
    """Refuse texts that do not match the API's patterns, from the API and from templates.

    Policies hold no character beyond U+00FF, for instance:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
    """
    for action, handler in list(iam._IAM_HANDLERS.items()):
        iam._IAM_HANDLERS[action] = functools.partial(_checked_call, action, handler)
    for name, operation in _OPERATIONS.items():
        handlers = provisioners._RESOURCE_HANDLERS.get(f"AWS::IAM::{name}", {})
        for step in handlers.keys() & {"create", "update"}:
            handlers[step] = functools.partial(_checked_provision, operation, handlers[step])


def _checked_call(action: str, handler: Callable[[Any], Any], params: dict[str, Any]) -> Any:
    texts = {name: str(value[0] if isinstance(value, list) else value) for name, value in params.items()}
    try:
        problem = api_model.problem_of_texts("iam", action, texts)
    except OperationNotFoundError:  # MiniStack's own word for it is as good
        problem = None
    return iam._error(400, "ValidationError", problem, ns="iam") if problem else handler(params)


def _checked_provision(operation: str, step: Callable[..., Any], *args: Any) -> Any:
    for properties in (value for value in args if isinstance(value, dict)):
        inline = [("PutRolePolicy", policy) for policy in properties.get("Policies") or []]
        for called, members in [(operation, properties), *inline]:
            if problem := api_model.problem_of_texts("iam", called, _texts(members)):
                raise ValueError(problem)
    return step(*args)


def _texts(properties: Mapping[str, Any]) -> dict[str, str]:
    """The properties that the API takes as text: documents as JSON, and the one name that it calls otherwise."""
    named = {"PolicyName" if name == "ManagedPolicyName" else name: value for name, value in properties.items()}
    return {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in named.items()
        if isinstance(value, str) or name.endswith("PolicyDocument")
    }


def let_threads_assume_roles() -> None:
    """Let sessions be made while others look for those that are over."""
    turn = threading.Lock()

    def evict_expired_sessions() -> None:
        with turn:
            now = time.time()
            # A copy first: state machines and the server itself make sessions at the same time.
            for key, session in list(sts._sessions.items()):
                if session.get("Expiration", now) < now:
                    sts._sessions.pop(key, None)

    sts._evict_expired_sessions = evict_expired_sessions


# Reading the models of the services takes most of a job's time; sessions share what was read.
_loader = botocore.loaders.create_loader()


class AssumeRoleDeniedError(Exception):
    """The trust policy of a role does not let a service assume it, or there is no such role."""


def assume_role_as_service(role_arn: str, service: str, source_arn: str, session_name: str) -> boto3.Session:
    """Assume a role as an AWS service does, under the role's real trust policy.

    MiniStack lets its root assume any role that trusts any service, and supplies neither of the keys that guard
    against confused deputies; so the trust policy is judged here, by MiniStack's evaluator.

    Args:
        role_arn: The role.
        service: The service principal, such as `comprehend.amazonaws.com`.
        source_arn: The resource on whose behalf the service acts (`aws:SourceArn`).
        session_name: The session's name.

    Returns:
        A session whose requests are made, signed and judged as the role's.

    Raises:
        AssumeRoleDeniedError: There is no such role, or it does not trust the service.
    """
    role = iam._roles.get(role_arn.rpartition("/")[2])
    if role is None or role["Arn"] != role_arn:
        raise AssumeRoleDeniedError(f"{role_arn} does not exist")
    trust = parsed(role["AssumeRolePolicyDocument"].encode())
    statements = trust.get("Statement", [])
    trusted = [
        {"Resource": "*", **statement}
        for statement in (statements if isinstance(statements, list) else [statements])
        if iam_evaluator._service_principal_matches(statement.get("Principal"), service)
    ]
    context = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=get_account_id(),
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=get_region(),
        service_context={"aws:sourceaccount": get_account_id(), "aws:sourcearn": source_arn},
    )
    policies = [iam_evaluator.parse_policy_document({"Statement": trusted})]
    if iam_evaluator.evaluate(context, policies).decision != "Allow":
        raise AssumeRoleDeniedError(f"{service} is not authorized to assume {role_arn}")
    access_key, secret, token = f"ASIA{secrets.token_hex(8).upper()}", secrets.token_hex(20), secrets.token_hex(32)
    sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{get_account_id()}:assumed-role/{role['RoleName']}/{session_name}",
            "UserId": f"{role['RoleId']}:{session_name}",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": time.time() + 3600,
        },
    )
    core = botocore.session.Session()
    core.register_component("data_loader", _loader)
    return boto3.Session(access_key, secret, token, region_name=get_region(), botocore_session=core)


def denial(access_key: str, action: str, resource: str, context: Mapping[str, Any] | None = None) -> Response | None:
    """Judge one action of a caller.

    Args:
        access_key: The caller's access key id, from `access_key_of` or a session.
        action: IAM action, such as `iam:PassRole`.
        resource: ARN of the resource.
        context: Condition keys of the request.

    Returns:
        None when allowed, otherwise the response that says so.
    """
    service = action.partition(":")[0]
    result = iam_evaluator.enforce(access_key, action, service, get_region(), resource, context)
    if result is None:
        return None
    if isinstance(result, iam_evaluator.AuthError):
        body = {"__type": result.code, "message": result.message}
        return 403, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()
    explicit = result.decision == "Deny"
    reason = "with an explicit deny in a policy" if explicit else f"because no policy allows the {action} action"
    message = f"User: {result.principal_arn} is not authorized to perform: {action} on resource: {resource} {reason}"
    if service == "kms":  # asked by S3, which speaks XML
        error = f"<Error><Code>AccessDenied</Code><Message>{escape(message)}</Message></Error>"
        return 403, {"Content-Type": "application/xml"}, error.encode()
    body = {"__type": "AccessDeniedException", "Message": message}
    return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(body).encode()


def access_key_of(headers: dict[str, str]) -> str:
    """The access key id that signed a request."""
    return str(router.extract_access_key_id(headers, {}))


def access_key_of_session(session: boto3.Session) -> str:
    """The access key id of a session made here."""
    credentials = session.get_credentials()
    return str(credentials.access_key) if credentials else ""
