"""Labelled documents as the service takes them: CSV without a header, the label first, then the text.

Guide: https://docs.aws.amazon.com/comprehend/latest/dg/prep-class-data-format.html for the file and
https://docs.aws.amazon.com/comprehend/latest/dg/guidelines-and-limits.html for the quotas.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections import Counter
from dataclasses import dataclass

_LONGEST_LABEL = 5000  # characters
_COLUMNS = 2
_HEADERS = {"class", "classes", "category", "categories", "label", "labels", "tag", "tags", "target"}

csv.field_size_limit(sys.maxsize)  # a document may have 10 MB


@dataclass(frozen=True)
class Quotas:
    """What is asked of a training file in one mode.

    Args:
        labels: How many labels at most.
        documents_each: How many documents of each label at least.
        documents: How many documents at least.
    """

    labels: int
    documents_each: int
    documents: int


_FEWEST_LABELS = 2  # the guide names no number; with one there is nothing to tell apart
MULTI_CLASS = Quotas(labels=1000, documents_each=50, documents=0)
MULTI_LABEL = Quotas(labels=100, documents_each=10, documents=50)


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
    for row, names in zip(rows, labels, strict=True):
        _check_labels(row, names)
    data = TrainingData([row.text for row in rows], labels)
    _check_quotas(rows, data, MULTI_LABEL if delimiter else MULTI_CLASS)
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
            if len(fields) == 1 and (other := re.search(r"[;\t]", fields[0])):
                raise ValueError(f"row {number} has no comma: label and text are separated by one, not by {other[0]!r}")
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
        raise ValueError(
            f"row 1 looks like a header ({_short(rows[0].label)},{_short(rows[0].text)}): the file must have none"
        )


def _check_labels(row: _Row, names: list[str]) -> None:
    """Otherwise a label that differs in what nobody sees would be trained as one of its own."""
    for name in names:
        if name != name.strip():
            raise ValueError(
                f"row {row.number} has a label with a space at its edge, {_short(name)!r}: the guide wants no space "
                "before or after what separates labels and columns"
            )
        if not name:
            raise ValueError(f"row {row.number} has an empty label in {_short(row.label)!r}")
        if len(name) > _LONGEST_LABEL:
            raise ValueError(
                f"row {row.number} has a label of {len(name):,} characters ({_short(name)}), more than "
                f"{_LONGEST_LABEL:,}: the label must stand first, then the text"
            )


def _check_quotas(rows: list[_Row], data: TrainingData, quotas: Quotas) -> None:
    if len(data.names) < _FEWEST_LABELS:
        raise ValueError(f"at least {_FEWEST_LABELS} labels are needed, found {data.names}")
    counts = Counter(name for labels in data.labels for name in labels)
    rare = [name for name, count in counts.items() if count < quotas.documents_each]
    if rare:
        first = next(row.number for row, labels in zip(rows, data.labels, strict=True) if rare[0] in labels)
        raise ValueError(
            f"at least {quotas.documents_each} documents are needed for each label, {_short(rare[0])!r} (row {first}) "
            f"has {counts[rare[0]]}"
            + (f", and {len(rare) - 1} more have too few" if len(rare) > 1 else "")
            + _guess(rows, rare)
        )
    if len(data.names) > quotas.labels:
        raise ValueError(f"at most {quotas.labels:,} labels are allowed, found {len(data.names):,}")
    if len(rows) < quotas.documents:
        raise ValueError(f"at least {quotas.documents} documents are needed in all, found {len(rows)}")


def _guess(rows: list[_Row], rare: list[str]) -> str:
    if rare == [rows[0].label] and [row.label for row in rows].count(rare[0]) == 1:
        return ". If row 1 is a header, take it out: the file must have none"
    if any("|" in name for name in rare):
        return ". Labels like A|B are several labels of a document: train in multi-label mode"
    if len({row.text for row in rows}) < len({row.label for row in rows}):
        return ". The label must stand first, then the text"
    return ""


def _short(text: str) -> str:
    """As much of a text as fits into a line."""
    return text if len(text) < 60 else f"{text[:57]}..."  # noqa: PLR2004 - see above
