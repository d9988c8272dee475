"""What a user is told about options that cannot work."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH = 120


class ValidationError(ValueError):
    """Options that cannot work, all of them at once.

    Args:
        problems: What is wrong, one sentence each.
        where: The path of the construct, or the name of the method.
    """

    def __init__(self, problems: Sequence[str], where: str) -> None:
        self.problems = tuple(problems)
        self.where = where
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__("\n  - ".join([f"{where}: {count}", *self.problems]))


def problem(option: str, got: object, allowed: str, advice: str) -> str:
    """Put a problem into words.

    Args:
        option: The option's name.
        got: The value that was given.
        allowed: What is allowed.
        advice: What to do next.

    Returns:
        One sentence.
    """
    return f"{option}: got {_shown(got)}; allowed: {allowed}; {advice}"


def _shown(value: object) -> str:
    if isinstance(value, str):
        text = str(value)
        return repr(text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}...")
    if isinstance(value, dict):
        # What a mapping holds, of variables for instance, may be secret.
        return f"a mapping of {_shown(list(value))}"
    if value is None or isinstance(value, bool | int | float | bytes | list | tuple | set | Enum):
        text = repr(value)
        return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
    # What an object says about itself may be an address in memory.
    name = value.__name__ if isinstance(value, type) else type(value).__name__
    return f"the class {name}" if isinstance(value, type) else f"an object of type {name}"
