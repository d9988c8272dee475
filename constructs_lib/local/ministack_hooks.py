"""Every place where the local AWS reaches into MiniStack, and nothing else.

MiniStack is pinned because of this module. `install` puts the hooks in; each has a test that fails when it stops
working. The functions below it are what the local Comprehend needs of its surroundings: who calls, what a role may.
"""
# Reaching inside is what this module is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401, PLR0917

from __future__ import annotations

import asyncio
import contextvars
import functools
import json
import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError
from ministack import app
from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_account_id, get_region, new_uuid, now_iso
from ministack.services import cloudformation, ec2, iam, kms, lambda_svc, s3, stepfunctions, sts
from ministack.services.cloudformation import custom_resource, handlers, provisioners, stacks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    ResourceTypes = Mapping[str, tuple[Callable[..., tuple[str, dict[str, str]]], Callable[..., None]]]

Response = tuple[int, dict[str, str], bytes]


class Service(Protocol):
    """What a module must have to be served beside MiniStack's own services."""

    TARGET_PREFIX: str

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        """Answer one request."""

    def resource_arn(self, operation: str, request: dict[str, Any], region: str, account: str) -> str:
        """The resource that a policy must name for this request."""

    def condition_keys(self, request: dict[str, Any]) -> dict[str, Any]:
        """The service's own condition keys of this request."""


def install(comprehend: Service, resource_types: ResourceTypes) -> Any:
    """Put every hook in.

    Args:
        comprehend: The service to register beside MiniStack's own.
        resource_types: CloudFormation resource types to add: how each is made and removed.

    Returns:
        MiniStack's ASGI application.
    """
    _register(comprehend)
    _add_resource_types(resource_types)
    _complete_bucket_properties()
    _check_kms_in_s3()
    _follow_custom_resource_protocol()
    _answer_when_a_stack_operation_ends()
    _call_from_step_functions(comprehend)
    _hold_network_interfaces()
    return app.app


# --- Comprehend as one more service ---------------------------------------------------------------------------------


def _register(comprehend: Service) -> None:
    app.SERVICE_REGISTRY["comprehend"] = {"module": "comprehend"}
    app.SERVICE_HANDLERS["comprehend"] = comprehend.handle_request
    app._loaded_modules["comprehend"] = comprehend
    router.SERVICE_PATTERNS["comprehend"] = {"target_prefixes": [comprehend.TARGET_PREFIX], "host_patterns": []}
    iam_actions.SERVICE_TO_IAM_NAMESPACE["comprehend"] = "comprehend"
    resource_arn, request_context = iam_actions.extract_resource_arn, iam_actions.request_tag_context

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: Any,
        body: bytes,
        query: Any,
        region: str,
        account: str,
    ) -> str:
        if service != "comprehend":
            return str(resource_arn(service, method, path, headers, body, query, region, account))
        return comprehend.resource_arn(headers["x-amz-target"].rpartition(".")[2], _json(body), region, account)

    def request_tag_context(service: str, action: str, body: bytes, params: Any) -> dict[str, Any]:
        keys: dict[str, Any] = request_context(service, action, body, params)
        return {**keys, **comprehend.condition_keys(_json(body))} if service == "comprehend" else keys

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_actions.request_tag_context = request_tag_context


def _add_resource_types(types: ResourceTypes) -> None:
    for resource_type, (create, delete) in types.items():
        provisioners._RESOURCE_HANDLERS[resource_type] = {"create": create, "delete": delete}
    on_worker_thread = stacks._runs_on_worker_thread
    # They block, waiting for requests that this very server answers.
    stacks._runs_on_worker_thread = lambda resource_type: resource_type in types or on_worker_thread(resource_type)


def resource_types() -> set[str]:
    """The CloudFormation resource types that can be deployed, custom ones aside."""
    return set(provisioners._RESOURCE_HANDLERS)


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


# --- S3: properties CloudFormation forgets, and KMS ------------------------------------------------------------------


