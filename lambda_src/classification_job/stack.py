"""What CloudFormation knows about a resource's past."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .events import Event
    from .service import Service

_PAGES = 20  # of 100 events


def earlier_id(service: Service, event: Event) -> str:
    """The id that the resource had before the operation that is being rolled back.

    Args:
        service: AWS.
        event: The Update of the rollback.

    Returns:
        The id of the latest completed event of this resource before the operation began; the event's own id when the
        history does not reach that far.
    """
    more: dict[str, str] = {}
    before_operation = False
    for _ in range(_PAGES):
        page = service.call("cloudformation", "describe_stack_events", StackName=event.stack_id, **more)
        for entry in page["StackEvents"]:
            status, logical_id = entry["ResourceStatus"], entry["LogicalResourceId"]
            if entry.get("PhysicalResourceId") == event.stack_id:
                before_operation |= status in ("UPDATE_IN_PROGRESS", "CREATE_IN_PROGRESS")
            elif (
                before_operation and logical_id == event.logical_id and status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
            ):
                return str(entry["PhysicalResourceId"])
        if not page.get("NextToken"):
            break
        more = {"NextToken": page["NextToken"]}
    return event.physical_id
