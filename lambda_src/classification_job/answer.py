"""The answer to CloudFormation.

Source: custom resource request and response reference, CloudFormation User Guide.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .run import log

if TYPE_CHECKING:
    from .events import Event
    from .runtime import Runtime

_LIMIT = 4096  # bytes; CloudFormation calls a longer answer a failure
_TRIES = 5


@dataclass(frozen=True)
class Answer:
    """How a request ended; a reason makes it a failure."""

    physical_id: str
    data: dict[str, str] = field(default_factory=dict)
    reason: str = ""


def send(event: Event, answer: Answer, runtime: Runtime) -> None:
    """Deliver the answer.

    Raises:
        ConnectionError: It could not be delivered; Lambda will run the event again, which meets the same job.
    """
    body = render(event, answer)
    for attempt in range(1, _TRIES + 1):
        try:
            runtime.put(event.raw["ResponseURL"], body)
        except (OSError, ValueError) as error:  # No error text: it can quote the signed URL.
            log("answer not delivered", request_id=event.request_id, error=type(error).__name__, tries=attempt)
            if attempt < _TRIES:
                runtime.sleep(min(2**attempt, 8) * (0.5 + runtime.chance()))
        else:
            return
    raise ConnectionError(f"The answer to request {event.request_id} could not be delivered in {_TRIES} tries.")


def render(event: Event, answer: Answer) -> bytes:
    """The answer as CloudFormation reads it: at most 4096 bytes, whatever the reason's length."""
    reason, keep = answer.reason, 2000
    while True:
        body = {
            "Status": "FAILED" if reason else "SUCCESS",
            "Reason": reason if len(reason) <= keep else f"{reason[: keep * 2 // 3]} ... {reason[-keep // 3 :]}",
            "PhysicalResourceId": answer.physical_id,
            "StackId": event.stack_id,
            "RequestId": event.request_id,
            "LogicalResourceId": event.logical_id,
            "Data": {} if reason else answer.data,
        }
        encoded = json.dumps(body, ensure_ascii=False).encode(errors="replace")
        if len(encoded) <= _LIMIT:
            return encoded
        if reason:
            keep -= 200
        else:
            reason = f"The job's attributes take more than CloudFormation's {_LIMIT} bytes. Shorten JobName or S3Uri."
