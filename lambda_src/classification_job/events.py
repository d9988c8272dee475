"""The event: read strictly, so that nothing else in the handler has to doubt it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from .errors import JobError, RefusedEventError

if TYPE_CHECKING:
    from collections.abc import Iterator

RESOURCE_TYPE = "Custom::DocumentClassificationJob"
MAX_HOPS = 10  # Lambda's own recursion detection stops at 16.

# A shape is a pattern, a list of one shape, or fields; a name that ends in ! is required.
_TEXT = r".{1,2048}"
_NAME = r"[A-Z_]{1,64}"
_S3 = r"(?=.{1,1024}$)s3://([a-z0-9][.\-a-z0-9]{1,61}[a-z0-9])(/.*)?"
_REQUEST = {
    "JobName": r".{1,256}",
    "DocumentClassifierArn": r".{1,256}",
    "FlywheelArn": r".{1,256}",
    "InputDataConfig!": {
        "S3Uri!": _S3,
        "InputFormat": _NAME,
        "DocumentReaderConfig": {"DocumentReadAction!": _NAME, "DocumentReadMode": _NAME, "FeatureTypes": [_NAME]},
    },
    "OutputDataConfig!": {"S3Uri!": _S3, "KmsKeyId": _TEXT},
    "DataAccessRoleArn!": _TEXT,
    "VolumeKmsKeyId": _TEXT,
    "VpcConfig": {"SecurityGroupIds!": [r"[-0-9a-zA-Z]{1,32}"], "Subnets!": [r"[-0-9a-zA-Z]{1,32}"]},
    "Tags": [{"Key!": r".{1,128}", "Value!": r".{0,256}"}],
}
_SECONDS = r"[1-9]\d{0,2}|[12]\d{3}|3[0-5]\d\d|3600"
_PROPERTIES = {
    "ServiceToken!": _TEXT,
    "ServiceTimeout": _SECONDS,
    "Request!": _REQUEST,
    "RunId": r".{0,2048}",
    "WaitFor!": "SUBMITTED|IN_PROGRESS|COMPLETED",
    "Timeout!": _SECONDS,
    "WhenEmpty!": "FAIL|SKIP",
    "DeleteNetworkInterfaces": "true|false",
}
_ENVELOPE = {
    "ResponseURL": r"https://[!-~]{1,8000}",
    "StackId": r"arn:[!-~]{1,1000}",
    "RequestId": r"[!-~]{1,128}",
    "LogicalResourceId": r"[0-9A-Za-z]{1,255}",
}
_JOB_ARN = re.compile(r"arn:[^:]+:comprehend:[^:]+:(\d{12}):document-classification-job/([0-9A-Za-z-]{1,64})")


@dataclass
class Progress:
    """Where a run stands; a run that comes to its end hands it to the next one.

    Args:
        since: When CloudFormation made the event, Unix seconds.
        began: When the first run began, Unix seconds.
        hop: Runs before this one.
        attempt: Which start of the job this is; part of the client token.
        restarts: Starts because permissions were too new.
        tries: Start calls refused in this attempt.
        not_before: When the pending wait ends, Unix seconds.
        job_arn: The job of this attempt, empty before its start.
    """

    since: float
    began: float
    hop: int = 0
    attempt: int = 0
    restarts: int = 0
    tries: int = 0
    not_before: float = 0.0
    job_arn: str = ""


@dataclass(frozen=True)
class Event:
    """A CloudFormation request whose answer can be delivered.

    Args:
        raw: The event as it came.
        kind: Create, Update or Delete (anything else is refused by `properties`).
        stack_id: ARN of the stack.
        request_id: CloudFormation's id of the request.
        logical_id: Name of the resource in the template.
        physical_id: The resource's id so far; one of our own making for Create.
    """

    raw: dict[str, Any]
    kind: str
    stack_id: str
    request_id: str
    logical_id: str
    physical_id: str

    @property
    def not_started(self) -> str:
        """Physical id of a resource without a job."""
        return f"not-started/{self.request_id}"

    @property
    def old(self) -> dict[str, Any]:
        """The previous properties, unchecked: they may be what failed."""
        old = self.raw.get("OldResourceProperties")
        return old if isinstance(old, dict) else {}

    def properties(self) -> Properties:
        """Check and read the resource's properties.

        Raises:
            JobError: With every problem found.
        """
        problems = list(_problems(self.raw.get("ResourceProperties"), _PROPERTIES, "ResourceProperties"))
        if self.kind not in ("Create", "Update", "Delete"):
            problems.append("RequestType must be Create, Update or Delete")
        if self.raw.get("ResourceType") != RESOURCE_TYPE:
            problems.append(f"ResourceType must be {RESOURCE_TYPE}")
        if (
            not problems
            and len(self.raw["ResourceProperties"]["Request"].keys() & {"DocumentClassifierArn", "FlywheelArn"}) != 1
        ):
            problems.append("Request must name one model: DocumentClassifierArn or FlywheelArn")
        if problems:
            raise JobError("Nothing was started: " + "; ".join(problems[:10]) + ".", "Correct the template.")
        given: dict[str, Any] = self.raw["ResourceProperties"]
        return Properties(
            request=given["Request"],
            run_id=given.get("RunId", ""),
            wait_for=given["WaitFor"],
            timeout=int(given["Timeout"]),
            service_timeout=int(given.get("ServiceTimeout", 3600)),
            skip_when_empty=given["WhenEmpty"] == "SKIP",
            delete_network_interfaces=given.get("DeleteNetworkInterfaces") == "true",
        )


@dataclass(frozen=True)
class Properties:
    """What the template says about one job; `request` is the API's request without a client token."""

    request: dict[str, Any]
    run_id: str
    wait_for: str
    timeout: int
    service_timeout: int
    skip_when_empty: bool
    delete_network_interfaces: bool


