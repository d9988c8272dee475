"""The one question before anything is started or tagged: does CloudFormation wait for this very event?

An event can be delivered again minutes later, its run can wait for an hour, and meanwhile the operation that it
belongs to can have been answered, cancelled, rolled back or followed by the next one.
"""

from dataclasses import dataclass

from . import history, stack
from .job_errors import JobError
from .service_time import CLOCKS
from .work import Work

_ROUNDED = 2  # seconds that are lost where answers tell only whole ones
_AT_ONCE = 5  # seconds for both answers
_TELLS = 15  # seconds after an event in which its stack may not tell of it yet
_UNDATED = 60  # seconds after an operation began in which an event that bears no date is taken for its own
_OLDER = "It is older than the operation that the resource is in."
_DEPLOYMENTS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
_ROLLBACK = "UPDATE_ROLLBACK_IN_PROGRESS"


class NotAwaitedError(JobError):
    """CloudFormation does not wait for this event, or no longer."""


@dataclass(frozen=True)
class Operation:
    """The operation of the stack that waits for the event."""

    is_rollback: bool
    physical_id: str  # the resource's, as the stack knows it


def awaited_by(work: Work) -> Operation:
    """Find the operation that waits for the event; raise when there is none.

    The resource is asked before its stack, so that a rollback that begins in between is seen; both at once, since after
    a while the stack can be in another operation.
    """
    while True:
        began = work.clock.now()
        resource = stack.resource(work)
        stack_status = stack.status(work)
        if work.clock.now() - began >= _AT_ONCE and work.clock.now() < work.clock.last_moment:
            continue
        why_not = _why_not(work, resource, stack_status)
        if not why_not:
            return Operation(stack_status == _ROLLBACK, resource.physical_id)
        if _age(work, resource) >= _TELLS:
            raise NotAwaitedError(f"Nothing was started: CloudFormation does not wait for this event. {why_not}")
        work.clock.pause(3, work.clock.last_moment)


def require_deployment(work: Work) -> None:
    """Make sure that a deployment waits for the event, and no rollback; what starts a job asks before every try."""
    if awaited_by(work).is_rollback:
        raise NotAwaitedError("Nothing was started: the stack rolls back.")


def _why_not(work: Work, resource: stack.Resource, stack_status: str) -> str:
    """Why no operation waits for the event; empty when one does."""
    event, expected = work.event, f"{work.event.kind.upper()}_IN_PROGRESS"
    if stack_status not in (*_DEPLOYMENTS, _ROLLBACK):
        return f"The stack is {stack_status}."
    if resource.status != expected:
        return f"The resource is {resource.status or 'unknown to the stack'}, not {expected}."
    if resource.since is None:
        return "The stack does not say since when the resource is in progress."
    if event.made is None:
        return _why_not_undated(work.progress.began + resource.ahead, resource.since)
    is_older = event.made < resource.since - CLOCKS or _is_of_the_one_before(work, event.made, resource.since)
    return _OLDER if is_older else ""


def _why_not_undated(came: float, since: float) -> str:
    """An event without a date is as old as its first run, or older: only one that came at once is surely not."""
    if came < since - _ROUNDED:
        return _OLDER
    if came > since + _UNDATED:
        return f"It bears no date and came more than {_UNDATED} s after the resource's operation began: deploy again."
    return ""


def _is_of_the_one_before(work: Work, made: float, since: float) -> bool:
    """Whether an event of about the operation's beginning was made before the last one had ended."""
    if made + _ROUNDED > since:
        return False
    ended = history.previous_end(work)
    return ended is not None and made <= ended


def _age(work: Work, resource: stack.Resource) -> float:
    if work.event.made is None:
        return work.clock.now() - work.progress.began
    return resource.asked - work.event.made