def _complete_bucket_properties() -> None:
    """`BucketEncryption` and `Tags` of AWS::S3::Bucket, which stock MiniStack drops."""

    def encryption_xml(value: Mapping[str, Any]) -> bytes:
        rules = ""
        for rule in value.get("ServerSideEncryptionConfiguration", []):
            default = rule.get("ServerSideEncryptionByDefault", {})
            inner = "".join(
                f"<{name}>{escape(str(default[name]))}</{name}>"
                for name in ("SSEAlgorithm", "KMSMasterKeyID")
                if name in default
            )
            rules += (
                f"<Rule><ApplyServerSideEncryptionByDefault>{inner}</ApplyServerSideEncryptionByDefault>"
                f"<BucketKeyEnabled>{str(rule.get('BucketKeyEnabled', False)).lower()}</BucketKeyEnabled></Rule>"
            )
        return f"<ServerSideEncryptionConfiguration>{rules}</ServerSideEncryptionConfiguration>".encode()

    def tags_xml(value: list[Mapping[str, Any]]) -> bytes:
        tags = "".join(
            f"<Tag><Key>{escape(tag['Key'])}</Key><Value>{escape(str(tag['Value']))}</Value></Tag>" for tag in value
        )
        return f"<Tagging><TagSet>{tags}</TagSet></Tagging>".encode()

    provisioners._S3_BUCKET_CONFIGURATIONS += (
        ("BucketEncryption", encryption_xml, s3._put_bucket_encryption, s3._delete_bucket_encryption),
        ("Tags", tags_xml, s3._put_bucket_tagging, s3._delete_bucket_tagging),
    )


def _check_kms_in_s3() -> None:
    """Writing under a KMS key needs kms:GenerateDataKey, reading needs kms:Decrypt, as the caller and through S3."""
    original, encryption_of_write = s3.handle_request, s3._resolve_sse_write_headers

    def resolve_sse_write_headers(headers: dict[str, str], bucket: str) -> Any:
        algorithm, key = "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"
        if headers.get(algorithm) == "aws:kms" and not headers.get(key):
            return {algorithm: "aws:kms"}, None  # the key aws/s3, which every caller in the account may use
        return encryption_of_write(headers, bucket)

    s3._resolve_sse_write_headers = resolve_sse_write_headers

    async def handle_request(
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, Any],
        *args: Any,
        **kwargs: Any,
    ) -> Response:
        denied = None if kwargs.get("internal") else _kms_denial(method, path, headers, query)
        return denied or await original(method, path, headers, body, query, *args, **kwargs)

    s3.handle_request = handle_request


_SUBRESOURCES = {"acl", "tagging", "retention", "legal-hold", "attributes", "torrent", "partNumber", "uploadId"}


def _kms_denial(method: str, path: str, headers: dict[str, str], query: dict[str, Any]) -> Response | None:
    bucket, key = s3._parse_bucket_key(path, headers)
    caller = router.extract_access_key_id(headers, query)
    if not key or not caller or _SUBRESOURCES & query.keys():
        return None
    if method == "GET":
        checks = [("kms:Decrypt", _stored_key(bucket, key), bucket, key)]
    elif method == "PUT" or (method == "POST" and "uploads" in query):
        encryption, _ = s3._resolve_sse_write_headers(headers, bucket)
        checks = [("kms:GenerateDataKey", _key_id(encryption or {}), bucket, key)]
        if source := iam_actions._s3_source_object(headers):
            source_bucket, _, source_key = source[0].removeprefix("arn:aws:s3:::").partition("/")
            checks.append(("kms:Decrypt", _stored_key(source_bucket, source_key), source_bucket, source_key))
    else:
        return None
    for action, key_id, where, name in checks:
        if key_id and (response := _key_denial(caller, action, key_id, f"arn:aws:s3:::{where}/{name}")):
            return response
    return None


def _key_id(encryption: Mapping[str, str]) -> str | None:
    return encryption.get("x-amz-server-side-encryption-aws-kms-key-id")


def _stored_key(bucket: str, key: str) -> str | None:
    stored = (s3._buckets.get(bucket) or {}).get("objects", {}).get(key)
    return _key_id(s3._stored_sse_headers(stored)) if stored else None


