"""The Lambda function: reads the event, has it done, answers once, or hands over to a fresh run."""

import json
import os
import traceback
from typing import Any

from . import answer, event, progress
from .answer import Answer
from .job_errors import HandOver, JobError, sentence
from .runtime import Runtime
from .work import Work, begin

_JOB, _NETWORK = "Custom::DocumentClassificationJob", "Custom::ClassificationNetworkInterfaces"


def handle(raw: Any, context: Any, outside: Runtime | None = None) -> None:
    """Handle an event, or go on where an earlier run stopped."""
    outside = outside or Runtime()
    read = event.parse(raw, context.invoked_function_arn)
    state = progress.from_payload(raw["HandOver"]) if "HandOver" in raw else progress.Progress(began=outside.now())
    work = begin(read, state, outside, context.get_remaining_time_in_millis() / 1000)
    try:
        answer.deliver(work, _answer(work))
    except HandOver:
        _hand_over(work, raw)


def _answer(work: Work) -> Answer:
    """Do what the event asks for; whatever goes wrong is an answer, too."""
    try:
        work.clock.resume()
        return _dispatch(work)
    except Exception as error:
        return _failure(work, error)


def _hand_over(work: Work, raw: dict[str, Any]) -> None:
    """Let a fresh run go on; where there can be none, that is the answer."""
    payload = json.dumps(raw | {"HandOver": work.progress.to_payload()})
    name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    try:
        work.outside.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=payload)
    except Exception as error:
        refused = JobError(
            f"{sentence(error)} The function needs a fresh run of itself and may not start one; "
            f"{work.progress.job_arn or 'no job'} runs on: allow it lambda:InvokeFunction, and concurrency."
        )
        answer.deliver(work, _failure(work, refused))
    else:
        work.log("handed over")


def _dispatch(work: Work) -> Answer:
    kind, resource = work.event.kind, work.event.resource_type
    if kind not in ("Create", "Update", "Delete"):
        raise JobError(f"RequestType={kind:.60}: Create, Update or Delete; nothing was done.")
    if resource == _NETWORK:
        from . import network_clean_up

        return network_clean_up.clean_up(work)
    if resource != _JOB:
        raise JobError(f"ResourceType={resource:.60}: {_JOB} or {_NETWORK}; nothing was done.")
    if kind == "Delete":
        from . import delete

        delete.delete(work)
        return Answer(work.event.physical_id)
    from . import properties

    wanted = properties.parse(work.event.properties, work.outside)
    if kind == "Create":
        from . import create

        return create.create(work, wanted)
    from . import update

    return update.update(work, wanted)


def _failure(work: Work, error: Exception) -> Answer:
    reason, trace = str(error), ""
    if not isinstance(error, JobError):
        reason, trace = f"{type(error).__name__}: {reason}. See the function's log.", traceback.format_exc()
    work.log("failed", reason=reason, trace=trace)
    if work.event.kind == "Delete":  # A stack that cannot go helps nobody.
        reason = ""
    is_new = work.event.kind == "Create" and work.progress.job_arn
    return Answer(work.progress.job_arn if is_new else work.event.physical_id, reason=reason)
