"""Roles that were given from outside."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from aws_cdk import aws_iam as iam

from constructs_lib._core.arns import Arn
from constructs_lib._core.environment_checks import check_account, check_arn_environment
from constructs_lib._core.memo import Memo
from constructs_lib._core.objects import offers
from constructs_lib._core.tokens import is_known, is_pending
from constructs_lib.errors import problem

if TYPE_CHECKING:
    from constructs_lib._core.arns import Environment

# Of the service's model, with which a test compares them.
ROLE_ARN = re.compile(r"arn:aws(-[^:]+)?:iam::[0-9]{12}:role/.+")
ROLE_ARN_LENGTH = (20, 2048)
# IAM User Guide, "Create a service-linked role".
_SERVICE_LINKED = "role/aws-service-role/"


def role_arn(role: iam.IRole) -> str:
    """Ask a role for its ARN, once.

    Args:
        role: The role.

    Returns:
        The ARN, mostly a token.
    """
    return _ARNS.of(role, lambda: role.role_arn)


def role_name(role: iam.IRole) -> str:
    """Ask a role for its name, once.

    Args:
        role: The role.

    Returns:
        The name, mostly a token.
    """
    return _NAMES.of(role, lambda: role.role_name)


_ARNS: Memo[str] = Memo()
_NAMES: Memo[str] = Memo()
_ACCOUNTS: Memo[str] = Memo()


def check_role(option: str, role: object, environment: Environment) -> list[str]:
    """Check what was given as a role.

    Args:
        option: The option that has it.
        role: Anything.
        environment: Where the job runs.

    Returns:
        Problems.
    """
    if not offers(role, "role_arn", "attach_inline_policy"):
        advice = "use DataAccessRole, or import the role with iam.Role.from_role_arn(...)"
        return [problem(option, role, "an iam.Role", advice)]
    known = cast("iam.IRole", role)
    arn = role_arn(known)
    if is_pending(arn):
        return []
    # One that `iam.Role.customize_roles` has others make has no name yet.
    if is_known(arn) and not isinstance(role, iam.Role):
        return check_role_arn(option, arn, environment)
    return check_account(option, "a role", _ACCOUNTS.of(known, lambda: known.env.account), environment)


def check_role_arn(option: str, arn: str, environment: Environment) -> list[str]:
    """Check the ARN of a role.

    Args:
        option: The option that has it.
        arn: The ARN.
        environment: Where the role is passed on.

    Returns:
        Problems.
    """
    shortest, longest = ROLE_ARN_LENGTH
    if not ROLE_ARN.fullmatch(arn) or not shortest <= len(arn) <= longest:
        allowed = "arn:<partition>:iam::<12-digit account>:role/<name>"
        return [problem(option, arn, allowed, "import the role by such an ARN")]
    parts, account = Arn.parse(arn), environment.known_account
    found = check_arn_environment(option, arn, environment)
    if account and parts and parts.account != account:
        advice = "a role can only be passed within its account"
        found.append(problem(option, arn, f"a role of account {account}, the stack's", advice))
    if parts and parts.resource.startswith(_SERVICE_LINKED):
        advice = "only the service that a service-linked role is made for can assume it; make a role, or leave it out"
        found.append(problem(option, arn, f"a role that does not begin with {_SERVICE_LINKED}", advice))
    return found
