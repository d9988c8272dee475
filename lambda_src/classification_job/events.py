"""The event, read strictly."""

import re
from dataclasses import dataclass
from typing import Any

from .errors import JobError

IDS = ("StackId", "RequestId", "LogicalResourceId")
JOB_ARN = re.compile(r"arn:[^:]+:comprehend:[^:]+:(\d{12}):document-classification-job/([-\w]+)")

_ENVELOPE = {
    **dict.fromkeys(IDS, "[!-~]{1,255}"),
    "RequestType": "Create|Update|Delete",
    "ResponseURL": "https://[!-~]{1,8000}",
    "PhysicalResourceId": "[ -~]{0,1024}",
}
_PROPERTIES = {
    "ServiceToken": ".*",
    "ServiceTimeout": r"\d{0,4}",
    "RunId": ".*",
    "WaitFor": "SUBMITTED|IN_PROGRESS|COMPLETED",
    "Timeout": r"[1-9]\d{0,3}",
    "WhenEmpty": "FAIL|SKIP",
    "DeleteNetworkInterfaces": "(true)?",
    "AbandonOnDelete": "(true)?",
    "Rights": ".*",
}


@dataclass
class Progress:
    """Where the work stands, for the next run. Times are Unix seconds."""

    began: float  # the first run
    until: float = 0  # end of the wait at hand
    attempt: int = 0  # starts of the job before this one
    restarts: int = 0  # those of them that were our own
    tries: int = 0  # refusals of the call at hand
    job_arn: str = ""  # this attempt's job, once it is known


def parse(raw: Any) -> Any:
    """Refuse what is not an event of CloudFormation."""
    if wrong := _wrong(raw, _ENVELOPE):
        raise ValueError(f"Not an event of CloudFormation, nothing was done; wrong: {', '.join(wrong)}.")
    return raw


def properties(event: dict[str, Any], client: Any) -> Any:
    """The resource's properties, checked: all that is wrong is said at once."""
    from botocore.validate import ParamValidator

    given = event.get("ResourceProperties")
    own = dict(given) if isinstance(given, dict) else {}
    model = client("comprehend").meta.service_model.operation_model("StartDocumentClassificationJob")
    problems = ParamValidator().validate(own.pop("Request", None), model.input_shape).generate_report().splitlines()
    shapes = dict.fromkeys(own, "(?!)") | _PROPERTIES
    problems += [f"{name}={own.get(name)!r:.60} must match {shapes[name]}" for name in _wrong(own, shapes)]
    if problems:
        raise JobError(f"No job was started. ResourceProperties or Request: {'; '.join(problems):.1500}.")
    return given


def _wrong(values: Any, shapes: dict[str, str]) -> list[str]:
    given = values if isinstance(values, dict) else {}
    return [name for name, shape in shapes.items() if not re.fullmatch(shape, str(given.get(name, "")), re.DOTALL)]
