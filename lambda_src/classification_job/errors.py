"""Every way a job can go wrong: what it means, whether trying again helps, and what to change.

Source: errors of StartDocumentClassificationJob and `Message` of DescribeDocumentClassificationJob, API Reference.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

PERMISSION_SECONDS = 300  # How long after the event a refusal may still mean "not yet": KMS grants take minutes.


class RefusedEventError(ValueError):
    """The event is not CloudFormation's, so there is nobody to answer."""


class JobError(Exception):
    """The request cannot be fulfilled.

    Args:
        what: What happened.
        hint: What to do next.
    """

    def __init__(self, what: str, hint: str) -> None:
        super().__init__(f"{what} {hint}")
        self.what, self.hint = what, hint


class Backoff(NamedTuple):
    """How to try again: first and longest wait in seconds, growth, and seconds after the event (None: the deadline)."""

    first: float
    longest: float
    growth: float = 2
    within: float | None = None

    def wait(self, tries: int, chance: float) -> float:
        """Seconds before the next try; chance (0 to 1) spreads parallel jobs over half to one and a half of it."""
        return min(self.longest, self.first * self.growth ** min(tries, 20)) * (0.5 + chance)


# Six-minute jobs in ten slots: waits must become long, or fifty jobs refused in chorus ask in vain all the time.
QUOTA = Backoff(2, 300, 4)
BUSY = Backoff(15, 120)
OUTAGE = Backoff(1, 30)
NOT_YET = Backoff(3, 30, within=PERMISSION_SECONDS)

_QUOTA_HINT = (
    "Comprehend starts one job a second (quota L-5674A323) and runs ten classification jobs at a time in an account "
    "and Region (quota L-E65FE76A). Raise the timeout, or deploy fewer jobs at once."
)
_ACCESS_HINT = "Allow the function's role comprehend:StartDocumentClassificationJob (the model and document-classification-job/*), TagResource, and iam:PassRole on the data access role."  # noqa: E501
_OUTAGE_HINT = "The service had a fault of its own; deploy again."
_RULES: dict[str, tuple[Backoff | None, str]] = {
    "InvalidRequestException": (None, "Correct the named part of Request."),
    "TooManyRequestsException": (QUOTA, _QUOTA_HINT),
    "ThrottlingException": (QUOTA, _QUOTA_HINT),
    "ResourceNotFoundException": (None, "Check that the model's ARN exists in this account and Region."),
    "ResourceUnavailableException": (BUSY, "The model must be TRAINED, and a flywheel must have an active version."),
    "KmsKeyValidationException": (
        NOT_YET,
        "Check that the key exists, is enabled and symmetric, and that the data access role may use it.",
    ),
    "TooManyTagsException": (None, "A job takes at most 50 tags, those of the stack and the app included."),
    "ResourceInUseException": (None, "The job's name is taken: choose another JobName, or none."),
    "InternalServerException": (OUTAGE, _OUTAGE_HINT),
    "AccessDeniedException": (NOT_YET, _ACCESS_HINT),
}
_ALIKE = {
    "Throttling": "ThrottlingException",
    "RequestLimitExceeded": "ThrottlingException",
    "ResourceLimitExceededException": "ThrottlingException",
    "AccessDenied": "AccessDeniedException",
    "UnauthorizedOperation": "AccessDeniedException",
    "UnrecognizedClientException": "AccessDeniedException",
}
_ACCESS = re.compile(r"NO_(READ|WRITE)_ACCESS|assume|\bkms\b|access ?denied|not authorized", re.IGNORECASE)


@dataclass
class Fault(Exception):
    """An AWS call that failed.

    Args:
        code: Error code of the service, or the exception's name when no answer came.
        message: The service's own words.
        http_status: HTTP status; 0 when no answer came.
    """

    code: str
    message: str
    http_status: int = 400

    @property
    def backoff(self) -> Backoff | None:
        """How to try again; None when that is of no use."""
        if self.http_status == 0 or self.http_status >= 500:  # noqa: PLR2004 - the HTTP class of server faults
            return OUTAGE
        rule = _RULES.get(_ALIKE.get(self.code, self.code), (None, ""))[0]
        # A role that is seconds old is sometimes refused as an invalid request.
        return NOT_YET if rule is None and self.code == "InvalidRequestException" and is_access(self.message) else rule

    def error(self, doing: str) -> JobError:
        """The failure as CloudFormation shows it."""
        hint = _RULES.get(_ALIKE.get(self.code, self.code), (None, _OUTAGE_HINT if self.backoff else ""))[1]
        return JobError(f"{doing} failed: {self.code}: {self.message}", hint)


def is_access(message: str) -> bool:
    """Whether permissions that are new and not yet known everywhere can explain this message."""
    return bool(_ACCESS.search(message))


def job_hint(message: str, request: dict[str, Any]) -> str:
    """What to change after a job failed with this message."""
    role, output = request["DataAccessRoleArn"], request["OutputDataConfig"]
    if "NO_READ_ACCESS" in message:
        return f"Allow {role} s3:GetObject and s3:ListBucket on {request['InputDataConfig']['S3Uri']}, and kms:Decrypt on its key; check the bucket policy."  # noqa: E501
    if "NO_WRITE_ACCESS" in message:
        return f"Allow {role} s3:PutObject on {output['S3Uri']}, and kms:GenerateDataKey and kms:Decrypt on {output.get('KmsKeyId', 'its key')}; check the bucket policy."  # noqa: E501
    if "assume" in message.lower():
        return f"Let comprehend.amazonaws.com assume {role}, for this account's document-classification-job/* only."
    if "kms" in message.lower():
        return f"Allow {role} kms:CreateGrant on {request.get('VolumeKmsKeyId', 'the volume key')} and the use of the output key."  # noqa: E501
    return "Correct the cause and deploy with another run_id."
