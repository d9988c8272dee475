"""The policy that a stack's jobs attach to a role: one a role and stack, written when the template is."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import IValidation

from constructs_lib._core.l1 import l1
from constructs_lib._iam.findings import acknowledge, acknowledge_wildcards

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from constructs import Construct

    from constructs_lib._iam.statements import Statement

# IAM and STS quotas: all inline policies of a role together.
INLINE_POLICY_LENGTH = 10_240


@jsii.implements(cdk.IStableAnyProducer)
class _Document:
    """A policy document that is written at synthesis, when every job has said what it needs."""

    def __init__(self, statements: Callable[[], Sequence[Statement]]) -> None:
        self._statements = statements

    def produce(self) -> dict[str, object]:
        return policy_document(self._statements())


@jsii.implements(IValidation)
class _FitsIntoRole:
    def __init__(self, policy: RolePolicy) -> None:
        self._policy = policy

    def validate(self) -> list[str]:
        return self._policy.problems()


@jsii.implements(IValidation)
class _WildcardsHaveReasons:
    """Acknowledges what wildcards allow, as late as validation: only then ARNs of other stacks have their last form."""

    def __init__(self, policy: RolePolicy) -> None:
        self._policy = policy

    def validate(self) -> list[str]:
        acknowledge_wildcards(self._policy, self._policy.statements())
        return []


class RolePolicy(iam.Policy):
    """An inline policy of a role, not made when the role may not be changed.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        role: The role it is attached to; may be of another stack.
        statements: Asked for the statements once the app is complete.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        role: iam.IRole,
        statements: Callable[[], Sequence[Statement]],
    ) -> None:
        # A policy without a statement would not be synthesized; the statement gives way to the document below.
        nothing_yet = iam.PolicyStatement(actions=["sts:GetCallerIdentity"], resources=["*"])
        super().__init__(scope, id, statements=[nothing_yet])
        self.statements = statements
        self._resource = l1(self, iam.CfnPolicy)
        # Stacks and Regions may share a role, on which the later of two policies of one name replaces the earlier.
        stack_uuid = cdk.Fn.select(2, cdk.Fn.split("/", cdk.Aws.STACK_ID))
        self._resource.policy_name = f"{cdk.Names.unique_resource_name(self, max_length=90)}-{stack_uuid}"
        self._resource.policy_document = lazy_document(statements)
        role.attach_inline_policy(self)
        self.node.add_validation(_FitsIntoRole(self))
        self.node.add_validation(_WildcardsHaveReasons(self))
        acknowledge(self, "IAMNoInlinePolicy")

    @cached_property
    def is_attached(self) -> bool:
        """Whether the role took the policy: one that was imported as immutable takes none, and says nothing."""
        return bool(cdk.Stack.of(self).resolve(self._resource.roles))

    def problems(self) -> list[str]:
        """Compare the policy with IAM's quota.

        Returns:
            Problems; none when it fits.
        """
        length = len(json.dumps(cdk.Stack.of(self).resolve(policy_document(self.statements())), separators=(",", ":")))
        if length <= INLINE_POLICY_LENGTH or not self.is_attached:
            return []
        return [
            (
                f"the jobs of this role need a policy of about {length} characters; allowed: {INLINE_POLICY_LENGTH}; "
                "give some of the jobs a DataAccessRole of their own, or put them into another stack"
            )
        ]


def policy_document(statements: Sequence[Statement]) -> dict[str, object]:
    """Write a policy document.

    Args:
        statements: Its statements.

    Returns:
        The JSON object; statements that share a name are numbered, as names must differ.
    """
    rendered = []
    seen: dict[str, int] = {}
    for statement in statements:
        seen[statement.sid] = number = seen.get(statement.sid, 0) + 1
        rendered.append({**statement.render(), "Sid": f"{statement.sid}{number if number > 1 else ''}"})
    return {"Version": "2012-10-17", "Statement": rendered}


def lazy_document(statements: Callable[[], Sequence[Statement]]) -> cdk.IResolvable:
    """Write a policy document at synthesis.

    Args:
        statements: Asked for the statements then.

    Returns:
        A token of the document.
    """
    return cdk.Lazy.any(_Document(statements))
