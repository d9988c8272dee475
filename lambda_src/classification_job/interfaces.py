"""The network interfaces that the service makes in a network, with the data access role as Comprehend."""

from contextlib import suppress
from dataclasses import dataclass

from .job_errors import JobError
from .work import Work


@dataclass(frozen=True)
class Interface:
    """One of the service's interfaces."""

    id: str
    is_free: bool
    attachment: str  # empty when it is attached to nothing


def find(work: Work, subnets: list[str], groups: list[str], until: float) -> list[Interface]:
    """The service's interfaces in some subnets with some security groups."""
    filters = [{"Name": "subnet-id", "Values": subnets}, {"Name": "group-id", "Values": groups}]
    found = work.call("ec2", "describe_network_interfaces", until=until, Filters=filters)["NetworkInterfaces"]
    return [
        Interface(
            each["NetworkInterfaceId"],
            each.get("Status") == "available",
            each.get("Attachment", {}).get("AttachmentId", ""),
        )
        for each in found
        if each.get("RequesterId", "").endswith(":Comprehend")
    ]


def delete(work: Work, interface: Interface) -> None:
    """Delete one that is free; the next look tries again what was refused."""
    with suppress(JobError):
        work.call("ec2", "delete_network_interface", until=0, NetworkInterfaceId=interface.id)


def detach(work: Work, interface: Interface) -> None:
    """Detach one that nobody uses any more; the next look tries again what was refused."""
    with suppress(JobError):
        work.call("ec2", "detach_network_interface", until=0, AttachmentId=interface.attachment)
