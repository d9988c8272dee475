"""The history of a resource."""

from .events import Event
from .service import Service


def earlier_id(service: Service, event: Event) -> str:
    """The id that the resource had before the operation that is rolled back; the event's own if history is silent."""
    stack_id, logical_id = event.raw["StackId"], event.raw["LogicalResourceId"]
    began, deleted, more = False, set[str](), dict[str, str]()
    for _ in range(20):  # pages of 100, newest first
        page = service.call("cloudformation", "describe_stack_events", StackName=stack_id, **more)
        for entry in page["StackEvents"]:
            status, physical_id = entry["ResourceStatus"], str(entry.get("PhysicalResourceId"))
            if physical_id == stack_id:
                began |= status == "UPDATE_IN_PROGRESS"
            elif entry["LogicalResourceId"] != logical_id:
                continue
            elif status.startswith("DELETE_"):
                deleted.add(physical_id)
            elif began and status in ("CREATE_COMPLETE", "UPDATE_COMPLETE") and physical_id not in deleted:
                return physical_id
        if not page.get("NextToken"):
            break
        more = {"NextToken": page["NextToken"]}
    return event.physical_id
