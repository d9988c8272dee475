"""Local files that are published as documents."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.errors import problem

if TYPE_CHECKING:
    from os import PathLike

# Developer Guide, "Inputs for asynchronous custom analysis": what the service reads beside text.
WORD = (".docx", ".doc")
READ_BY_TEXTRACT = (".pdf", ".jpg", ".jpeg", ".png", ".tif", ".tiff")


@dataclass(frozen=True)
class _Kind:
    """A kind of file that is no text, though its bytes may be letters."""

    name: str
    beginnings: tuple[bytes, ...]
    endings: tuple[str, ...] = ()  # of names; none for what the service does not read


_KINDS = (
    _Kind("a PDF file", (b"%PDF-",), (".pdf",)),
    _Kind("a Word or ZIP file", (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"), WORD),
    _Kind("a PNG image", (b"\x89PNG",), (".png",)),
    _Kind("a JPEG image", (b"\xff\xd8\xff",), (".jpg", ".jpeg")),
    _Kind("a TIFF image", (b"II*\x00", b"MM\x00*"), (".tif", ".tiff")),
    _Kind("an RTF file", (b"{\\rtf",)),
    _Kind("a PostScript file", (b"%!PS",)),
    _Kind("a compressed file", (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"\x28\xb5\x2f\xfd")),
)
_LINE_SEPARATOR = "\u2028"


def check_documents_file(option: str, path: str | PathLike[str], *, text_only: bool) -> list[str]:
    """Check that a local file can be published and read by the service.

    Args:
        option: The option that has it.
        path: Anything.
        text_only: Whether it must be plain text.

    Returns:
        Problems.

    Source: Developer Guide, "Preparing inputs for asynchronous custom analysis" (UTF-8 text).
    """
    try:
        return _check_file(option, Path(path)) or _check_content(option, Path(path), text_only=text_only)
    except (TypeError, ValueError):
        return [problem(option, path, "the path of a local file", "pass it as text or as a Path")]
    except OSError as error:
        advice = f"it cannot be read: {error.strerror}"
        return [problem(option, str(path), "a file that is there, can be read and is not empty", advice)]


def _check_file(option: str, path: Path) -> list[str]:
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
    return []


def _check_content(option: str, path: Path, *, text_only: bool) -> list[str]:
    with path.open("rb") as file:
        beginning = file.read(8)
    found = next((kind for kind in _KINDS if beginning.startswith(kind.beginnings)), None)
    named = next((kind for kind in _KINDS if path.suffix.lower() in kind.endings), None)
    if found and named and found != named:
        return [problem(option, str(path), named.name, f"line 1 begins like {found.name}; {_cure(found)}")]
    if found and named is None and (text_only or path.suffix or not found.endings):
        return [problem(option, str(path), "UTF-8 text", f"line 1 begins like {found.name}; {_cure(found)}")]
    if found or named:
        return []
    fault = _fault(path, lines=text_only)
    return [problem(option, str(path), "UTF-8 text", fault)] if fault else []


def _cure(kind: _Kind) -> str:
    if not kind.endings:
        return "the service reads no such file; save its text as UTF-8"
    return f"name it {' or '.join(kind.endings)} and use InputFormat.ONE_DOC_PER_FILE, or save its text as UTF-8"


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
