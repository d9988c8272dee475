"""Permissions for whom the user names: on the side of the grantee, and on that of the resource."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from constructs_lib._core.addresses import address
from constructs_lib._core.objects import offers
from constructs_lib._core.tokens import is_known
from constructs_lib._core.warn import warn
from constructs_lib._iam import statements as say
from constructs_lib._iam.role_policy import RolePolicy
from constructs_lib.errors import ValidationError, problem
from constructs_lib.keys import KeyReference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from constructs import Construct

    from constructs_lib._core.arns import Environment
    from constructs_lib._core.buckets import BucketFacts
    from constructs_lib._iam.statements import Statement
    from constructs_lib.keys import Key


@dataclass(frozen=True)
class Granted:
    """Statements on one resource.

    Args:
        statements: What the grantee may do.
        on_resource: The same for the resource's own policy, which must not name what comes after the resource.
        resource: Where such a policy could be; None for what has none.
        account: The resource's account, if it is known.
    """

    statements: Sequence[Statement]
    on_resource: Sequence[Statement] = ()
    resource: s3.IBucket | kms.IKey | None = None
    account: str | None = None


def reading(
    bucket: BucketFacts, key: Key | None, environment: Environment, *, mine: str, anyones: str
) -> list[Granted]:
    """Say what a reader of a bucket gets.

    Args:
        bucket: The bucket.
        key: What it is encrypted with.
        environment: Where it is read.
        mine: The folder that is read.
        anyones: The folder that the bucket's policy may name, which is there before a job.

    Returns:
        Statements on the bucket, and on its key.
    """
    here = environment.known_account
    parts = [
        Granted(
            say.read_results(bucket.arn, mine),
            say.read_results(bucket.arn, anyones),
            bucket.construct,
            bucket.account or here,
        )
    ]
    if key is not None:
        reference = KeyReference.of(key, environment)
        decrypt = say.decrypt_results(reference, environment)
        # A key policy speaks of its own key, which it cannot name.
        of_itself = [replace(statement, resources=["*"]) for statement in decrypt]
        construct = cast("kms.IKey", key) if offers(key, "add_to_resource_policy", "key_arn") else None
        parts.append(Granted(decrypt, of_itself, construct, reference.owner or here))
    return parts


def principal_of(scope: Construct, grantee: iam.IGrantable) -> iam.IPrincipal:
    """Ask a grantee who it is.

    Args:
        scope: What is granted.
        grantee: Anything.

    Returns:
        The principal.

    Raises:
        ValidationError: It is no grantee.
    """
    if offers(grantee, "grant_principal"):
        return grantee.grant_principal
    found = problem("grantee", grantee, "an iam.IGrantable", "pass a role, a user, or a construct that has a role")
    raise ValidationError([found], scope.node.path)


def grant(scope: Construct, name: str, grantee: iam.IGrantable, parts: Sequence[Granted]) -> iam.Grant:
    """Grant something.

    Args:
        scope: What it is granted on.
        name: What the grant is called, in construct ids.
        grantee: To whom.
        parts: What.

    Returns:
        The grant; without success when something could not be granted at all.

    Raises:
        ValidationError: The grantee is none.
    """
    principal = principal_of(scope, grantee)
    grants, missing = [], []
    allowed = _in_policies_of(scope, name, grantee, [statement for part in parts for statement in part.statements])
    if allowed is not None:
        grants.append(allowed)
    for part in parts:
        account = None if _is_nobody(principal) else principal.principal_account
        is_foreign = part.account and account and is_known(account) and account != part.account
        if allowed is not None and not is_foreign:
            continue
        added = _in_policy_of_resource(grantee, part)
        if added is not None:
            grants.append(added)
        else:
            missing += [statement.render() for statement in part.on_resource or part.statements]
    if missing:
        whose = "the resource" if allowed is not None else "the grantee, or of the resource,"
        warn(
            scope,
            f"grant{name}Incomplete",
            f"{name} is granted only when the policy of {whose} has these statements, which this app cannot add: "
            f"{json.dumps(cdk.Stack.of(scope).resolve(missing))}",
        )
    if not grants or (missing and allowed is None):
        return iam.Grant.drop(grantee, f"{name} on {scope.node.path}")
    return _combined(grants)


def _in_policies_of(
    scope: Construct, name: str, grantee: iam.IGrantable, statements: Sequence[Statement]
) -> iam.Grant | None:
    """Allow it in the grantee's own policies; None when there are none that this app may change."""
    if _is_nobody(grantee.grant_principal):
        return None
    if not _is_role(grantee):
        found = [iam.Grant.add_to_principal(grantee=grantee, **_arguments(statement)) for statement in statements]
        return _combined(found) if all(each.success for each in found) else None
    # In the stack of the role, as its own policies are.
    role = cast("iam.IRole", grantee.grant_principal)
    stack = cdk.Stack.of(role)
    id = f"{name}{address(scope, stack)}{address(role, stack)}"
    while stack.node.try_find_child(id):
        id = f"{id}Again"
    policy = RolePolicy(stack, id, role=role, statements=lambda: list(statements), warns=False)
    if not policy.is_attached:
        return None
    return policy.granted()


def _in_policy_of_resource(grantee: iam.IGrantable, part: Granted) -> iam.Grant | None:
    """Allow it in the resource's own policy; None when there is none that this app may change."""
    # The policy of a resource names no group.
    principal = grantee.grant_principal
    if part.resource is None or offers(principal, "group_name") or _is_nobody(principal):
        return None
    found = []
    # Without the app's role behind it: one that is known as unchangeable pretends to take statements.
    if _is_role(grantee):
        principal = iam.ArnPrincipal(cast("Any", principal).role_arn)
    for statement in part.on_resource or part.statements:
        given = _arguments(statement)
        # The CDK's own way of writing it leaves out the conditions.
        written = iam.PolicyStatement(
            actions=given["actions"],
            conditions=given["conditions"],
            principals=[principal],
            resources=given["resource_arns"],
        )
        added = iam.Grant.add_statement_to_resource_policy(
            statement=written, grantee=grantee, resource=part.resource, **given
        )
        if not added.success:
            return None
        found.append(added)
    return _combined(found)


def _is_nobody(principal: iam.IPrincipal) -> bool:
    """Whether it stands for whom nobody knows: the CDK says that it takes statements, and adds them to nothing."""
    return not offers(principal, "principal_account")


def _is_role(grantee: iam.IGrantable) -> bool:
    return offers(grantee.grant_principal, "attach_inline_policy", "role_arn")


def _combined(grants: Sequence[iam.Grant]) -> iam.Grant:
    first, *others = grants
    for other in others:
        first = first.combine(other)
    return first


def _arguments(statement: Statement) -> dict[str, Any]:
    return {
        "actions": list(statement.actions),
        "resource_arns": list(statement.resources),
        "conditions": {operator: dict(keys) for operator, keys in statement.conditions.items()} or None,
    }
