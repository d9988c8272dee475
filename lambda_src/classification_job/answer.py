"""The answer to CloudFormation (User Guide, custom resource response objects)."""

import json
from typing import NamedTuple

from .events import Event
from .run import log
from .runtime import Runtime

_LIMIT = 4096  # bytes; a longer answer is a failure
_TRIES = 5


class Answer(NamedTuple):
    """How a request ended; a reason makes it a failure."""

    physical_id: str
    data: dict[str, str] | None = None
    reason: str = ""


def send(event: Event, answer: Answer, outside: Runtime) -> None:
    """Deliver the answer, or raise, so that Lambda runs the event again."""
    body = _render(event, answer)
    for tries in range(1, _TRIES + 1):
        try:
            return outside.put(event.raw["ResponseURL"], body)
        except (OSError, ValueError) as error:  # Its text could quote the signed URL.
            log("answer not delivered", event, error=type(error).__name__, tries=tries)
        if tries < _TRIES:
            outside.sleep(min(2**tries, 8) * (0.5 + outside.chance()))
    raise ConnectionError(f"The answer to request {event.raw['RequestId']} could not be delivered.")


def _render(event: Event, answer: Answer) -> bytes:
    """The answer as JSON; of a long reason the beginning and the end, where the hint is."""
    body = {name: event.raw[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body["PhysicalResourceId"] = answer.physical_id
    done = _encode(body | {"Status": "SUCCESS", "Data": answer.data or {}})
    if not answer.reason and len(done) <= _LIMIT:
        return done
    reason = answer.reason or "The attributes are longer than CloudFormation takes: shorten JobName or S3Uri."
    for keep in range(1000, 0, -100):
        text = reason if len(reason) <= 2 * keep else f"{reason[:keep]} ... {reason[-keep:]}"
        done = _encode(body | {"Status": "FAILED", "Reason": text})
        if len(done) <= _LIMIT:
            break
    return done


def _encode(body: dict[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode(errors="replace")
