"""What CloudFormation says of the stack and of the resource in it."""

from dataclasses import dataclass
from typing import Any

from .service_time import service_time
from .work import Work

_GLANCE = 30  # seconds that asking the outermost stack is worth


@dataclass(frozen=True)
class Resource:
    """The resource as its stack tells of it; moments on CloudFormation's clock."""

    status: str  # empty when the stack does not know it
    physical_id: str
    since: float | None  # when it took this status
    asked: float
    ahead: float  # seconds by which that clock is ahead of the function's


def resource(work: Work) -> Resource:
    """Ask for the resource of the event."""
    name = work.event.logical_id
    answer = _ask(work, "describe_stack_resource", missing=("ValidationError",), LogicalResourceId=name)
    detail = answer.get("StackResourceDetail", {})
    since = detail.get("LastUpdatedTimestamp")
    now = work.clock.now()
    asked = service_time(answer, now)
    return Resource(
        status=detail.get("ResourceStatus", ""),
        physical_id=detail.get("PhysicalResourceId", ""),
        since=since.timestamp() if since else None,
        asked=asked,
        ahead=asked - now,
    )


def status(work: Work) -> str:
    """Ask for the stack's status."""
    return str(_stack(work)["StackStatus"])


def rolls_back(work: Work) -> bool:
    """Ask whether the stack rolls back, or the one that it is nested in, which deletes what it has just created."""
    own = _stack(work)
    if own["StackStatus"] != "DELETE_IN_PROGRESS" or not own.get("RootId"):
        return "ROLLBACK" in own["StackStatus"]
    until = min(work.clock.now() + _GLANCE, work.clock.deadline)
    root = work.call("cloudformation", "describe_stacks", until=until, StackName=own["RootId"])
    return "ROLLBACK" in root["Stacks"][0]["StackStatus"]


def _stack(work: Work) -> Any:
    return _ask(work, "describe_stacks")["Stacks"][0]


def _ask(work: Work, operation: str, **more: Any) -> Any:
    # Until CloudFormation itself gives up: what cannot be asked about may be a rollback, which must not fail.
    until, name = work.clock.last_moment, work.event.stack_id
    return work.call("cloudformation", operation, until=until, since=until, for_a_start=True, StackName=name, **more)
