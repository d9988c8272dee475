"""More types of resources that CloudFormation makes and removes."""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.services.cloudformation import provisioners, stacks

if TYPE_CHECKING:
    from constructs_lib.local.hooks.shapes import ResourceTypes


def add_resource_types(types: ResourceTypes) -> None:
    """Let CloudFormation make and remove more types of resources."""
    for resource_type, (create, delete) in types.items():
        provisioners._RESOURCE_HANDLERS[resource_type] = {"create": create, "delete": delete}
    on_worker_thread = stacks._runs_on_worker_thread
    # They block, waiting for requests that this very server answers.
    stacks._runs_on_worker_thread = lambda resource_type: resource_type in types or on_worker_thread(resource_type)


def resource_types() -> set[str]:
    """The CloudFormation resource types that can be deployed, custom ones aside."""
    return set(provisioners._RESOURCE_HANDLERS)
