"""Local files that are published as documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.errors import problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

# What files that are no text begin with: PDF, ZIP (which Word uses), PNG, JPEG, TIFF, old Word.
_MAGIC = (b"%PDF", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*", b"\xd0\xcf\x11\xe0")
_LINE_SEPARATOR = "\u2028"


def check_documents_file(
    option: str, path: str | PathLike[str], *, text_only: bool, no_text: Sequence[str]
) -> list[str]:
    """Check that a local file can be published and read by the service.

    Args:
        option: The option that has it.
        path: Anything.
        text_only: Whether it must be plain text.
        no_text: Endings of names of files that are no text.

    Returns:
        Problems.

    Source: Developer Guide, "Preparing inputs for asynchronous custom analysis" (UTF-8 text).
    """
    try:
        file = Path(path)
        return _check(option, file, text_only=text_only, is_text=not file.name.lower().endswith(tuple(no_text)))
    except (TypeError, ValueError):
        return [problem(option, path, "the path of a local file", "pass it as text or as a Path")]
    except OSError as error:
        advice = f"it cannot be read: {error.strerror}"
        return [problem(option, str(path), "a file that is there, can be read and is not empty", advice)]


def _check(option: str, path: Path, *, text_only: bool, is_text: bool) -> list[str]:
    allowed = "a file that is there, can be read and is not empty"
    if not path.exists():
        return [problem(option, str(path), allowed, f"there is no such file; looked for {path.absolute()}")]
    if path.is_dir():
        advice = "this is a folder; use Documents.from_bucket for more than one file"
        return [problem(option, str(path), allowed, advice)]
    if not path.is_file():
        return [problem(option, str(path), allowed, "this is a device or a pipe; write documents into a file")]
    if not path.stat().st_size:
        return [problem(option, str(path), allowed, "this one is empty; write documents into it")]
    with path.open("rb") as file:
        is_binary = file.read(8).startswith(_MAGIC)
    if is_text and (text_only or not is_binary):
        fault = _fault(path, lines=text_only)
        if fault:
            return [problem(option, str(path), "UTF-8 text", fault)]
    return []


def _fault(path: Path, *, lines: bool) -> str | None:
    """What keeps the service from reading a text file, with the line."""
    empty = True
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                byte = f"byte 0x{line[error.start]:02x}"
                return (
                    f"line {number} is not UTF-8 ({byte}), and the service ignores all that follows; save it as UTF-8"
                )
            if "\x00" in text:
                return f"line {number} holds a zero byte, as UTF-16 and files that are no text do; save it as UTF-8"
            if lines and _LINE_SEPARATOR in text:
                return f"line {number} holds U+2028, which the service does not take in lines; take it out"
            empty = empty and not text.strip("\ufeff \t\r\n\f\v")
    return "there is nothing but blanks in it; write documents into it" if empty else None
