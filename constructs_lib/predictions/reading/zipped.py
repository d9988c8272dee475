"""The members of a zip archive, one after the other, without seeking.

The standard library's reader needs a file that can seek, which the body of a response cannot, and keeps the directory,
whatever its size, in memory.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

from .reading_errors import BadArchiveError, damaged
from .streams import CHUNK, Inflated, Part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .streams import ReadableStream, Source

MARKS = (b"PK\x03\x04", b"PK\x05\x06")  # a first member, or an empty archive
_MEMBER, _END, _DESCRIPTOR = b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"
_FOLLOWING = (_MEMBER, b"PK\x01\x02", b"PK\x06\x06", b"PK\x06\x08", _END)
_HEADER = struct.Struct("<2xHH4xIIIHH")  # flags, method, sum, packed size, size, length of name and of extra fields
_ENCRYPTED, _SIZES_BEHIND, _UTF8 = 1, 8, 0x800
_STORED, _DEFLATED = 0, 8
_BARE = -15
_ZIP64, _IN_ZIP64 = 1, 0xFFFFFFFF
_LONGEST_END = 22 + (1 << 16)  # bytes of the end record with its comment


def members(source: Source) -> Iterator[tuple[str, ReadableStream]]:
    """Read the members of a zip archive in their order.

    Args:
        source: The archive.

    Yields:
        Name and content of each member; what is left unread of it is skipped.

    Raises:
        BadArchiveError: The archive is damaged, cut off, encrypted, or packed in a way that is not supported.

    Source: PKWARE, APPNOTE.TXT, sections 4.3.7 (local file header) to 4.3.16 (end of central directory record).
    """
    while (mark := source.peek(4)) == _MEMBER:
        source.read_exactly(4)
        flags, method, told, packed, size, *lengths = _HEADER.unpack(_whole(source, _HEADER.size))
        name = _whole(source, lengths[0]).decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        extra = _whole(source, lengths[1])
        if flags & _ENCRYPTED:
            raise BadArchiveError("the zip archive is encrypted: unpack it, and give what was in it")
        if method not in {_STORED, _DEFLATED} or (method == _STORED and flags & _SIZES_BEHIND):
            raise BadArchiveError("the zip archive is packed in an unusual way: unpack it, and give what was in it")
        content = _Checked(
            Inflated(source, _BARE)
            if method == _DEFLATED
            else Part(source, _packed_size(packed, size, extra), repr(name)[:100])
        )
        yield name, content
        while content.read(CHUNK):
            pass
        if flags & _SIZES_BEHIND:
            told = _read_descriptor(source)
        if content.sum != told:
            raise damaged(f"the checksum of {name[:100]!r} is wrong")
    if mark not in _FOLLOWING:
        raise damaged("the zip archive is damaged or cut off")
    end = b""
    while chunk := source.read(CHUNK):
        end = (end + chunk)[-_LONGEST_END:]
    if _END not in end:
        raise damaged("the zip archive is cut off")


class _Checked:
    """A content whose checksum is taken while it is read."""

    def __init__(self, content: ReadableStream) -> None:
        self._content = content
        self.sum = 0

    def read(self, size: int, /) -> bytes:
        chunk = self._content.read(size)
        self.sum = zlib.crc32(chunk, self.sum)
        return chunk


def _whole(source: Source, size: int) -> bytes:
    found = source.read_exactly(size)
    if len(found) < size:
        raise damaged("the zip archive is cut off")
    return found


def _packed_size(packed: int, size: int, extra: bytes) -> int:
    """Return the size of a stored member, which stands in an extra field from 4 GiB on."""
    while packed == _IN_ZIP64 and len(extra) >= 4:  # noqa: PLR2004 - id and length of a field
        field, length = struct.unpack_from("<HH", extra)
        at = 12 if size == _IN_ZIP64 else 4
        if field == _ZIP64 and len(extra) >= at + 8:
            return int.from_bytes(extra[at : at + 8], "little")
        extra = extra[4 + length :]
    return packed


def _read_descriptor(source: Source) -> int:
    """Read the checksum and the sizes behind a member: with or without a mark, with sizes of 4 or of 8 bytes."""
    if source.peek(4) == _DESCRIPTOR:
        source.read_exactly(4)
    told = int.from_bytes(_whole(source, 4), "little")
    sizes = 8 if source.peek(12)[8:] in _FOLLOWING else 16
    _whole(source, sizes)
    return told
