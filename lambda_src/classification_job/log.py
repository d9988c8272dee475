"""The function's log: JSON lines, never a response URL, never a document."""

import json
import sys

from .event import Event
from .progress import Progress


class Log:
    """Writes lines that say which event, job and attempt they are about."""

    def __init__(self, event: Event, progress: Progress) -> None:
        self._event, self._progress = event, progress

    def __call__(self, message: str, **more: object) -> None:
        """Write one line."""
        about: dict[str, object] = {"message": message, "job": self._progress.job_arn.rpartition("/")[2]}
        about |= {"attempt": self._progress.attempt} | more | {"RequestType": self._event.kind} | self._event.ids
        sys.stdout.write(json.dumps(about) + "\n")
