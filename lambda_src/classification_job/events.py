"""The event, read strictly, so that nothing else in the handler has to doubt it."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .errors import JobError, RefusedEventError

RESOURCE_TYPE = "Custom::DocumentClassificationJob"
MAX_HOPS = 10  # Lambda's recursion detection stops at 16.
JOB_ARN = re.compile(r"arn:[^:]+:comprehend:[^:]+:(\d{12}):document-classification-job/([-0-9A-Za-z]{1,64})")

# A shape is a pattern, a list of one shape, or fields; a name with ! is required.
_TEXT, _WORD, _ID = r".{1,2048}", r"[A-Z_]{1,64}", r"[-0-9A-Za-z]{1,32}"
_S3 = r"(?=.{1,1024}$)s3://[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9](/.*)?"
_SECONDS = r"[1-9]\d{0,2}|[12]\d{3}|3[0-5]\d\d|3600"
_READER = {"DocumentReadAction!": _WORD, "DocumentReadMode": _WORD, "FeatureTypes": [_WORD]}
_TAGS = [{"Key!": r".{1,128}", "Value!": r".{0,256}"}]
_PROPERTIES = {
    "ServiceToken!": _TEXT,
    "ServiceTimeout": _SECONDS,
    "Request!": {
        "JobName": r".{1,256}",
        "DocumentClassifierArn": r".{1,256}",
        "FlywheelArn": r".{1,256}",
        "InputDataConfig!": {"S3Uri!": _S3, "InputFormat": _WORD, "DocumentReaderConfig": _READER},
        "OutputDataConfig!": {"S3Uri!": _S3, "KmsKeyId": _TEXT},
        "DataAccessRoleArn!": _TEXT,
        "VolumeKmsKeyId": _TEXT,
        "VpcConfig": {"SecurityGroupIds!": [_ID], "Subnets!": [_ID]},
        "Tags": _TAGS,
    },
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
_TIME, _COUNT = r"\d{1,10}\.\d+", r"\d{1,3}"
_PROGRESS = {
    **dict.fromkeys(("since!", "began!", "not_before!"), _TIME),
    **dict.fromkeys(("attempt!", "restarts!", "tries!"), _COUNT),
    "hop!": rf"[1-9]|{MAX_HOPS}",
    "job_arn!": f"({JOB_ARN.pattern})?",
}


@dataclass
class Progress:
    """Where a run stands; before its end it hands this to the next one. Times are Unix seconds."""

    since: float = 0.0  # when CloudFormation made the event
    began: float = 0.0  # when the first run began
    not_before: float = 0.0  # when the pending pause ends
    hop: int = 0  # runs before this one
    attempt: int = 0  # starts of the job before this one
    restarts: int = 0  # those of them that were our own
    tries: int = 0  # refusals of the call at hand
    job_arn: str = ""  # this attempt's job, once it is known


@dataclass(frozen=True)
class Event:
    """A request of CloudFormation that can be answered."""

    raw: dict[str, Any]
    kind: str
    url: str
    stack_id: str
    request_id: str
    logical_id: str
    physical_id: str

    @property
    def not_started(self) -> str:
        """Physical id of a resource without a job."""
        return f"not-started/{self.request_id}"


@dataclass(frozen=True)
class Properties:
    """What the template says about a job; `request` is the API's, without a client token."""

    request: dict[str, Any]
    run_id: str
    wait_for: str
    timeout: int
    service_timeout: int
    skip_when_empty: bool
    owns_network: bool


def parse(raw: object, now: float) -> tuple[Event, Progress]:
    """Read an event of CloudFormation, or what an earlier run handed over; refuse everything else."""
    progress = None
    if isinstance(raw, dict) and "HandOver" in raw:
        given, raw = raw["HandOver"], raw.get("Event")
        _refuse(list(_problems(given, _PROGRESS, "HandOver")))
        progress = Progress(**{name: type(value)(given[name]) for name, value in asdict(Progress()).items()})
    if not isinstance(raw, dict):
        raise RefusedEventError("Not an event of CloudFormation: nothing was done.")
    _refuse([name for name, shape in _ENVELOPE.items() if any(_problems(raw.get(name), shape, name))])
    url, stack_id, request_id, logical_id = (raw[name] for name in _ENVELOPE)
    kind, physical_id = raw.get("RequestType"), raw.get("PhysicalResourceId")
    event = Event(raw, str(kind)[:20], url, stack_id, request_id, logical_id, f"not-started/{request_id}")
    if kind != "Create" and isinstance(physical_id, str) and 0 < len(physical_id.encode()) <= 1024:  # noqa: PLR2004
        event = Event(raw, event.kind, url, stack_id, request_id, logical_id, physical_id)
    return event, progress or Progress(since=_signed(url) or now, began=now)


