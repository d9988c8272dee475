"""Stream predictions out of whatever holds them: one record in memory at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import tar, zipped
from .foreign import is_beside, member_of_another_kind
from .json_stream import json_batches, looks_like_json
from .origin import job_of
from .reading_errors import BadArchiveError, OtherKindError, damaged
from .records import read_records
from .streams import CHUNK, GZIP_MARK, Gunzipped, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .prediction import Prediction
    from .streams import ReadableStream

_NAMES = (".jsonl", ".json", ".out", ".gz", ".tgz", ".tar", ".zip")
_NAMED = 5  # members named in a message
_DEEPEST = 5  # a zip of a folder with an archive of many output.tar.gz: zip, gzip, tar, gzip, tar


def read_predictions(stream: ReadableStream, *, job: str | None = None) -> Iterator[Prediction]:
    """Read what a job wrote, from beginning to end, in bounded memory.

    Args:
        stream: The bytes of `output.tar.gz`, of the file in it, compressed or not, of a tar or zip archive that holds
            either, or of a file of the table of predictions; need not be seekable and is not closed.
        job: The job it is of, for `Prediction.job`. Default: - not known, unless rows of the table tell it.

    Yields:
        The predictions, in the order of the archive.

    Raises:
        BadArchiveError: It is damaged or cut off, holds something else than predictions, or passes a limit.

    Source: developer guide, "Outputs for asynchronous analysis jobs".
    """
    for batch in read_batches(stream, job=job):
        yield from batch


def read_batches(stream: ReadableStream, *, job: str | None = None) -> Iterator[list[Prediction]]:
    """Do the same, with some hundred predictions at once, which is faster where each is handled in little time.

    Args:
        stream: As of `read_predictions`.
        job: As of `read_predictions`.

    Yields:
        The predictions, in the order of the archive.

    Raises:
        BadArchiveError: As `read_predictions`.
    """
    source = Source(stream)
    if not source.peek(1):
        raise damaged("there is nothing in it")
    yield from _read(source, job, depth=0)


def _read(source: Source, job: str | None, *, depth: int, gzipped: bool = False) -> Iterator[list[Prediction]]:
    start = source.peek(512)
    if depth > _DEEPEST:
        raise BadArchiveError("archives lie in archives in archives: unpack them, and give the predictions.jsonl in it")
    if start.startswith(GZIP_MARK):
        unzipped = Source(Gunzipped(source))
        yield from _read(unzipped, job, depth=depth + 1, gzipped=True)
        while unzipped.read(CHUNK):
            pass  # the checksum stands behind the last byte
    elif start.startswith(zipped.MARKS):
        yield from _read_members(zipped.members(source), job, depth)
    elif tar.is_tar(start):
        yield from _read_members(tar.members(source, marked=not gzipped), job, depth)
    elif looks_like_json(start):
        yield from read_records(json_batches(source), job)
    else:
        raise BadArchiveError(
            f"this begins with {start[:20]!r} and is neither an output.tar.gz nor JSON, gzip, tar or zip: "
            "give the output.tar.gz of a job that is COMPLETED, or the predictions.jsonl in it"
        )


def _read_members(
    members: Iterable[tuple[str, ReadableStream]], job: str | None, depth: int
) -> Iterator[list[Prediction]]:
    others: list[str] = []
    other_kind: str | None = None
    found = False
    for name, content in members:
        kind = member_of_another_kind(name)
        if is_beside(name):
            continue
        if kind or not (name.lower().endswith(_NAMES) or name.rpartition("/")[2] == "output"):
            other_kind = other_kind or kind
            others = [*others, name][:_NAMED]
            continue
        try:
            yield from _read(Source(content), job_of(name) or job, depth=depth + 1)
            found = True
        except OtherKindError as error:
            other_kind = other_kind or error.kind
        except BadArchiveError as error:
            raise BadArchiveError(f"{name[:200]!r}: {error}") from error
    if found:
        return
    if other_kind:
        raise OtherKindError(other_kind)
    held = f"it holds {', '.join(name[:200] for name in others)}" if others else "it is empty"
    raise BadArchiveError(f"no predictions in this archive: {held}; a classification job writes predictions.jsonl")
