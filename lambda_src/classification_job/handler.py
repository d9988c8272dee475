"""The Lambda function: reads the event, has it done, answers once."""

import json
import os
import traceback
from dataclasses import asdict
from typing import Any

from .errors import JobError
from .events import IDS, JOB_ARN
from .run import Answer, HandOver, Run
from .runtime import Runtime

LIMIT = 4096  # bytes (User Guide, custom resource response objects)


def handle(event: object, context: Any, outside: Runtime | None = None) -> None:
    """Serve an event, or go on where an earlier run stopped."""
    run = Run(event, outside or Runtime(), context.get_remaining_time_in_millis() / 1000)
    try:
        answer = _serve(run)
    except Exception as error:
        answer = _failed(run, error)
    if answer:
        send(run, *answer)


def _serve(run: Run) -> Answer | None:
    if run.event.get("ResourceType") == "Custom::ClassificationNetworkInterfaces":
        if run.kind == "Delete":
            from . import network

            network.free(run)
        return run.physical_id, {}, ""
    try:
        if run.kind != "Delete":
            run.accept()
            from . import lifecycle

            return lifecycle.create(run) if run.kind == "Create" else lifecycle.update(run)
        if JOB_ARN.fullmatch(run.physical_id) and "DeleteNetworkInterfaces" in run.event["ResourceProperties"]:
            run.accept()
            from . import network

            network.clear(run)
    except HandOver:
        payload = json.dumps(run.event | {"HandOver": asdict(run)})
        name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        run.outside.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=payload)
        run.log("handed over")
        return None
    return run.physical_id, {}, ""


def _failed(run: Run, error: Exception) -> Answer:
    reason, trace = str(error), ""
    if not isinstance(error, JobError):
        reason, trace = f"{type(error).__name__}: {reason}. See the function's log.", traceback.format_exc()
    run.log("failed", reason=reason, trace=trace)
    if run.kind == "Delete":  # A stack that cannot go helps nobody.
        reason = ""
    return (run.kind == "Create" and run.job_arn) or run.physical_id, {}, reason


def send(run: Run, physical_id: str, data: dict[str, str], reason: str) -> None:
    """Deliver the answer, or raise, so that Lambda runs the event again."""
    body = {name: run.event[name] for name in IDS}
    body |= {"Status": "FAILED", "Reason": reason} if reason else {"Status": "SUCCESS", "Data": data}
    encoded = json.dumps(body | {"PhysicalResourceId": physical_id}, ensure_ascii=False).encode(errors="replace")
    if len(encoded) > LIMIT:
        keep = len(reason) * 2 // 5  # The hint is at the end.
        shorter = f"{reason[:keep]} ... {reason[-keep:]}" if reason else "The attributes are too long: shorten S3Uri."
        return send(run, physical_id, {}, shorter)
    for seconds in (2, 4, 8, 8, 0):
        try:
            run.outside.put(run.event["ResponseURL"], encoded)
        except (OSError, ValueError) as error:  # Its text could quote the signed URL.
            run.log("answer not delivered", error=type(error).__name__)
            run.outside.sleep(seconds)
        else:
            return run.log("answered", id=physical_id, reason=reason)
    raise ConnectionError("The answer was not delivered.")