def parse_properties(event: Event) -> Properties:
    """Read the properties of the resource, or say everything that is wrong with them."""
    given: Any = event.raw.get("ResourceProperties")
    problems = list(_problems(given, _PROPERTIES, "ResourceProperties"))
    if event.kind not in ("Create", "Update", "Delete"):
        problems.append(f"RequestType must be Create, Update or Delete, got {event.kind}")
    if event.raw.get("ResourceType") != RESOURCE_TYPE:
        problems.append(f"ResourceType must be {RESOURCE_TYPE}")
    if not problems and ("DocumentClassifierArn" in given["Request"]) == ("FlywheelArn" in given["Request"]):
        problems.append("Request must name one model: DocumentClassifierArn or FlywheelArn")
    if problems:
        raise JobError(f"No job was started: {'; '.join(problems[:10])}. Correct the template.")
    return Properties(
        request=given["Request"],
        run_id=given.get("RunId", ""),
        wait_for=given["WaitFor"],
        timeout=int(given["Timeout"]),
        service_timeout=int(given.get("ServiceTimeout", 3600)),
        skip_when_empty=given["WhenEmpty"] == "SKIP",
        owns_network=given.get("DeleteNetworkInterfaces") == "true",
    )


def identity(properties: Any) -> tuple[object, object]:  # noqa: ANN401 - old properties can be anything
    """What makes a job another job: the request without its tags, and the run id."""
    given = properties if isinstance(properties, dict) else {}
    request = given.get("Request")
    if isinstance(request, dict):
        request = {name: value for name, value in request.items() if name != "Tags"}
    return request, given.get("RunId", "")


def tags(properties: Any) -> dict[str, str]:  # noqa: ANN401 - as above
    """The tags in properties; none when they are malformed."""
    try:
        given = properties["Request"]["Tags"]
    except (KeyError, TypeError):
        return {}
    return {} if any(_problems(given, _TAGS, "Tags")) else {tag["Key"]: tag["Value"] for tag in given}


def _refuse(wrong: list[str]) -> None:
    if wrong:
        raise RefusedEventError(f"Not an event of CloudFormation, nothing was done; wrong: {', '.join(wrong)}.")


def _signed(url: str) -> float | None:
    """When the URL was signed, which is when the event was made; newer URLs say it."""
    stamp = parse_qs(urlsplit(url).query).get("X-Amz-Date", [""])[0]
    return datetime.fromisoformat(stamp).timestamp() if re.fullmatch(r"\d{8}T\d{6}Z", stamp) else None


def _problems(value: object, shape: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - shapes nest
    if isinstance(shape, str):
        if not isinstance(value, str):
            yield f"{path} must be text"
        elif not re.fullmatch(shape, value, re.DOTALL):
            yield f"{path} must match {shape}, got {value[:60]!r}"
    elif isinstance(shape, list):
        if not isinstance(value, list) or len(value) > 200:  # noqa: PLR2004 - four times the longest list of the API
            yield f"{path} must be a list of at most 200"
        else:
            for index, item in enumerate(value):
                yield from _problems(item, shape[0], f"{path}[{index}]")
    elif isinstance(value, dict):
        known = {name.rstrip("!"): name for name in shape}
        yield from (f"{path}.{str(name)[:60]} is not known" for name in value if name not in known)
        yield from (f"{path}.{name} is missing" for name, key in known.items() if key != name and name not in value)
        for name in known.keys() & value.keys():
            yield from _problems(value[name], shape[known[name]], f"{path}.{name}")
    else:
        yield f"{path} must be an object"
