"""Delete of a job whose network goes too: wait for its end, remove the interfaces that the service left."""

from typing import Any

from .errors import Fault, JobError
from .run import Run
from .service import UNFINISHED, Service

LEFT_SECONDS = 600  # How long after the job's end an interface that is still in use is waited for.


class Network:
    """The network of one job on its way out."""

    def __init__(self, run: Run) -> None:
        self.run, self.service, self.vpc = run, Service(run.outside), run.job["Request"].get("VpcConfig")

    def clear(self) -> None:
        """Free the subnets and groups, as far as that can be done until the deadline."""
        run, ended = self.run, 0.0
        if not self.vpc or self._stays():
            return
        while not run.expired():
            now = run.outside.now()
            if self._describe(run.event.physical_id).get("JobStatus") not in UNFINISHED:
                ended = ended or now
                if not self._remove():
                    return
                if now - ended > LEFT_SECONDS:
                    break
            run.pause(15)
        run.log("network interfaces may be left", job_ended=bool(ended))

    def _stays(self) -> bool:
        """Whether the resource was only replaced by a job that uses the same network."""
        raw, arn = self.run.event.raw, self.run.event.physical_id
        names = {"StackName": raw["StackId"], "LogicalResourceId": raw["LogicalResourceId"]}
        try:
            found = self._call("cloudformation", "describe_stack_resource", **names)
        except JobError as error:  # Looking costs nothing: only what is free is removed.
            self.run.log("successor unknown", error=str(error))
            return False
        current = found["StackResourceDetail"].get("PhysicalResourceId", arn)
        if current == arn:
            return False
        vpc = self._describe(current).get("VpcConfig", {})
        return all(set(self.vpc[name]) <= set(vpc.get(name, ())) for name in self.vpc)

    def _remove(self) -> int:
        """Remove the service's interfaces that are free; how many there were."""
        names = {"subnet-id": "Subnets", "group-id": "SecurityGroupIds"}
        filters = [{"Name": name, "Values": self.vpc[key]} for name, key in names.items()]
        found = self._call("ec2", "describe_network_interfaces", Filters=filters)["NetworkInterfaces"]
        left = [each for each in found if each.get("RequesterId", "").endswith(":Comprehend")]
        for each in left:
            name = each["NetworkInterfaceId"]
            self.run.log("network interface", name=name, status=each["Status"])
            try:
                if each["Status"] == "available":  # One in use can be another job's: it is never taken away.
                    self.service.call("ec2", "delete_network_interface", NetworkInterfaceId=name)
            except Fault as fault:  # The next look tries again.
                self.run.log("network interface stays", name=name, error=str(fault))
        return len(left)

    def _describe(self, arn: str) -> dict[str, Any]:
        return self.run.insist(lambda: self.service.describe(arn), "DescribeDocumentClassificationJob")

    def _call(self, client: str, operation: str, **arguments: object) -> dict[str, Any]:
        return self.run.insist(lambda: self.service.call(client, operation, **arguments), operation)
