"""What the resource was before the deployment that is rolled back, as its stack's events tell."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from .errors import JobError
from .work import Work

_STABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


def last_stable_id(work: Work) -> str:
    """The physical id in the last configuration that was deployed; empty when history does not tell.

    Without rollback, deployments that failed can follow each other: what counts is the resource's last success before
    the first of them, that is at the stack's last stable state or earlier.
    """
    with suppress(JobError):  # A rollback need not fail for it.
        was_stable, deleted = False, set()
        for entry in _newest_first(work):
            status, physical_id = entry["ResourceStatus"], entry.get("PhysicalResourceId")
            if physical_id == work.event.stack_id:
                was_stable |= status in _STABLE
            elif entry["LogicalResourceId"] != work.event.logical_id:
                continue
            elif status.startswith("DELETE_"):
                deleted.add(physical_id)
            elif was_stable and status in ("CREATE_COMPLETE", "UPDATE_COMPLETE") and physical_id not in deleted:
                return str(physical_id)
    return ""


def _newest_first(work: Work) -> Iterator[Any]:
    more: dict[str, Any] = {"StackName": work.event.stack_id}
    while more:
        page = work.call("cloudformation", "describe_stack_events", until=work.clock.last_moment, **more)
        yield from page["StackEvents"]
        work.clock.check()
        more = more | {"NextToken": page["NextToken"]} if page.get("NextToken") else {}
