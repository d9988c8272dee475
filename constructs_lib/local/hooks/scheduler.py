"""EventBridge and its Scheduler: state machines are started as the target's role, and what fails is a dead letter.

Stock MiniStack starts them as root, knows no dead-letter queue of a target, and leaves the Scheduler's words in an
input as they are. A schedule sends its dead letters as its role, a rule as EventBridge itself, whom the queue must let.
"""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

import contextvars
import json
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id, new_uuid
from ministack.services import eventbridge, scheduler, sqs

from constructs_lib.local.hooks.iam import assume_role_as_service

if TYPE_CHECKING:
    import boto3

_EVENTS, _SCHEDULER = "events.amazonaws.com", "scheduler.amazonaws.com"
_TICK = 1  # second between two looks at the schedules, of which stock MiniStack takes ten


def start_state_machines_as_the_target() -> None:
    """Start state machines as the role of a rule's or schedule's target."""
    invoke = eventbridge._invoke_target

    def invoke_target(target: Any, event: Any, rule: Any, view: Any = None) -> None:
        if ":states:" not in target.get("Arn", "") or not target.get("RoleArn"):
            invoke(target, event, rule, view)
            return
        scheduled = event.get("Source") == "aws.scheduler"
        text = (
            _with_words(target.get("Input") or "{}", rule["Arn"]) if scheduled else _input_of(target, event, rule, view)
        )
        arguments = (target, text, _SCHEDULER if scheduled else _EVENTS, rule)
        # The server answers the calls itself, so it must not wait for them.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(_start, *arguments), daemon=True).start()

    eventbridge._invoke_target = invoke_target
    scheduler._SCHEDULE_TICK_INTERVAL = _TICK


def _with_words(text: str, schedule_arn: str) -> str:
    """Fill in the Scheduler's context attributes."""
    words = {
        "schedule-arn": schedule_arn,
        "scheduled-time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "execution-id": new_uuid(),
        "attempt-number": "1",
    }
    for name, value in words.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def _input_of(target: Any, event: Any, rule: Any, view: Any) -> str:
    view = view or eventbridge._pattern_event_view(event)
    if target.get("InputTransformer"):
        return str(eventbridge._apply_input_transformer(target["InputTransformer"], rule, view))
    return str(target.get("Input") or json.dumps(view.event_with_detail()))


def _start(target: Any, text: str, service: str, rule: Any) -> None:
    session = None
    try:
        session = assume_role_as_service(target["RoleArn"], service, _source(rule.get("Arn", "")), "Target")
        session.client("stepfunctions").start_execution(stateMachineArn=target["Arn"], input=text)
    except Exception as error:  # noqa: BLE001 - a thread of its own: nobody else would ever hear of it
        kept = _bury(target, text, service, rule.get("Arn", ""), session)
        eventbridge.logger.warning("not started: %s (%s), kept: %s", target["Arn"], error, kept)


def _source(arn: str) -> str:
    """On whose behalf a role is assumed: a rule's, or that of a schedule's group, as the Scheduler says it."""
    before, _, schedule = arn.partition(":schedule/")
    return f"{before}:schedule-group/{schedule.partition('/')[0]}" if schedule else arn


def _bury(target: Any, text: str, service: str, source: str, session: boto3.Session | None) -> str:
    """Keep a start that could not be made; says where, or why not."""
    queue = (target.get("DeadLetterConfig") or {}).get("Arn")
    found = sqs._queue_by_arn(queue) if queue else None
    if not found:
        return "nowhere, there is no dead-letter queue"
    if service == _EVENTS:
        if not sqs.queue_policy_allows(queue, service, source, get_account_id()):
            return f"nowhere, the policy of {queue} does not let {source} send"
        eventbridge._dispatch_to_sqs(eventbridge.parse_arn(queue), text, {})
        return str(queue)
    if session is None:
        return "nowhere, no role sends it"
    try:
        session.client("sqs").send_message(QueueUrl=found["url"], MessageBody=text)
    except Exception as error:  # noqa: BLE001 - the same thread
        return f"nowhere, {error}"
    return str(queue)
