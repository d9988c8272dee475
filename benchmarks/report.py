"""Tables of measurements, as text for the terminal and as Markdown for the pages; and how far a measurement is."""

from __future__ import annotations

import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


_BEGUN = time.monotonic()


def progress(text: str) -> None:
    """Say on standard error how far a measurement is."""
    sys.stderr.write(f"[{time.monotonic() - _BEGUN:5.0f} s] {text}\n")
    sys.stderr.flush()


@dataclass(frozen=True)
class Table:
    """Figures side by side.

    Args:
        title: What was measured.
        columns: Their headings.
        rows: One text a column.
        notes: What one has to know to read them, one sentence each.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    notes: tuple[str, ...] = field(default=())

    def text(self) -> str:
        """For a terminal: the first column to the left, figures to the right."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[index]) for line in lines) for index in range(len(self.columns))]
        shown = [
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in lines
        ]
        return "\n".join([self.title, "-" * len(self.title), *shown, *(f"* {note}" for note in self.notes), ""])

    def markdown(self) -> str:
        """For a page."""
        rule = ("---", *("---:" for _ in self.columns[1:]))
        lines = [f"| {' | '.join(line)} |" for line in (self.columns, rule, *self.rows)]
        return "\n".join([f"## {self.title}", "", *lines, "", *(f"- {note}" for note in self.notes), ""])


def ratio(ours: float, theirs: float, target: float | None = None) -> str:
    """How many times theirs ours is, marked when it is more than a target."""
    found = ours / theirs
    missed = target is not None and round(found, 2) > target
    return f"{found:.2f}" + (f" (over {target:.2f})" if missed else "")


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The ratio of what was measured in turns: the median over the rounds, which slow spells leave alone."""
    return statistics.median(own / other for own, other in zip(ours, theirs, strict=True))


def paired(ours: Sequence[float], theirs: Sequence[float], target: float | None = None) -> str:
    """The same as text, marked when it is more than a target."""
    return ratio(median_ratio(ours, theirs), 1, target)
