"""Child processes that never outlive us: each has its own process group, which is ended by its id."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


class Children:
    """Commands that run at the moment, in whichever thread."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._ended = False

    def run(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
        time_limit: float,
    ) -> int:
        """Run a command to its end, passing on what it says line by line.

        Args:
            command: Program and arguments.
            cwd: Working directory.
            environment: The whole environment.
            on_line: Called with each line of standard output and error.
            time_limit: Seconds after which the command is ended.

        Returns:
            The exit status.
        """
        process = subprocess.Popen(  # noqa: S603 - callers pass our own tools
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._running.add(process)
        if self._ended:  # while this one was being started
            end_group(process)
        watchdog = threading.Timer(time_limit, end_group, [process])
        watchdog.daemon = True
        watchdog.start()
        with process:
            try:
                for line in process.stdout or ():
                    on_line(line.rstrip())
                return process.wait()
            finally:
                watchdog.cancel()
                end_group(process)
                self._running.discard(process)

    def end(self) -> None:
        """End every running command, and every one that is still to come."""
        self._ended = True
        for process in list(self._running):
            end_group(process)


def end_group(process: subprocess.Popen[str] | subprocess.Popen[bytes], patience: float = 5.0) -> None:
    """End a process started in its own session, and all its children.

    Args:
        process: Started with `start_new_session=True`.
        patience: Seconds between asking and forcing.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
