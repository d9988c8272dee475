"""Delete of a job whose network goes too: wait for its end, remove the interfaces the service left (usingVPC)."""

from typing import Any

from .errors import Fault
from .run import Run
from .service import UNFINISHED, Service

LOOK_SECONDS = 15
IN_USE_SECONDS = 300  # After this an interface still in use is detached, when the whole stack goes.
LEFT_SECONDS = 600


class Network:
    """The network of one job on its way out."""

    def __init__(self, run: Run) -> None:
        self.run, self.service, vpc = run, Service(run.outside), run.job.request.get("VpcConfig", {})
        self.subnets, self.groups = set(vpc.get("Subnets", ())), set(vpc.get("SecurityGroupIds", ()))

    def clear(self) -> None:
        """Free the subnets and groups, as far as that can be done until the deadline."""
        status = self.run.insist(lambda: self.service.stack_status(self.run.event.stack_id), "DescribeStacks")
        whole = status in ("DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")
        if not self.subnets or (not whole and self._stays()):
            return
        ended, arn = None, self.run.event.physical_id
        while not self.run.expired():
            now = self.run.outside.now()
            job = self.run.insist(lambda: self.service.describe(arn), "DescribeDocumentClassificationJob")
            if job.get("JobStatus") not in UNFINISHED:
                ended = ended or now
                if not self._remove(detach=whole and now - ended > IN_USE_SECONDS):
                    return
                if now - ended > LEFT_SECONDS:
                    break
            self.run.pause(LOOK_SECONDS)
        self.run.log("network interfaces may be left", job_ended=bool(ended))

    def _stays(self) -> bool:
        """Whether the resource was only replaced by a job that uses the same network."""
        event = self.run.event
        names = {"StackName": event.stack_id, "LogicalResourceId": event.logical_id}
        found = self._call("cloudformation", "describe_stack_resource", **names)["StackResourceDetail"]
        current = found.get("PhysicalResourceId", event.physical_id)
        if current == event.physical_id:
            return False
        job = self.run.insist(lambda: self.service.describe(current), "DescribeDocumentClassificationJob")
        vpc = job.get("VpcConfig", {})
        return self.subnets <= set(vpc.get("Subnets", ())) and self.groups <= set(vpc.get("SecurityGroupIds", ()))

    def _remove(self, *, detach: bool) -> int:
        """Remove the service's interfaces that are free; how many there were."""
        names = {"subnet-id": self.subnets, "group-id": self.groups}
        filters = [{"Name": name, "Values": sorted(values)} for name, values in names.items()]
        found = self._call("ec2", "describe_network_interfaces", Filters=filters)["NetworkInterfaces"]
        left = [each for each in found if each.get("RequesterId", "").endswith(":Comprehend")]
        for each in left:
            name, attachment = each["NetworkInterfaceId"], each.get("Attachment", {}).get("AttachmentId")
            self.run.log("network interface", name=name, status=each["Status"])
            try:
                if each["Status"] == "available":
                    self.service.call("ec2", "delete_network_interface", NetworkInterfaceId=name)
                elif detach and attachment:
                    self.service.call("ec2", "detach_network_interface", AttachmentId=attachment, Force=True)
            except Fault as fault:  # The next look tries again.
                self.run.log("network interface stays", name=name, error=str(fault))
        return len(left)

    def _call(self, client: str, operation: str, **arguments: object) -> dict[str, Any]:
        return self.run.insist(lambda: self.service.call(client, operation, **arguments), operation)
