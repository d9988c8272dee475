"""Stream predictions out of an `output.tar.gz`: one record in memory at a time."""

from __future__ import annotations

import codecs
import gzip
import json
import tarfile
import zlib
from typing import TYPE_CHECKING, Any, Protocol

from constructs_lib.predictions.errors import BadArchiveError
from constructs_lib.predictions.records import parse_record, unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from constructs_lib.predictions.records import Prediction

_CHUNK = 1 << 16  # bytes
_LONGEST_RECORD = 1 << 20  # characters; a thousand classes with long names need a tenth of it
_NAMED = 5  # members named in a message
_BETWEEN_RECORDS = " \t\r\n,[]"  # records stand on lines of their own or in a JSON array


class ReadableStream(Protocol):
    """Anything that gives bytes: a file, an S3 response body."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, none at the end."""


def read_predictions(stream: ReadableStream) -> Iterator[Prediction]:
    """Read the archive that a job wrote, from beginning to end, in bounded memory.

    Args:
        stream: The bytes of `output.tar.gz`; need not be seekable and is not closed.

    Yields:
        The predictions, in the order of the archive.

    Raises:
        BadArchiveError: The archive is damaged or cut off, or holds something else than predictions.

    Source: developer guide, "Outputs for asynchronous analysis jobs".
    """
    # tarfile can gunzip by itself, but does not check the sum at the end.
    # The stub asks for seek, which reading from beginning to end never calls.
    unzipped: gzip.GzipFile = gzip.GzipFile(fileobj=stream, mode="rb")  # type: ignore[call-overload]
    try:
        yield from _read_tar(unzipped)
        while unzipped.read(_CHUNK):
            pass  # the checksum stands behind the last byte
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise BadArchiveError(
            f"this is no complete tar.gz archive ({error}): read the output.tar.gz of a job that is COMPLETED, "
            "and if you copied the file, copy it again"
        ) from error


def _read_tar(unzipped: gzip.GzipFile) -> Iterator[Prediction]:
    others: list[str] = []
    found = False
    with tarfile.open(fileobj=unzipped, mode="r|") as tar:
        for member in tar:
            # tarfile remembers every member, and scanned documents bring one a page.
            tar.members.clear()  # type: ignore[attr-defined]  # public, not documented
            if not member.isfile():
                continue
            if not _holds_predictions(member.name):
                others = [*others, member.name][:_NAMED]
                continue
            found = True
            content = tar.extractfile(member)
            if content is not None:
                yield from _read_member(member.name, content)
    if not found:
        held = f"it holds {', '.join(others)}" if others else "it is empty"
        raise BadArchiveError(f"no predictions in this archive: {held}; a classification job writes predictions.jsonl")


def _holds_predictions(name: str) -> bool:
    """Tell predictions from what else lies in the archive: Textract's answers, in files named by page number."""
    return name.endswith((".jsonl", ".json", ".out")) or name.rpartition("/")[2] == "output"


def _read_member(name: str, content: IO[bytes]) -> Iterator[Prediction]:
    count = 0
    try:
        for record in _json_objects(_decoded(content)):
            count += 1
            yield from parse_record(record)
    except ValueError as error:  # wrong JSON and wrong UTF-8 are ValueErrors, too
        raise BadArchiveError(f"{name}: no prediction at or after record {max(count, 1)}: {error}") from error


def _decoded(content: IO[bytes]) -> Iterator[str]:
    # io.TextIOWrapper asks a member of a streamed archive whether it can seek, which fails before Python 3.12.
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    while chunk := content.read(_CHUNK):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _json_objects(chunks: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Read JSON objects one after the other, on lines or spread over lines, bare or in an array."""
    decode = json.JSONDecoder().raw_decode
    buffer, start = "", 0
    while True:
        while start < len(buffer) and buffer[start] in _BETWEEN_RECORDS:
            start += 1
        try:
            value, start = decode(buffer, start)
        except json.JSONDecodeError as error:
            rest = buffer[start:]
            if len(rest) > _LONGEST_RECORD:
                raise ValueError(f"what begins with {rest[:60]!r} is no JSON object of reasonable length") from error
            more = next(chunks, None)
            if more is None:
                if not rest:
                    return
                raise ValueError(f"{error.msg} in {rest[:60]!r}") from error
            buffer, start = rest + more, 0
            continue
        if not isinstance(value, dict):
            raise unexpected("a record", value, "an object")
        yield value
