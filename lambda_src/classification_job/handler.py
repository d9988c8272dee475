"""The Lambda function: reads the event, has it done, and answers exactly once."""

from __future__ import annotations

import json
import os
import traceback
from typing import TYPE_CHECKING, Any

from . import answer, events
from .answer import Answer
from .errors import JobError
from .run import HandOver, Run, log
from .runtime import Runtime

if TYPE_CHECKING:
    from .events import Event, Progress


def handle(event: object, context: Any, runtime: Runtime | None = None) -> None:
    """Serve one event of CloudFormation, or go on where an earlier run of this function stopped.

    Args:
        event: The event as Lambda passes it.
        context: Lambda's context; tells when this run ends.
        runtime: The outside - default: the real one.

    Raises:
        RefusedEventError: The event is not CloudFormation's; nothing was done.
        ConnectionError: The answer could not be delivered; Lambda runs the event again.
    """
    outside = runtime or Runtime()
    parsed, progress = events.parse(event, outside.now())
    ends = outside.now() + context.get_remaining_time_in_millis() / 1000
    try:
        result = _serve(parsed, progress, ends, outside)
    except HandOver:
        return
    except Exception as error:  # noqa: BLE001 - CloudFormation must hear of every failure, or it waits for an hour
        result = _failed(parsed, progress, error)
    answer.send(parsed, result, outside)
    log("answered", request_id=parsed.request_id, type=parsed.kind, id=result.physical_id, reason=result.reason)


def _serve(event: Event, progress: Progress, ends: float, runtime: Runtime) -> Answer:
    if event.kind == "Delete" and not events.parse_job_arn(event.physical_id):
        return Answer(event.physical_id)
    properties = event.properties()
    if event.kind == "Delete" and not properties.delete_network_interfaces:
        return Answer(event.physical_id)
    run = Run(runtime, event, progress, ends, properties)
    run.log("run begins")
    try:
        run.resume()
        if event.kind == "Delete":
            from . import network

            network.clear(run, properties)
            return Answer(event.physical_id)
        from .lifecycle import Lifecycle

        lifecycle = Lifecycle(run, properties)
        return lifecycle.create() if event.kind == "Create" else lifecycle.update()
    except HandOver:
        _go_on(event, progress, runtime)
        run.log("handed over")
        raise


def _go_on(event: Event, progress: Progress, runtime: Runtime) -> None:
    """Start the next run of this function."""
    if progress.hop >= events.MAX_HOPS:
        raise JobError(f"The function ran {progress.hop} times without an end.", "Give it a timeout of 15 minutes.")
    from .service import Service

    Service(runtime).call(
        "lambda",
        "invoke",
        FunctionName=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        InvocationType="Event",
        Payload=json.dumps(events.hand_over(event, progress)).encode(),
    )


def _failed(event: Event, progress: Progress, error: Exception) -> Answer:
    """What CloudFormation hears of a failure; Delete never fails, because nothing of ours is left to delete."""
    known = isinstance(error, JobError)
    where = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log(
        "failed",
        request_id=event.request_id,
        error=type(error).__name__,
        detail=str(error),
        where=[] if known else where,
    )
    if event.kind == "Delete":
        return Answer(event.physical_id)
    physical_id = progress.job_arn if event.kind == "Create" and progress.job_arn else event.physical_id
    return Answer(
        physical_id, reason=str(error) if known else f"{type(error).__name__}: {error}. See the function's log."
    )
