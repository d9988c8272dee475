"""What refers to what in the templates of an app."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

from constructs_lib._core.memo import address_of, stack_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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

    Args:
        app: The app.
    """

    def __init__(self, app: IConstruct) -> None:
        self._app = app
        self._needs: dict[str, list[cdk.CfnResource]] = {}

    def lead_to(self, targets: Sequence[cdk.CfnResource], stack: cdk.Stack, names: set[str]) -> bool:
        """Follow references.

        Args:
            targets: What to look for.
            stack: The stack to begin in.
            names: Logical ids to begin with.

        Returns:
            Whether one of them is such a resource, or needs one.
        """
        ahead = self._named(stack, names) if names else []
        looked_for = {address_of(target) for target in targets} if ahead else set()
        seen: set[str] = set()
        while ahead:
            resource = ahead.pop()
            address = address_of(resource)
            if address in looked_for:
                return True
            if address not in seen:
                seen.add(address)
                ahead += self._needed_by(resource, address)
        return False

    def _needed_by(self, resource: cdk.CfnResource, address: str) -> list[cdk.CfnResource]:
        if address not in self._needs:
            stack = stack_of(resource)
            named = self._named(stack, mentioned(stack.resolve(properties_of(resource))))
            self._needs[address] = [*named, *_depended_on(resource)]
        return self._needs[address]

    def _named(self, stack: cdk.Stack, names: set[str]) -> list[cdk.CfnResource]:
        """The resources of these names: of the stack, or else of any other, as a reference to it does not say which."""
        own = address_of(stack)
        found: list[cdk.CfnResource] = []
        for name in names:
            by_stack = self._resources.get(name, {})
            found += [by_stack[own]] if own in by_stack else by_stack.values()
        return found

    @cached_property
    def _resources(self) -> dict[str, dict[str, cdk.CfnResource]]:
        """All resources, by logical id and by the address of the stack."""
        by_name: dict[str, dict[str, cdk.CfnResource]] = {}
        resources = _inside(self._app)
        if resources:
            names = stack_of(resources[0]).resolve([resource.logical_id for resource in resources])
            for name, resource in zip(names, resources, strict=True):
                by_name.setdefault(name, {})[address_of(stack_of(resource))] = resource
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
