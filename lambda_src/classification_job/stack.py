"""The history of a resource, as its stack tells it."""

from collections.abc import Iterator
from typing import Any

from .events import Event
from .service import Service


def earlier_id(service: Service, event: Event) -> str:
    """The id that the resource had before the operation that is rolled back; the event's own if history is silent."""
    began, deleted = False, set[str]()
    for entry in _history(service, event):
        status, physical_id = entry["ResourceStatus"], str(entry.get("PhysicalResourceId"))
        if physical_id == event.raw["StackId"]:
            began |= status == "UPDATE_IN_PROGRESS"
        elif status.startswith("DELETE_"):
            deleted.add(physical_id)
        elif began and status in ("CREATE_COMPLETE", "UPDATE_COMPLETE") and physical_id not in deleted:
            return physical_id
    return event.physical_id


def asked_at(service: Service, event: Event) -> float | None:
    """When CloudFormation last asked for what the event asks for, for events whose URL does not say it."""
    asked = None
    for entry in _history(service, event):
        status = entry["ResourceStatus"]
        if entry.get("PhysicalResourceId") == event.raw["StackId"]:
            if asked and "ROLLBACK" not in status:
                break  # The operation began here; its rollback, seen before, asked for nothing new.
        elif status == f"{event.kind.upper()}_IN_PROGRESS":
            asked = float(entry["Timestamp"].timestamp())
    return asked


def _history(service: Service, event: Event) -> Iterator[dict[str, Any]]:
    """What happened to the resource and the stack itself, newest first."""
    stack_id, logical_id, more = event.raw["StackId"], event.raw["LogicalResourceId"], dict[str, str]()
    for _ in range(20):  # pages of 100
        page = service.call("cloudformation", "describe_stack_events", StackName=stack_id, **more)
        for entry in page["StackEvents"]:
            if stack_id == entry.get("PhysicalResourceId") or logical_id == entry["LogicalResourceId"]:
                yield entry
        if not page.get("NextToken"):
            return
        more = {"NextToken": page["NextToken"]}
