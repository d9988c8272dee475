"""Delete of a job whose network goes too: wait for its end, remove the interfaces that the service left."""

from typing import Any

from .errors import Fault
from .run import Run
from .service import UNFINISHED, Service

IN_USE_SECONDS = 300  # After this an interface still in use is detached, when the whole stack goes.
LEFT_SECONDS = 600


class Network:
    """The network of one job on its way out."""

    def __init__(self, run: Run) -> None:
        self.run, self.service, self.vpc = run, Service(run.outside), run.job["Request"].get("VpcConfig")

    def clear(self) -> None:
        """Free the subnets and groups, as far as that can be done until the deadline."""
        run, arn, ended = self.run, self.run.event.physical_id, 0.0
        status = run.insist(lambda: self.service.stack_status(run.event.raw["StackId"]), "DescribeStacks")
        whole = status in ("DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")
        if not self.vpc or (not whole and self._stays()):
            return
        while not run.expired():
            now = run.outside.now()
            if self._describe(arn).get("JobStatus") not in UNFINISHED:
                ended = ended or now
                if not self._remove(detach=whole and now - ended > IN_USE_SECONDS):
                    return
                if now - ended > LEFT_SECONDS:
                    break
            run.pause(15)
        run.log("network interfaces may be left", job_ended=bool(ended))

    def _stays(self) -> bool:
        """Whether the resource was only replaced by a job that uses the same network."""
        raw = self.run.event.raw
        names = {"StackName": raw["StackId"], "LogicalResourceId": raw["LogicalResourceId"]}
        found = self._call("cloudformation", "describe_stack_resource", **names)["StackResourceDetail"]
        current = found.get("PhysicalResourceId", self.run.event.physical_id)
        if current == self.run.event.physical_id:
            return False
        vpc = self._describe(current).get("VpcConfig", {})
        return all(set(self.vpc[name]) <= set(vpc.get(name, ())) for name in self.vpc)

    def _remove(self, *, detach: bool) -> int:
        """Remove the service's interfaces that are free; how many there were."""
        names = {"subnet-id": "Subnets", "group-id": "SecurityGroupIds"}
        filters = [{"Name": name, "Values": self.vpc[key]} for name, key in names.items()]
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

    def _describe(self, arn: str) -> dict[str, Any]:
        return self.run.insist(lambda: self.service.describe(arn), "DescribeDocumentClassificationJob")

    def _call(self, client: str, operation: str, **arguments: object) -> dict[str, Any]:
        return self.run.insist(lambda: self.service.call(client, operation, **arguments), operation)
