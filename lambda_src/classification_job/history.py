"""The resource's history, as its stack tells it."""

from contextlib import suppress
from typing import Any

from .errors import JobError
from .run import Run


def earlier_id(run: Run) -> str:
    """The id before the operation that is rolled back; the event's own if history is silent."""
    stack, began, deleted = run.event["StackId"], False, set()
    more: Any = {"StackName": stack}
    with suppress(JobError):
        while more:
            page = run.call("cloudformation", "describe_stack_events", **more)
            for entry in page["StackEvents"]:  # newest first
                status, physical_id = entry["ResourceStatus"], entry.get("PhysicalResourceId")
                if physical_id == stack:
                    began |= status == "UPDATE_IN_PROGRESS"
                elif entry["LogicalResourceId"] != run.event["LogicalResourceId"]:
                    continue
                elif began and status in ("CREATE_COMPLETE", "UPDATE_COMPLETE") and physical_id not in deleted:
                    return str(physical_id)
                elif status.startswith("DELETE_"):
                    deleted.add(physical_id)
            more = "NextToken" in page and more | {"NextToken": page["NextToken"]}
    return run.physical_id
