"""Operations on stacks, step by step as CloudFormation takes them.

Statuses and times of stacks and resources in every phase, clean-up in reverse dependency order after an update,
operations that are cancelled, and no operation without an end.
"""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401, PLR0917

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ministack.core.responses import now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers, stacks

from constructs_lib.local.hooks.cloudformation import custom_resources, exports

if TYPE_CHECKING:
    from collections.abc import Callable

_STACK = "AWS::CloudFormation::Stack"
_logger = logging.getLogger("cloudformation")


@dataclass
class Obsolete:
    """Something that an update replaced or removed."""

    logical_id: str
    resource_type: str
    physical_id: str
    delete: Callable[[], None]


@dataclass
class Operation:
    """What has to be remembered while an operation on a stack runs."""

    ended: asyncio.Event = field(default_factory=asyncio.Event)
    untouched: dict[str, tuple[str, str]] = field(default_factory=dict)  # logical id: status and time before
    created: set[str] = field(default_factory=set)
    obsolete: list[Obsolete] = field(default_factory=list)
    problem_of_outputs: str = ""
    cleaning_up: bool = False
    cancelled: bool = False
    deleted: bool = False

    def check(self) -> None:
        """Raise when nothing more is to be made because the stack is to be deleted."""
        if self.deleted:
            raise RuntimeError("Resource creation cancelled")


_operations: dict[str, Operation] = {}  # by id of the stack


def _operation_of(stack_name: str) -> Operation | None:
    stack = cloudformation._stacks.get(stack_name)
    return _operations.get(stack["StackId"]) if stack else None


def follow_steps() -> None:
    """Put the hooks in."""
    _Engine().install()


