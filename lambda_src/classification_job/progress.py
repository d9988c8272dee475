"""Where the work on an event stands, as one run of the function tells the next."""

from dataclasses import asdict, dataclass, field
from typing import Any, get_type_hints

from .job_errors import NotAnEventError


@dataclass
class Progress:
    """What has been done; times are Unix seconds, on the function's clock unless the name says otherwise."""

    began: float  # when the first run began
    hand_overs: int = 0  # runs before this one
    resume_at: float = 0.0  # when the pause ends that an earlier run began
    refusals: dict[str, int] = field(default_factory=dict)  # by operation, since it last succeeded
    refused_start: bool = False  # whether the service itself has refused one
    refusal: str = ""  # the last of them that stood in the way of a start, and what to do about it

    listing: str = ""  # where the listing of the documents goes on
    listed: int = 0  # objects without content so far
    documents_seen: bool = False

    attempt: int = 0  # starts before this one, each with a client token of its own
    passed: int = 0  # those of them that an earlier deployment made
    restarts: int = 0  # those of them that failed for want of access
    outcome_unknown: bool = False  # whether the answer to its last try was lost
    tried_at: float = 0.0  # when this attempt was first tried
    tried_at_service: float = 0.0  # the same moment on the service's clock
    job_arn: str = ""  # this attempt's job, once it is known
    job_known_at: float = 0.0  # when it became known
    job_seen_unfinished: bool = False
    working_since: float = 0.0  # when it was first seen at work, on the service's clock
    missing_since: float = 0.0  # since when the service has had no record of the job

    unused_since: float = 0.0  # since when no job uses the network that goes
    unused_kinds: int = 0  # kinds of work that this look has not found in it yet

    def next_attempt(self) -> None:
        """Forget the job at hand."""
        self.attempt, self.job_arn, self.job_seen_unfinished = self.attempt + 1, "", False
        self.tried_at = self.tried_at_service = self.job_known_at = self.missing_since = self.working_since = 0.0
        self.outcome_unknown = False

    def to_payload(self) -> dict[str, Any]:
        """For the next run."""
        return asdict(self)


def from_payload(given: object) -> Progress:
    """Read what an earlier run handed over; refuse what no run wrote."""
    if not isinstance(given, dict):
        raise NotAnEventError("Not a hand-over of this function, nothing was done; wrong: HandOver.")
    types = get_type_hints(Progress)
    wrong = given.keys() ^ types.keys()
    wrong |= {name for name in given.keys() & types.keys() if not _is(given[name], types[name])}
    if wrong:
        names = ", ".join(sorted(map(str, wrong)))
        raise NotAnEventError(f"Not a hand-over of this function, nothing was done; wrong in HandOver: {names}.")
    return Progress(**given)


def _is(value: object, kind: type) -> bool:
    if kind is float:  # JSON knows no difference
        return type(value) in (int, float)
    if kind == dict[str, int]:
        return isinstance(value, dict) and all(type(count) is int for count in value.values())
    return type(value) is kind
