"""Values of closed sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from constructs_lib.errors import problem

if TYPE_CHECKING:
    from enum import StrEnum


def is_choice(value: object, choices: type[StrEnum]) -> bool:
    """Say whether a value is one of a set, or the text of one.

    Args:
        value: Anything.
        choices: The set.

    Returns:
        True when it is.
    """
    return isinstance(value, str) and value in list(choices)


def check_choice(option: str, value: object, choices: type[StrEnum]) -> list[str]:
    """Check a value of a closed set.

    Args:
        option: The option that has it.
        value: The value.
        choices: What is allowed.

    Returns:
        Problems.
    """
    if is_choice(value, choices):
        return []
    return [problem(option, value, " or ".join(choices), f"use {choices.__name__}")]


REMOVAL_POLICIES = "a RemovalPolicy other than SNAPSHOT, which buckets, keys and log groups have not"


def is_removal_policy(value: object) -> bool:
    """Say whether a value is a removal policy that buckets, keys and log groups can have.

    Args:
        value: Anything.

    Returns:
        True when it is.
    """
    return isinstance(value, cdk.RemovalPolicy) and value != cdk.RemovalPolicy.SNAPSHOT
