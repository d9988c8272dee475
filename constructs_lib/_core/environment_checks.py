"""Whether what an option names lies where the stack is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib._core.arns import Arn
from constructs_lib._core.tokens import is_known
from constructs_lib.errors import problem

if TYPE_CHECKING:
    from constructs_lib._core.arns import Environment

_NO_CROSSING = "use one of that Region, or deploy the stack to the other Region; the service reaches across none"


def check_arn_environment(option: str, arn: str, environment: Environment) -> list[str]:
    """Check that an ARN lies in the Region and partition of a stack.

    Args:
        option: The option that has it.
        arn: The ARN; anything else is left to other checks.
        environment: Where the stack is deployed.

    Returns:
        Problems.
    """
    parts = Arn.parse(arn)
    if parts is None:
        return []
    partition = environment.known_partition
    if partition and is_known(parts.partition) and parts.partition and parts.partition != partition:
        return [problem(option, arn, f"partition {partition}, the stack's", "use one of the stack's partition")]
    return check_region(option, arn, parts.region, environment)


def check_region(option: str, got: str, region: str | None, environment: Environment) -> list[str]:
    """Check that something lies in the Region of a stack.

    Args:
        option: The option that has it.
        got: How the problem names it.
        region: Its Region, if it has one and that is known.
        environment: Where the stack is deployed.

    Returns:
        Problems.
    """
    known = environment.known_region
    if known and region and is_known(region) and region != known:
        return [problem(option, got, f"Region {known}, the stack's", _NO_CROSSING)]
    return []


def check_environment(
    option: str, what: str, region: str | None, account: str | None, environment: Environment
) -> list[str]:
    """Check that something lies in the Region and account of a stack.

    Args:
        option: The option that has it.
        what: How the problem names it.
        region: Its Region, if it has one.
        account: Its account.
        environment: Where the stack is deployed.

    Returns:
        Problems.
    """
    return check_region(option, f"{what} in {region}", region, environment) + check_account(
        option, what, account, environment
    )


def check_account(option: str, what: str, account: str | None, environment: Environment) -> list[str]:
    """Check that something lies in the account of a stack.

    Args:
        option: The option that has it.
        what: How the problem names it.
        account: Its account.
        environment: Where the stack is deployed.

    Returns:
        Problems.
    """
    known = environment.known_account
    if known and account and is_known(account) and account != known:
        advice = "use one of that account; a job reaches none of another"
        return [problem(option, f"{what} of account {account}", f"one of account {known}, the stack's", advice)]
    return []
