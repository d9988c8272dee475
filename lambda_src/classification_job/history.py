"""What the resource was before the deployment that is rolled back, as its stack's events tell."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from .job_errors import JobError
from .work import Work

_STABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")


def last_stable_id(work: Work) -> str:
    """The physical id in the last configuration that was deployed; empty when history does not tell.

    Without rollback, deployments that failed can follow each other: what counts is the resource's last success before
    the first of them, that is at the stack's last stable state or earlier. Where events no longer reach back so far,
    it is the id that the first of the failed deployments began with.
    """
    first = ""
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
            elif not was_stable and status == "UPDATE_IN_PROGRESS":
                first = str(physical_id or "")
    return first


def previous_end(work: Work) -> float | None:
    """When the resource's operation before the present one ended; None when its stack does not tell."""
    for entry in _newest_first(work):
        is_end = entry["ResourceStatus"].endswith(("_COMPLETE", "_FAILED"))
        if is_end and entry["LogicalResourceId"] == work.event.logical_id and entry.get("Timestamp"):
            return float(entry["Timestamp"].timestamp())
    return None


def failed_in_this_operation(work: Work) -> bool:
    """Whether the resource has failed since the stack's present update began: then an Update takes that back."""
    has_failed = False
    with suppress(JobError):
        for entry in _newest_first(work):
            if entry.get("PhysicalResourceId") == work.event.stack_id:
                if entry["ResourceStatus"] == "UPDATE_IN_PROGRESS":
                    return has_failed
            elif entry["LogicalResourceId"] == work.event.logical_id:
                has_failed |= entry["ResourceStatus"] == "UPDATE_FAILED"
    return False


def _newest_first(work: Work) -> Iterator[Any]:
    more: dict[str, Any] = {"StackName": work.event.stack_id}
    while more:
        page = work.call(
            "cloudformation", "describe_stack_events", until=work.clock.last_moment, for_a_start=True, **more
        )
        yield from page["StackEvents"]
        work.clock.check()
        more = more | {"NextToken": page["NextToken"]} if page.get("NextToken") else {}
