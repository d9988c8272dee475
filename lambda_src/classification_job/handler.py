"""The Lambda function: reads the event, has it done, answers once."""

import json
import os
import traceback
from dataclasses import asdict
from typing import Any

from . import answer, events
from .answer import Answer
from .errors import JobError
from .events import Event, Progress
from .run import HandOver, Run, log
from .runtime import Runtime


def handle(event: object, context: Any, outside: Runtime | None = None) -> None:  # noqa: ANN401 - Lambda's own
    """Serve an event of CloudFormation, or go on where an earlier run stopped."""
    outside = outside or Runtime()
    request, progress = events.parse(event, outside.now())
    try:
        result = _serve(request, progress, context.get_remaining_time_in_millis() / 1000, outside)
    except Exception as error:  # noqa: BLE001 - CloudFormation waits an hour for a failure that it is not told of
        result = _failed(request, progress, error)
    if result:
        answer.send(request, result, outside)
        log("answered", request, id=result.physical_id, reason=result.reason)


def _serve(event: Event, progress: Progress, seconds: float, outside: Runtime) -> Answer | None:
    done = Answer(event.physical_id)
    if event.kind == "Delete" and not events.JOB_ARN.fullmatch(event.physical_id):
        return done
    job = events.parse_properties(event)
    if event.kind == "Delete" and job.get("DeleteNetworkInterfaces") != "true":
        return done
    run = Run(outside, event, progress, job, seconds)
    try:
        run.resume()
        if event.kind == "Delete":
            from .network import Network  # noqa: PLC0415 - a path imports what it needs

            Network(run).clear()
            return done
        from .lifecycle import Lifecycle  # noqa: PLC0415

        lifecycle = Lifecycle(run)
        return lifecycle.create() if event.kind == "Create" else lifecycle.update()
    except HandOver:
        _hand_over(event, progress, outside)
        run.log("handed over")
        return None


def _hand_over(event: Event, progress: Progress, outside: Runtime) -> None:
    if progress.hop >= events.MAX_HOPS:
        raise JobError(f"{progress.hop} runs of the function were too short. Give it a timeout of 15 minutes.")
    from .service import Service  # noqa: PLC0415

    stand = {name: str(value) for name, value in (asdict(progress) | {"hop": progress.hop + 1}).items()}
    payload = json.dumps({"Event": event.raw, "HandOver": stand}).encode()
    name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
    Service(outside).call("lambda", "invoke", FunctionName=name, InvocationType="Event", Payload=payload)


def _failed(event: Event, progress: Progress, error: Exception) -> Answer:
    reason, where = str(error), ""
    if not isinstance(error, JobError):
        frame = traceback.extract_tb(error.__traceback__)[-1]
        reason, where = f"{type(error).__name__}: {reason}. See the function's log.", f"{frame.filename}:{frame.lineno}"
    log("failed", event, reason=reason, where=where)
    if event.kind == "Delete":  # Nothing of ours is left to delete, and a stack that cannot go helps nobody.
        return Answer(event.physical_id)
    created = progress.job_arn if event.kind == "Create" else ""
    return Answer(created or event.physical_id, reason=reason)
