"""Which job an output is of, by where it lies."""

from __future__ import annotations

import re

_JOB_FOLDER = re.compile(r"(?:^|/)[0-9]{12}-CLN-(?P<id>[0-9A-Za-z-]+)/")
_ROWS_OF_JOB = re.compile(r"(?:^|/)dt=[^/]+/(?P<id>[0-9A-Za-z-]{1,32})\.jsonl\.gz$")


def job_of(location: str) -> str | None:
    """Tell the id of the job by where its output lies; None when that does not tell.

    Args:
        location: A path, a key or a URI, as the service or the workflow makes them.
    """
    match = _JOB_FOLDER.search(location) or _ROWS_OF_JOB.search(location)
    return match["id"] if match else None
