"""What a command says while it works: lines that stay, and on a terminal a last line that does not."""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, Self

from rich.cells import set_cell_size

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_PAUSE = 1.0  # seconds without a word after which the last line says how long it has been
_ERASE = "\r\x1b[K"
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x1f\x7f]")


class Progress:
    """Says what is being done, with the seconds since the beginning.

    Inside `with`, a terminal's last line shows what a tool has said last and for how long it has been silent since, so
    that no step of more than a second looks dead.

    Args:
        verbose: Whether to say what the tools say, too.
        log: File for what the tools say; None for none.
    """

    def __init__(self, *, verbose: bool = False, log: Path | None = None) -> None:
        self._begun = self._spoken = time.monotonic()
        self._verbose = verbose
        self._log = log
        self._detail = ""
        self._turn = threading.Lock()  # steps are said from two threads, and by the last line's own
        self._over = threading.Event()

    def __enter__(self) -> Self:
        """Begin to keep the last line alive."""
        if _on_terminal():
            threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Take the last line away."""
        self.rest()

    def rest(self) -> None:
        """Take the last line away: nothing is being done any longer."""
        self._over.set()
        with self._turn:
            _write(_ERASE if _on_terminal() else "")

    def step(self, text: str) -> None:
        """Say what begins now."""
        line = f"[{time.monotonic() - self._begun:5.1f} s] {text}"
        self.say(line)
        self.record(line)

    def say(self, text: str) -> None:
        """Say something for good."""
        with self._turn:
            self._spoken, self._detail = time.monotonic(), ""
            _write(f"{_ERASE if _on_terminal() else ''}{text}\n")

    def detail(self, line: str) -> None:
        """Say what a tool says: for good when asked to, otherwise on a terminal until the next line comes."""
        if self._verbose:
            self.say(f"          {line}")
        elif words := " ".join(_CONTROL.sub(" ", line).split()):
            with self._turn:
                self._spoken, self._detail = time.monotonic(), words
                self._draw()
        self.record(line)

    def fetched(self, count: int) -> None:
        """Say how many packages there are so far."""
        self.detail(f"{count} packages fetched")

    def record(self, text: str) -> None:
        """Write into the log, if there is one."""
        if self._log:
            with self._log.open("a") as file:
                file.write(f"{text}\n")

    def _tick(self) -> None:
        while not self._over.wait(_PAUSE):
            with self._turn:
                try:
                    self._draw()
                except OSError:  # the terminal is gone; who says the next step hears of it
                    return

    def _draw(self) -> None:
        """Write the last line, no wider than the terminal; the cursor is left at its beginning."""
        if self._over.is_set() or not _on_terminal():
            return
        silent = time.monotonic() - self._spoken
        elapsed = f"{silent:6.0f} s   " if silent >= _PAUSE else " " * 11
        width = shutil.get_terminal_size().columns - 1
        line = f"{elapsed}{self._detail}"
        _write(f"{_ERASE}{set_cell_size(line, width).rstrip()}\r")


def _on_terminal() -> bool:
    """Whether a line can be erased there."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