def _key_denial(caller: str, action: str, key_id: str, object_arn: str) -> Response | None:
    arn = key_arn(key_id)
    if arn is None:
        error = (
            f"<Error><Code>KMS.NotFoundException</Code><Message>Key '{escape(key_id)}' does not exist</Message></Error>"
        )
        return 400, {"Content-Type": "application/xml"}, error.encode()
    context = {
        "kms:ViaService": f"s3.{get_region()}.amazonaws.com",
        "kms:CallerAccount": get_account_id(),
        "kms:EncryptionContext:aws:s3:arn": object_arn,
        "kms:EncryptionContextKeys": ["aws:s3:arn"],
        "kms:ResourceAliases": [
            alias.rpartition(":")[2] for alias, target in kms._aliases.items() if target == arn.rpartition("/")[2]
        ],
    }
    return denial(caller, action, arn, context)


# --- CloudFormation --------------------------------------------------------------------------------------------------

_MAX_ANSWER = 4096
_refused_updates: set[tuple[str, str]] = set()


def _follow_custom_resource_protocol() -> None:
    """What stock MiniStack does otherwise than CloudFormation in custom resources."""
    custom_resource.invoke_custom_resource = _invoke_custom_resource
    shortcuts, roll_back = app._handle_post_body_shortcuts, stacks._roll_back_operation

    async def handle_post_body_shortcuts(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], request_id: str
    ) -> Any:
        if path.startswith("/_ministack/cfn-response/") and len(body) > _MAX_ANSWER:
            answer = {**_json(body), "Status": "FAILED", "Reason": "Response object is too long.", "Data": {}}
            body = json.dumps(answer).encode()
        return await shortcuts(method, path, headers, body, query, request_id)

    async def roll_back_operation(
        stack_name: str, stack_id: str, stack: dict[str, Any], operation: dict[str, Any], reason_override: str = ""
    ) -> None:
        failed = operation["failed_logical_id"]
        if (stack["_resources"].get(failed) or {}).get("ResourceStatus") == "CREATE_FAILED":
            operation["created"].append(failed)  # so that its Delete is sent
        await roll_back(stack_name, stack_id, stack, operation, reason_override)

    app._handle_post_body_shortcuts = handle_post_body_shortcuts
    stacks._roll_back_operation = handlers._roll_back_operation = roll_back_operation


def _invoke_custom_resource(
    request_type: str,
    logical_id: str,
    props: dict[str, Any],
    stack_name: str,
    stack_id: str,
    resource_type: str,
    physical_id: str | None = None,
    old_props: dict[str, Any] | None = None,
) -> tuple[str, dict[str, Any]]:
    """Send one request to the function, asynchronously as CloudFormation does, and judge its answer."""
    if old_props and old_props.get("ServiceToken") != props.get("ServiceToken"):
        if (stack_id, logical_id) in _refused_updates:  # the rollback of what was refused: nothing to undo
            _refused_updates.discard((stack_id, logical_id))
            return str(physical_id), {}
        _refused_updates.add((stack_id, logical_id))
        raise ValueError("Modifying service token is not allowed.")
    function, configuration, _ = lambda_svc._get_func_record_for_ref(props["ServiceToken"])
    if function is None or configuration is None:
        raise ValueError(f"The function of ServiceToken {props['ServiceToken']!r} does not exist.")

    as_strings = custom_resource._normalise_resource_properties
    token, request_id = new_uuid(), new_uuid()
    signed = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    event = {
        "RequestType": request_type,
        "RequestId": request_id,
        "StackId": stack_id,
        "ResponseURL": f"{custom_resource._response_url(token)}?X-Amz-Date={signed}&X-Amz-Expires=7200",
        "ResourceType": resource_type,
        "LogicalResourceId": logical_id,
        "ResourceProperties": as_strings(props),
    }
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    if old_props is not None:
        event["OldResourceProperties"] = as_strings(old_props)

    answered = custom_resource.register_token(token)
    record = lambda_svc._execution_record_for_config(function, configuration)
    lambda_svc.invoke_async_with_retry(record, event)
    answered.wait(float(props.get("ServiceTimeout", 3600)))
    answer = (custom_resource._pending.pop(token, None) or {}).get("result")

    problem = _problem_of_answer(answer, request_type, request_id)
    answered_id = (answer or {}).get("PhysicalResourceId") or physical_id or f"{stack_name}-{logical_id}-{token[:12]}"
    if problem and request_type == "Create":
        cloudformation._stacks[stack_name].setdefault("_resources", {})[logical_id] = {
            "PhysicalResourceId": answered_id,
            "ResourceType": resource_type,
            "ResourceStatus": "CREATE_FAILED",
            "LogicalResourceId": logical_id,
            "Properties": props,
            "Attributes": {},
            "Timestamp": now_iso(),
        }
    if problem:
        raise RuntimeError(problem)
    return answered_id, (answer or {}).get("Data") or {}


