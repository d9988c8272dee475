"""How far a long read is, on a terminal."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from rich.progress import Progress as Bar

    from constructs_lib.predictions.reading import Prediction, ReadableStream
    from constructs_lib.predictions.source import Output

_SOON = 0.7  # seconds in which nothing is shown


class Progress:
    """Shows records, bytes and their rate on standard error where that is a terminal; is silent otherwise.

    Args:
        wanted: Whether to show anything at all. Default: True.
    """

    def __init__(self, *, wanted: bool = True) -> None:
        self._wanted = wanted and sys.stderr.isatty()
        self._begun = time.monotonic()
        self._bar: Bar | None = None
        self._bytes = self._records = 0
        self._total: int | None = 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Take away what was shown."""
        if self._bar is not None:
            self._bar.stop()

    def counted(self, output: Output) -> Output:
        """Return an output whose bytes are counted."""
        self._total = None if self._total is None or output.size is None else self._total + output.size
        return replace(output, stream=_Counted(output.stream, self))

    def followed(self, batches: Iterator[list[Prediction]]) -> Iterator[list[Prediction]]:
        """Return the batches of predictions, which are counted where somebody looks."""
        for batch in batches:
            yield batch
            self._records += len(batch)
            if self._wanted:
                self._show()

    def add(self, size: int) -> None:
        """Tell that so many bytes were read."""
        self._bytes += size

    def _show(self) -> None:
        if self._bar is None:
            if time.monotonic() - self._begun < _SOON:
                return
            self._bar = _bar()
            if self._bar is None:
                self._wanted = False
                return
            self._bar.start()
            self._bar.add_task("reading", records=0)
        for task in self._bar.task_ids:
            self._bar.update(task, completed=self._bytes, total=self._total, records=f"{self._records:,}")


def _bar() -> Bar | None:
    try:
        from rich.console import Console  # noqa: PLC0415 - predictions are read without it
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn  # noqa: PLC0415
        from rich.progress import Progress as Bar  # noqa: PLC0415
    except ImportError:
        return None
    return Bar(
        TextColumn("{task.fields[records]} predictions"),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        console=Console(stderr=True),
        transient=True,
    )


class _Counted:
    def __init__(self, stream: ReadableStream, progress: Progress) -> None:
        self._stream = stream
        self._progress = progress

    def read(self, size: int, /) -> bytes:
        chunk = self._stream.read(size)
        self._progress.add(len(chunk))
        return chunk
