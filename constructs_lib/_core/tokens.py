"""Telling values that are known at synthesis from those that only the deployment knows."""

from __future__ import annotations

from functools import lru_cache

import aws_cdk as cdk


def is_known(value: object) -> bool:
    """Say whether a value is there to be checked: not None, and no CDK token.

    Args:
        value: Any value an option may have.

    Returns:
        True for a value that is fully known at synthesis.
    """
    if value is None:
        return False
    if isinstance(value, str):
        # Every string token carries this marker; the short cut saves a call into the jsii kernel for each check.
        return "Token[" not in value or not _is_token(value)
    return not cdk.Token.is_unresolved(value)


@lru_cache(maxsize=1024)
def _is_token(text: str) -> bool:
    """Ask the CDK, once a text: whether it is a token shows in the text alone."""
    return cdk.Token.is_unresolved(text)
