"""The members of a tar archive, one after the other.

The standard library's reader is not used: it keeps extended headers of any size in memory, goes through chains of them
by recursion, and ends in errors of many kinds on archives that were made to break it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .reading_errors import BadArchiveError, damaged
from .streams import Part, Source

if TYPE_CHECKING:
    from collections.abc import Iterator


_BLOCK = 512  # bytes
_MOST_HEADERS = 1 << 20  # bytes that one member may have in extended headers
_FILES = frozenset((b"0", b"\0", b"7"))  # as new, as old, and as rare programs write them
_WITHOUT_CONTENT = frozenset((b"1", b"2", b"3", b"4", b"5", b"6"))  # links, devices, folders, whatever size they tell
_PAX, _PAX_OF_ALL, _LONG_NAME, _LONG_LINK, _SPARSE = b"x", b"g", b"L", b"K", b"S"


class _Header(NamedTuple):
    name: str
    size: int
    type: bytes


def is_tar(block: bytes) -> bool:
    """Tell whether the first 512 bytes of a file begin a tar archive."""
    return block == bytes(_BLOCK) or (len(block) == _BLOCK and _checksum_holds(block))


def members(source: Source, *, marked: bool) -> Iterator[tuple[str, Part]]:
    """Read the files of a tar archive in their order.

    Args:
        source: The archive.
        marked: Whether an end without the archive's end mark means that it was cut off.

    Yields:
        Name and content of each file; what is left unread of it is skipped.

    Raises:
        BadArchiveError: The archive is damaged or cut off.

    Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual, "Basic Tar Format".
    """
    told: dict[str, str] = {}  # what extended headers say about the next member
    extended = 0
    while (block := source.read_exactly(_BLOCK)) != bytes(_BLOCK):
        if not block and not marked:
            return
        if len(block) < _BLOCK:
            raise damaged("the tar archive is cut off")
        if not _checksum_holds(block):
            raise damaged("the checksum of a header is wrong")
        header = _header(block)
        if header.type in {_PAX, _PAX_OF_ALL, _LONG_NAME, _LONG_LINK}:
            extended += _BLOCK + header.size
            if extended > _MOST_HEADERS:
                raise BadArchiveError(
                    "the tar archive has a member with more than 1 MiB of headers; no job writes that"
                )
            content = Part(source, header.size + -header.size % _BLOCK, "a header")
            told |= _told(header, _all(content, header.size))
            content.skip()
            continue
        if header.type == _SPARSE or any(key.startswith("GNU.sparse") for key in told):
            raise BadArchiveError("the tar archive has sparse files; pack it again without --sparse")
        name, size = told.get("path", header.name), _size(told.get("size"), header.size)
        told, extended = {}, 0
        if header.type in _WITHOUT_CONTENT:
            continue
        content = Part(source, size + -size % _BLOCK, repr(name)[:100])
        if header.type in _FILES:
            yield name, Part(Source(content), size, repr(name)[:100])
        content.skip()


def _checksum_holds(block: bytes) -> bool:
    """Compare the sum of a header with the sum it tells; old programs summed signed bytes."""
    try:
        told = int(block[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    summed = sum(block) - sum(block[148:156]) + 8 * ord(" ")
    signed = summed - 256 * sum(byte > 127 for byte in block[:148] + block[156:])  # noqa: PLR2004 - the sign bit
    return told in {summed, signed}


def _header(block: bytes) -> _Header:
    name, prefix = _text(block[:100]), _text(block[345:500])
    if block[257:263] == b"ustar\0" and prefix:
        name = f"{prefix}/{name}"
    return _Header(name, _number(block[124:136]), block[156:157])


def _number(field: bytes) -> int:
    """Read a size: octal digits, or binary with the first bit set where they do not suffice."""
    if field[0] == 0x80:  # noqa: PLR2004 - the marker of the format
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if digits and not digits.translate(None, b"01234567"):
        return int(digits, 8)
    if not digits:
        return 0
    raise damaged("the size of a member is no number")


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


def _all(content: Part, size: int) -> bytes:
    parts = []
    while size and (chunk := content.read(size)):
        parts.append(chunk)
        size -= len(chunk)
    return b"".join(parts)


def _told(header: _Header, content: bytes) -> dict[str, str]:
    if header.type == _LONG_NAME:
        return {"path": _text(content)}
    return _pax_records(content) if header.type == _PAX else {}


def _pax_records(content: bytes) -> dict[str, str]:
    """Read lines of the form `length key=value`, where the length counts all of the line."""
    records, at = {}, 0
    while at < len(content) and content[at]:
        digits, blank, _ = content[at : at + 20].partition(b" ")
        end = at + int(digits) if digits.isdigit() else 0
        key, equals, value = content[at + len(digits) + 1 : end].partition(b"=")
        if not (blank and equals and at < end <= len(content)):
            raise damaged("an extended header cannot be read")
        records[key.decode("utf-8", "replace")] = value.removesuffix(b"\n").decode("utf-8", "replace")
        at = end
    return records


def _size(told: str | None, otherwise: int) -> int:
    if told is None:
        return otherwise
    if told.isascii() and told.isdecimal() and len(told) <= 18:  # noqa: PLR2004 - an exabyte has 19 digits
        return int(told)
    raise damaged("the size of a member is no number")
