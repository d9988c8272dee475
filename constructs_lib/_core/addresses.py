"""Where a construct is, in the words that ids of other constructs may take."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import aws_cdk as cdk

from constructs_lib._core.memo import node_of

if TYPE_CHECKING:
    from constructs import IConstruct


def address(construct: IConstruct, stack: cdk.Stack) -> str:
    """Tell constructs apart by where they are, so that ids made of it are the same in each stage.

    Args:
        construct: The construct.
        stack: In which stack an id is made of it.

    Returns:
        Eight characters: of the path in that stack, or in the stage for a construct of another stack.
    """
    path, own = node_of(construct).path, f"{node_of(stack).path}/"
    if path.startswith(own):
        path = path.removeprefix(own)
    else:
        stage = cdk.Stage.of(stack)
        path = f"/{path.removeprefix(stage.node.path if stage else '').lstrip('/')}"
    return hashlib.sha256(path.encode()).hexdigest()[:8]
