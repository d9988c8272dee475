"""Child processes that never outlive us: each has its own process group, which is ended by its id."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_REGISTER = "children"


class Children:
    """Commands that run at the moment, in whichever thread.

    Args:
        directory: A folder of the run, where their ids stand, so that somebody else can end them when we are killed.
    """

    def __init__(self, directory: Path) -> None:
        self._register = directory / _REGISTER
        self._register.mkdir()
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
        entry = self._register / str(process.pid)
        with contextlib.suppress(FileNotFoundError):  # the run is over already: ended below
            entry.touch()
        self._running.add(process)
        if self._ended:  # while this one was being started
            kill_group(process)
        watchdog = threading.Timer(time_limit, kill_group, [process])
        watchdog.daemon = True
        watchdog.start()
        with process:
            try:
                for line in process.stdout or ():
                    on_line(line.rstrip())
                return process.wait()
            finally:
                watchdog.cancel()
                kill_group(process)
                self._running.discard(process)
                entry.unlink(missing_ok=True)

    def end(self) -> None:
        """End every running command, and every one that is still to come."""
        self._ended = True
        for process in list(self._running):
            kill_group(process)


def kill_group(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """End a process and all its children at once: what they keep is in the run's folder, which goes.

    Args:
        process: Started with `start_new_session=True`.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):  # the latter of macOS, for one that ends just now
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_registered(directory: Path) -> None:
    """End the commands of a run whose own process is gone."""
    for entry in (directory / _REGISTER).glob("*"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(int(entry.name), signal.SIGKILL)


def remove(directory: Path) -> None:
    """Remove a run's folder, also when something writes its last into it at this moment."""
    for _ in range(20):
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            return
        time.sleep(0.05)
