"""Files made from predictions, written while they are read."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from constructs_lib.predictions.labels import Labels
    from constructs_lib.predictions.reading import Prediction, Problem
    from constructs_lib.predictions.summary import Summary

_COLUMNS = (
    *("job", "file", "line", "page", "pages", "document_type", "class", "score", "scores"),
    *("error_code", "error_message", "errors", "warnings"),
)
# What a spreadsheet takes for a formula: at the beginning of a cell, behind what it drops, or behind what it may take
# for the end of a cell.
_formula = re.compile(r'(^|[;\t\r\n])(?=[\s"]*[=+\-@\uff1d\uff0b\uff0d\uff20])').sub
_needs_quotes = re.compile(r'[",\r\n]').search
_unseen = re.compile(r"[^\x20-\x7e]").sub
_KEPT = 10_000  # encoded texts remembered
_LONGEST_KEPT = 1_000  # characters of one of them


class _Remembered(dict[str, str]):
    """Encoded texts: names of classes and files come again and again."""

    def __init__(self, encode: Callable[[str], str]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, text: str) -> str:
        encoded = self._encode(text)
        if len(text) <= _LONGEST_KEPT:
            if len(self) >= _KEPT:
                self.clear()
            self[text] = encoded
        return encoded


class _Numbers(dict[float, str]):
    """Scores as text: most have four decimals, and making text of one takes six times as long as to look it up."""

    def __init__(self) -> None:
        super().__init__((number / 10_000, repr(number / 10_000)) for number in range(10_001))

    def __missing__(self, number: float) -> str:
        return repr(number)


def cell(text: str) -> str:
    """Return a cell of a CSV file, defused: what a spreadsheet would run gets an apostrophe before it.

    Args:
        text: What the cell says.
    """
    text = _formula(r"\1'", text)
    return '"' + text.replace('"', '""') + '"' if _needs_quotes(text) else text


class CsvExport:
    """Write predictions as CSV: one line a prediction, with all that is known of it.

    The classes of a multi-label model are joined with `|`. All scores, all errors and all warnings are JSON in a cell.

    Args:
        file: The file to write to.
        labels: The right classes; adds the columns `label` and `right`. Default: - no such columns.
        threshold: The score from which on a label of a multi-label model counts.
    """

    def __init__(self, file: TextIO, labels: Labels | None, threshold: float) -> None:
        self._write = file.write
        self._labels = labels
        self._threshold = threshold
        self._cells = _Remembered(cell)
        self._first = _Remembered(lambda text: f'"{{{_in_cell(json_text(text))}: ')
        self._others = _Remembered(lambda text: f", {_in_cell(json_text(text))}: ")
        self._numbers = _Numbers()
        columns = _COLUMNS if labels is None else (*_COLUMNS, "label", "right")
        self._write(",".join(columns) + "\n")

    def add(self, predictions: Iterable[Prediction]) -> None:
        """Write a line for each."""
        cells, opening, others, numbers, labels = self._cells, self._first, self._others, self._numbers, self._labels
        last_file = last_job = place = None
        lines: list[str] = []
        for prediction in predictions:
            file, line, page, pages, scores, multi_label, document_type, errors, warnings, job = prediction
            if file != last_file or job != last_job or place is None:
                place = f"{cells[job or '']},{cells[file]}"
                last_file, last_job = file, job
            what = f",,{cells[document_type]}" if document_type else ",,"
            if page is not None or pages is not None:
                what = f"{_or_empty(page)},{_or_empty(pages)},{cells[document_type or '']}"
            found = ",,"
            if scores:
                best, score = scores[0]
                number = numbers[score]
                name = self._assigned(prediction) if multi_label else cells[best]
                found = f"{name},{number},{opening[best]}{number}"
                for other, its in scores[1:]:  # a comprehension would be a call for each line
                    found += others[other] + numbers[its]
                found += '}"'
            problems = self._problems(prediction) if errors or warnings else ",,,"
            compared = "" if labels is None else self._compared(prediction, labels)
            lines.append(f"{place},{'' if line is None else line},{what},{found},{problems}{compared}\n")
        self._write("".join(lines))

    def _assigned(self, prediction: Prediction) -> str:
        return cell("|".join([label.name for label in prediction.assigned(self._threshold)]))

    def _problems(self, prediction: Prediction) -> str:
        code, message = prediction.errors[0][:2] if prediction.errors else ("", "")
        return f"{cell(code)},{cell(message)},{_listed(prediction.errors)},{_listed(prediction.warnings)}"

    def _compared(self, prediction: Prediction, labels: Labels) -> str:
        label = labels.find(prediction)
        if label is None:
            return ",,"
        right = label[1] == {score.name for score in prediction.assigned(self._threshold)}
        return f",{cell('|'.join(sorted(label[1])))},{'true' if right else 'false'}"


def _or_null(number: int | None) -> str:
    return "null" if number is None else str(number)


def _or_empty(number: int | None) -> str:
    return "" if number is None else str(number)


def _listed(problems: tuple[Problem, ...]) -> str:
    return f'"{_in_cell(json_value([problem._asdict() for problem in problems]))}"' if problems else ""


def _in_cell(encoded: str) -> str:
    """Put JSON into a quoted cell; a semicolon ends a cell in half of the world, quotes or not."""
    return encoded.replace('"', '""').replace(";", "\\u003b")


class JsonExport:
    """Write one JSON object: `predictions`, an array of what `Prediction.as_dict` returns, then `summary`.

    Args:
        file: The file to write to.
        threshold: The score from which on a label of a multi-label model counts.
    """

    def __init__(self, file: TextIO, threshold: float) -> None:
        self._write = file.write
        self._threshold = threshold
        self._separator = '{"predictions": [\n'
        ascii_only = not (getattr(file, "encoding", None) or "utf-8").lower().startswith("utf")
        self._encode = json_value if not ascii_only else json.dumps
        self._text = json_text if not ascii_only else json.encoder.encode_basestring_ascii
        self._texts = _Remembered(self._text)
        self._names = _Remembered(lambda text: f'}}, {{"name": {self._text(text)}, "score": ')
        self._numbers = _Numbers()

    def add(self, predictions: Iterable[Prediction]) -> None:
        """Write a record for each."""
        texts, names, numbers, threshold = self._texts, self._names, self._numbers, self._threshold
        last_file = last_end = None
        quoted = opening = end = ""
        records: list[str] = []
        for prediction in predictions:
            file, line, page, pages, scores, multi_label, document_type, errors, warnings, job = prediction
            if errors or warnings or not scores:
                records.append(self._encode(prediction.as_dict(threshold)))
                continue
            # What stays the same from one prediction to the next is made once.
            if file != last_file:
                last_file, quoted = file, texts[file]
                opening = quoted[:-1]
            if (multi_label, document_type, job) != last_end:
                last_end = multi_label, document_type, job
                end = (
                    f'}}], "multi_label": {"true" if multi_label else "false"}, '
                    f'"document_type": {"null" if document_type is None else texts[document_type]}, '
                    f'"errors": [], "warnings": [], "job": {"null" if job is None else texts[job]}}}'
                )
            best, score = scores[0]
            assigned = texts[best]
            if multi_label:
                labels = [name for name, its in scores if its >= threshold]
                assigned = self._text("|".join(labels)) if labels else "null"
            at = quoted if line is None else f'{opening} line {line}"'
            where = '"page": null, "pages": null'
            if page is not None or pages is not None:
                at = at if page is None else f'{at[:-1]} page {page}"'
                where = f'"page": {_or_null(page)}, "pages": {_or_null(pages)}'
            number = numbers[score]
            record = (
                f'{{"document": {at}, "class": {assigned}, "score": {number}, "file": {quoted}, '
                f'"line": {"null" if line is None else line}, {where}, '
                f'"scores": [{{"name": {texts[best]}, "score": {number}'
            )
            for name, its in scores[1:]:  # a comprehension would be a call for each line
                record += names[name] + numbers[its]
            records.append(record + end)
        if records:
            self._write(self._separator + ",\n".join(records))
            self._separator = ",\n"

    def finish(self, summary: Summary) -> None:
        """Write the summary, whose lists of single predictions are left out: they are all above."""
        single = {"first", "lowest", "problems"}
        numbers = {name: value for name, value in asdict(summary).items() if name not in single}
        if summary.accuracy is not None:
            classes = [
                {**asdict(found), "precision": found.precision, "recall": found.recall}
                for found in summary.accuracy.classes
            ]
            numbers["accuracy"] = {**numbers["accuracy"], "share": summary.accuracy.share, "classes": classes}
            del numbers["accuracy"]["misses"]
        opening = self._separator if self._separator != ",\n" else "\n"
        self._write(f'{opening}], "summary": {self._encode(numbers)}}}\n')


def json_value(value: object) -> str:
    """Return JSON that people can read and a terminal can show."""
    return _escaped(json.dumps(value, ensure_ascii=False))


def json_text(text: str) -> str:
    """The same for a text, with its quotes."""
    return _escaped(json.encoder.encode_basestring(text))


def _escaped(encoded: str) -> str:
    """Escape what is not seen: controls, marks of direction, halves of characters."""
    return encoded if encoded.isprintable() else _unseen(_escape, encoded)


def _escape(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.encoder.encode_basestring_ascii(match[0])[1:-1]
