"""What a user is told about options that cannot work."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    shown = repr(got)
    if isinstance(got, str):
        shown = repr(got if len(got) <= 120 else f"{got[:117]}...")  # noqa: PLR2004 - the width of a line
    return f"{option}: got {shown}; allowed: {allowed}; {advice}"