def _problem_of_answer(answer: dict[str, Any] | None, request_type: str, request_id: str) -> str | None:
    if answer is None:
        return (
            "CloudFormation did not receive a response from your Custom Resource. Please check your logs for "
            f"requestId [{request_id}]."
        )
    if answer.get("RequestId") not in {None, request_id}:
        return "Invalid response: RequestId differs from the request's."
    match answer.get("Status"):
        case "FAILED":
            reason = answer.get("Reason") or "No reason given"
            return (
                "Received response status [FAILED] from custom resource. "
                f"Message returned: {reason} (RequestId: {request_id})"
            )
        case "SUCCESS":
            if request_type != "Delete" and not answer.get("PhysicalResourceId"):
                return "Invalid PhysicalResourceId"
            return None
        case other:
            return f"Invalid response: Status must be SUCCESS or FAILED, got {other!r}"


def _answer_when_a_stack_operation_ends() -> None:
    """The CDK CLI asks for the stack every 5 seconds; answer its question when there is something new to say."""
    original = cloudformation.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        if b"Action=DescribeStacks" in body and "aws-cdk" in headers.get("user-agent", ""):
            name = parse_qs(body.decode()).get("StackName", [""])[0]
            deadline = time.monotonic() + 60
            while _in_progress(name) and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing signals the end
                await asyncio.sleep(0.02)
        return cast("Response", await original(method, path, headers, body, query))

    cloudformation.handle_request = handle_request


def _in_progress(name: str) -> bool:
    for stack in cloudformation._stacks.values():
        if name in {stack["StackName"], stack["StackId"]}:
            status = str(stack["StackStatus"])
            return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"
    return False


# --- Step Functions --------------------------------------------------------------------------------------------------

_execution: contextvars.ContextVar[str] = contextvars.ContextVar("execution")


def _call_from_step_functions(comprehend: Service) -> None:
    """SDK integrations of Comprehend, called under the state machine's role."""
    run, dispatch = stepfunctions._run_execution, stepfunctions._dispatch_aws_sdk_json

    def run_execution(execution_arn: str) -> None:
        _execution.set(execution_arn)
        run(execution_arn)

    def dispatch_aws_sdk_json(info: Any, service: str, action: str, parameters: dict[str, Any]) -> Any:
        if service != "comprehend":
            return dispatch(info, service, action, parameters)
        operation = action[0].upper() + action[1:]
        machine = stepfunctions._executions[_execution.get()]["stateMachineArn"]
        try:
            session = assume_role_as_service(
                stepfunctions._state_machines[machine]["roleArn"],
                "states.amazonaws.com",
                machine,
                "StepFunctions",
            )
            client: Any = session.client("comprehend", config=Config(retries={"total_max_attempts": 1}))
            answer = client._make_api_call(operation, parameters)
        except AssumeRoleDeniedError as error:
            raise stepfunctions._ExecutionError("States.TaskFailed", str(error)) from error
        except ClientError as error:
            code = stepfunctions._prefix_sdk_error(service, error.response["Error"]["Code"])
            raise stepfunctions._ExecutionError(code, error.response["Error"]["Message"]) from error
        answer.pop("ResponseMetadata")
        return json.loads(json.dumps(answer, default=lambda moment: moment.isoformat()))

    stepfunctions._AWS_SDK_SERVICE_MAP["comprehend"] = {
        "target_prefix": comprehend.TARGET_PREFIX,
        "protocol": "json",
    }
    stepfunctions._run_execution = run_execution
    stepfunctions._dispatch_aws_sdk_json = dispatch_aws_sdk_json


# --- EC2: network interfaces that a service makes ---------------------------------------------------------------------

