"""One prediction as a typed record."""

from __future__ import annotations

from typing import Any, NamedTuple

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


class Prediction(NamedTuple):
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

    file: str
    line: int | None = None
    page: int | None = None
    pages: int | None = None
    scores: tuple[Score, ...] = ()
    multi_label: bool = False
    document_type: str | None = None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    job: str | None = None

    @property
    def best(self) -> Score | None:
        """The most likely class or label; None when there is none."""
        return self.scores[0] if self.scores else None

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
        if self.multi_label:
            return tuple(score for score in self.scores if score.score >= threshold)
        return self.scores[:1]

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
            "score": self.scores[0].score if self.scores else None,
            **self._asdict(),
            "scores": [score._asdict() for score in self.scores],
            "errors": [problem._asdict() for problem in self.errors],
            "warnings": [problem._asdict() for problem in self.warnings],
        }
