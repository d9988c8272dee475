"""Predictions as rows of a table: written by the workflow, read again from its `predictions/` prefix."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .json_values import number, objects, text, unexpected, whole_number
from .prediction import Prediction, Problem, Score

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def to_row(prediction: Prediction) -> dict[str, Any]:
    """Return the row of a prediction.

    Args:
        prediction: The prediction.

    Returns:
        `document`, `file`, `line`, `page`, `class` (the assigned classes, joined with `|`), `score` (the best one),
        `predictions` (all scores, each with `name` and `score`), `error_code`, `error_message` (the first error) and
        `document_type`; then, only where there is something to tell, `pages`, `multi_label`, `errors` (where there
        are more, or where they name pages) and `warnings`.
    """
    first = prediction.errors[0] if prediction.errors else None
    assigned = prediction.assigned()
    row: dict[str, Any] = {
        "document": prediction.document,
        "file": prediction.file,
        "line": prediction.line,
        "page": prediction.page,
        "class": "|".join([score.name for score in assigned]) if assigned else None,
        "score": prediction.best.score if prediction.best else None,
        "predictions": [score._asdict() for score in prediction.scores],
        "error_code": first.code if first else None,
        "error_message": first.message if first else None,
        "document_type": prediction.document_type,
    }
    if prediction.pages is not None:
        row["pages"] = prediction.pages
    if prediction.multi_label:
        row["multi_label"] = True
    if prediction.errors and prediction.errors != (Problem(first.code, first.message),):  # type: ignore[union-attr]
        row["errors"] = [problem._asdict() for problem in prediction.errors]
    if prediction.warnings:
        row["warnings"] = [problem._asdict() for problem in prediction.warnings]
    return row


def is_row(record: Mapping[str, Any]) -> bool:
    """Tell whether a JSON object is a row, not what the service wrote."""
    return "file" in record and "File" not in record


def from_row(row: Mapping[str, Any], job: str | None = None) -> Prediction:
    """Return the prediction of a row.

    Args:
        row: The row.
        job: The job that it is of. Default: - what the row has as `job_id`.

    Returns:
        The prediction.

    Raises:
        ValueError: The row is none; the message says what is wrong.
    """
    file = row["file"]
    if not isinstance(file, str):
        raise unexpected("file", file, "a string")
    if "predictions" not in row:
        raise ValueError("predictions is not there")
    errors = _problems(row, "errors")
    if not errors and row.get("error_code") is not None:
        errors = (Problem(text(row["error_code"], "UNKNOWN"), text(row.get("error_message"), "")),)
    return Prediction(
        file=file,
        line=whole_number(row.get("line"), "line"),
        page=whole_number(row.get("page"), "page"),
        pages=whole_number(row.get("pages"), "pages"),
        scores=tuple(
            Score(text(item.get("name"), ""), number(item.get("score"), "score"))
            for item in objects(row, "predictions")
        ),
        multi_label=row.get("multi_label") is True,
        document_type=None if row.get("document_type") is None else text(row["document_type"], ""),
        errors=errors,
        warnings=_problems(row, "warnings"),
        job=text(row.get("job_id"), "") or job,
    )


def _problems(row: Mapping[str, Any], field: str) -> tuple[Problem, ...]:
    return tuple(
        Problem(
            text(item.get("code"), "UNKNOWN"), text(item.get("message"), ""), whole_number(item.get("page"), "page")
        )
        for item in objects(row, field)
    )


def row_encoder(more: Mapping[str, object]) -> Callable[[Prediction], str]:
    """Return a function that makes the line of JSON of a prediction's row.

    Args:
        more: Columns that are the same in all rows, for example `job_id`.

    Returns:
        The function: a prediction in, its line with a line feed at its end out, in ASCII.
    """
    encode = json.JSONEncoder().encode
    end = f", {encode(dict(more))[1:]}\n" if more else "}\n"
    text_of = json.encoder.encode_basestring_ascii

    def line(prediction: Prediction) -> str:
        file, at, page, pages, scores, multi_label, document_type, errors, warnings, _ = prediction
        rare = multi_label or errors or warnings or document_type is not None or not scores
        if rare or page is not None or pages is not None:
            return encode(to_row(prediction))[:-1] + end
        listed = ", ".join([f'{{"name": {text_of(name)}, "score": {score!r}}}' for name, score in scores])
        name, score = scores[0]
        document = file if at is None else f"{file} line {at}"
        return (
            f'{{"document": {text_of(document)}, "file": {text_of(file)}, "line": {"null" if at is None else at}, '
            f'"page": null, "class": {text_of(name)}, "score": {score!r}, "predictions": [{listed}], '
            f'"error_code": null, "error_message": null, "document_type": null{end}'
        )

    return line
