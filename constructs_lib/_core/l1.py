"""The CloudFormation resource inside a construct of the CDK, for what the construct itself cannot express."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import aws_cdk as cdk

from constructs_lib._core.memo import node_of

if TYPE_CHECKING:
    from constructs import IConstruct

Resource = TypeVar("Resource", bound=cdk.CfnResource)


def l1(construct: IConstruct, kind: type[Resource]) -> Resource:
    """Find the resource of a construct.

    Args:
        construct: A construct that defines one main resource.
        kind: The class it must have.

    Returns:
        The resource.

    Raises:
        TypeError: This version of the CDK builds the construct in another way.
    """
    resource = node_of(construct).default_child
    if not isinstance(resource, kind):
        raise TypeError(
            f"{construct.node.path}: got {type(resource).__name__}; allowed: {kind.__name__}; use another version of "
            "aws-cdk-lib, or report it"
        )
    return resource
