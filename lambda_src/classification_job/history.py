"""The history of the resource, as its stack tells it."""

from contextlib import suppress

from .run import Run


def earlier_id(run: Run) -> str:
    """The id before the operation that is rolled back; the event's own if history is silent."""
    from botocore.exceptions import BotoCoreError, ClientError

    stack, began, deleted = run.event["StackId"], False, set()
    pages = run.outside.client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
    with suppress(BotoCoreError, ClientError):
        for entry in pages.search("StackEvents[]"):  # newest first
            status, physical_id = entry["ResourceStatus"], entry.get("PhysicalResourceId")
            if physical_id == stack:
                began |= status == "UPDATE_IN_PROGRESS"
            elif entry["LogicalResourceId"] != run.event["LogicalResourceId"]:
                continue
            elif began and status in ("CREATE_COMPLETE", "UPDATE_COMPLETE") and physical_id not in deleted:
                return str(physical_id)
            elif status.startswith("DELETE_"):
                deleted.add(physical_id)
    return run.physical_id
