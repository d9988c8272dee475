"""Predictions from JSON objects, in any shape that the service writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .foreign import record_of_another_kind
from .json_values import number, object_, objects, text, unexpected, whole_number
from .prediction import Prediction, Problem, Score
from .reading_errors import BadArchiveError, OtherKindError
from .rows import from_row, is_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# The developer guide's output example writes ScannedPDF where the API reference writes SCANNED_PDF.
_DOCUMENT_TYPES = {
    name.replace("_", ""): name for name in ("NATIVE_PDF", "SCANNED_PDF", "MS_WORD", "IMAGE", "PLAIN_TEXT")
}
_PLAIN_TYPES = {name: name for name in _DOCUMENT_TYPES.values()}
_PLAIN_TYPES |= {"ScannedPDF": "SCANNED_PDF", "NativePDF": "NATIVE_PDF"}
_MOST_PAGES = 1_000_000  # of a document that is read in the short way
_MOST_PROBLEMS = 100_000  # of all pages of a document; what is said of the whole document counts for each page
_LONGEST_KEPT = 1_000  # characters of a name
_FIELDS_NAMED = 5
_NAMES_KEPT = 10_000  # ten times as many classes as a model may have


def read_records(batches: Iterable[list[Any]], job: str | None = None) -> Iterator[list[Prediction]]:
    """Turn JSON objects of the output into predictions.

    Args:
        batches: The objects, as the service wrote them or as rows of the table of predictions.
        job: The job that they are of. Default: - not known, unless a row tells it.

    Yields:
        The predictions, in the order of the objects.

    Raises:
        OtherKindError: The first object is of another kind of job.
        BadArchiveError: An object is no prediction; the message says which, and what is missing or wrong.
    """
    names: dict[str, str] = {}
    count, record = 0, None
    found: list[Prediction] = []
    try:
        for batch in batches:
            for record in batch:
                count += 1
                prediction = _plain(record, names, job)
                if prediction is not None:
                    found.append(prediction)
                else:
                    found.extend(_other(record, names, job))
            yield found
            found = []
    except ValueError as error:  # wrong JSON and wrong UTF-8 are ValueErrors, too
        if found:
            yield found
        kind = record_of_another_kind(record)
        if kind and count == 1:
            raise OtherKindError(kind) from error
        raise BadArchiveError(f"no prediction at or after record {max(count, 1)}: {kind or error}") from error


def _plain(record: Any, names: dict[str, str], job: str | None) -> Prediction | None:  # noqa: ANN401 - a value of JSON
    """Read a record of a common shape, in a third of the time: a file, its line or page, and classes or labels.

    Args:
        record: The record.
        names: Names of classes that were read before, without the blanks around them.
        job: The job that it is of.

    Returns:
        The prediction; None for a record of another shape, right or wrong.
    """
    line = page = pages = document_type = None
    try:
        size = len(record)
        if size == 3:  # noqa: PLR2004 - the fields below and this one
            told = record["Line"]
            plain = told.isdecimal() and len(told) <= 18  # noqa: PLR2004 - as in values.py
            line = int(told) if plain else None
        elif size == 2:  # noqa: PLR2004 - the fields below
            plain = True
        else:
            told = record["DocumentMetadata"]
            page, pages, document_type = told["PageNumber"], told["Pages"], _PLAIN_TYPES[record["DocumentType"]]
            plain = size == (5 if "Version" in record else 4) and _is_place(page) and _is_place(pages)
        file = record["File"]
        multi_label = "Labels" in record
        listed = record["Labels"] if multi_label else record["Classes"]
        if not plain or type(file) is not str or type(listed) is not list:
            return None
        found: dict[str, float] = {}
        last = 1.0
        for item in listed:
            score = item["Score"]
            if type(score) is not float or not 0.0 <= score <= last or len(item) != 2:  # noqa: PLR2004 - name and score
                return None
            found[names[item["Name"]]] = last = score
    except (KeyError, TypeError, AttributeError):
        return None
    if len(found) != len(listed):
        return None
    prediction: Prediction = _new(
        Prediction, (file, line, page, pages, tuple(found.items()), multi_label, document_type, (), (), job)
    )
    return prediction


def _is_place(number: object) -> bool:
    return type(number) is int and 0 < number < _MOST_PAGES


_new: Any = tuple.__new__  # without the layer that names the arguments


def _other(record: Any, names: dict[str, str], job: str | None) -> Iterator[Prediction]:  # noqa: ANN401 - a value of JSON
    if not isinstance(record, dict):
        raise unexpected("a record", record, "an object")
    if is_row(record):
        yield from_row(record, job)
        return
    yield from parse_record(record, job)
    # What was found to be right is known the next time.
    for item in _listed(record):
        if len(names) >= _NAMES_KEPT:
            names.clear()
        if len(item["Name"]) <= _LONGEST_KEPT:
            names[item["Name"]] = item["Name"].strip()


def _listed(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return objects(record, "Classes" if record.get("Labels") is None else "Labels")


def parse_record(record: Mapping[str, Any], job: str | None = None) -> Iterator[Prediction]:
    """Turn one JSON object of the output into predictions: one, or one a page where its scores name pages.

    Args:
        record: The object as the service wrote it.
        job: The job that it is of. Default: - not known.

    Yields:
        The predictions.

    Raises:
        ValueError: The object is no prediction; the message says what is missing or wrong.

    Source: developer guide, "Outputs for asynchronous analysis jobs"; API reference, `ClassifyDocument`.
    """
    file = record.get("File")
    if "File" not in record:
        raise ValueError(
            f"File is not there, but {_fields(record)}; a classification job tells File and Classes or Labels"
        )
    if not isinstance(file, str):
        raise unexpected("File", file, "a string")
    multi_label = record.get("Labels") is not None
    listed = _listed(record)
    errors = _problems(record, "Errors", "Error")
    if "ErrorCode" in record:
        errors = (_problem(record, "Error"), *errors)
    warnings = _problems(record, "Warnings", "Warn")
    if not (multi_label or "Classes" in record or errors):
        raise ValueError(f"none of Classes, Labels, Errors and ErrorCode is there, but {_fields(record)}")

    line = whole_number(record.get("Line"), "Line")
    metadata = object_(record.get("DocumentMetadata") or {}, "DocumentMetadata")
    page = whole_number(metadata.get("PageNumber"), "PageNumber")
    pages = whole_number(metadata.get("Pages"), "Pages")
    type_of = _DocumentTypes(record.get("DocumentType"))
    scores: dict[int | None, list[Score]] = {}
    for item in listed:
        scores.setdefault(page or whole_number(item.get("Page"), "Page"), []).append(_score(item))
    if scores.keys() - {page, None}:  # the scores of several pages in one object
        scores |= {problem.page: [] for problem in errors if problem.page not in scores}
        errors_of, warnings_of = _by_page(errors), _by_page(warnings)
        of_all = len(errors_of.get(None, ())) + len(warnings_of.get(None, ()))
        if of_all * len(scores) > _MOST_PROBLEMS:
            raise ValueError(f"{len(scores):,} pages have {of_all:,} errors and warnings each, which no job writes")
    else:
        scores = scores or {page: []}
        errors_of = warnings_of = {}
    for of_number, of_page in scores.items():
        yield Prediction(
            file=file,
            line=line,
            page=of_number,
            pages=pages,
            scores=_ranked(of_page),
            multi_label=multi_label,
            document_type=type_of.page(of_number),
            errors=errors if of_number == page else errors_of.get(of_number, ()) + errors_of.get(None, ()),
            warnings=warnings if of_number == page else warnings_of.get(of_number, ()) + warnings_of.get(None, ()),
            job=job,
        )


def _fields(record: Mapping[str, Any]) -> str:
    return ", ".join(list(record)[:_FIELDS_NAMED])[:200] or "nothing"


def _ranked(scores: list[Score]) -> tuple[Score, ...]:
    """Sort scores, the best first, and keep the best of each name."""
    best: dict[str, Score] = {}
    for score in sorted(scores, key=lambda score: -score.score):
        best.setdefault(score.name, score)
    return tuple(best.values())


def _score(item: Mapping[str, Any]) -> Score:
    name, score = item.get("Name"), item.get("Score")
    if not isinstance(name, str):
        raise unexpected("Name", name, "a string")
    return Score(name.strip(), number(score, "Score"))


def _problems(record: Mapping[str, Any], field: str, prefix: str) -> tuple[Problem, ...]:
    return tuple(_problem(item, prefix) for item in objects(record, field))


def _problem(item: Mapping[str, Any], prefix: str) -> Problem:
    code, message = item.get(f"{prefix}Code"), item.get(f"{prefix}Message")
    return Problem(text(code, "UNKNOWN"), text(message, ""), whole_number(item.get("Page"), "Page"))


def _by_page(problems: tuple[Problem, ...]) -> dict[int | None, tuple[Problem, ...]]:
    """Sort problems by the page they are about."""
    sorted_: dict[int | None, list[Problem]] = {}
    for problem in problems:
        sorted_.setdefault(problem.page, []).append(problem)
    return {page: tuple(of_page) for page, of_page in sorted_.items()}


class _DocumentTypes:
    """A type given as text (guide) or as a list with one entry a page (API reference).

    Args:
        value: What the record tells.
    """

    def __init__(self, value: object) -> None:
        self._of_page: dict[int | None, str | None] = {}
        if isinstance(value, list):
            for item in value:
                entry = object_(item, "DocumentType")
                self._of_page.setdefault(whole_number(entry.get("Page"), "Page"), _document_type(entry.get("Type")))
            self._first = next(iter(self._of_page.values()), None)
        else:
            self._first = _document_type(value)
        self._one_for_all = not self._of_page

    def page(self, page: int | None) -> str | None:
        """Return the type of a page; without a page that of the document."""
        return self._first if page is None or self._one_for_all else self._of_page.get(page)


def _document_type(value: object) -> str | None:
    if value is None:
        return None
    told = text(value, "")
    return _DOCUMENT_TYPES.get(re.sub(r"[^A-Z]", "", told.upper()), told) or None
