"""A summary as text for a terminal."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from rich.bar import Bar
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from constructs_lib.predictions.summary import confusion_matrix
from constructs_lib.predictions.text import (
    accuracy_sentence,
    alternatives,
    best_score,
    class_names,
    clean,
    counted,
    share,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import ConsoleOptions, RenderableType

    from constructs_lib.predictions.summary import Accuracy, Summary

_SHOWN_CLASSES = 40
_SHOWN_PROBLEMS = 10
_SHOWN_CONFUSIONS = 10
_WIDEST_MATRIX = 15  # classes
_NARROWEST = 20  # columns of a terminal
_GOOD = 0.9  # a share that is worth green


def render_text(
    summary: Summary,
    *,
    source: str = "",
    width: int = 80,
    ascii_only: bool = False,
    color: bool = False,
    more: str = "",
) -> str:
    """Render a summary for reading in a terminal: what is right, classes, what is worth a look, documents.

    Args:
        summary: The summary.
        source: Where the predictions came from. Default: - not shown.
        width: The width of the terminal, in columns. Default: 80.
        ascii_only: Use ASCII only, for terminals without other characters. Default: False.
        color: Whether to use colours. Default: False.
        more: Where everything is that is not shown, for example `--csv FILE writes all`. Default: - not said.

    Returns:
        The text, with a line feed at its end. Control characters in names are shown as escapes.
    """
    return _Report(summary, width, ascii_only=ascii_only, color=color, more=more).render(source)


def render_for_terminal(summary: Summary, *, source: str = "", more: str = "") -> str:
    """Render a summary for standard output as it is: its width, its characters, and its colours if it has any.

    Args:
        summary: The summary.
        source: Where the predictions came from. Default: - not shown.
        more: Where everything is that is not shown. Default: - not said.

    Returns:
        The text.
    """
    terminal = Console(file=sys.stdout)
    return render_text(
        summary,
        source=source,
        width=terminal.width,
        ascii_only=not (sys.stdout.encoding or "").lower().startswith("utf"),
        color=terminal.color_system is not None and not terminal.no_color,
        more=more,
    )


class _Report:
    def __init__(self, summary: Summary, width: int, *, ascii_only: bool, color: bool, more: str) -> None:
        self._summary = summary
        self._width = max(width, _NARROWEST)
        self._ascii_only = ascii_only
        self._color = color
        self._more = f" ({more})" if more else ""

    def render(self, source: str) -> str:
        written = io.StringIO()
        console = Console(
            file=written,
            width=self._width,
            color_system="standard" if self._color else None,
            force_terminal=self._color,
            legacy_windows=False,
            highlight=False,
            markup=False,
            emoji=False,
        )
        place = f" from {source}" if source else ""
        console.print(self._text(f"{counted(self._summary.total, 'prediction')}{place}", "bold"), soft_wrap=True)
        for part in (self._accuracy, self._classes, self._jobs, self._lowest, self._problems, self._first):
            for index, item in enumerate(part()):
                if index == 0 or isinstance(item, _Heading):
                    console.print()
                console.print(item)
        return "".join(f"{line.rstrip()}\n" for line in written.getvalue().splitlines())

    def _accuracy(self) -> Iterator[RenderableType]:
        accuracy = self._summary.accuracy
        if accuracy is None:
            return
        yield self._text(accuracy_sentence(accuracy), "bold green" if accuracy.share >= _GOOD else "bold yellow")
        if not accuracy.classes:
            return
        yield self._table(
            ("Class", "Labelled", "Classified", "Precision", "Recall"),
            [
                (
                    of_class.name,
                    f"{of_class.labelled:,}",
                    f"{of_class.found:,}",
                    share(of_class.precision),
                    share(of_class.recall),
                )
                for of_class in accuracy.classes[:_SHOWN_CLASSES]
            ],
            numbers=4,
        )
        yield from self._further(len(accuracy.classes) - _SHOWN_CLASSES, "class", "classes")
        yield from self._confusions(accuracy)
        yield from self._misses(accuracy)

    def _confusions(self, accuracy: Accuracy) -> Iterator[RenderableType]:
        wrong = [cell for cell in accuracy.confusions if cell.expected != cell.found]
        if not wrong:
            return
        matrix = confusion_matrix(accuracy)
        if len(matrix.classes) <= min(_WIDEST_MATRIX, self._width // 8):
            yield self._heading("Confusion matrix: a row a label, a column what it was classified as")
            header = ["", *(str(number) for number in range(1, len(matrix.classes) + 1))]
            if matrix.with_unclassified:
                header.append("none")
            rows = [
                (f"{number} {name}", *(f"{count:,}" if count else "." for count in cells))
                for number, (name, cells) in enumerate(zip(matrix.classes, matrix.rows, strict=True), start=1)
            ]
            yield self._table(header, rows, numbers=len(header) - 1)
            return
        yield self._heading("Taken for another class")
        yield self._table(
            ("Label", "Classified as", "Documents"),
            [(cell.expected, cell.found or "-", f"{cell.documents:,}") for cell in wrong[:_SHOWN_CONFUSIONS]],
            numbers=1,
        )
        yield from self._further(len(wrong) - _SHOWN_CONFUSIONS, "pair")

    def _misses(self, accuracy: Accuracy) -> Iterator[RenderableType]:
        if not accuracy.misses:
            return
        yield self._heading("Not classified as labelled")
        threshold = self._summary.threshold
        yield self._table(
            ("Document", "Classified as", "Label", "Score"),
            [
                (
                    miss.prediction.document,
                    class_names(miss.prediction, threshold),
                    " | ".join(miss.expected),
                    best_score(miss.prediction),
                )
                for miss in accuracy.misses
            ],
            numbers=1,
        )
        yield from self._further(accuracy.labelled - accuracy.right - len(accuracy.misses), "document")

    def _classes(self) -> Iterator[RenderableType]:
        classes = self._summary.classes
        if not classes:
            return
        yield self._heading("Documents per class")
        chart = Table.grid(expand=True, padding=(0, 1, 0, 0))
        chart.add_column(max_width=max(10, self._width // 3), overflow="fold")
        chart.add_column(justify="right", no_wrap=True)
        chart.add_column(ratio=1)
        for item in classes[:_SHOWN_CLASSES]:
            length = max(item.documents / classes[0].documents, 1 / self._width)
            bar = _AsciiBar(length) if self._ascii_only else Bar(1, 0, length, color="cyan")
            chart.add_row(self._text(item.name), f"{item.documents:,}", bar)
        yield self._indented(chart)
        yield from self._further(len(classes) - _SHOWN_CLASSES, "class", "classes")
        if self._summary.unassigned:
            yield self._note(f"{counted(self._summary.unassigned, 'document')} without a class")

    def _jobs(self) -> Iterator[RenderableType]:
        jobs = self._summary.jobs
        if len(jobs) > 1:
            yield self._heading(f"Predictions of {counted(len(jobs), 'job')}")
            shown = list(jobs.items())[:_SHOWN_CLASSES]
            yield self._table(("Job", "Predictions"), [(job, f"{count:,}") for job, count in shown], numbers=1)
            yield from self._further(len(jobs) - _SHOWN_CLASSES, "job")

    def _lowest(self) -> Iterator[RenderableType]:
        if self._summary.lowest:
            yield self._heading("Least certain")
            yield self._table(
                ("Document", "Class (next)", "Score"),
                [(p.document, alternatives(p), best_score(p)) for p in self._summary.lowest],
                numbers=1,
            )

    def _problems(self) -> Iterator[RenderableType]:
        summary = self._summary
        if summary.error_codes:
            yield self._heading(f"Errors in {counted(summary.with_errors, 'document')}", "bold red")
            yield from (self._note(f"{count:,} x {code}") for code, count in summary.error_codes.items())
            for prediction in summary.problems[:_SHOWN_PROBLEMS]:
                for problem in prediction.errors[:_SHOWN_PROBLEMS]:
                    yield self._note(f"{prediction.document}: {problem.message or problem.code}")
                yield from self._further(len(prediction.errors) - _SHOWN_PROBLEMS, "error")
            yield from self._further(summary.with_errors - _SHOWN_PROBLEMS, "document")
        if summary.warning_codes:
            yield self._heading("Warnings", "bold yellow")
            yield from (self._note(f"{count:,} x {code}") for code, count in summary.warning_codes.items())

    def _first(self) -> Iterator[RenderableType]:
        summary = self._summary
        if summary.first:
            yield self._heading("Documents")
            yield self._table(
                ("Document", "Class", "Score"),
                [(p.document, class_names(p, summary.threshold), best_score(p)) for p in summary.first],
                numbers=1,
            )
        yield from self._further(summary.total - len(summary.first), "document")

    def _further(self, number: int, noun: str, plural: str = "") -> Iterator[RenderableType]:
        if number > 0:
            yield self._note(
                f"... and {counted(number, f'more {noun}', f'more {plural}' if plural else '')}{self._more}"
            )

    def _table(self, header: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int = 0) -> RenderableType:
        """Make a table; its last columns, as many as `numbers` says, are set flush right."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for index, name in enumerate(header):
            is_number = index >= len(header) - numbers
            table.add_column(
                self._text(name), justify="right" if is_number else "left", no_wrap=is_number, overflow="fold"
            )
        for row in rows:
            table.add_row(*map(self._text, row))
        return self._indented(table)

    def _indented(self, item: RenderableType) -> RenderableType:
        return Padding(item, (0, 0, 0, 2))

    def _heading(self, text: str, style: str = "bold") -> RenderableType:
        return _Heading(clean(text, ascii_only=self._ascii_only), style=style)

    def _note(self, text: str) -> RenderableType:
        return self._indented(self._text(text))

    def _text(self, text: str, style: str = "") -> RenderableType:
        return Text(clean(text, ascii_only=self._ascii_only), style=style)


class _Heading(Text):
    """A line that others belong to."""


class _AsciiBar:
    """A bar for terminals without block characters, as a share of the room there is."""

    def __init__(self, length: float) -> None:
        self._length = length

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield Text("#" * max(1, round(self._length * options.max_width)))
