"""One prediction as a typed record, made from any shape that the service writes."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LABEL_THRESHOLD = 0.5
"""A multi-label model lists unlikely labels too; from this score on a label counts as assigned."""

# The developer guide's output example writes ScannedPDF where the API reference writes SCANNED_PDF.
_DOCUMENT_TYPES = {
    name.replace("_", ""): name for name in ("NATIVE_PDF", "SCANNED_PDF", "MS_WORD", "IMAGE", "PLAIN_TEXT")
}


@dataclass(frozen=True, slots=True)
class Score:
    """One class or label with its confidence.

    Args:
        name: The class or label.
        score: The confidence, from 0 to 1.
    """

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Problem:
    """An error or a warning that the service wrote about a document or a page.

    Args:
        code: The code, for example `DOCUMENT_SIZE_EXCEEDED`.
        message: The text of the service; may be empty.
        page: The page, counted from 1; None when it is about the whole document.
    """

    code: str
    message: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the job found in one document: a file, a line of a file, or a page of a file.

    Args:
        file: The name of the input file.
        line: The line, counted from 0; None when a file is one document.
        page: The page, counted from 1; None for plain text.
        pages: How many pages the document has; None for plain text.
        scores: Classes or labels, the most likely first; empty when the document could not be classified.
        multi_label: Whether the model may give a document more than one label.
        document_type: The type in the API's spelling, for example `SCANNED_PDF`; None for plain text.
        errors: What kept the service from reading the document or one of its pages.
        warnings: What makes the result doubtful, for example a model trained on another kind of document.
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


def parse_record(record: Mapping[str, Any]) -> Iterator[Prediction]:
    """Turn one JSON object of the output into predictions: one, or one a page where its scores name pages.

    Args:
        record: The object as the service wrote it.

    Yields:
        The predictions.

    Raises:
        ValueError: The object is no prediction; the message says what is missing or wrong.

    Source: developer guide, "Outputs for asynchronous analysis jobs"; API reference, `ClassifyDocument`.
    """
    file = record.get("File")
    if not isinstance(file, str):
        raise unexpected("File", file, "a string")
    multi_label = record.get("Labels") is not None
    listed = _items(record, "Labels" if multi_label else "Classes")
    errors = _problems(record, "Errors", "Error")
    if "ErrorCode" in record:
        errors = (_problem(record, "Error"), *errors)
    warnings = _problems(record, "Warnings", "Warn")
    if not (multi_label or "Classes" in record or errors):
        raise ValueError("none of Classes, Labels, Errors and ErrorCode is there")

    metadata = _object(record.get("DocumentMetadata") or {}, "DocumentMetadata")
    page = _whole_number(metadata.get("PageNumber"), "PageNumber")
    scores: dict[int | None, list[Score]] = defaultdict(list)
    for item in listed:
        scores[page or _whole_number(item.get("Page"), "Page")].append(_score(item))
    if scores.keys() - {page, None}:  # the scores of several pages in one object
        scores |= {problem.page: [] for problem in errors if problem.page not in scores}
    else:
        scores = scores or {page: []}
    for number, of_page in scores.items():
        yield Prediction(
            file=file,
            line=_whole_number(record.get("Line"), "Line"),
            page=number,
            pages=_whole_number(metadata.get("Pages"), "Pages"),
            scores=tuple(sorted(of_page, key=lambda score: -score.score)),
            multi_label=multi_label,
            document_type=_document_type(record.get("DocumentType"), number),
            errors=errors if number == page else _about(errors, number),
            warnings=warnings if number == page else _about(warnings, number),
        )


def unexpected(field: str, value: object, wanted: str) -> ValueError:
    """Return the error for a value of the wrong kind, which is shown in part."""
    return ValueError(f"{field} is {repr(value)[:60]}, {wanted} was expected")


def _score(item: Mapping[str, Any]) -> Score:
    name, score = item.get("Name"), item.get("Score")
    if not isinstance(name, str):
        raise unexpected("Name", name, "a string")
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score):
        raise unexpected("Score", score, "a number")
    # The guide's example has names that end with a space.
    return Score(name.strip(), float(score))


def _problems(record: Mapping[str, Any], field: str, prefix: str) -> tuple[Problem, ...]:
    return tuple(_problem(item, prefix) for item in _items(record, field))


def _problem(item: Mapping[str, Any], prefix: str) -> Problem:
    code, message = item.get(f"{prefix}Code"), item.get(f"{prefix}Message")
    return Problem(str(code or "UNKNOWN"), str(message or ""), _whole_number(item.get("Page"), "Page"))


def _about(problems: tuple[Problem, ...], page: int | None) -> tuple[Problem, ...]:
    """Leave out what is about another page of the same document."""
    return tuple(problem for problem in problems if problem.page in {None, page})


def _document_type(value: object, page: int | None) -> str | None:
    """Read a type given as text (guide) or as a list with one entry a page (API reference)."""
    if isinstance(value, list):
        entries = [_object(entry, "DocumentType") for entry in value]
        entry = next((entry for entry in entries if page in {None, entry.get("Page")}), {})
        value = entry.get("Type")
    if value is None:
        return None
    spelling = re.sub(r"[^A-Z]", "", str(value).upper())
    return _DOCUMENT_TYPES.get(spelling, str(value))


def _whole_number(value: object, field: str) -> int | None:
    """Read a number that the service writes as a number or as text."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value.strip()):
        return int(value)
    raise unexpected(field, value, "a whole number")


def _items(record: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    value = record.get(field)
    if value is None:
        return []
    if not isinstance(value, list):
        raise unexpected(field, value, "a list")
    return [_object(item, field) for item in value]


def _object(value: object, field: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise unexpected(field, value, "an object")
    return value
