"""Stacks in stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aws_cdk as cdk


def outermost_stack(stack: cdk.Stack) -> cdk.Stack:
    """Find the stack that a stack is nested in, however deep.

    Args:
        stack: Any stack.

    Returns:
        The outermost one: the stack itself unless it is nested.
    """
    while (parent := stack.nested_stack_parent) is not None:
        stack = parent
    return stack
