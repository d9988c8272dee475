"""The policy that a stack's jobs attach to a role: one a role and stack, written when the template is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, IValidation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from constructs import IDependable

    from constructs_lib.permissions import Statement

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


class RolePolicy(Construct):
    """An inline policy of a role.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        role: The role it is attached to; may be of another stack.
        statements: Asked for the statements once the app is complete.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - the CDK's name for it
        *,
        role: iam.IRole,
        statements: Callable[[], Sequence[Statement]],
    ) -> None:
        super().__init__(scope, id)
        self._statements = statements
        self._resource = iam.CfnPolicy(
            self,
            "Resource",
            policy_name=cdk.Names.unique_resource_name(self, max_length=128),
            policy_document=cdk.Lazy.any(_Document(statements)),
            roles=[role.role_name],
        )
        self.node.add_validation(_FitsIntoRole(self))

    @property
    def ready(self) -> IDependable:
        """What a job depends on so that it starts with its permissions."""
        return self._resource

    def problems(self) -> list[str]:
        """Compare the policy with IAM's quota.

        Returns:
            Problems; none when it fits.
        """
        length = len(json.dumps(cdk.Stack.of(self).resolve(policy_document(self._statements())), separators=(",", ":")))
        if length <= INLINE_POLICY_LENGTH:
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


def is_immutable(role: iam.IRole) -> bool:
    """Say whether policies may be attached to a role.

    Args:
        role: Any role.

    Returns:
        True for a role that was imported with `mutable=False`, is of another account, or has
        `without_policy_updates()` said of it.
    """
    # The CDK has no public way to ask: its immutable role accepts every statement and drops it. It names itself so.
    return role.node.id.startswith("ImmutableRole")