_INTERFACE_FILTERS: dict[str, Callable[[dict[str, Any]], set[str]]] = {
    "subnet-id": lambda interface: {interface["SubnetId"]},
    "vpc-id": lambda interface: {interface["VpcId"]},
    "group-id": lambda interface: {group["GroupId"] for group in interface["Groups"]},
    "status": lambda interface: {interface["Status"]},
    "requester-id": lambda interface: {interface.get("RequesterId", "")},
}


def _hold_network_interfaces() -> None:
    """Show who made an interface, find it by filters, and refuse to delete subnets and groups that one uses.

    Policies may ask in which VPC an interface is that somebody wants to delete.
    """
    request_context = iam_actions.request_tag_context

    def xml(interface: dict[str, Any]) -> str:
        before, end, _ = ec2._eni_fields_xml(interface).rpartition("</item>")
        return f"{before}<requesterId>{interface.get('RequesterId', '')}</requesterId>{end}"

    def describe(parameters: dict[str, Any]) -> Any:
        ids, filters = ec2._parse_member_list(parameters, "NetworkInterfaceId"), ec2._parse_filters(parameters)
        found = [
            interface
            for interface in ec2._network_interfaces.values()
            if (not ids or interface["NetworkInterfaceId"] in ids)
            and all(_INTERFACE_FILTERS[name](interface) & set(values) for name, values in filters.items())
        ]
        items = "".join(xml(interface) for interface in found)
        content = f"<networkInterfaceSet>{items}</networkInterfaceSet>"
        return ec2._xml(200, "DescribeNetworkInterfacesResponse", content)

    def request_tag_context(service: str, action: str, body: bytes, params: Any) -> dict[str, Any]:
        keys: dict[str, Any] = request_context(service, action, body, params)
        wanted = iam_actions._query_param(params, "NetworkInterfaceId")
        if action != "ec2:DeleteNetworkInterface" or wanted not in ec2._network_interfaces:
            return keys
        vpc = ec2._network_interfaces[wanted]["VpcId"]
        return {**keys, "ec2:Vpc": f"arn:aws:ec2:{get_region()}:{get_account_id()}:vpc/{vpc}"}

    iam_actions.request_tag_context = request_tag_context
    ec2._ACTION_MAP["DescribeNetworkInterfaces"] = describe
    for resource_type, name in (("AWS::EC2::Subnet", "subnet-id"), ("AWS::EC2::SecurityGroup", "group-id")):
        handler = provisioners._RESOURCE_HANDLERS[resource_type]
        handler["delete"] = functools.partial(_delete_unless_used, handler["delete"], _INTERFACE_FILTERS[name])


def _delete_unless_used(
    delete: Callable[..., None], users: Callable[[dict[str, Any]], set[str]], physical_id: str, *args: Any
) -> None:
    for interface in ec2._network_interfaces.values():
        if physical_id in users(interface):
            raise ValueError(f"{physical_id} has dependencies and cannot be deleted: {interface['NetworkInterfaceId']}")
    delete(physical_id, *args)


# --- What the local Comprehend needs of its surroundings -------------------------------------------------------------


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
    trust = _json(role["AssumeRolePolicyDocument"].encode())
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


def account_id() -> str:
    """The account of the running request."""
    return str(get_account_id())


def region() -> str:
    """The Region of the running request."""
    return str(get_region())


def key_arn(key: str) -> str | None:
    """The ARN of a KMS key named in any of the four ways, None when there is no such key."""
    record = kms._resolve_key(key)
    return str(record["Arn"]) if record else None


def enter_network(session: boto3.Session, subnet: str, groups: list[str]) -> str:
    """Make the network interface of a job, as its data access role, in use and marked as Comprehend's.

    Returns:
        Id of the network interface.
    """
    client, caller = session.client("ec2"), session.client("sts").get_caller_identity()
    answer = client.create_network_interface(SubnetId=subnet, Groups=groups, Description="Comprehend job")
    identifier = str(answer["NetworkInterface"]["NetworkInterfaceId"])
    ec2._network_interfaces[identifier] |= {"RequesterId": caller["UserId"], "Status": "in-use"}
    return identifier


def leave_network(session: boto3.Session, interface: str, *, keep: bool) -> None:
    """Release the network interface of a job, and remove it as its data access role unless it is to linger."""
    ec2._network_interfaces[interface]["Status"] = "available"
    if not keep:
        session.client("ec2").delete_network_interface(NetworkInterfaceId=interface)
