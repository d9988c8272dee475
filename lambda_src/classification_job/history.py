"""What the resource was before the present operation, as its stack's events tell."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

from . import properties
from .job_errors import JobError
from .properties import Configuration
from .work import Work

_STABLE = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)
_SUCCESS = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


@dataclass(frozen=True)
class Entry:
    """One event of the stack itself, or of the resource."""

    of_stack: bool
    status: str
    physical_id: str
    at: float | None
    wanted: Configuration  # of the resource

    @property
    def is_begin_of_update(self) -> bool:
        """Whether an update of the stack began."""
        return self.of_stack and self.status == "UPDATE_IN_PROGRESS"

    @property
    def is_stable(self) -> bool:
        """Whether the stack had a configuration that can be rolled back to."""
        return self.of_stack and self.status in _STABLE

    @property
    def is_success(self) -> bool:
        """Whether the resource was brought to what was wanted."""
        return not self.of_stack and self.status in _SUCCESS

    @property
    def is_end(self) -> bool:
        """Whether an operation on the resource was over."""
        return not self.of_stack and self.status.endswith(("_COMPLETE", "_FAILED"))


@dataclass(frozen=True)
class Before:
    """What an update finds."""

    has_failed: bool = False  # the resource, in this very update of the stack: what comes now takes that back
    deployed: Configuration | None = None  # what the job stands for; None: what CloudFormation calls the old


@dataclass(frozen=True)
class Stable:
    """What a rollback goes back to."""

    physical_id: str  # empty when history does not tell
    tried: list[Configuration]  # on that job, since then


def before_update(work: Work) -> Before:
    """Tell what the present update of the stack found.

    Without rollback, an update can follow one that failed. Whether CloudFormation then calls the properties old that
    were deployed, or those that were tried, it does not document; what the job was deployed for, its events tell.
    """
    with suppress(JobError):  # Then CloudFormation's word must do.
        entries = _newest_first(work)
        if any(entry.status == "UPDATE_FAILED" for entry in _up_to(entries, lambda entry: entry.is_begin_of_update)):
            return Before(has_failed=True)
        since_stable = list(_up_to(entries, lambda entry: entry.is_stable))
        last = next((entry for entry in since_stable if entry.is_end), None)
        if last and not last.is_success:
            return Before(deployed=_deployed(work.event.physical_id, chain(since_stable, entries)))
    return Before()


def last_stable(work: Work) -> Stable:
    """Find the physical id in the last configuration that was deployed.

    Without rollback, updates that failed can follow each other: what counts is the resource's last success before the
    first of them, that is at the stack's last stable state or earlier. Where events no longer reach back so far, it is
    the id that the first of the failed updates began with.
    """
    physical_id, was_begun, was_stable = "", False, False
    passed: list[Entry] = []
    with suppress(JobError):  # A rollback need not fail for it.
        for entry in _newest_first(work):
            was_begun |= entry.is_begin_of_update
            was_stable |= was_begun and entry.is_stable  # A nested stack can end well and yet be rolled back.
            if not was_stable and not entry.of_stack and entry.status == "UPDATE_IN_PROGRESS":
                physical_id = entry.physical_id
            elif was_stable and entry.is_success and not _is_deleted(entry.physical_id, passed):
                physical_id = entry.physical_id
                break
            passed.append(entry)
    return Stable(physical_id, _tried_on(physical_id, passed))


def previous_end(work: Work) -> float | None:
    """When the resource's operation before the present one ended; None when its stack does not tell."""
    return next((entry.at for entry in _newest_first(work) if entry.is_end and entry.at), None)


def _deployed(physical_id: str, entries: Iterable[Entry]) -> Configuration:
    """What a job was deployed for, with the tags that it may have by now; one that no other equals when unknown."""
    passed: list[Entry] = []
    for entry in entries:
        if entry.is_success and entry.physical_id == physical_id:
            return entry.wanted.after_trying(_tried_on(physical_id, passed))
        passed.append(entry)
    return properties.configuration(None)


def _tried_on(physical_id: str, entries: list[Entry]) -> list[Configuration]:
    return [entry.wanted for entry in entries if entry.physical_id == physical_id]


def _is_deleted(physical_id: str, later: list[Entry]) -> bool:
    return any(entry.physical_id == physical_id and entry.status.startswith("DELETE_") for entry in later)


def _up_to(entries: Iterator[Entry], is_last: Callable[[Entry], bool]) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        if is_last(entry):
            return


def _newest_first(work: Work) -> Iterator[Entry]:
    more: dict[str, Any] = {"StackName": work.event.stack_id}
    while more:
        page = work.call(
            "cloudformation", "describe_stack_events", until=work.clock.last_moment, for_a_start=True, **more
        )
        for each in page["StackEvents"]:
            physical_id = each.get("PhysicalResourceId", "")
            of_stack = physical_id == work.event.stack_id
            if of_stack or each["LogicalResourceId"] == work.event.logical_id:
                at = each["Timestamp"].timestamp() if each.get("Timestamp") else None
                yield Entry(of_stack, each["ResourceStatus"], physical_id, at, _wanted(each))
        work.clock.check()
        more = more | {"NextToken": page["NextToken"]} if page.get("NextToken") else {}


def _wanted(told: dict[str, Any]) -> Configuration:
    try:
        return properties.configuration(json.loads(told.get("ResourceProperties", "")))
    except ValueError:  # it is not told
        return properties.configuration(None)
