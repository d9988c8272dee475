"""Places in the source that are found by their text, so that they stay right while lines move."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Anchor:
    """One line of a file.

    Args:
        file: Path from the root of the project.
        text: What only this line has.
    """

    file: str
    text: str

    def place(self) -> str:
        """The place as `file:line`, or the file alone when its line is gone: a report says what it can."""
        try:
            return self.resolve()
        except LookupError:
            return f"{self.file} ({self.text})"

    def resolve(self) -> str:
        """The place as `file:line`.

        Raises:
            LookupError: The file has no such line, or several.
        """
        path = ROOT / self.file
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        found = [number for number, line in enumerate(lines, 1) if self.text in line]
        if len(found) != 1:
            raise LookupError(f"{self.file} has {len(found)} lines with {self.text!r}, not one: say anew where it is")
        return f"{self.file}:{found[0]}"
