"""One prediction as a typed record."""

from __future__ import annotations

from itertools import repeat
from typing import Any, NamedTuple

_new: Any = tuple.__new__  # makes a named tuple of a tuple without the layer that names the arguments

LABEL_THRESHOLD = 0.5
"""A multi-label model lists unlikely labels too; from this score on a label counts as assigned."""


# Named tuples are made by the million five times as fast as frozen dataclasses.
class Score(NamedTuple):
    """One class or label with its confidence.

    Args:
        name: The class or label.
        score: The confidence, from 0 to 1.
    """

    name: str
    score: float


class Problem(NamedTuple):
    """An error or a warning that the service wrote about a document or a page.

    Args:
        code: The code, for example `DOCUMENT_SIZE_EXCEEDED`.
        message: The text of the service; may be empty.
        page: The page, counted from 1; None when it is about the whole document.
    """

    code: str
    message: str = ""
    page: int | None = None


class _Fields(NamedTuple):
    file: str
    line: int | None = None
    page: int | None = None
    pages: int | None = None
    scores: tuple[tuple[str, float], ...] = ()
    multi_label: bool = False
    document_type: str | None = None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    job: str | None = None


class Prediction(_Fields):
    """What the job found in one document: a file, a line of a file, or a page of a file.

    Args:
        file: The name of the input file.
        line: The line, counted from 0; None when a file is one document.
        page: The page, counted from 1; None for plain text.
        pages: How many pages the document has; None for plain text.
        scores: Classes or labels, each once, the most likely first; empty when the document could not be classified.
        multi_label: Whether the model may give a document more than one label.
        document_type: The type in the API's spelling, for example `SCANNED_PDF`; None for plain text.
        errors: What kept the service from reading the document or one of its pages.
        warnings: What makes the result doubtful, for example a model trained on another kind of document.
        job: The id of the job, or the place of its output where that does not tell the id; None when it is not known.
    """

    __slots__ = ()

    # Records are made of pairs: most scores of most documents are never looked at by name.
    @property
    def scores(self) -> tuple[Score, ...]:
        """Classes or labels with their scores, the most likely first."""
        return tuple(map(_new, repeat(Score), self[4]))

    @property
    def best(self) -> Score | None:
        """The most likely class or label; None when there is none."""
        return Score(*self[4][0]) if self[4] else None

    @property
    def document(self) -> str:
        """The document in words, for example `scan.pdf page 2` or `mails.txt line 7`."""
        line = "" if self.line is None else f" line {self.line}"
        page = "" if self.page is None else f" page {self.page}"
        return f"{self.file}{line}{page}"

    def assigned(self, threshold: float = LABEL_THRESHOLD) -> tuple[Score, ...]:
        """Tell which classes the document belongs to.

        Args:
            threshold: The score, from 0 to 1, from which on a label of a multi-label model counts. Default: 0.5.

        Returns:
            The most likely class; for a multi-label model every label that reaches the threshold, so maybe none.
        """
        pairs = tuple(pair for pair in self[4] if pair[1] >= threshold) if self.multi_label else self[4][:1]
        return tuple(map(_new, repeat(Score), pairs))

    def as_dict(self, threshold: float = LABEL_THRESHOLD) -> dict[str, Any]:
        """Return the prediction as plain values, ready for JSON or a data frame.

        Args:
            threshold: The score, from 0 to 1, from which on a label of a multi-label model counts. Default: 0.5.

        Returns:
            All fields by name, with lists of dictionaries for scores and problems; besides `document`, `class` (the
            assigned classes, joined with `|`; None without one) and `score` (the best one; None without one).
        """
        assigned = self.assigned(threshold)
        return {
            "document": self.document,
            "class": "|".join([score.name for score in assigned]) if assigned else None,
            "score": self[4][0][1] if self[4] else None,
            **self._asdict(),
            "scores": [{"name": name, "score": score} for name, score in self[4]],
            "errors": [problem._asdict() for problem in self.errors],
            "warnings": [problem._asdict() for problem in self.warnings],
        }
