"""Delete of a job whose network goes too."""

from contextlib import suppress

from .errors import JobError
from .run import UNFINISHED, Run

LEFT = 600  # Seconds after the job's end.


def clear(run: Run) -> None:
    """Wait for the job's end, remove the interfaces that the service left; give up at the deadline."""
    vpc, ended = run.request.get("VpcConfig"), run.deadline
    if not vpc or _stays(run, vpc):
        return
    while run.now() < min(run.deadline, ended + LEFT):
        if run.describe(run.physical_id).get("JobStatus") not in UNFINISHED:
            ended = min(ended, run.now())
            if not _remove(run, vpc):
                return
        run.pause(15)
    run.log("network interfaces may be left")


def free(run: Run) -> None:
    """Remove what the service left in a network that goes."""
    properties = run.event["ResourceProperties"]
    vpc = {"Subnets": properties["SubnetIds"], "SecurityGroupIds": properties["SecurityGroupIds"]}
    run.deadline = run.now() + LEFT
    while run.now() < run.deadline:
        if not _remove(run, vpc):
            return
        run.outside.sleep(15)


def _stays(run: Run, vpc: dict[str, list[str]]) -> bool:
    """Whether only the job was replaced, in the same network."""
    names = {"StackName": run.event["StackId"], "LogicalResourceId": run.event["LogicalResourceId"]}
    with suppress(JobError):  # Looking on costs nothing: only what is free is removed.
        found = run.call("cloudformation", "describe_stack_resource", **names)["StackResourceDetail"]
        if (current := found.get("PhysicalResourceId", run.physical_id)) != run.physical_id:
            used = run.describe(current, 30).get("VpcConfig", {})
            return all(set(vpc[name]) <= set(used.get(name, ())) for name in vpc)
    return False


def _remove(run: Run, vpc: dict[str, list[str]]) -> int:
    """Remove the service's interfaces that are free; how many there were."""
    filters = [{"Name": "subnet-id", "Values": vpc["Subnets"]}, {"Name": "group-id", "Values": vpc["SecurityGroupIds"]}]
    found = run.call("ec2", "describe_network_interfaces", Filters=filters)["NetworkInterfaces"]
    left = [each for each in found if each.get("RequesterId", "").endswith(":Comprehend")]
    for each in left:
        if each["Status"] == "available":  # One in use can be another job's.
            with suppress(JobError):  # The next look tries again.
                run.call("ec2", "delete_network_interface", 0, NetworkInterfaceId=each["NetworkInterfaceId"])
    return len(left)
