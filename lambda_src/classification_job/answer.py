"""What CloudFormation is told (User Guide, custom resource response objects)."""

import json
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from typing import Any

from .event import Event
from .jobs import ARN, Job
from .work import Work

_LIMIT = 4096  # bytes of an answer
_LONGEST_ID = 1024  # bytes


@dataclass(frozen=True)
class Answer:
    """An answer; one with a reason is a failure."""

    physical_id: str
    data: dict[str, str] = field(default_factory=dict)
    reason: str = ""


def success(physical_id: str, request: dict[str, Any], job: Job | None = None) -> Answer:
    """The resource's attributes: texts, never empty."""
    data = dict.fromkeys(("JobArn", "JobId", "DocumentClassifierArn", "OutputS3Uri"), "NOT_STARTED")
    data |= {"JobName": "UNNAMED", "JobStatus": "SKIPPED_EMPTY_INPUT"}
    known = request | (job.record if job else {})
    if found := ARN.fullmatch(physical_id):
        data |= {"JobArn": physical_id, "JobId": found["id"], "JobStatus": "UNKNOWN"}
        data["OutputS3Uri"] = _output(request, job, f"{found['account']}-CLN-{found['id']}")
    for name in ("JobName", "JobStatus", "DocumentClassifierArn"):
        if known.get(name):
            data[name] = str(known[name])
    return Answer(physical_id, data)


def _output(request: dict[str, Any], job: Job | None, folder: str) -> str:
    told = str(job.record.get("OutputDataConfig", {}).get("S3Uri", "")) if job else ""
    if told.endswith("/output.tar.gz"):
        return told
    # Without its record: where the guide's examples have it.
    return f"{request['OutputDataConfig']['S3Uri'].rstrip('/')}/{folder}/output/output.tar.gz"


def fits(event: Event, answer: Answer) -> bool:
    """Whether CloudFormation would take an answer."""
    return len(_encode(event, answer)) <= _LIMIT


def deliver(work: Work, answer: Answer) -> None:
    """Deliver an answer, or raise, so that Lambda runs the event again."""
    body = _encode(work.event, _shortened(work.event, answer))
    for seconds in (2, 4, 8, 8, 0):
        try:
            work.outside.put(work.event.response_url, body)
        except (OSError, ValueError, HTTPException) as error:  # Its text could quote the signed URL.
            work.log("answer not delivered", error=type(error).__name__)
            if work.clock.now() + seconds + 1 >= work.clock.ends:
                work.clock.hand_over(0.0)  # The next run has time for more tries.
            work.outside.sleep(seconds)
        else:
            work.log("answered", id=answer.physical_id, reason=answer.reason)
            return
    raise ConnectionError("The answer was not delivered.")


def _shortened(event: Event, answer: Answer) -> Answer:
    if len(answer.physical_id.encode(errors="replace")) > _LONGEST_ID:  # Nobody of ours gave it.
        answer = replace(answer, physical_id=event.not_started)
    if not answer.reason and not fits(event, answer):
        answer = replace(answer, data={}, reason="The attributes are too long: shorten OutputDataConfig.S3Uri.")
    keep = len(answer.reason)
    whole = answer.reason
    while keep > 1 and not fits(event, answer):
        keep = keep * 4 // 5  # The hint is at the end.
        answer = replace(answer, reason=f"{whole[: keep // 2]} ... {whole[-(keep // 2) :]}")
    return answer


def _encode(event: Event, answer: Answer) -> bytes:
    status = {"Status": "FAILED", "Reason": answer.reason} if answer.reason else {"Status": "SUCCESS"}
    data = {} if answer.reason else {"Data": answer.data}
    body = event.ids | status | data | {"PhysicalResourceId": answer.physical_id}
    return json.dumps(body, ensure_ascii=False).encode(errors="replace")
