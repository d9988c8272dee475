"""Bytes that are looked at before they are read, unzipped on the way, in bounded memory."""

from __future__ import annotations

import zlib
from typing import Protocol

from .reading_errors import damaged

CHUNK = 1 << 14  # bytes; what comes of it stays in the processor's cache
GZIP_MARK = b"\x1f\x8b"
_GZIP = 31


class ReadableStream(Protocol):
    """Anything that gives bytes: a file, an S3 response body."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""


class Source:
    """A stream whose next bytes can be looked at.

    Args:
        stream: Where the bytes come from.
    """

    def __init__(self, stream: ReadableStream) -> None:
        self._stream = stream
        self._held = b""
        self._at = 0

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end, without reading them."""
        if len(self._held) - self._at < size:
            self._held, self._at = self._held[self._at :], 0
            while len(self._held) < size and (chunk := self._stream.read(CHUNK)):
                self._held += chunk
        return self._held[self._at : self._at + size]

    def back(self, size: int) -> None:
        """Take back the last `size` bytes of the last read."""
        self._at -= size

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""
        if self._at >= len(self._held):
            self._held, self._at = self._stream.read(CHUNK), 0
        given = self._held[self._at : self._at + size]
        self._at += len(given)
        return given

    def read_exactly(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end."""
        parts, missing = [], size
        while missing and (chunk := self.read(missing)):
            parts.append(chunk)
            missing -= len(chunk)
        return b"".join(parts)


class Part:
    """So many bytes of a source, as a stream of their own.

    Args:
        source: The source, which nobody else reads from in the meantime.
        size: How many bytes.
        name: What they are, for messages.
    """

    def __init__(self, source: Source, size: int, name: str) -> None:
        self._source = source
        self._left = size
        self._name = name

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end.

        Raises:
            BadArchiveError: The source ends too early.
        """
        chunk = self._source.read(min(size, self._left))
        if not chunk and self._left and size:
            raise damaged(f"the archive is cut off in {self._name}")
        self._left -= len(chunk)
        return chunk

    def skip(self) -> None:
        """Read what is left."""
        while self.read(CHUNK):
            pass


class Inflated:
    """Bytes that zlib unpacks; what follows them stays in the source.

    Args:
        source: The packed bytes.
        window: zlib's number for the format: 31 for gzip, whose checksum is checked, -15 for bare bytes.
    """

    def __init__(self, source: Source, window: int) -> None:
        self._source = source
        self._inflate = zlib.decompressobj(window)
        # What is given to zlib beyond the end is copied: little at first, there may be many small ones.
        self._portion = 1 << 10

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end.

        Raises:
            BadArchiveError: The bytes are cut off, damaged, or their checksum is wrong.
        """
        while not self._ended():
            given = self._inflate.unconsumed_tail
            if not given:
                given = self._source.read(self._portion)
                self._portion = min(2 * self._portion, CHUNK)
            try:
                chunk = self._inflate.decompress(given, size)
            except zlib.error as error:
                raise damaged(f"what is compressed is damaged: {error}") from error
            unused = self._inflate.unused_data  # empty before the end
            self._source.back(len(unused))
            if chunk:
                return chunk
            if not given and not self._ended():
                raise damaged("what is compressed is cut off")
        return b""

    def _ended(self) -> bool:
        return self._inflate.eof


class Gunzipped:
    """The content of a gzip file, which may consist of several, one after the other.

    Args:
        source: The gzip file.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._content = Inflated(source, _GZIP)

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end.

        Raises:
            BadArchiveError: The file is cut off, damaged, or its checksum is wrong.
        """
        while not (chunk := self._content.read(size)) and self._another():
            self._content = Inflated(self._source, _GZIP)
        return chunk

    def _another(self) -> bool:
        rest = b""
        while (start := self._source.read(CHUNK)) and not (rest := start.lstrip(b"\0")):
            pass  # padding, as tapes have it
        self._source.back(len(rest))
        if start and self._source.peek(2) != GZIP_MARK:
            raise damaged("something else follows the gzip file")
        return bool(start)
