"""How a step says that something is otherwise than assumed, or cannot be seen."""

from __future__ import annotations


class DifferenceError(Exception):
    """Something is not as assumed; the text says what was seen instead."""


class NotMeasuredError(Exception):
    """It cannot be seen here; the text says why."""


def expect(condition: object, otherwise: str) -> None:
    """Go on only when something is as assumed.

    Raises:
        DifferenceError: It is not; with the given text.
    """
    if not condition:
        raise DifferenceError(otherwise)
