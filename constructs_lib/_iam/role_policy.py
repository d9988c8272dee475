"""Policies of a role that are put together while the app is defined, and written when its template is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IValidation

from constructs_lib._core.l1 import l1
from constructs_lib._core.memo import node_of, stack_of
from constructs_lib._core.tokens import settled
from constructs_lib._core.warn import warn
from constructs_lib._iam.findings import acknowledge, acknowledge_wildcards

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from constructs import Construct, IConstruct

    from constructs_lib._iam.statements import Statement

# IAM and STS quotas: all inline policies of a role together.
INLINE_POLICY_LENGTH = 10_240

# Before the aspects of others, which then see real statements.
_EARLY = 10

# By what jsii calls them: it may hand out another object for the same resource.
_OWN: set[str] = set()


def is_own(resource: cdk.CfnResource) -> bool:
    """Tell the policies of this library from those of others.

    Args:
        resource: Any resource.

    Returns:
        True for a `RolePolicy`.
    """
    return _reference(resource) in _OWN


def _reference(resource: cdk.CfnResource) -> str:
    return str(cast("Any", resource).__jsii_ref__.ref)


@dataclass(frozen=True)
class Users:
    """Whom a policy serves, and what helps when they ask for too much.

    Args:
        who: What the messages call them.
        to_fit: What makes the policy shorter.
        to_keep_apart: What leads to policies that allow no more than they need.
    """

    who: str
    to_fit: str
    to_keep_apart: str


_APART = "give jobs a DataAccessRole and a ClassificationJobHandler of their own to keep them apart"

JOBS = Users(
    "the jobs of this role",
    "give some of the jobs a DataAccessRole of their own, or put them into another stack",
    _APART,
)
JOBS_OF_HANDLER = Users(
    "the jobs of this handler",
    "give some of the jobs a ClassificationJobHandler of their own, or put them into another stack",
    _APART,
)
_EARLIER_DATES = (
    "write dates before what differs, such as 'mails/%Y/%m/%d/team-1/', so that schedules share what stands before the "
    "first %, or give some of the schedules a workflow of their own"
)
SCHEDULES = Users("the schedules of this workflow", _EARLIER_DATES, _EARLIER_DATES)


@jsii.implements(cdk.IAspect, IValidation, cdk.IStableAnyProducer)
class RolePolicy(iam.Policy):
    """An inline policy of a role, not made when the role may not be changed.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        role: The role it is attached to; may be of another stack.
        statements: Asked for the statements once the app is complete.
        late: Asked for further statements when the aspects have run, as tags are among what they bring.
        by_content: Whether its logical id and name follow from its content, so that an update makes the new policy
            before it removes the old one; both must then fit into the role.
        budget: How long it may be.
        users: Whom it serves.
        may_be_empty: Whether there may be no statement in the end, and so no policy.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        role: iam.IRole,
        statements: Callable[[], Sequence[Statement]],
        late: Callable[[], Sequence[Statement]] = tuple,
        by_content: bool = False,
        budget: int = INLINE_POLICY_LENGTH,
        users: Users = JOBS,
        may_be_empty: bool = False,
        warns: bool = True,
    ) -> None:
        super().__init__(scope, id)
        self.budget = budget
        self.users = users
        self._scope = scope
        self._statements = statements
        self._late = late
        self._by_content = by_content
        self._may_be_empty = may_be_empty
        self._is_given = False
        self.is_complete = False
        self._warns = warns
        self.role = role
        self._written: set[str] = set()
        self._resource = l1(self, iam.CfnPolicy)
        _OWN.add(_reference(self._resource))
        # It is asked itself: each object that only stood for it would be one more of another process.
        self._resource.policy_document = cdk.Lazy.any(self)
        self._name()
        if not may_be_empty:
            role.attach_inline_policy(self)
        cdk.Aspects.of(self).add(self, priority=_EARLY)
        node_of(self).add_validation(self)
        acknowledge(self, "IAMNoInlinePolicy")

    @cached_property
    def is_attached(self) -> bool:
        """Whether the role took the policy: one that was imported as immutable takes none, and says nothing."""
        return bool(stack_of(self).resolve(self._resource.roles))

    def produce(self) -> dict[str, object]:
        """Write the document of the template, when every job has said what it needs.

        Returns:
            The policy document.
        """
        return policy_document(self._every_statement())

    def visit(self, node: IConstruct) -> None:
        """Complete the policy before the aspects of others look at it.

        Args:
            node: The policy, or what it holds.
        """
        if node is self:
            self.complete()

    def complete(self) -> None:
        """Write the statements, so that whoever reads the policy sees them."""
        self.is_complete = True
        statements = self._statements()
        self._write(statements)
        if self._may_be_empty and self._written:
            self._give()
        if self._warns and self._written and not self.is_attached:
            self.warn_of_missing(json.dumps(stack_of(self).resolve(_rendered(self._every_statement()))))
        if self._by_content:
            content = settled(self._scope, _rendered(statements))
            self._name(hashlib.sha256(content.encode()).hexdigest()[:8].upper())

    def warn_of_missing(self, statements: str) -> None:
        """Say what a role that cannot be changed must have.

        Args:
            statements: The statements, as JSON.
        """
        warn(
            self._scope,
            "roleIsImmutable",
            f"role cannot be changed by this app, so that it must already have these statements: {statements}",
        )

    def granted(self) -> iam.Grant:
        """Write the statements now, for a grant.

        Returns:
            What the CDK gives for a grant.
        """
        grants = []
        for statement in self._statements():
            self._written.add(statement.sid)
            conditions = {operator: dict(keys) for operator, keys in statement.conditions.items()}
            grants.append(
                iam.Grant.add_to_principal(
                    grantee=self,
                    actions=list(statement.actions),
                    resource_arns=list(statement.resources),
                    conditions=conditions or None,
                )
            )
        first, *others = grants
        for other in others:
            first = first.combine(other)
        return first

    def validate(self) -> list[str]:
        """Bring the last statements in, and give the reasons of wildcards.

        What is known as late as this are the last tags, and ARNs of other stacks in their last form.

        Returns:
            Problems: the policy does not fit into the role.
        """
        statements = self._every_statement()
        self._write(statements)
        if not statements:
            return []
        if not self.is_attached:
            # A role of `iam.Role.customize_roles` takes nothing, and reports what it is given whenever it is given it.
            self._give()
            return []
        document = stack_of(self).resolve(policy_document(statements))
        acknowledge_wildcards(self, statements, document["Statement"])
        length = _length(document)
        if length <= self.budget:
            return []
        why = " (an update adds the new policy before it removes the old one)" if self._by_content else ""
        return [
            (
                f"{self.users.who} need a policy of about {length} characters; allowed: {self.budget} of the "
                f"{INLINE_POLICY_LENGTH} that a role may have{why}; {self.users.to_fit}"
            )
        ]

    def _give(self) -> None:
        if not self._is_given:
            self._is_given = True
            self.role.attach_inline_policy(self)

    def length(self, statements: Sequence[Statement]) -> int:
        """Measure a policy.

        Args:
            statements: Its statements.

        Returns:
            About how many characters IAM will count.
        """
        return _length(stack_of(self).resolve(policy_document(statements)))

    def _every_statement(self) -> list[Statement]:
        """All statements, those included that aspects have brought."""
        return [*self._statements(), *self._late()]

    def _write(self, statements: Sequence[Statement]) -> None:
        new = [statement for statement in _rendered(statements) if statement["Sid"] not in self._written]
        if new:
            self._written |= {str(statement["Sid"]) for statement in new}
            self.add_statements(*map(iam.PolicyStatement.from_json, new))

    def _name(self, content: str = "") -> None:
        # Stacks and Regions may share a role, on which the later of two policies of one name replaces the earlier.
        self._resource.policy_name = f"{self._plain_name}{content}-{_stack_uuid()}"
        if content:
            self._resource.override_logical_id(f"{self._plain_id}{content}")

    @cached_property
    def _plain_name(self) -> str:
        return cdk.Names.unique_resource_name(self, max_length=80)

    @cached_property
    def _plain_id(self) -> str:
        return stack_of(self).get_logical_id(self._resource)


