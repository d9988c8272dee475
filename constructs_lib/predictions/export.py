"""Files made from predictions, written while they are read and put in place when complete."""

from __future__ import annotations

import csv
import json
import os
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from constructs_lib.predictions.reading import PredictionsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs_lib.predictions.labels import Labels
    from constructs_lib.predictions.reading import Prediction
    from constructs_lib.predictions.summary import Summary

STANDARD_OUTPUT = "-"


@contextmanager
def open_complete(name: str) -> Iterator[TextIO]:
    """Open a text file that appears under its name only when everything was written.

    Args:
        name: The path, or `-` for standard output.

    Yields:
        The file to write to.

    Raises:
        PredictionsError: The file cannot be written.
    """
    if name == STANDARD_OUTPUT:
        yield sys.stdout
        return
    path = Path(name)
    # Beside the target, so that putting it in place is one step of the file system.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        # A lone surrogate, which JSON can hold, is written as its escape.
        file = temporary.open("x", encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise PredictionsError(f"cannot write {path}: {error.strerror}") from error
    try:
        with file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class CsvExport:
    """Write predictions as CSV: one line a prediction, the classes of a multi-label model joined with `|`.

    Args:
        file: The file to write to.
        labels: The right classes; adds the columns `label` and `right`. Default: - no such columns.
        threshold: The score from which on a label of a multi-label model counts.
    """

    def __init__(self, file: TextIO, labels: Labels | None, threshold: float) -> None:
        self._writer = csv.writer(file, lineterminator="\n")
        self._labels = labels
        self._threshold = threshold
        columns = ["file", "line", "page", "class", "score", "error_code", "error_message"]
        self._writer.writerow(columns if labels is None else [*columns, "label", "right"])

    def add(self, prediction: Prediction) -> None:
        """Write one line."""
        assigned = [score.name for score in prediction.assigned(self._threshold)]
        error = prediction.errors[0] if prediction.errors else None
        row: list[str | float | None] = [prediction.file, prediction.line, prediction.page, "|".join(assigned)]
        row += [prediction.best.score if prediction.best else None]
        row += [error.code, error.message] if error else [None, None]
        if self._labels is not None:
            label = self._labels.find(prediction)
            row += ["|".join(sorted(label[1])), str(label[1] == set(assigned)).lower()] if label else [None, None]
        self._writer.writerow(row)


class JsonExport:
    """Write one JSON object: `predictions`, an array of records, then `summary`.

    Args:
        file: The file to write to.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._separator = '{"predictions": [\n'
        self._encode = json.JSONEncoder(ensure_ascii=False).encode

    def add(self, prediction: Prediction) -> None:
        """Write one record."""
        self._file.write(self._separator + self._encode(prediction.as_dict()))
        self._separator = ",\n"

    def finish(self, summary: Summary) -> None:
        """Write the summary, whose lists of single predictions are left out: they are all above."""
        numbers = {
            name: value for name, value in asdict(summary).items() if name not in {"first", "lowest", "problems"}
        }
        if summary.accuracy is not None:
            numbers["accuracy"] = {**numbers["accuracy"], "share": summary.accuracy.share}
            del numbers["accuracy"]["misses"]
        opening = self._separator if self._separator != ",\n" else "\n"
        self._file.write(f'{opening}], "summary": {self._encode(numbers)}}}\n')
