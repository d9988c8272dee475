"""CloudFormation's event, checked before anything is done with it (User Guide, custom resource request objects)."""

import os
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from .job_errors import NotAnEventError

# Where the S3 of a partition is; bucket names are free again in each of them.
_S3 = {
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}
_LONGEST = 255  # characters of an id
_SIGNED_AT = re.compile(r"[?&]X-Amz-Date=(\d{8}T\d{6}Z)(?:&|$)")


@dataclass(frozen=True)
class Event:
    """One request of CloudFormation."""

    kind: str  # Create, Update, Delete, or what CloudFormation may think of one day
    resource_type: str
    stack_id: str
    request_id: str
    logical_id: str
    physical_id: str
    response_url: str
    properties: Any  # nothing is known about them
    old_properties: Any
    made: float | None  # Unix seconds on CloudFormation's clock; None: its URL does not say

    @property
    def not_started(self) -> str:
        """The physical id of a resource that has no job."""
        return f"not-started/{self.request_id}"

    @property
    def ids(self) -> dict[str, str]:
        """What every answer repeats."""
        return {"StackId": self.stack_id, "RequestId": self.request_id, "LogicalResourceId": self.logical_id}


def parse(raw: object, function_arn: str) -> Event:
    """Read an event of the function's own stack; refuse any other by the names of what is wrong, never its content."""
    given: dict[Any, Any] = raw if isinstance(raw, dict) else {}
    wrong = [name for name in ("StackId", "RequestId", "LogicalResourceId") if not _is_text(given.get(name))]
    if wrong or not _is_own_stack(given["StackId"], function_arn):
        wrong = wrong or ["StackId (not the stack of this function)"]
    elif not _is_cloudformations(given.get("ResponseURL"), given["StackId"]):
        wrong.append("ResponseURL")
    if wrong:
        raise NotAnEventError(
            f"Not an event of CloudFormation for this function, nothing was done; wrong: {', '.join(wrong)}."
        )
    return Event(
        kind=str(given.get("RequestType")),
        resource_type=str(given.get("ResourceType")),
        stack_id=given["StackId"],
        request_id=given["RequestId"],
        logical_id=given["LogicalResourceId"],
        physical_id=str(given.get("PhysicalResourceId") or f"not-started/{given['RequestId']}"),
        response_url=given["ResponseURL"],
        properties=given.get("ResourceProperties"),
        old_properties=given.get("OldResourceProperties"),
        made=_made(given["ResponseURL"]),
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST


def _is_own_stack(stack_id: str, function_arn: str) -> bool:
    if own := os.environ.get("STACK_ID"):
        return stack_id == own
    partition, service, region, account = [*stack_id.split(":"), *[""] * 5][1:5]
    _, function_partition, _, function_region, function_account = [*function_arn.split(":"), *[""] * 5][:5]
    return service == "cloudformation" and (partition, region, account) == (
        function_partition,
        function_region,
        function_account,
    )


def _is_cloudformations(url: object, stack_id: str) -> bool:
    if not isinstance(url, str) or not re.fullmatch("[!-~]{1,8000}", url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    # A local AWS answers for itself, where its configuration says so.
    if parts.scheme == "https" and parts.netloc and parts.netloc in os.environ.get("RESPONSE_URL_HOSTS", "").split(","):
        return True
    return parts.scheme == "https" and re.fullmatch(_answers(stack_id), parts.netloc) is not None


def _answers(stack_id: str) -> str:
    """The hosts of CloudFormation's bucket for a stack's Region, as a pattern; other buckets anybody may register."""
    partition, _, region = [*stack_id.split(":"), *[""] * 4][1:4]
    bucket = f"cloudformation-custom-resource-response-{region.replace('-', '')}"
    s3 = rf"s3([.-]((dualstack|fips)\.)?{re.escape(region)})?\.{re.escape(_S3.get(partition, 'amazonaws.com'))}"
    return rf"{re.escape(bucket)}\.{s3}"


def _made(url: str) -> float | None:
    signed = _SIGNED_AT.search(url)
    try:
        return datetime.fromisoformat(signed[1]).timestamp() if signed else None
    except ValueError:  # no date of any calendar
        return None