@cache
def _stack_uuid() -> str:
    """The part of a stack's id that no other stack has; the same token serves all stacks."""
    return cdk.Fn.select(2, cdk.Fn.split("/", cdk.Aws.STACK_ID))


def _length(document: object) -> int:
    return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))


def policy_document(statements: Sequence[Statement]) -> dict[str, object]:
    """Write a policy document.

    Args:
        statements: Its statements.

    Returns:
        The JSON object; statements that share a name are numbered, as names must differ.
    """
    return {"Version": "2012-10-17", "Statement": _rendered(statements)}


def _rendered(statements: Sequence[Statement]) -> list[dict[str, object]]:
    rendered: list[dict[str, object]] = []
    seen: dict[str, int] = {}
    for statement in statements:
        seen[statement.sid] = number = seen.get(statement.sid, 0) + 1
        rendered.append({**statement.render(), "Sid": f"{statement.sid}{number if number > 1 else ''}"})
    return rendered


def in_order(scope: IConstruct, statements: Sequence[Statement]) -> list[Statement]:
    """Put statements into an order of their own: jobs say what they need in the order in which they are defined.

    Args:
        scope: What the statements are of.
        statements: The statements.

    Returns:
        The same ones, those of one name side by side; code that only moved changes nothing.
    """

    def ordered(values: str | Sequence[str]) -> str | Sequence[str]:
        return values if isinstance(values, str) else sorted(values, key=lambda value: settled(scope, value))

    sorted_inside = [
        replace(
            statement,
            resources=ordered(statement.resources),
            conditions={
                operator: {key: ordered(value) for key, value in keys.items()}
                for operator, keys in statement.conditions.items()
            },
        )
        for statement in statements
    ]
    names = [statement.sid for statement in statements]
    return sorted(
        sorted_inside,
        key=lambda statement: (names.index(statement.sid), settled(scope, [statement.resources, statement.conditions])),
    )


@jsii.implements(cdk.IStableAnyProducer)
class _Document:
    """A policy document that is written at synthesis, when every job has said what it needs."""

    def __init__(self, statements: Callable[[], Sequence[Statement]]) -> None:
        self._statements = statements

    def produce(self) -> dict[str, object]:
        return policy_document(self._statements())


def lazy_document(statements: Callable[[], Sequence[Statement]]) -> cdk.IResolvable:
    """Write a policy document at synthesis.

    Args:
        statements: Asked for the statements then.

    Returns:
        A token of the document.
    """
    return cdk.Lazy.any(_Document(statements))
