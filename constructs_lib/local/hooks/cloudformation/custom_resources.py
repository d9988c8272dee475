"""Custom resources: what stock MiniStack does otherwise than CloudFormation's protocol."""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401, PLR0917

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from ministack import app
from ministack.core.responses import new_uuid, now_iso
from ministack.services import cloudformation, lambda_svc
from ministack.services.cloudformation import custom_resource

from constructs_lib.local.hooks.shapes import parsed

_MAX_ANSWER = 4096


_CANCELLED: dict[str, Any] = {"Status": "CANCELLED"}
_refused_updates: set[tuple[str, str]] = set()
_waiting: dict[str, str] = {}  # id of the stack: token of the request whose answer it waits for


def follow_protocol() -> None:
    """Put the hooks in."""
    custom_resource.invoke_custom_resource = _invoke_custom_resource
    shortcuts = app._handle_post_body_shortcuts

    async def handle_post_body_shortcuts(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], request_id: str
    ) -> Any:
        if path.startswith("/_ministack/cfn-response/") and len(body) > _MAX_ANSWER:
            answer = {**parsed(body), "Status": "FAILED", "Reason": "Response object is too long.", "Data": {}}
            body = json.dumps(answer).encode()
        return await shortcuts(method, path, headers, body, query, request_id)

    app._handle_post_body_shortcuts = handle_post_body_shortcuts


def cancel(stack_id: str) -> None:
    """Wait no longer for the answer to a Create or an Update of a stack."""
    if token := _waiting.get(stack_id):
        custom_resource.deliver_response(token, _CANCELLED)


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
    if request_type != "Delete":  # which nobody can cancel
        _waiting[stack_id] = token
    record = lambda_svc._execution_record_for_config(function, configuration)
    lambda_svc.invoke_async_with_retry(record, event)
    answered.wait(float(props.get("ServiceTimeout", 3600)))
    answer = (custom_resource._pending.pop(token, None) or {}).get("result")
    _waiting.pop(stack_id, None)

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


def _problem_of_answer(answer: dict[str, Any] | None, request_type: str, request_id: str) -> str | None:  # noqa: PLR0911 - one for each way to break the protocol
    if answer is None:
        return (
            "CloudFormation did not receive a response from your Custom Resource. Please check your logs for "
            f"requestId [{request_id}]."
        )
    if answer.get("RequestId", request_id) != request_id:
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
        case "CANCELLED" if answer is _CANCELLED:
            return f"Resource {'creation' if request_type == 'Create' else 'update'} cancelled"
        case other:
            return f"Invalid response: Status must be SUCCESS or FAILED, got {other!r}"
