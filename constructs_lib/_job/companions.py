"""Policies and aliases that an app writes by itself for what a job uses, which no construct of the CDK knows of."""

from __future__ import annotations

import json
import re
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from constructs import Dependable, DependencyGroup

from constructs_lib._core.memo import Memo, address_of, stack_of
from constructs_lib._iam.role_policy import is_own

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from constructs import IConstruct, IDependable

_TYPES = (
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::RolePolicy",
    "AWS::KMS::Alias",
    "AWS::S3::BucketPolicy",
)
# Their properties that say whose they are; L1 classes and plain resources spell them in two ways.
_OWNERS = ("aliasname", "bucket", "rolename", "roles")
# What comes after a job cannot be waited for by it.
_NAMES_A_JOB = re.compile(
    r'"Fn::GetAtt":\["[^"]+","(JobArn|JobId|JobName|JobStatus|DocumentClassifierArn|OutputS3Uri)"\]'
)


class Companions(Dependable):
    """What belongs to buckets, roles and aliases, whenever and by whomever it is defined.

    Args:
        stacks: Where it is looked for.
        names: Names of buckets, roles and aliases, mostly tokens.
        is_complete: Says whether the app is, so that what was found need not be looked for again.
    """

    def __init__(self, stacks: Iterable[cdk.Stack], names: Sequence[str], is_complete: Callable[[], bool]) -> None:
        super().__init__()
        self._stacks = list(stacks)
        self._names = names
        self._is_complete = is_complete
        self._found: list[IConstruct] | None = None

    def as_dependable(self) -> IDependable:
        """Make what a job depends on."""
        anchor = DependencyGroup()
        Dependable.implement(anchor, self)
        return anchor

    @property
    def dependency_roots(self) -> list[IConstruct]:
        """Those that are there."""
        if self._found is not None:
            return self._found
        is_complete = self._is_complete()
        found: list[IConstruct] = []
        for stack in self._stacks:
            names = {_text(name) for name in stack.resolve(self._names)}
            found += _KEPT.of(stack, partial(_Kept, stack)).of(names, is_complete=is_complete)
        if is_complete:
            self._found = found
        return found


class _Kept:
    """What there is in one stack, by what it belongs to."""

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack
        self._all: list[tuple[cdk.CfnResource, set[str]]] | None = None

    def of(self, names: set[str], *, is_complete: bool) -> list[IConstruct]:
        found = self._look() if self._all is None else self._all
        if is_complete:
            self._all = found
        return [resource for resource, owners in found if not owners.isdisjoint(names)]

    def _look(self) -> list[tuple[cdk.CfnResource, set[str]]]:
        own = address_of(self._stack)
        resources = [
            resource
            for resource in _selector().select(self._stack)
            if isinstance(resource, cdk.CfnResource)
            and not is_own(resource)
            and address_of(stack_of(resource)) == own  # those of a stack in it are not read as this one's
        ]
        # A mapping, as what resolves to nothing is left out.
        properties = self._stack.resolve(
            {str(number): resource._cfn_properties for number, resource in enumerate(resources)}  # noqa: SLF001 - made for subclasses
        )
        return [
            (resource, _owners(properties.get(str(number), {})))
            for number, resource in enumerate(resources)
            if not _NAMES_A_JOB.search(_text(properties.get(str(number), {})))
        ]


def _owners(properties: dict[str, Any]) -> set[str]:
    given = next((value for name, value in properties.items() if name.lower() in _OWNERS), ())
    return {_text(owner) for owner in (given if isinstance(given, list) else [given])}


_KEPT: Memo[_Kept] = Memo()


@cache
def _selector() -> cdk.IConstructSelector:
    return cdk.ConstructSelector.resources_of_type(*_TYPES)


def _text(resolved: object) -> str:
    return json.dumps(resolved, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
