"""A summary as text for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from constructs_lib.predictions.reading import Prediction
    from constructs_lib.predictions.summary import Accuracy, Summary

_SHOWN_CLASSES = 40
_SHOWN_PROBLEMS = 10
_EIGHTHS = " ▏▎▍▌▋▊▉"


def render_text(summary: Summary, *, source: str = "", width: int = 80, ascii_only: bool = False) -> str:
    """Render a summary for reading in a terminal.

    Args:
        summary: The summary.
        source: Where the predictions came from. Default: - not shown.
        width: The width of the terminal, in columns. Default: 80.
        ascii_only: Draw bars with `#`, for terminals without block characters. Default: False.

    Returns:
        The text, with a line feed at its end. Control characters in names are shown as escapes.
    """
    parts = [_headline(summary, source), _first(summary, width), _classes(summary, width, ascii_only=ascii_only)]
    parts += [_lowest(summary, width), _problems(summary, width)]
    if summary.accuracy is not None:
        parts.append(_accuracy(summary.accuracy, summary.threshold, width))
    return "\n\n".join("\n".join(lines) for lines in map(list, parts) if lines) + "\n"


def _headline(summary: Summary, source: str) -> Iterator[str]:
    yield f"{counted(summary.total, 'prediction')}{' from ' if source else ''}{_clean(source)}"


def _first(summary: Summary, width: int) -> Iterator[str]:
    if not summary.first:
        return
    rows = [(p.document, class_names(p, summary.threshold), best_score(p)) for p in summary.first]
    yield from _table(("Document", "Class", "Score"), rows, width)
    if summary.total > len(summary.first):
        yield f"... and {summary.total - len(summary.first):,} more (--csv FILE writes all)"


def _classes(summary: Summary, width: int, *, ascii_only: bool) -> Iterator[str]:
    if not summary.classes:
        return
    yield "Documents per class"
    shown = summary.classes[:_SHOWN_CLASSES]
    names = [_clean(item.name) for item in shown]
    name_width = min(max(map(len, names)), max(10, width // 3))
    count_width = len(f"{shown[0].documents:,}")
    room = max(10, width - name_width - count_width - 4)
    for name, item in zip(names, shown, strict=True):
        bar = _bar(room * item.documents / shown[0].documents, ascii_only=ascii_only)
        yield f"  {fit(name, name_width):{name_width}} {item.documents:>{count_width},} {bar}"
    if len(summary.classes) > len(shown):
        yield f"  ... and {counted(len(summary.classes) - len(shown), 'more class', 'more classes')}"
    if summary.unassigned:
        yield f"  {counted(summary.unassigned, 'document')} without a class"


def _lowest(summary: Summary, width: int) -> Iterator[str]:
    if not summary.lowest:
        return
    yield "Least certain"
    rows = [(p.document, _alternatives(p), best_score(p)) for p in summary.lowest]
    yield from _table(("Document", "Class (next)", "Score"), rows, width)


def _problems(summary: Summary, width: int) -> Iterator[str]:
    if summary.error_codes:
        yield f"Errors in {counted(summary.with_errors, 'document')}"
        yield from (f"  {count:,} x {_clean(code)}" for code, count in summary.error_codes.items())
        for prediction in summary.problems[:_SHOWN_PROBLEMS]:
            for problem in prediction.errors:
                yield fit(f"  {_clean(prediction.document)}: {_clean(problem.message or problem.code)}", max(width, 40))
        if summary.with_errors > _SHOWN_PROBLEMS:
            yield f"  ... and {summary.with_errors - _SHOWN_PROBLEMS:,} more (--csv FILE writes all)"
    if summary.warning_codes:
        yield "Warnings"
        yield from (f"  {count:,} x {_clean(code)}" for code, count in summary.warning_codes.items())


def _accuracy(accuracy: Accuracy, threshold: float, width: int) -> Iterator[str]:
    yield accuracy_sentence(accuracy)
    if accuracy.misses:
        rows = [
            (m.prediction.document, class_names(m.prediction, threshold), " | ".join(m.expected))
            for m in accuracy.misses
        ]
        yield from _table(("Document", "Classified as", "Label"), rows, width)
    wrong = accuracy.labelled - accuracy.right
    if wrong > len(accuracy.misses):
        yield f"... and {wrong - len(accuracy.misses):,} more (--csv FILE writes all)"


def accuracy_sentence(accuracy: Accuracy) -> str:
    """Tell in a sentence how many predictions agree with the labels."""
    notes = []
    if accuracy.unlabelled:
        notes.append(f"{accuracy.unlabelled:,} without a label")
    if accuracy.not_predicted:
        notes.append(f"{counted(accuracy.not_predicted, 'label')} without a prediction")
    note = f" ({', '.join(notes)})" if notes else ""
    return f"{accuracy.right:,} of {accuracy.labelled:,} classified as labelled: {accuracy.share:.1%}{note}"


def class_names(prediction: Prediction, threshold: float) -> str:
    """Name the classes a document belongs to, or say why there is none."""
    assigned = prediction.assigned(threshold)
    if assigned:
        return " | ".join(score.name for score in assigned)
    return prediction.errors[0].code if prediction.errors else "-"


def best_score(prediction: Prediction) -> str:
    """Return the best score as text."""
    return f"{prediction.best.score:.3f}" if prediction.best else "-"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def fit(text: str, width: int) -> str:
    """Shorten a name in the middle: its beginning and its end tell it from others."""
    if len(text) <= width:
        return text
    half = (width - 3) // 2
    return f"{text[: width - 3 - half]}...{text[len(text) - half :]}"


def _alternatives(prediction: Prediction) -> str:
    names = [
        f"{score.name}" if i == 0 else f"({score.name} {score.score:.3f})"
        for i, score in enumerate(prediction.scores[:2])
    ]
    return " ".join(names)


def _bar(length: float, *, ascii_only: bool) -> str:
    if ascii_only:
        return "#" * max(1, round(length))
    eighths = max(1, round(length * 8))
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def _table(header: tuple[str, str, str], rows: Sequence[tuple[str, str, str]], width: int) -> Iterator[str]:
    cells = [header, *(tuple(_clean(cell) for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    # What does not fit is taken from the wider of the first two columns.
    excess = sum(widths) + 6 - width
    while excess > 0 and max(widths[:2]) > len("Document"):
        widest = widths.index(max(widths[:2]))
        widths[widest] -= 1
        excess -= 1
    yield from (_row(row, widths) for row in cells)


def _row(cells: Iterable[str], widths: Sequence[int]) -> str:
    return "  " + "  ".join(f"{fit(cell, size):{size}}" for cell, size in zip(cells, widths, strict=True)).rstrip()


def _clean(text: str) -> str:
    """Show control characters as escapes: a file name must not command the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
