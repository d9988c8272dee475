"""CloudFormation: more resource types, the custom resource protocol, and when the CDK CLI is answered."""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401, PLR0917

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs

from ministack import app
from ministack.core.responses import new_uuid, now_iso
from ministack.services import cloudformation, lambda_svc
from ministack.services.cloudformation import custom_resource, handlers, provisioners, stacks

from constructs_lib.local.hooks.shapes import parsed

if TYPE_CHECKING:
    from constructs_lib.local.hooks.shapes import ResourceTypes, Response


def add_resource_types(types: ResourceTypes) -> None:
    """Let CloudFormation make and remove more types of resources."""
    for resource_type, (create, delete) in types.items():
        provisioners._RESOURCE_HANDLERS[resource_type] = {"create": create, "delete": delete}
    on_worker_thread = stacks._runs_on_worker_thread
    # They block, waiting for requests that this very server answers.
    stacks._runs_on_worker_thread = lambda resource_type: resource_type in types or on_worker_thread(resource_type)


def resource_types() -> set[str]:
    """The CloudFormation resource types that can be deployed, custom ones aside."""
    return set(provisioners._RESOURCE_HANDLERS)


_MAX_ANSWER = 4096


_refused_updates: set[tuple[str, str]] = set()


def follow_custom_resource_protocol() -> None:
    """What stock MiniStack does otherwise than CloudFormation in custom resources."""
    custom_resource.invoke_custom_resource = _invoke_custom_resource
    shortcuts, roll_back = app._handle_post_body_shortcuts, stacks._roll_back_operation

    async def handle_post_body_shortcuts(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], request_id: str
    ) -> Any:
        if path.startswith("/_ministack/cfn-response/") and len(body) > _MAX_ANSWER:
            answer = {**parsed(body), "Status": "FAILED", "Reason": "Response object is too long.", "Data": {}}
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


def answer_when_an_operation_ends() -> None:
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
