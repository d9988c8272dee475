"""Exports: one that another stack imports is neither changed nor deleted, and a name is exported once."""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, stacks

_GONE = {"DELETE_COMPLETE", "ROLLBACK_COMPLETE"}


class ExportError(Exception):
    """CloudFormation does not let this stack change its exports so."""


def guard() -> None:
    """Judge the exports when an operation resolves the outputs, and when a stack is to be deleted."""
    resolve, delete = stacks._resolve_stack_outputs, handlers._ACTION_HANDLERS["DeleteStack"]

    def resolve_stack_outputs(*args: Any) -> Any:
        outputs, exports = resolve(*args)
        _check(str(args[-1]), {name: str(export["Value"]) for name, export in exports.items()})
        return outputs, exports

    def delete_stack(params: Any) -> Any:
        stack = handlers._resolve_stack(handlers._p(params, "StackName"))
        try:
            if stack is not None and stack["StackStatus"] not in _GONE:
                _check(stack["StackId"], {})
        except ExportError as error:  # the call succeeds, the stack says why it is still there
            stack["StackStatusReason"] = str(error)
            stacks._add_event(
                stack["StackId"],
                stack["StackName"],
                stack["StackName"],
                "AWS::CloudFormation::Stack",
                stack["StackStatus"],
                str(error),
                stack["StackId"],
            )
            return handlers._xml(200, "DeleteStackResponse", "")
        return delete(params)

    stacks._resolve_stack_outputs = resolve_stack_outputs
    handlers._ACTION_HANDLERS["DeleteStack"] = delete_stack


def forget_removed(stack_id: str, outputs: list[dict[str, Any]]) -> None:
    """Withdraw the exports that a stack no longer has."""
    kept = {output.get("ExportName") for output in outputs}
    for name, export in list(cloudformation._exports.items()):
        if export["StackId"] == stack_id and name not in kept:
            del cloudformation._exports[name]


def _check(stack_id: str, wanted: dict[str, str]) -> None:
    for name, export in cloudformation._exports.items():
        if export["StackId"] != stack_id:
            if name in wanted:
                owner = export["StackId"].split("/")[1]
                raise ExportError(f"Export with name {name} is already exported by stack {owner}.")
            continue
        if wanted.get(name) == export["Value"]:
            continue
        if users := _importers(name, stack_id):
            verb = "updated" if name in wanted else "deleted"
            raise ExportError(f"Export {name} cannot be {verb} as it is in use by {' and '.join(users)}")


def _importers(export: str, exporter: str) -> list[str]:
    return sorted(
        name
        for name, stack in cloudformation._stacks.items()
        if stack["StackId"] != exporter
        and stack["StackStatus"] not in _GONE
        and export in handlers._imported_export_names(stack, name)
    )
