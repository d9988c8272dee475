"""Telling values that are known at synthesis from those that only the deployment knows."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import aws_cdk as cdk

from constructs_lib._core.memo import Memo, stack_of
from constructs_lib.errors import ValidationError, problem

if TYPE_CHECKING:
    from constructs import IConstruct

# What the CDK puts in the place of a look-up whose answer the CLI has not fetched yet: parameters, then roles. Those of
# keys and networks have the form of real ones, and no account of their own.
_PENDING = re.compile("dummy-value-for-|:123456789012:role/DUMMY_ARN$")
_STRING_TOKEN = re.compile(r"\$\{Token\[[a-zA-Z0-9:._-]+\]\}")


def is_known(value: object) -> bool:
    """Say whether a value is there to be checked: not None, no CDK token, no look-up that is still to be made.

    Args:
        value: Any value an option may have.

    Returns:
        True for a value that is fully known at synthesis.
    """
    if value is None:
        return False
    if isinstance(value, str):
        # Every string token carries this marker; the short cut saves a call into the jsii kernel for each check.
        return not is_pending(value) and ("Token[" not in value or not _is_token(value))
    if isinstance(value, int | float) and value >= 0:
        return True  # Tokens of numbers are far below zero.
    return not cdk.Token.is_unresolved(value)


def is_pending(value: object) -> bool:
    """Say whether a value stands for a look-up whose answer is still to be fetched.

    Args:
        value: Any value an option may have.

    Returns:
        True for the placeholder; the CLI throws such a template away.
    """
    return isinstance(value, str) and _PENDING.search(value) is not None


@lru_cache(maxsize=1024)
def _is_token(text: str) -> bool:
    """Ask the CDK, once a text: one that was printed by another synthesis looks like a token, but is none."""
    if not _STRING_TOKEN.search(text):
        return False
    try:
        cdk.Tokenization.reverse_string(text)
    except RuntimeError:
        return False
    return True


_RESOLVED: Memo[dict[str, str]] = Memo()


def settled(scope: IConstruct, value: object) -> str:
    """Write a value so that it is the same in every synthesis: tokens, which are numbered, as what they stand for.

    Args:
        scope: The stack that uses the value.
        value: Text, numbers, lists and mappings of them.

    Returns:
        JSON.
    """
    stack = stack_of(scope)
    known = _RESOLVED.of(stack, dict)
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if unknown := [token for token in dict.fromkeys(_STRING_TOKEN.findall(text)) if token not in known]:
        try:
            meanings = stack.resolve(unknown)
        except RuntimeError as error:
            advice = "pass the value itself, not what another synthesis has printed of it"
            raise ValidationError([problem("token", unknown, "tokens of this app", advice)], stack.node.path) from error
        known |= {token: json.dumps(each, sort_keys=True) for token, each in zip(unknown, meanings, strict=True)}
    return _STRING_TOKEN.sub(lambda token: known[token[0]], text)
