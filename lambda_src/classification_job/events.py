"""The event, read strictly, so that nothing else in the handler has to doubt it."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from .errors import JobError, RefusedEventError

RESOURCE_TYPE = "Custom::DocumentClassificationJob"
MAX_HOPS = 10  # Lambda's recursion detection stops at 16.
JOB_ARN = re.compile(r"arn:[^:]+:comprehend:[^:]+:(\d{12}):document-classification-job/([-0-9A-Za-z]{1,64})")

# A shape is a pattern, a list of one shape, or fields: those with ! are required, * lets others pass.
_TEXT, _WORD, _ID = r".{1,2048}", r"[A-Z_]{1,64}", r"[-0-9A-Za-z]{1,32}"
_S3 = r"(?=.{1,1024}$)s3://[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9](/.*)?"
_SECONDS = r"[1-9]\d{0,2}|[12]\d{3}|3[0-5]\d\d|3600"
_READER = {"DocumentReadAction!": _WORD, "DocumentReadMode": _WORD, "FeatureTypes": [_WORD]}
_TAGS = [{"Key!": r".{1,128}", "Value!": r".{0,256}"}]
_REQUEST = {
    **dict.fromkeys(("JobName", "DocumentClassifierArn", "FlywheelArn"), r".{1,256}"),
    "InputDataConfig!": {"S3Uri!": _S3, "InputFormat": _WORD, "DocumentReaderConfig": _READER},
    "OutputDataConfig!": {"S3Uri!": _S3, "KmsKeyId": _TEXT},
    "DataAccessRoleArn!": _TEXT,
    "VolumeKmsKeyId": _TEXT,
    "VpcConfig": {"SecurityGroupIds!": [_ID], "Subnets!": [_ID]},
    "Tags": _TAGS,
}
_EVENT = {
    "ResourceProperties!": {
        "ServiceToken": _TEXT,
        "ServiceTimeout": _SECONDS,
        "Request!": _REQUEST,
        "RunId": r".{0,2048}",
        "WaitFor!": "SUBMITTED|IN_PROGRESS|COMPLETED",
        "Timeout!": _SECONDS,
        "WhenEmpty!": "FAIL|SKIP",
        "DeleteNetworkInterfaces": "true|false",
    },
    "RequestType!": "Create|Update|Delete",
    "ResourceType!": RESOURCE_TYPE,
    "*": None,
}
_ENVELOPE = {
    "ResponseURL!": r"https://[!-~]{1,8000}",
    "StackId!": r"arn:[!-~]{1,1000}",
    "RequestId!": r"[!-~]{1,128}",
    "LogicalResourceId!": r"[0-9A-Za-z]{1,255}",
    "*": None,
}
_PROGRESS = {
    **dict.fromkeys(("since!", "began!", "not_before!"), r"\d{1,10}\.\d+"),
    **dict.fromkeys(("attempt!", "restarts!", "tries!"), r"\d{1,3}"),
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


class Event(NamedTuple):
    """A request of CloudFormation that can be answered; the physical id is ours until there is one."""

    raw: dict[str, Any]
    kind: str
    physical_id: str


def parse(raw: Any, now: float) -> tuple[Event, Progress]:  # noqa: ANN401 - anybody can send anything
    """Read an event of CloudFormation, or what an earlier run handed over; refuse everything else."""
    handed = isinstance(raw, dict) and "HandOver" in raw
    event = raw.get("Event") if handed else raw
    wrong = [*_problems(event, _ENVELOPE, "event")]
    if handed:
        wrong += _problems(raw["HandOver"], _PROGRESS, "HandOver")
    if wrong:
        names = ", ".join(problem.partition(" ")[0] for problem in wrong)
        raise RefusedEventError(f"Not an event of CloudFormation, nothing was done; wrong: {names}.")
    kind, physical_id = str(event.get("RequestType")), event.get("PhysicalResourceId")
    if kind == "Create" or any(_problems(physical_id, r"[ -~]{1,1024}", "")):
        physical_id = not_started(event)
    if handed:
        stand = {name: type(value)(raw["HandOver"][name]) for name, value in asdict(Progress()).items()}
        return Event(event, kind, physical_id), Progress(**stand)
    return Event(event, kind, physical_id), Progress(since=_signed(event["ResponseURL"]) or now, began=now)


def not_started(event: dict[str, Any]) -> str:
    """Physical id of a resource without a job."""
    return f"not-started/{event['RequestId']}"


def parse_properties(event: Event) -> dict[str, Any]:
    """The properties of the resource, checked: everything that is wrong is said at once."""
    problems = [*_problems(event.raw, _EVENT, "event")]
    given: dict[str, Any] = event.raw.get("ResourceProperties", {})
    if not problems and ("DocumentClassifierArn" in given["Request"]) == ("FlywheelArn" in given["Request"]):
        problems = ["Request must name one model: DocumentClassifierArn or FlywheelArn"]
    if problems:
        raise JobError(f"No job was started: {'; '.join(problems[:10])}. Correct the template.")
    return given


def tags(request: Any) -> dict[str, str]:  # noqa: ANN401 - old requests can be malformed: these have none
    """The tags of a request."""
    given = request.get("Tags", []) if isinstance(request, dict) else []
    return {} if any(_problems(given, _TAGS, "")) else {tag["Key"]: tag["Value"] for tag in given}


def _signed(url: str) -> float | None:
    """When the URL was signed, which is when the event was made; newer URLs say it."""
    stamp = parse_qs(urlsplit(url).query).get("X-Amz-Date", [""])[0]
    return datetime.fromisoformat(stamp).timestamp() if re.fullmatch(r"\d{8}T\d{6}Z", stamp) else None


def _problems(value: object, shape: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - shapes nest
    if isinstance(shape, str):
        text = str(value) if shape is _SECONDS else value  # CloudFormation sends numbers as text; either is fine.
        if not (isinstance(text, str) and re.fullmatch(shape, text, re.DOTALL)):
            yield f"{path} must be text that matches {shape}, got {str(value)[:60]!r}"
    elif isinstance(shape, list):
        if not isinstance(value, list) or len(value) > 200:  # noqa: PLR2004 - four times the longest list of the API
            yield f"{path} must be a list of at most 200"
        else:
            for index, item in enumerate(value):
                yield from _problems(item, shape[0], f"{path}[{index}]")
    elif isinstance(value, dict):
        known = {name.rstrip("!"): name for name in shape}
        if "*" not in shape:
            yield from (f"{path}.{str(name)[:60]} is not known" for name in value if name not in known)
        yield from (f"{path}.{name} is missing" for name, key in known.items() if key != name and name not in value)
        for name in known.keys() & value.keys():
            yield from _problems(value[name], shape[known[name]], f"{path}.{name}")
    else:
        yield f"{path} must be an object"
