"""Move what waits in the inbox into the batch of a run.

Right by itself, without a lock: a document is copied only as it was listed, and its source removed only as it was
copied. Who removes the source has moved the document; who comes too late drops the own copy. Names in the batch follow
from names in the inbox, so that a run that died goes on with the same batch. What cannot be known - the answer of a
removal is lost - is kept: a document may then be classified twice, never not at all.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from . import listing
from .run_errors import CannotCollect, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from .environment import Settings
    from .listing import Document

WORKERS = 32  # calls at a time; a move is two calls of some 30 ms
RESERVE = 60.0  # seconds kept for the end
_CHUNK = 1 << 20  # bytes
_HOPELESS = 500  # refusals after which nothing is expected to move
_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "404", "409", "412"}


class Outcome(Enum):
    """What became of one document."""

    MOVED = "moved"
    FINISHED = "finished"  # moved, and its copy was there before
    KEPT = "kept"  # it stays in the inbox for the next run
    GONE = "gone"  # somebody else took it
    REFUSED = "refused"  # it cannot be moved, now or later


@dataclass
class Batch:
    """What a run has collected so far."""

    prefix: str
    documents: int = 0
    size: int = 0
    refused: int = 0
    more: bool = False
    uncertain: bool = False
    oldest: datetime | None = None
    problems: list[str] = field(default_factory=list)

    def result(self) -> dict[str, object]:
        """What the state machine goes on with."""
        return {
            "Prefix": self.prefix,
            "Documents": self.documents,
            "Size": self.size,
            "Refused": self.refused,
            "More": self.more,
        }


def collect(
    client: Any,
    remover: Any,
    settings: Settings,
    run: str,
    *,
    remaining: Callable[[], float],
    workers: int = WORKERS,
) -> Batch:
    """Move documents from the inbox to the run's batch, as many as a job may take and the function has time for.

    Args:
        client: S3.
        remover: S3 without retries: whether a removal that got no answer happened must not be guessed.
        settings: Where, and how much.
        run: The name of the run; the same run goes on with the same batch.
        remaining: How many seconds the function has left.
        workers: Calls at a time.

    Returns:
        What lies in the batch, and whether more waits.

    Raises:
        CannotCollect: Documents wait, and none of them can be moved.
    """
    batch = Batch(f"{settings.batches}{run}/")
    _look_into(batch, client, settings)  # an attempt that died may have left something
    mover = _Mover(client, remover, settings, batch.prefix)
    with ThreadPoolExecutor(workers) as pool:
        for page in listing.pages(client, settings.documents_bucket, settings.inbox):
            chosen = _choose(page, batch, settings)
            if batch.oldest is None or any(document.modified < batch.oldest for document in page):
                batch.oldest = min((document.modified for document in page), default=batch.oldest)
            # In portions, so that the end of the function's time is never more than a portion away.
            for start in range(0, len(chosen), workers * 4):
                if remaining() < RESERVE:
                    batch.more = True
                    break
                portion = chosen[start : start + workers * 4]
                for document, (outcome, why) in zip(portion, pool.map(mover.move, portion), strict=True):
                    _count(batch, document, outcome, why)
                if batch.refused >= _HOPELESS:
                    _refuse_if_nothing_moves(batch, settings)
            if batch.more:
                break
    if batch.uncertain:
        _look_into(batch, client, settings)
    _refuse_if_nothing_moves(batch, settings)
    return batch


def _look_into(batch: Batch, client: Any, settings: Settings) -> None:
    batch.documents = batch.size = 0
    for page in listing.pages(client, settings.documents_bucket, batch.prefix):
        batch.documents += len(page)
        batch.size += sum(document.size for document in page)


def _refuse_if_nothing_moves(batch: Batch, settings: Settings) -> None:
    if batch.problems and not batch.documents:
        raise CannotCollect(f"none of the documents in {settings.inbox!r} can be moved: {batch.problems[0]}")


def _choose(page: list[Document], batch: Batch, settings: Settings) -> list[Document]:
    chosen: list[Document] = []
    documents, size = batch.documents, batch.size
    for document in page:
        if document.size > settings.max_bytes:
            _count(batch, document, Outcome.REFUSED, f"its {document.size:,} bytes are more than a job takes")
        elif documents >= settings.max_documents or size + document.size > settings.max_bytes:
            batch.more = True
            break
        else:
            documents += 1
            size += document.size
            chosen.append(document)
    return chosen


def _count(batch: Batch, document: Document, outcome: Outcome, why: str) -> None:
    if outcome is Outcome.MOVED:
        batch.documents += 1
        batch.size += document.size
    elif outcome is Outcome.FINISHED:
        batch.uncertain = True  # counted before, or copied by a call whose answer was lost
    elif outcome is Outcome.KEPT:
        batch.more = True
    elif outcome is Outcome.REFUSED:
        batch.refused += 1
        batch.problems = [*batch.problems, f"{document.key}: {why}"][:3]
        sys.stdout.write(json.dumps({"message": "not moved", "key": document.key, "why": why}) + "\n")


class _Mover:
    def __init__(self, client: Any, remover: Any, settings: Settings, prefix: str) -> None:
        self._client, self._remover = client, remover
        self._bucket, self._inbox, self._prefix = settings.documents_bucket, settings.inbox, prefix

    def move(self, document: Document) -> tuple[Outcome, str]:
        """Move one document, if it is still the one that was listed."""
        copy = f"{self._prefix}{document.key.removeprefix(self._inbox)}"
        try:
            own = self._copied(document, copy)
            if own is None:
                return Outcome.KEPT, ""
        except ClientError as error:
            if _code(error) in _CHANGED or self._is_gone(error, document):
                return Outcome.GONE, ""
            if _status(error) >= 500 or _code(error) in {"SlowDown", "RequestTimeout", "Throttling"}:  # noqa: PLR2004 - HTTP's
                raise  # the retry of this task goes on
            return Outcome.REFUSED, str(error)
        if self._removed(document):
            return Outcome.MOVED if own else Outcome.FINISHED, ""
        if own:
            self._client.delete_object(Bucket=self._bucket, Key=copy)
        return Outcome.KEPT, ""

    def _is_gone(self, error: ClientError, document: Document) -> bool:
        """Whether a refusal means that what was listed is not there any more.

        S3 says so only to those who may list the bucket without a condition, and the function may list its prefixes.
        """
        if _status(error) != 403:  # noqa: PLR2004
            return False
        # Of all keys that begin so, the key itself comes first.
        page = next(listing.pages(self._client, self._bucket, document.key), [])
        return all((found.key, found.etag) != (document.key, document.etag) for found in page)

    def _copied(self, document: Document, copy: str) -> bool | None:
        """Whether this call made the copy (True), an earlier one did (False), or there is none of this content."""
        try:
            self._client.copy_object(
                Bucket=self._bucket,
                Key=copy,
                CopySource={"Bucket": self._bucket, "Key": document.key},
                CopySourceIfMatch=document.etag,
                IfNoneMatch="*",
            )
        except ClientError as error:
            if _code(error) not in _CHANGED or _code(error) in {"NoSuchKey", "404"}:
                raise
        else:
            return True
        # Overwritten since it was listed, or copied by an attempt that died before it removed the source.
        return False if self._same(document, copy) else None

    def _same(self, document: Document, copy: str) -> bool:
        try:
            there = self._client.get_object(Bucket=self._bucket, Key=copy)
            if there["ContentLength"] != document.size:
                return False
            here = self._client.get_object(Bucket=self._bucket, Key=document.key, IfMatch=document.etag)
        except ClientError as error:
            if _code(error) in _CHANGED:
                return False
            raise
        while chunk := here["Body"].read(_CHUNK):
            if chunk != there["Body"].read(_CHUNK):
                return False
        return True

    def _removed(self, document: Document) -> bool:
        """Remove the source; False only when it certainly was not this call that did."""
        for attempt in range(5):
            try:
                self._remover.delete_object(Bucket=self._bucket, Key=document.key, IfMatch=document.etag)
            except ClientError as error:
                if _code(error) in _CHANGED or self._is_gone(error, document):
                    # After a call without an answer, the first one may have done it: keep the copy.
                    return attempt > 0
                if _status(error) < 500:  # noqa: PLR2004
                    raise
            except BotoCoreError:
                pass
            else:
                return True
            time.sleep(0.1 * 2**attempt)
        raise ServiceUnavailable(f"no answer to the removal of {document.key}")


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
