"""What can go wrong, whether trying again helps, and what to change (API Reference, errors of the start call)."""

import re
from typing import Any, NamedTuple

PERMISSION_SECONDS = 300  # A refusal this soon after the event may mean "not yet": KMS grants take minutes.


class RefusedEventError(ValueError):
    """The event is not CloudFormation's: there is nobody to answer."""


class JobError(Exception):
    """The request cannot be fulfilled; the text says what to do next."""


class Backoff(NamedTuple):
    """Waits between tries in seconds, and how long after the event tries go on."""

    first: float
    longest: float
    growth: float = 2
    within: float = 3600

    def wait(self, tries: int, chance: float) -> float:
        """Seconds before the next try; chance (0 to 1) spreads jobs that were refused in chorus."""
        return min(self.longest, self.first * self.growth ** min(tries, 20)) * (0.5 + chance)


# Six-minute jobs in ten slots: waits must grow long, or fifty waiting jobs ask in vain hundreds of times.
QUOTA = Backoff(2, 300, 4)
BUSY = Backoff(15, 120)
OUTAGE = Backoff(1, 30)
NOT_YET = Backoff(3, 30, within=PERMISSION_SECONDS)

_QUOTA_HINT = (
    "One job starts a second (quota L-5674A323) and ten run at a time (L-E65FE76A) in an account and Region: "
    "raise the timeout, or deploy fewer at once."
)
_QUOTA = (QUOTA, _QUOTA_HINT)
_ACCESS = (NOT_YET, "Allow the function's role this call; a start needs the model, the job and iam:PassRole.")
_OUTAGE = (OUTAGE, "The service had a fault of its own: deploy again.")
_KEY = (NOT_YET, "The key must exist, be enabled and symmetric, and be allowed to the data access role.")
_RULES: dict[str, tuple[Backoff | None, str]] = {
    "InvalidRequestException": (None, "Correct the named part of Request."),
    "TooManyRequestsException": _QUOTA,
    "ThrottlingException": _QUOTA,
    "ResourceLimitExceededException": _QUOTA,
    "ResourceNotFoundException": (None, "The model must exist in this account and Region."),
    "ResourceUnavailableException": (BUSY, "The model must be TRAINED, a flywheel must have an active model."),
    "KmsKeyValidationException": _KEY,
    "TooManyTagsException": (None, "A job takes at most 50 tags, those of app and stack included."),
    "ResourceInUseException": (None, "Choose another JobName, or none."),
    "InternalServerException": _OUTAGE,
    "AccessDeniedException": _ACCESS,
    "AccessDenied": _ACCESS,
    "UnrecognizedClientException": _ACCESS,  # A role that is seconds old.
}


class Fault(Exception):  # noqa: N818 - an error only when trying again does not help
    """An AWS call that failed; status 0 means that no answer came."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.backoff, self.hint = _RULES.get(code, (None, ""))
        if status == 0 or status >= 500:  # noqa: PLR2004 - the HTTP class of the server's faults
            self.backoff, self.hint = _OUTAGE
        elif code == "InvalidRequestException" and is_access(message):
            self.backoff = NOT_YET  # A role that is seconds old can be called invalid.


def is_access(message: str) -> bool:
    """Whether permissions that are not known everywhere yet can explain this."""
    words = r"NO_(READ|WRITE)_ACCESS|assume|\bkms\b|access ?denied|not authorized"
    return bool(re.search(words, message, re.IGNORECASE))


def job_hint(message: str, request: dict[str, Any]) -> str:
    """What to change after a job failed with this message."""
    role, output = request["DataAccessRoleArn"], request["OutputDataConfig"]
    if "NO_READ_ACCESS" in message:
        uri = request["InputDataConfig"]["S3Uri"]
        return f"Allow {role} s3:ListBucket and s3:GetObject on {uri}, and kms:Decrypt on its key."
    if "NO_WRITE_ACCESS" in message:
        key = output.get("KmsKeyId", "its key")
        return f"Allow {role} s3:PutObject below {output['S3Uri']}, and kms:GenerateDataKey on {key}."
    if "assume" in message.lower():
        return f"Let comprehend.amazonaws.com assume {role} for this account's document-classification-job/*."
    if "kms" in message.lower():
        return f"Allow {role} kms:CreateGrant on {request.get('VolumeKmsKeyId', 'the volume key')}."
    return "Correct the cause and deploy with another run_id."
