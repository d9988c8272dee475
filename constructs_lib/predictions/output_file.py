"""Files that appear under their name only when all of them was written."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, cast

from constructs_lib.predictions.reading import PredictionsError
from constructs_lib.predictions.text import clean_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

STANDARD_OUTPUT = "-"


@contextmanager
def open_complete(name: str, *, errors: str = "backslashreplace") -> Iterator[TextIO]:
    """Open a text file that appears under its name only when everything was written.

    A link is written through, a pipe or a device is written to as it is, and a file that is replaced keeps its mode.

    Args:
        name: The path, or `-` for standard output.
        errors: What becomes of characters that cannot be written, as for `open`. Default: their escapes.

    Yields:
        The file to write to; to a terminal no control characters are written.

    Raises:
        PredictionsError: The file cannot be written.
    """
    if name == STANDARD_OUTPUT:
        yield _standard_output(errors)
        return
    mode = None
    path = Path(name)
    try:
        mode = path.stat().st_mode  # a link such as /dev/stdout leads to a pipe that has no path
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        raise _not_written(name, error) from error
    if not name or name.endswith(os.sep) or (mode is not None and stat.S_ISDIR(mode)):
        raise PredictionsError(f"cannot write {name!r}: it is a folder or no name; give the name of a file")
    if mode is None or stat.S_ISREG(mode):
        path = Path(os.path.realpath(name))
        with _replaced(path, name, mode, errors) as file:
            yield file
        return
    try:
        file = path.open("w", encoding="utf-8", errors=errors, newline="")
    except OSError as error:
        raise _not_written(name, error) from error
    with file:
        yield file


@contextmanager
def _replaced(path: Path, name: str, mode: int | None, errors: str) -> Iterator[TextIO]:
    if mode is not None and not os.access(path, os.W_OK):
        raise PredictionsError(f"cannot write {name}: Permission denied")
    try:
        # Beside the target, so that putting it in place is one step of the file system. Nobody else may read it yet.
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    except OSError as error:
        raise _not_written(name, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors=errors, newline="") as file:
            yield file
        if mode is None:
            umask = os.umask(0)
            os.umask(umask)
            os.chmod(temporary, 0o666 & ~umask)  # noqa: PTH101 - as any other new file
        else:
            os.chmod(temporary, stat.S_IMODE(mode))  # noqa: PTH101 - as it was
        Path(temporary).replace(path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temporary)  # noqa: PTH108 - beside os.chmod


def _not_written(name: str, error: OSError | ValueError) -> PredictionsError:
    return PredictionsError(f"cannot write {name}: {getattr(error, 'strerror', error)}")


def _standard_output(errors: str) -> TextIO:
    if sys.stdout.isatty():
        return cast("TextIO", _Terminal(sys.stdout))
    reconfigure = getattr(sys.stdout, "reconfigure", None)  # what replaces it in tests has none
    if reconfigure:
        reconfigure(errors=errors)
    return sys.stdout


class _Terminal:
    """A terminal, which must not be commanded by what is shown."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self.encoding = file.encoding

    def write(self, text: str) -> int:
        shown = clean_lines(text)
        if not (self.encoding or "").lower().startswith("utf"):
            shown = shown.encode("ascii", "backslashreplace").decode()
        return self._file.write(shown)