class _Engine:
    """MiniStack's functions as they were, and ours around them."""

    def __init__(self) -> None:
        self._deploy, self._delete = stacks._deploy_stack_async, stacks._delete_stack_async
        self._roll_back, self._add_event = stacks._roll_back_operation, stacks._add_event
        self._resolve_outputs = stacks._resolve_stack_outputs
        self._provision, self._update = stacks._provision_resource, stacks._update_resource
        self._delete_resource = stacks._delete_resource
        self._cancel = handlers._ACTION_HANDLERS["CancelUpdateStack"]

    def install(self) -> None:
        stacks._add_event = self.add_event
        stacks._resolve_stack_outputs = self.resolve_outputs
        stacks._provision_resource, stacks._update_resource = self.provision, self.update
        stacks._delete_resource = self.delete_resource
        stacks._roll_back_operation = handlers._roll_back_operation = self.roll_back
        stacks._deploy_stack_async = handlers._deploy_stack_async = changesets._deploy_stack_async = self.deploy
        stacks._delete_stack_async = handlers._delete_stack_async = self.delete
        handlers._ACTION_HANDLERS["CancelUpdateStack"] = self.cancel

    # --- Whole operations -----------------------------------------------------------------------------------------

    async def deploy(self, stack_name: str, stack_id: str, *args: Any, **kwargs: Any) -> None:
        stack = cloudformation._stacks[stack_name]
        stack.setdefault("_resources", {})
        previous = {"is_update": False, "previous_stack": None, **_named(args), **kwargs}["previous_stack"]
        operation = _operations[stack_id] = Operation()
        try:
            await self._deploy(stack_name, stack_id, *args, **kwargs)
            if operation.deleted:
                stack["StackStatus"] = "DELETE_IN_PROGRESS"
            elif stack["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
                exports.forget_removed(stack_id, stack["Outputs"])
                if operation.cleaning_up:
                    await self._clean_up(stack, operation, previous or {})
        except Exception as error:  # noqa: BLE001 - a task of its own: nobody else would ever hear of it
            self._fail(stack, "UPDATE_ROLLBACK_FAILED" if previous else "CREATE_FAILED", error)
        finally:
            _operations.pop(stack_id, None)
            operation.ended.set()

    async def delete(self, stack_name: str, stack_id: str, *args: Any, **kwargs: Any) -> None:
        stack = cloudformation._stacks[stack_name]
        if running := _operations.get(stack_id):
            if running.deleted:
                return  # it is being deleted already
            running.deleted = True
            stack["StackStatus"] = "DELETE_IN_PROGRESS"
            custom_resources.cancel(stack_id)
            await running.ended.wait()
        operation = _operations[stack_id] = Operation(deleted=True)
        _drop_what_never_was(stack)
        try:
            await self._delete(stack_name, stack_id, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(stack, "DELETE_FAILED", error)
        finally:
            _operations.pop(stack_id, None)
            operation.ended.set()

    def _fail(self, stack: dict[str, Any], status: str, error: Exception) -> None:
        _logger.error("The operation on %s broke", stack["StackName"], exc_info=error)
        stack["StackStatusReason"] = f"Internal failure: {error!r}"
        self._stack_event(stack, status, stack["StackStatusReason"])

    def _stack_event(self, stack: dict[str, Any], status: str, reason: str = "") -> None:
        stack["StackStatus"] = status
        self._add_event(
            stack["StackId"], stack["StackName"], stack["StackName"], _STACK, status, reason, stack["StackId"]
        )

    async def roll_back(
        self, stack_name: str, stack_id: str, stack: dict[str, Any], failed: dict[str, Any], reason: str = ""
    ) -> None:
        operation = _operations.get(stack_id, Operation())
        if operation.deleted:
            return  # everything goes anyway
        record = stack["_resources"].get(failed["failed_logical_id"]) or {}
        if record.get("ResourceStatus") == "CREATE_FAILED" and record["PhysicalResourceId"]:
            failed["created"].append(failed["failed_logical_id"])  # so that its Delete is sent
        failed["cancelled"] = failed["cancelled"] or operation.cancelled
        await self._roll_back(stack_name, stack_id, stack, failed, reason or operation.problem_of_outputs)
        _drop_what_never_was(stack)

    def cancel(self, params: Any) -> Any:
        answer = self._cancel(params)
        stack = handlers._resolve_stack(handlers._p(params, "StackName"))
        operation = _operations.get(stack["StackId"]) if stack else None
        if stack and operation and stack.get("_cancel_requested"):
            operation.cancelled = True
            custom_resources.cancel(stack["StackId"])
        return answer

    # --- Clean-up of an update ------------------------------------------------------------------------------------

    def resolve_outputs(self, *args: Any) -> Any:
        stack_name, stack_id = map(str, args[-2:])
        operation = _operations.get(stack_id, Operation())
        try:
            resolved = self._resolve_outputs(*args)
        except Exception as error:
            operation.problem_of_outputs = str(error)
            raise
        operation.cleaning_up = cloudformation._stacks[stack_name]["StackStatus"].startswith("UPDATE_")
        return resolved

    def delete_resource(
        self, resource_type: str, physical_id: str, props: dict[str, Any], stack_name: str, logical_id: str
    ) -> None:
        def delete() -> None:
            self._delete_resource(resource_type, physical_id, props, stack_name, logical_id)

        operation = _operation_of(stack_name)
        if operation and operation.cleaning_up:  # later, when all that goes is known
            operation.obsolete.append(Obsolete(logical_id, resource_type, physical_id, delete))
        else:
            delete()

    async def _clean_up(self, stack: dict[str, Any], operation: Operation, previous: dict[str, Any]) -> None:
        """Delete what was replaced or removed: what depended on others goes before them, as it stood before."""
        operation.cleaning_up = False
        self._stack_event(stack, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        order = list(stacks._topological_sort(previous["_template"].get("Resources", {}), previous["_conditions"]))
        position = {logical_id: number for number, logical_id in enumerate(order)}
        for item in sorted(operation.obsolete, key=lambda item: -position.get(item.logical_id, len(order))):
            await self._delete_obsolete(stack, item, previous["_resources"].get(item.logical_id))
        self._stack_event(stack, "UPDATE_COMPLETE")

    async def _delete_obsolete(self, stack: dict[str, Any], item: Obsolete, before: dict[str, Any] | None) -> None:
        records = stack["_resources"]
        removed = item.logical_id not in records
        if removed and before:
            records[item.logical_id] = before

        def tell(status: str, reason: str = "") -> None:
            where = (stack["StackId"], stack["StackName"], item.logical_id, item.resource_type)
            self.add_event(*where, status, reason, item.physical_id)

        tell("DELETE_IN_PROGRESS")
        try:
            if stacks._runs_on_worker_thread(item.resource_type):
                await stacks.run_reentrant(item.delete)
            else:
                item.delete()
        except Exception as error:  # noqa: BLE001 - it does not fail the update, and the stack says so
            tell("DELETE_FAILED", str(error))
            return
        tell("DELETE_COMPLETE")
        if removed:
            records.pop(item.logical_id, None)

    # --- Resources ------------------------------------------------------------------------------------------------

    def provision(self, resource_type: str, logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        if operation := _operation_of(stack_name):
            operation.check()
        return self._provision(resource_type, logical_id, props, stack_name)

    def update(
        self,
        resource_type: str,
        physical_id: str,
        old: dict[str, Any],
        new: dict[str, Any],
        stack_name: str,
        logical_id: str,
        *args: Any,
    ) -> Any:
        operation = _operation_of(stack_name)
        if operation is None or old == new:
            return self._update(resource_type, physical_id, old, new, stack_name, logical_id, *args)
        operation.check()
        stack = cloudformation._stacks[stack_name]
        self._touch(operation, stack["StackId"], stack_name, logical_id, resource_type)
        answer = self._update(resource_type, physical_id, old, new, stack_name, logical_id, *args)
        pending = stacks._DEFERRED_PREDECESSOR_DELETES.get() or []
        pending[:] = [
            (operation.obsolete.append, (Obsolete(logical_id, resource_type, physical_id, _call(entry)),), {})
            for entry in pending
        ]
        return answer

    def add_event(
        self,
        stack_id: str,
        stack_name: str,
        logical_id: str,
        resource_type: str,
        status: str,
        reason: str = "",
        physical_id: str = "",
        detailed_status: str = "",
    ) -> None:
        """Record an event, and what it says of a resource; a resource that an update leaves alone has none."""
        operation = _operations.get(stack_id)
        of_stack = resource_type == _STACK and logical_id == stack_name
        if operation is None or of_stack:
            if not (operation and operation.cleaning_up and status == "UPDATE_COMPLETE"):  # said after the clean-up
                self._add_event(
                    stack_id, stack_name, logical_id, resource_type, status, reason, physical_id, detailed_status
                )
            return
        records = cloudformation._stacks[stack_name]["_resources"]
        record = records.get(logical_id)
        rolling_back = "ROLLBACK" in cloudformation._stacks[stack_name]["StackStatus"]
        if status.startswith("UPDATE_") and record is None:
            operation.created.add(logical_id)
        elif status == "UPDATE_IN_PROGRESS" and not reason and not rolling_back:
            operation.untouched[logical_id] = record["ResourceStatus"], record["Timestamp"]
            return
        elif status == "UPDATE_COMPLETE" and logical_id in operation.untouched:
            record["ResourceStatus"], record["Timestamp"] = operation.untouched.pop(logical_id)
            return
        self._touch(operation, stack_id, stack_name, logical_id, resource_type)
        if logical_id in operation.created:
            status = status.replace("UPDATE_", "CREATE_")
        self._add_event(stack_id, stack_name, logical_id, resource_type, status, reason, physical_id, detailed_status)
        _set_status(records, logical_id, resource_type, status, reason, physical_id)

    def _touch(self, operation: Operation, stack_id: str, stack_name: str, logical_id: str, resource_type: str) -> None:
        """Say that the update of a resource is in progress, if that was held back."""
        if operation.untouched.pop(logical_id, None):
            records = cloudformation._stacks[stack_name]["_resources"]
            physical_id = records[logical_id]["PhysicalResourceId"]
            self._add_event(stack_id, stack_name, logical_id, resource_type, "UPDATE_IN_PROGRESS", "", physical_id)
            _set_status(records, logical_id, resource_type, "UPDATE_IN_PROGRESS", "", physical_id)


def _named(args: tuple[Any, ...]) -> dict[str, Any]:
    names = ("template", "param_values", "disable_rollback", "tags", "is_update", "previous_stack")
    return dict(zip(names, args, strict=False))


def _call(entry: tuple[Callable[..., None], tuple[Any, ...], dict[str, Any]]) -> Callable[[], None]:
    function, args, kwargs = entry
    return lambda: function(*args, **kwargs)


def _set_status(
    records: dict[str, dict[str, Any]], logical_id: str, resource_type: str, status: str, reason: str, physical_id: str
) -> None:
    record = records.get(logical_id)
    if record is None:
        if not status.startswith("CREATE_"):
            return
        record = records[logical_id] = {
            "PhysicalResourceId": physical_id,
            "ResourceType": resource_type,
            "LogicalResourceId": logical_id,
            "Properties": {},
            "Attributes": {},
        }
    if physical_id and record["PhysicalResourceId"] not in {"", physical_id}:
        return  # of the predecessor, which the stack has forgotten
    record.update({"ResourceStatus": status, "Timestamp": now_iso(), "ResourceStatusReason": reason})


def _drop_what_never_was(stack: dict[str, Any]) -> None:
    """Forget resources whose creation failed before they had an id."""
    for logical_id, record in list(stack["_resources"].items()):
        if not record["PhysicalResourceId"]:
            del stack["_resources"][logical_id]
