"""What refers to what in the templates of an app."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

from constructs_lib._core.memo import stack_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs import IConstruct

# `${Name}` and `${Name.Attribute}`, not `${!Literal}`.
_IN_TEXT = re.compile(r"\$\{([^!.}][^.}]*)")


def mentioned(resolved: object) -> set[str]:
    """Find the parts of a template that a value refers to.

    Args:
        resolved: The value, as it stands in the template.

    Returns:
        Their logical ids; pseudo parameters are none.
    """
    return {name for name in _names(resolved) if not name.startswith("AWS::")}


def _names(resolved: object) -> Iterator[str]:
    match resolved:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), _]}:
            yield name
        case {"Fn::GetAtt": str(name)}:
            yield name.partition(".")[0]
        case {"Fn::Sub": value}:
            text, given = value if isinstance(value, list) else (value, {})
            yield from set(_IN_TEXT.findall(text)) - set(given)
            yield from _names(given)
        case dict():
            for value in resolved.values():
                yield from _names(value)
        case list():
            for value in resolved:
                yield from _names(value)


class References:
    """The references of an app, each looked at once somebody has to know it.

    A name that several stacks use stands for all of its resources: better too much than too little.

    Args:
        app: The app.
    """

    def __init__(self, app: IConstruct) -> None:
        self._app = app
        self._needs: dict[str, set[str]] = {}

    def lead_to(self, resource_type: str, names: set[str]) -> bool:
        """Follow references.

        Args:
            resource_type: What to look for, in CloudFormation's words.
            names: Logical ids to begin with.

        Returns:
            Whether one of them is such a resource, or needs one.
        """
        ahead, seen = set(names), set[str]()
        while ahead:
            name = ahead.pop()
            seen.add(name)
            if any(resource.cfn_resource_type == resource_type for resource in self._resources.get(name, ())):
                return True
            ahead |= self._needed_by(name) - seen
        return False

    def _needed_by(self, name: str) -> set[str]:
        if name not in self._needs:
            self._needs[name] = {
                needed
                for resource in self._resources.get(name, ())
                for needed in (
                    *mentioned(stack_of(resource).resolve(properties_of(resource))),
                    *(stack_of(before).resolve(before.logical_id) for before in _depended_on(resource)),
                )
            }
        return self._needs[name]

    @cached_property
    def _resources(self) -> dict[str, list[cdk.CfnResource]]:
        by_name: dict[str, list[cdk.CfnResource]] = {}
        resources = _inside(self._app)
        if resources:
            names = stack_of(resources[0]).resolve([resource.logical_id for resource in resources])
            for name, resource in zip(names, resources, strict=True):
                by_name.setdefault(name, []).append(resource)
        return by_name


def properties_of(resource: cdk.CfnResource) -> Any:  # noqa: ANN401 - as jsii has it
    """Read the properties of a resource, those of a plain one included.

    Args:
        resource: The resource.

    Returns:
        The properties, with tokens.
    """
    return resource._cfn_properties  # noqa: SLF001 - made for subclasses


def _depended_on(resource: cdk.CfnResource) -> list[cdk.CfnResource]:
    """What a resource, or a construct that it is part of, was told to come after."""
    found = [each for each in resource.obtain_dependencies() if isinstance(each, cdk.CfnResource)]
    for scope in resource.node.scopes:
        for before in scope.node.dependencies:
            found += _inside(before)
    return found


def _inside(scope: IConstruct) -> list[cdk.CfnResource]:
    return [found for found in scope.node.find_all() if isinstance(found, cdk.CfnResource)]
