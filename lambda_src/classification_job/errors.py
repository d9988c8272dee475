"""What to do about errors (API Reference, StartDocumentClassificationJob)."""

import re
from typing import Any, NamedTuple


class JobError(Exception):
    """The request cannot be fulfilled; the text says what to do next."""


class Rule(NamedTuple):
    """What to change; seconds before a second try (0: none), before any, and to the last."""

    hint: str
    first: int = 0
    longest: int = 300
    within: int = 3600

    def wait(self, tries: int, chance: float) -> float:
        """Seconds after so many tries; chance (0 to 1) spreads a chorus."""
        return min(self.longest, self.first * 4.0 ** (tries - 1)) * (0.5 + chance)


# KMS grants take minutes.
NOT_YET = Rule("Allow the function's role this call; a start needs the model, the job and iam:PassRole.", 3, 30, 300)
# Or fifty jobs ask hundreds of times for ten slots.
_QUOTA = Rule(
    "One job starts a second (quota L-5674A323), ten run (L-E65FE76A): raise the timeout, or deploy fewer at once.", 2
)
_RULES = {
    "InvalidRequest": Rule("Correct Request."),
    **dict.fromkeys(("TooManyRequests", "Throttling", "ResourceLimitExceeded"), _QUOTA),
    "ResourceNotFound": Rule("The model must exist in this account and Region."),
    "ResourceUnavailable": Rule("The model, or the flywheel's active one, must be TRAINED.", 15, 120),
    "KmsKeyValidation": Rule("The key must be enabled, symmetric and allowed to the data access role.", *NOT_YET[1:]),
    "TooManyTags": Rule("A job takes 50 tags, those of app and stack included."),
    "ResourceInUse": Rule("Choose another JobName."),
    "InternalServer": Rule("The service failed: deploy again.", 1, 30),
    **dict.fromkeys(("AccessDenied", "UnrecognizedClient"), NOT_YET),
}
_RIGHTS = {
    "NO_READ_ACCESS": "s3:ListBucket and s3:GetObject on {InputDataConfig[S3Uri]}, and kms:Decrypt on its key",
    "NO_WRITE_ACCESS": "s3:PutObject below {S3Uri}, and kms:GenerateDataKey on {KmsKeyId}",
    "assume": "to be assumed by comprehend.amazonaws.com for this account's document-classification-job/*",
    r"\bkms\b": "kms:CreateGrant on {VolumeKmsKeyId}",
    "access ?denied|not authorized": "what the message names",
}


def rule(error: Any) -> Rule:
    """How to go on after an error of AWS."""
    response = getattr(error, "response", None) or {}  # No answer may have come.
    code = response.get("Error", {}).get("Code", "").removesuffix("Exception")
    if response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500:
        code = "InternalServer"
    found = _RULES.get(code, Rule(""))
    if code == "InvalidRequest" and re.search("|".join(_RIGHTS), str(error), re.IGNORECASE):
        return Rule(found.hint, *NOT_YET[1:])  # A new role can be called invalid.
    return found


def access_hint(message: str, request: dict[str, Any]) -> str:
    """What to allow the data access role, if that explains a failure."""
    known = {"VolumeKmsKeyId": "the volume key", "KmsKeyId": "its key"} | request["OutputDataConfig"] | request
    for words, right in _RIGHTS.items():
        if re.search(words, message, re.IGNORECASE):
            return f"Allow {request['DataAccessRoleArn']} {right.format(**known)}."
    return ""
