"""The network's own resource: when the network goes, it removes the interfaces that the service left in it."""

from contextlib import suppress
from typing import Any

from . import interfaces, stack
from .answer import Answer
from .interfaces import Interface
from .job_errors import JobError
from .network_use import ALL, CLASSIFICATION, is_in_use
from .work import Work

_PREFIX = "network-interfaces/"  # of the physical id
_PATIENCE = 600  # seconds in which interfaces without a job are removed
_GRACE = 60  # seconds of them in which the service may still detach its own


def clean_up(work: Work) -> Answer:
    """Create and Update only name the network; a network of other subnets or groups is another one."""
    subnets, groups = _ids(work, "SubnetIds"), _ids(work, "SecurityGroupIds")
    if work.event.kind == "Delete":
        if subnets and groups and not _has_wider_successor(work, subnets, groups):
            _clear(work, subnets, groups)
        return Answer(work.event.physical_id)
    if not subnets or not groups:
        raise JobError("SubnetIds and SecurityGroupIds: lists of ids, neither empty.")
    return Answer(_name(subnets, groups))


def _name(subnets: list[str], groups: list[str]) -> str:
    """The physical id: it tells the Delete of an earlier network which parts stay."""
    return f"{_PREFIX}{','.join(sorted(subnets))}/{','.join(sorted(groups))}"


def _has_wider_successor(work: Work, subnets: list[str], groups: list[str]) -> bool:
    """Whether the network goes over into one that has all of its subnets and groups."""
    with suppress(JobError):  # Else it is looked at.
        own, named = work.event.physical_id, stack.resource(work).physical_id
        if own != named and own.startswith(_PREFIX) and named.startswith(_PREFIX):
            successor = named.split("/")
            return {*subnets} <= {*successor[1].split(",")} and {*groups} <= {*successor[2].split(",")}
    return False


def _clear(work: Work, subnets: list[str], groups: list[str]) -> None:
    """Wait until nothing of the service uses the network, then remove the interfaces; give up in time."""
    clock, progress = work.clock, work.progress
    while clock.now() < clock.last_moment:
        found = interfaces.find(work, subnets, groups, clock.last_moment)
        # Asked last: none found is of a job that began since. Whose an interface is, it does not tell.
        in_use = is_in_use(work, ALL if found else CLASSIFICATION, subnets, groups)
        progress.unused_since = 0.0 if in_use else progress.unused_since or clock.now()
        unused = 0.0 if in_use else clock.now() - progress.unused_since
        if not in_use and not found:
            return
        if unused >= _PATIENCE:
            break
        if not in_use:  # A running job may have made one that it has not attached yet.
            for interface in found:
                clock.check()
                _remove(work, interface, detach=in_use is False and unused >= _GRACE)
        clock.pause(15, clock.last_moment)
    work.log("network interfaces may be left")


def _remove(work: Work, interface: Interface, *, detach: bool) -> None:
    if interface.is_free:
        interfaces.delete(work, interface)
    elif detach and interface.attachment:
        interfaces.detach(work, interface)


def _ids(work: Work, name: str) -> list[str]:
    given: Any = work.event.properties
    found = given.get(name) if isinstance(given, dict) else None
    return [str(each) for each in found] if isinstance(found, list) else []
