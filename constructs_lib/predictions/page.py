"""A summary as one self-contained HTML page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from constructs_lib.predictions.summary import confusion_matrix
from constructs_lib.predictions.text import (
    accuracy_sentence,
    alternatives,
    best_score,
    class_names,
    share,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from constructs_lib.predictions.summary import Accuracy, Summary

_AT_ONCE = 20  # documents; the others open on a click
_WIDEST_MATRIX = 20  # classes
_SHOWN_CONFUSIONS = 50
_SHOWN_ERRORS = 100  # of one document


def render_html(summary: Summary, *, source: str = "") -> str:
    """Render a summary as one page: no script, no external resource, light and dark, for a phone as well.

    Args:
        summary: The summary. All of its `first` documents are on the page.
        source: Where the predictions came from. Default: - not shown.

    Returns:
        The HTML. All text of the job is escaped.
    """
    accuracy = summary.accuracy
    errors = [("Error", code, f"{count:,}") for code, count in summary.error_codes.items()]
    warnings = [("Warning", code, f"{count:,}") for code, count in summary.warning_codes.items()]
    return (
        _environment()
        .get_template("page.html.jinja")
        .render(
            summary=summary,
            source=_visible(source),
            figures=_figures(summary),
            accuracy=accuracy,
            classes=_rows(
                (item.name, f"{item.documents:,}", share(item.documents / summary.total), f"{item.mean_score:.3f}")
                for item in summary.classes
            ),
            **(_compared(accuracy, summary.threshold) if accuracy else {}),
            jobs=_rows((job, f"{count:,}") for job, count in summary.jobs.items()),
            problem_codes=_rows(errors + warnings),
            problems=_rows(
                (p.document, problem.code, problem.message)
                for p in summary.problems
                for problem in p.errors[:_SHOWN_ERRORS]
            ),
            lowest=_rows((p.document, alternatives(p), best_score(p)) for p in summary.lowest),
            documents=_rows((p.document, class_names(p, summary.threshold), best_score(p)) for p in summary.first),
            at_once=_AT_ONCE,
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["visible"] = _visible
    environment.filters["share_of"] = lambda part, whole: f"{part / whole:.1%}"
    return environment


def _figures(summary: Summary) -> list[tuple[str, str]]:
    figures = [("Predictions", f"{summary.total:,}"), ("Classes", f"{len(summary.classes):,}")]
    if summary.accuracy is not None:
        figures.insert(0, ("Classified as labelled", share(summary.accuracy.share)))
    if summary.unassigned:
        figures.append(("Without a class", f"{summary.unassigned:,}"))
    if summary.with_errors:
        figures.append(("With errors", f"{summary.with_errors:,}"))
    return figures


def _compared(accuracy: Accuracy, threshold: float) -> dict[str, Any]:
    matrix = confusion_matrix(accuracy) if accuracy.confusions and len(accuracy.classes) <= _WIDEST_MATRIX else None
    wrong = [cell for cell in accuracy.confusions if cell.expected != cell.found]
    return {
        "accuracy_sentence": accuracy_sentence(accuracy),
        "of_classes": _rows(
            (found.name, f"{found.labelled:,}", f"{found.found:,}", share(found.precision), share(found.recall))
            for found in accuracy.classes
        ),
        "matrix": matrix,
        "named_rows": list(zip(matrix.classes, matrix.rows, strict=True)) if matrix else [],
        "confusions": _rows(
            (cell.expected, cell.found or "-", f"{cell.documents:,}") for cell in wrong[:_SHOWN_CONFUSIONS]
        ),
        "misses": _rows(
            (
                miss.prediction.document,
                class_names(miss.prediction, threshold),
                " | ".join(miss.expected),
                best_score(miss.prediction),
            )
            for miss in accuracy.misses
        ),
    }


def _rows(rows: Iterable[tuple[str, ...]]) -> list[tuple[Markup, ...]]:
    return [tuple(map(_visible, row)) for row in rows]


def _visible(text: str) -> Markup:
    """Show what HTML cannot hold, or what changes the direction of the text, as a replacement sign.

    Names of classes and codes may be broken behind an underscore, as words are at blanks.
    """
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return escape(shown).replace("_", Markup("_<wbr>"))
