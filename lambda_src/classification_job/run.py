"""The time of one run: pauses, the deadline, and the hand-over before Lambda ends it."""

import json
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from .errors import Fault, JobError
from .events import Event, Progress
from .runtime import Runtime

T = TypeVar("T")
RESERVE = 60  # Seconds kept for the answer or the hand-over, retries included.


class HandOver(BaseException):
    """The run must end before its work does."""


class Run:
    """One run on one event; `job` are the resource's properties."""

    def __init__(self, outside: Runtime, event: Event, progress: Progress, job: dict[str, Any], seconds: float) -> None:
        self.outside, self.event, self.progress, self.job = outside, event, progress, job
        self.ends = outside.now() + seconds - min(RESERVE, seconds / 4)
        # The timeout counts from the first run, CloudFormation's patience from the event.
        patience = int(job.get("ServiceTimeout", 3600))
        patience -= min(RESERVE, patience // 2)
        self.deadline = min(progress.began + int(job["Timeout"]), progress.since + patience)

    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self.outside.now() >= self.deadline

    def pause(self, seconds: float) -> None:
        """Wait, at most until the deadline."""
        self.progress.not_before = min(self.outside.now() + seconds, self.deadline)
        self.resume()

    def resume(self) -> None:
        """Sit out the pending pause, here or in the next run."""
        until, now = self.progress.not_before, self.outside.now()
        if until > max(now, self.ends):
            raise HandOver
        if until > now:
            self.outside.sleep(until - now)

    def insist(self, call: Callable[[], T], what: str, patience: float = 3600) -> T:
        """Repeat a call for as long as its fault, the deadline and the patience in seconds allow."""
        progress, patient = self.progress, min(self.deadline, self.outside.now() + patience)
        while True:
            try:
                result = call()
            except Fault as fault:
                backoff, tries = fault.backoff, progress.tries
                if not backoff or self.outside.now() >= min(patient, progress.since + backoff.within):
                    progress.tries = 0
                    raise JobError(f"{what} failed: {fault}. {fault.hint}") from fault
                progress.tries += 1
                self.log("refused", call=what, code=fault.code, tries=tries + 1)
                self.pause(backoff.wait(tries, self.outside.chance()))
            else:
                progress.tries = 0
                return result

    def log(self, message: str, **more: object) -> None:
        """Write one line about this event; never the response URL, never a document."""
        job, attempt = self.progress.job_arn.rpartition("/")[2], self.progress.attempt
        log(message, self.event, job=job, attempt=attempt, hop=self.progress.hop, **more)


def log(message: str, event: Event, **more: object) -> None:
    """Write one JSON line to the function's log."""
    resource, request = event.raw["LogicalResourceId"], event.raw["RequestId"]
    about = {"message": message, "type": event.kind, "resource": resource, "request": request}
    sys.stdout.write(json.dumps(about | more) + "\n")
