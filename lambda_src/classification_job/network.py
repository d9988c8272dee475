"""Delete of a job whose network goes with the stack: wait for its end, remove the interfaces the service left behind.

Source: Developer Guide, "Protect jobs by using a VPC"; the interfaces' requester id ends in `:Comprehend`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import Fault
from .service import UNFINISHED, Service

if TYPE_CHECKING:
    from .events import Properties
    from .run import Run

_LOOK_SECONDS = 15
_IN_USE_SECONDS = 300  # How long an interface may stay in use after the job before it is detached.


def clear(run: Run, properties: Properties) -> None:
    """Do what must be done before subnets and groups of the job can go; faults are logged, never raised."""
    vpc = properties.request.get("VpcConfig")
    if not vpc:
        return
    service = Service(run.runtime)
    subnets, groups = frozenset(vpc["Subnets"]), frozenset(vpc["SecurityGroupIds"])
    whole_stack = _whole_stack_goes(run, service)
    if not whole_stack and _network_stays(run, service, subnets, groups):
        run.log("network stays")
        return
    ended = None
    while True:
        now = run.runtime.now()
        job = _try(run, lambda: service.describe(run.event.physical_id))
        if job is None or job.status not in UNFINISHED:
            ended = ended or now
            left = _remove(run, service, subnets, groups, detach=whole_stack and now - ended > _IN_USE_SECONDS)
            if not left:
                return
        if run.expired():
            run.log("network interfaces may be left", job_ended=ended is not None)
            return
        run.pause(_LOOK_SECONDS)


def _whole_stack_goes(run: Run, service: Service) -> bool:
    status = _try(run, lambda: service.stack_status(run.event.stack_id)) or ""
    return status in ("DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")


def _network_stays(run: Run, service: Service, subnets: frozenset[str], groups: frozenset[str]) -> bool:
    """Whether the resource was only replaced, and the new job uses the whole network of the old one."""
    found = _try(
        run,
        lambda: service.call(
            "cloudformation",
            "describe_stack_resource",
            StackName=run.event.stack_id,
            LogicalResourceId=run.event.logical_id,
        ),
    )
    current = found["StackResourceDetail"].get("PhysicalResourceId", "") if found else ""
    if current in ("", run.event.physical_id):
        return False
    job = _try(run, lambda: service.describe(current))
    return bool(job) and subnets <= job.vpc[0] and groups <= job.vpc[1]


def _remove(run: Run, service: Service, subnets: frozenset[str], groups: frozenset[str], *, detach: bool) -> int:
    """Remove what can be removed. Returns how many interfaces were there."""
    filters = [
        {"Name": "subnet-id", "Values": sorted(subnets)},
        {"Name": "group-id", "Values": sorted(groups)},
    ]
    page = _try(run, lambda: service.call("ec2", "describe_network_interfaces", Filters=filters))
    found: list[dict[str, Any]] = page["NetworkInterfaces"] if page else []
    ours = [entry for entry in found if entry.get("RequesterId", "").endswith(":Comprehend")]
    for entry in ours:
        interface, attachment = entry["NetworkInterfaceId"], entry.get("Attachment", {}).get("AttachmentId")
        if entry["Status"] == "available":
            _try(run, lambda i=interface: service.call("ec2", "delete_network_interface", NetworkInterfaceId=i))
        elif detach and attachment:
            _try(run, lambda a=attachment: service.call("ec2", "detach_network_interface", AttachmentId=a, Force=True))
        run.log("network interface", interface=interface, status=entry["Status"])
    return len(ours)


def _try(run: Run, call: Any) -> Any:
    """A call whose failure is only worth a line in the log."""
    try:
        return call()
    except Fault as fault:
        run.log("call failed", code=fault.code, error=fault.message)
        return None