def parse(raw: object, now: float) -> tuple[Event, Progress]:
    """Read an event of CloudFormation, or one that an earlier run handed over.

    Args:
        raw: What Lambda passed.
        now: The time, Unix seconds.

    Returns:
        The event and where it stands.

    Raises:
        RefusedEventError: It is neither, so it has no address to answer to.
    """
    progress = None
    if isinstance(raw, dict) and raw.keys() == {"HandOver", "Progress"}:
        progress, raw = _progress(raw["Progress"]), raw["HandOver"]
    if not isinstance(raw, dict):
        raise RefusedEventError("Not an event of CloudFormation: not an object. Nothing was done.")
    wrong = [name for name, shape in _ENVELOPE.items() if any(_problems(raw.get(name), shape, name))]
    if wrong:
        raise RefusedEventError(
            f"Not an event of CloudFormation: {', '.join(wrong)} missing or wrong. Nothing was done."
        )
    previous = raw.get("PhysicalResourceId") if raw.get("RequestType") != "Create" else None
    event = Event(
        raw=raw,
        kind=str(raw.get("RequestType"))[:20],
        stack_id=raw["StackId"],
        request_id=raw["RequestId"],
        logical_id=raw["LogicalResourceId"],
        physical_id=previous
        if isinstance(previous, str) and 0 < len(previous.encode()) <= 1024
        else f"not-started/{raw['RequestId']}",
    )
    return event, progress or Progress(since=_event_time(raw["ResponseURL"]) or now, began=now)


def hand_over(event: Event, progress: Progress) -> dict[str, Any]:
    """The payload with which the next run goes on."""
    return {"HandOver": event.raw, "Progress": asdict(progress) | {"hop": progress.hop + 1}}


def parse_job_arn(arn: str) -> tuple[str, str] | None:
    """Account and job id of a job's ARN; None for any other text."""
    found = _JOB_ARN.fullmatch(arn)
    return (found[1], found[2]) if found else None


def tags(properties: dict[str, Any]) -> dict[str, str]:
    """The tags in properties that may be malformed."""
    request = properties.get("Request")
    given = request.get("Tags", []) if isinstance(request, dict) else []
    return {} if any(_problems(given, _REQUEST["Tags"], "Tags")) else {tag["Key"]: tag["Value"] for tag in given}


def _progress(raw: object) -> Progress:
    """Read the progress of a hand-over as strictly as an event."""
    known = {field.name: type(field.default) for field in fields(Progress)} | {"since": float, "began": float}
    if (
        not isinstance(raw, dict)
        or raw.keys() != known.keys()
        or any(type(raw[name]) not in ((int, float) if kind is float else (kind,)) for name, kind in known.items())
        or any(kind is not str and not 0 <= raw[name] < 1e11 for name, kind in known.items())  # noqa: PLR2004 - no sane time is larger
        or not 1 <= raw["hop"] <= MAX_HOPS
        or (raw["job_arn"] and not parse_job_arn(raw["job_arn"]))
    ):
        raise RefusedEventError("Not a hand-over of this function: Progress missing or wrong. Nothing was done.")
    return Progress(**raw)


def _event_time(url: str) -> float | None:
    """When CloudFormation signed the URL of the answer; None when the URL does not say."""
    stamp = parse_qs(urlsplit(url).query).get("X-Amz-Date", [""])[0]
    return datetime.fromisoformat(stamp).timestamp() if re.fullmatch(r"\d{8}T\d{6}Z", stamp) else None


def _problems(value: object, shape: Any, path: str) -> Iterator[str]:
    """Say where a value departs from its shape."""
    if isinstance(shape, str):
        if not isinstance(value, str):
            yield f"{path} must be text, got {type(value).__name__}"
        elif not re.fullmatch(shape, value, re.DOTALL):
            yield f"{path} does not match {shape}: {value[:60]!r}"
    elif isinstance(shape, list):
        if not isinstance(value, list) or len(value) > 200:  # noqa: PLR2004 - far above every list of the API
            yield f"{path} must be a list of at most 200 items"
        else:
            for index, item in enumerate(value):
                yield from _problems(item, shape[0], f"{path}[{index}]")
    elif not isinstance(value, dict):
        yield f"{path} must be an object, got {type(value).__name__}"
    else:
        required = {name.rstrip("!"): name for name in shape}
        yield from (f"{path}.{str(name)[:60]} is not known" for name in value if name not in required)
        for name, key in required.items():
            if name in value:
                yield from _problems(value[name], shape[key], f"{path}.{name}")
            elif key != name:
                yield f"{path}.{name} is missing"
