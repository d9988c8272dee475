"""The right answers, to count how many predictions are right."""

from __future__ import annotations

import csv
import io
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from constructs_lib.predictions.reading import PredictionsError
from constructs_lib.predictions.source_errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from constructs_lib.predictions.reading import Prediction

_Key = tuple[str | None, int | None]

_HELP = "the first line must name its columns: `file,label`, `line,label` or `file,line,label`"


class Labels:
    """The right classes of documents, by file, by line, or by file and line.

    Args:
        by_document: Class names by `(file, line)`; the part that the keys do not use is None.
    """

    def __init__(self, by_document: Mapping[_Key, frozenset[str]]) -> None:
        self._by_document = by_document
        self._with_file = any(file is not None for file, _ in by_document)
        self._with_line = any(line is not None for _, line in by_document)

    def __len__(self) -> int:
        """Return how many documents have a label."""
        return len(self._by_document)

    def find(self, prediction: Prediction) -> tuple[_Key, frozenset[str]] | None:
        """Return the key and the right classes of a document, or None when it has no label.

        Args:
            prediction: The prediction; its file is looked up as it is, then without its folders.
        """
        line = prediction.line if self._with_line else None
        names = (prediction.file, PurePosixPath(prediction.file).name) if self._with_file else (None,)
        for name in names:
            if (name, line) in self._by_document:
                return (name, line), self._by_document[name, line]
        return None


def read_labels(path: str | PathLike[str]) -> Labels:
    """Read labels from a CSV file.

    Args:
        path: A UTF-8 file whose first line names its columns: `label`, and `file` or `line` (counted from 0, as in
            the job's output) or both. Several labels of one document are joined with `|`.

    Returns:
        The labels.

    Raises:
        PredictionsError: The file cannot be read, or a line of it cannot be used; the message names the line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise NotFoundError(f"labels: there is no file {path}") from None
    except IsADirectoryError:
        raise PredictionsError(f"labels: {str(path)!r} is a folder or no name; give the name of a CSV file") from None
    except (OSError, ValueError) as error:
        raise PredictionsError(f"labels: cannot read {path}: {getattr(error, 'strerror', None) or error}") from error

    rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    columns = set(rows.fieldnames or ())
    if "label" not in columns or not columns & {"file", "line"}:
        raise PredictionsError(f"labels: {path} begins with {','.join(rows.fieldnames or ())[:60]!r}; {_HELP}")
    by_document: dict[_Key, frozenset[str]] = {}
    try:
        for row in rows:
            key = _key(row)
            if key in by_document:
                raise ValueError("this document has a label already")  # noqa: TRY301 - the handler adds the line number
            by_document[key] = frozenset(name.strip() for name in (row["label"] or "").split("|") if name.strip())
            if not by_document[key]:
                raise ValueError("the label is empty")  # noqa: TRY301 - the handler adds the line number
    except (ValueError, csv.Error) as error:
        raise PredictionsError(f"labels: {path}, line {rows.reader.line_num}: {error}") from error
    if not by_document:
        raise PredictionsError(f"labels: {path} has no line below the column names")
    return Labels(by_document)


def _key(row: Mapping[str, str | None]) -> _Key:
    file, line = row.get("file"), row.get("line")
    if "line" not in row:
        return file, None
    if line is None or not line.strip().isdecimal():
        raise ValueError(f"line is {line!r}, a whole number was expected")
    return file, int(line)
