"""Policies and aliases that an app writes by itself for what a job uses, which no construct of the CDK knows of."""

from __future__ import annotations

import json
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import aws_cdk as cdk
from constructs import Dependable, DependencyGroup

from constructs_lib._core.memo import Memo, address_of, root_of, stack_of
from constructs_lib._core.references import References, mentioned, properties_of
from constructs_lib._iam.role_policy import is_own

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

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


class Companions(Dependable):
    """What belongs to buckets, roles and aliases, whenever and by whomever it is defined.

    Args:
        names: Names of buckets, roles and aliases, mostly tokens, by the stack in which it is looked for.
        is_complete: Says whether the app is, so that what was found need not be looked for again.

    Attributes:
        jobs: The jobs that wait, to which it must not lead.
    """

    def __init__(self, names: Iterable[tuple[cdk.Stack, Sequence[str]]], is_complete: Callable[[], bool]) -> None:
        super().__init__()
        self.jobs: list[cdk.CfnResource] = []
        self._names = list(names)
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
        found: list[IConstruct] = [
            companion.resource
            for stack, names in self._names
            for companion in self._of(stack, names, is_complete=is_complete)
        ]
        if is_complete:
            self._found = found
        return found

    def _of(self, stack: cdk.Stack, names: Sequence[str], *, is_complete: bool) -> Iterator[_Found]:
        """What belongs to these names in a stack, and does not come after one of the jobs."""
        owners, before = set[str](), set[str]()
        for name in stack.resolve(names):
            # A name may be a part of an ARN, whose resource companions name in another way.
            needed = mentioned(name)
            owners |= {_text(name), *(_text({"Ref": each}) for each in needed)}
            before |= needed
        app = root_of(stack)
        references = _REFERENCES.of(app, lambda: References(app)) if is_complete else References(app)
        for companion in _KEPT.of(stack, partial(_Kept, stack)).all_found(is_complete=is_complete):
            # What the jobs name is before them already.
            others = companion.mentioned - before
            if not companion.owners.isdisjoint(owners) and not references.lead_to(self.jobs, stack, others):
                yield companion


class _Found(NamedTuple):
    """A policy or alias, whose it is, and what else it names."""

    resource: cdk.CfnResource
    owners: set[str]
    mentioned: set[str]


class _Kept:
    """What there is in one stack, by what it belongs to."""

    def __init__(self, stack: cdk.Stack) -> None:
        self._stack = stack
        self._all: list[_Found] | None = None

    def all_found(self, *, is_complete: bool) -> list[_Found]:
        found = self._look() if self._all is None else self._all
        if is_complete:
            self._all = found
        return found

    def _look(self) -> list[_Found]:
        own = address_of(self._stack)
        resources = [
            resource
            for resource in _selector().select(self._stack)
            if isinstance(resource, cdk.CfnResource)
            and not is_own(resource)
            and address_of(stack_of(resource)) == own  # those of a stack in it are not read as this one's
        ]
        # A mapping, as what resolves to nothing is left out.
        given = self._stack.resolve({str(number): properties_of(each) for number, each in enumerate(resources)})
        properties = [given.get(str(number), {}) for number in range(len(resources))]
        return [
            _Found(*each) for each in zip(resources, map(_owners, properties), map(mentioned, properties), strict=True)
        ]


def _owners(properties: dict[str, Any]) -> set[str]:
    given = next((value for name, value in properties.items() if name.lower() in _OWNERS), ())
    return {_text(owner) for owner in (given if isinstance(given, list) else [given])}


_KEPT: Memo[_Kept] = Memo()
_REFERENCES: Memo[References] = Memo()


@cache
def _selector() -> cdk.IConstructSelector:
    return cdk.ConstructSelector.resources_of_type(*_TYPES)


def _text(resolved: object) -> str:
    return json.dumps(resolved, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
