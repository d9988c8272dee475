"""Why the CDK CLI failed: the reason that CloudFormation knows, and what the function said that gave it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from constructs_lib.local.clients import Clients

_REQUEST = re.compile(r"(?:RequestId: |requestId \[)([0-9a-f-]{36})")
_CONSEQUENCES = ("Resource creation cancelled", "Resource update cancelled")
_LAST_LINES = 15


def explanation(clients: Clients, since: datetime, output: list[str]) -> str:
    """Say why a run of the CLI failed.

    Args:
        clients: Clients of the local AWS.
        since: When the run began.
        output: What the CLI said.

    Returns:
        The reasons of the stacks that failed since then, after what their functions logged of the events that failed;
        the CLI's last lines when no stack failed.
    """
    reasons: list[str] = []
    logged: list[str] = []
    for stack in clients.client("cloudformation").get_paginator("list_stacks").paginate().search("StackSummaries"):
        for reason in _reasons(clients, stack, since):
            reasons.append(f"{stack['StackName']}: {reason}")
            logged += _logged(clients, reason, since)
    if not reasons:
        return "\n".join(_last_words(output))
    before = ["The function logged of this event:", *(f"  {line}" for line in logged), ""] if logged else []
    return "\n".join([*before, *reasons])


def _reasons(clients: Clients, stack: dict[str, Any], since: datetime) -> Iterator[str]:
    """What failed first in a stack's last operation, and what failed beside it."""
    pages = clients.client("cloudformation").get_paginator("describe_stack_events")
    events = list(pages.paginate(StackName=stack["StackId"]).search("StackEvents"))
    recent = [event for event in reversed(events) if event["Timestamp"] >= since]
    failed = [event for event in recent if event["ResourceStatus"].endswith("_FAILED") and _told(event)]
    of_resources = [event for event in failed if event["PhysicalResourceId"] != stack["StackId"]]
    for event in of_resources:
        yield f"{event['LogicalResourceId']} ({event['ResourceType']}): {event['ResourceStatusReason']}"
    if not of_resources:
        of_stack = [event for event in recent if event["PhysicalResourceId"] == stack["StackId"] and _told(event)]
        refused = [event for event in of_stack if re.search("FAILED|ROLLBACK|cannot", str(event))]
        yield from (event["ResourceStatusReason"] for event in refused[:1])


def _told(event: dict[str, Any]) -> bool:
    reason = event.get("ResourceStatusReason", "")
    return bool(reason) and reason not in _CONSEQUENCES


def _logged(clients: Clients, reason: str, since: datetime) -> Iterator[str]:
    """The lines that hold the id of the request that the reason names."""
    found = _REQUEST.search(reason)
    if not found:
        return
    logs = clients.client("logs")
    for group in logs.get_paginator("describe_log_groups").paginate().search("logGroups"):
        try:
            events = logs.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"], startTime=int(since.timestamp() * 1000)
            )
            messages = [event["message"].rstrip() for event in events.search("events")]
            yield from (message for message in messages if is_of(message, found[1]))
        except ClientError:  # a group that went with its stack meanwhile
            continue


def is_of(message: str, request_id: str) -> bool:
    """Whether a line of a log is of an event: a line that names its event is of no other that it mentions."""
    try:
        told = json.loads(message)
    except ValueError:
        told = None
    named = told.get("RequestId", request_id) if isinstance(told, dict) else request_id
    return request_id in message and named == request_id


def _last_words(output: list[str]) -> list[str]:
    """What stands from the first sign of a failure on, or the last lines."""
    lines = [line for line in output if line.strip()]
    signs = [number for number, line in enumerate(lines) if re.search("❌|‣|Error:|Exception:| fail: ", line)]
    return lines[signs[0] :][:_LAST_LINES] if signs else lines[-_LAST_LINES:]
