"""Whether there is anything to classify."""

from typing import Any

from .caller import RefusedError
from .job_errors import JobError
from .work import Work


def documents_exist(work: Work, uri: str) -> bool:
    """Whether an object with content begins with an S3 URI; True also when that cannot be seen: the service will judge.

    The listing is asked for as long as the start may wait, since the function's role may be seconds old.
    """
    progress, clock = work.progress, work.clock
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    try:
        while not progress.documents_seen:
            place: Any = {"Bucket": bucket, "Prefix": prefix}
            if progress.listing:
                place["ContinuationToken"] = progress.listing
            page = work.call(
                "s3",
                "list_objects_v2",
                until=clock.last_start,
                since=clock.event,
                for_a_start=True,
                **place,
            )
            objects = page.get("Contents", ())
            progress.documents_seen = any(each["Size"] for each in objects)
            if not progress.documents_seen and not page.get("IsTruncated"):
                return False
            progress.listed, progress.listing = progress.listed + len(objects), page.get("NextContinuationToken", "")
            _go_on(work, uri)
    except RefusedError as refused:
        if refused.code == "NoSuchBucket":
            raise JobError(f"{refused} Correct {uri}.") from refused
        if not refused.code:  # The SDK itself refuses the name.
            raise
        progress.documents_seen = True
    return True


def _go_on(work: Work, uri: str) -> None:
    """Keep a listing of millions within its time."""
    if work.progress.documents_seen:
        return
    if work.clock.now() >= work.clock.last_start:
        raise JobError(
            f"The first {work.progress.listed} objects that begin with {uri} are all empty, and time is up. Remove "
            "them, or choose a prefix with documents."
        )
    work.clock.check()
