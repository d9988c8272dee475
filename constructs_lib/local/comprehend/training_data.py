"""Labelled documents as the service takes them: CSV without a header, the label first, then the text."""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from dataclasses import dataclass

# Custom classification's quotas: the least number of documents a class, and of classes.
_LEAST_DOCUMENTS = 10
_LEAST_CLASSES = 2
_COLUMNS = 2
_HEADERS = {"class", "classes", "category", "categories", "label", "labels", "tag", "tags", "target"}

csv.field_size_limit(sys.maxsize)  # a document may have 10 MB


@dataclass(frozen=True)
class TrainingData:
    """What a model learns from.

    Args:
        texts: The documents.
        labels: The labels of each document.
    """

    texts: list[str]
    labels: list[list[str]]

    @property
    def names(self) -> list[str]:
        """Every label, sorted."""
        return sorted({name for labels in self.labels for name in labels})


def read(files: list[bytes], *, delimiter: str | None) -> TrainingData:
    """Read labelled files.

    Args:
        files: Their contents.
        delimiter: Separates the labels of a document; None where a document has one label.

    Raises:
        ValueError: A row is not label and text, or nothing can be learned from the rows.
    """
    rows = [row for content in files for row in _rows(_text(content))]
    _check_header(rows)
    labels = [row.label.split(delimiter) if delimiter else [row.label] for row in rows]
    data = TrainingData([row.text for row in rows], labels)
    _check_classes(rows, data)
    return data


@dataclass(frozen=True)
class _Row:
    number: int
    label: str
    text: str


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"line {line} is not UTF-8 text ({error.reason})") from error


def _rows(text: str) -> list[_Row]:
    rows = []
    # Without newline="", a line that ends in a carriage return alone is an error.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for number, fields in enumerate(reader, 1):
            if not fields:
                continue
            if fields[0].lstrip().startswith(("{", "[")):
                raise ValueError(f"row {number} looks like JSON, not like label,text")
            if len(fields) != _COLUMNS:
                raise ValueError(
                    f"row {number} has {len(fields)} column{'s' if len(fields) > 1 else ''}, not 2: every row must be "
                    'label,text, and a text with commas stands in double quotes: LABEL,"a text, with a comma"'
                )
            if not fields[0].strip() or not fields[1].strip():
                raise ValueError(f"row {number} has an empty {'text' if fields[0].strip() else 'label'}")
            rows.append(_Row(number, *fields))
    except csv.Error as error:
        raise ValueError(f"row {reader.line_num} is not CSV: {error}") from error
    return rows


def _check_header(rows: list[_Row]) -> None:
    if rows and rows[0].label.strip().lower() in _HEADERS:
        raise ValueError(f"row 1 looks like a header ({rows[0].label},{rows[0].text}): the file must have none")


def _check_classes(rows: list[_Row], data: TrainingData) -> None:
    if len(data.names) < _LEAST_CLASSES:
        raise ValueError(f"at least {_LEAST_CLASSES} labels are needed, found {data.names}")
    counts = Counter(name for labels in data.labels for name in labels)
    rare = [name for name, count in counts.items() if count < _LEAST_DOCUMENTS]
    if not rare:
        return
    first = next(row.number for row, labels in zip(rows, data.labels, strict=True) if rare[0] in labels)
    shown = rare[0] if len(rare[0]) < 60 else f"{rare[0][:57]}..."  # noqa: PLR2004 - fits into a line
    raise ValueError(
        f"at least {_LEAST_DOCUMENTS} documents are needed for each label, {shown!r} (row {first}) has "
        f"{counts[rare[0]]}"
        + (f", and {len(rare) - 1} more have too few" if len(rare) > 1 else "")
        + _guess(rows, rare)
    )


def _guess(rows: list[_Row], rare: list[str]) -> str:
    if any("|" in name for name in rare):
        return ". Labels like A|B are several labels of a document: train in multi-label mode"
    if len({row.text for row in rows}) < len({row.label for row in rows}):
        return ". The label must stand first, then the text"
    return ""
