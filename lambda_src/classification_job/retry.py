"""What to do about an error of AWS: one rule for each code (API Reference, StartDocumentClassificationJob)."""

from dataclasses import dataclass
from typing import Any

from .hints import tells_of_access


@dataclass(frozen=True)
class Rule:
    """What to change; seconds before a second try (0: none is made), at most between tries, and in all."""

    hint: str = ""
    first: int = 0
    longest: int = 300
    within: int = 3600
    may_have_been_done: bool = False

    def wait(self, tries: int, chance: float) -> float:
        """Seconds after so many tries; chance (0 to 1) spreads a chorus."""
        return min(self.longest, self.first * 4.0 ** min(tries - 1, 9)) * (0.5 + chance)


# Roles and their policies are effective in seconds, grants of keys in minutes.
_NOT_YET: Any = {"first": 3, "longest": 30, "within": 300}
NOT_YET = Rule("Allow the function's role this call; a start needs the model, the job and iam:PassRole.", **_NOT_YET)
# Up to five minutes, or fifty jobs ask hundreds of times for ten slots.
_QUOTA = Rule(
    "One job starts a second (quota L-5674A323), ten run (L-E65FE76A): raise the timeout, or deploy fewer at once.", 2
)
_ASKED_TOO_OFTEN = Rule("Asked too often, with others of the account: deploy again.", 2, 15)
_SERVICE = Rule("The service failed: deploy again.", 1, 30, may_have_been_done=True)
_INVALID = Rule("Correct the options of the job.")
_INVALID_ROLE = Rule(_INVALID.hint, **_NOT_YET)
_RULES = {
    "InvalidRequest": _INVALID,
    "TooManyRequests": _QUOTA,
    "Throttling": _QUOTA,
    "ResourceLimitExceeded": _QUOTA,
    "ResourceNotFound": Rule("The model must exist in this account and Region."),
    "ResourceUnavailable": Rule("The model, or the flywheel's active one, must be TRAINED.", 15, 120),
    "KmsKeyValidation": Rule("The key must be enabled, symmetric and allowed to the data access role.", **_NOT_YET),
    "TooManyTags": Rule("A job takes 50 tags, those of app and stack included."),
    "ResourceInUse": Rule("Choose another job_name."),
    "InternalServer": _SERVICE,
    "AccessDenied": NOT_YET,
    "UnauthorizedOperation": NOT_YET,  # EC2's word for it
    "UnrecognizedClient": NOT_YET,
}


def rule_for(error: Any, operation: str) -> Rule:
    """How to go on after an error of the SDK that an operation met."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return (
            _SERVICE if _is_no_answer(error) else Rule("Correct the options of the job: the SDK itself refuses them.")
        )
    if response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= 500:  # noqa: PLR2004 - HTTP's
        return _SERVICE
    if code(error) == "InvalidRequest" and tells_of_access(response.get("Error", {}).get("Message", "")):
        return _INVALID_ROLE  # A role of seconds ago is called invalid.
    rule = _RULES.get(code(error), Rule())
    return _ASKED_TOO_OFTEN if rule is _QUOTA and not operation.startswith("start_") else rule


def code(error: Any) -> str:
    """An error's code, without the word that some services put behind it."""
    return str(error.response.get("Error", {}).get("Code", "")).removesuffix("Exception")


def _is_no_answer(error: Any) -> bool:
    """Whether the service may have done what it was asked, but was not understood."""
    from botocore import exceptions
    from botocore.parsers import ResponseParserError

    lost = (exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.IncompleteReadError, ResponseParserError)
    return isinstance(error, lost)
