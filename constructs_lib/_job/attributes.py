"""Attributes of a job, which change with every new job."""

from __future__ import annotations

import aws_cdk as cdk
import jsii

from constructs_lib._core.nesting import outermost_stack
from constructs_lib._core.warn import warn


@jsii.implements(cdk.IStringProducer)
class _Attribute:
    """Looks at who uses the attribute when the template is written."""

    def __init__(self, resource: cdk.CfnResource, name: str) -> None:
        self._resource = resource
        self._name = name

    def produce(self, context: cdk.IResolveContext) -> str:
        user, owner = context.scope, cdk.Stack.of(self._resource)
        if outermost_stack(cdk.Stack.of(user)).node.path != outermost_stack(owner).node.path:
            warn(
                user,
                "attributeInOtherStack",
                f"{self._name} of {self._resource.node.path} changes with every new job, and CloudFormation does not "
                "change an export that another stack uses, so the next job fails to deploy; keep it in an "
                "ssm.StringParameter of the job's stack and read that by its name, as examples/other_stack.py does",
            )
        return self._resource.get_att(self._name).to_string()


def attribute(resource: cdk.CfnResource, name: str) -> str:
    """Refer to an attribute.

    Args:
        resource: The job's resource.
        name: The attribute.

    Returns:
        A token.
    """
    return cdk.Lazy.uncached_string(_Attribute(resource, name))
