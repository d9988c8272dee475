"""CloudFormation: more resource types, and its behaviour where MiniStack's is another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.local.hooks.cloudformation import custom_resources, exports, operations, polling
from constructs_lib.local.hooks.cloudformation.type_registry import add_resource_types, resource_types

if TYPE_CHECKING:
    from constructs_lib.local.hooks.shapes import ResourceTypes

__all__ = ["install", "resource_types"]


def install(types: ResourceTypes) -> None:
    """Put every hook into CloudFormation.

    Args:
        types: Resource types to add: how each is made and removed.
    """
    add_resource_types(types)
    custom_resources.follow_protocol()
    exports.guard()
    operations.follow_steps()
    polling.answer_when_an_operation_ends()
