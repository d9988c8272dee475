"""The time of one run of the function: its pauses, its deadline, and the hand-over before Lambda ends it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from .events import Event, Progress, Properties
    from .runtime import Runtime

T = TypeVar("T")
RESERVE = 60  # Seconds of a run kept for the hand-over or the answer, retries included.


class HandOver(BaseException):
    """The run ends before its work does."""


class Run:
    """One run: when it must pause, stop or hand over.

    Args:
        runtime: The outside.
        event: What CloudFormation asked for.
        progress: Where the work stands; changes as it goes on.
        ends: When Lambda ends the run, Unix seconds.
        properties: What the template says; sets the deadline.
    """

    def __init__(self, runtime: Runtime, event: Event, progress: Progress, ends: float, properties: Properties) -> None:
        self.runtime, self.event, self.progress, self._ends = runtime, event, progress, ends
        reserve = min(RESERVE, properties.service_timeout / 2)
        # The timeout counts from the first run, CloudFormation's patience from the event.
        self.deadline = min(progress.began + properties.timeout, progress.since + properties.service_timeout - reserve)

    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self.runtime.now() >= self.deadline

    def pause(self, seconds: float) -> None:
        """Wait, at most until the deadline.

        Raises:
            HandOver: The wait would outlive this run; the next one sits out the rest.
        """
        self.progress.not_before = min(self.runtime.now() + seconds, self.deadline)
        self.resume()

    def resume(self) -> None:
        """Wait until the pending pause ends, here or in the next run."""
        now = self.runtime.now()
        left = self.progress.not_before - now
        room = self._ends - RESERVE - now
        if left > room:
            raise HandOver
        if left > 0:
            self.runtime.sleep(left)

    def insist(self, doing: str, call: Callable[[], T], *, patience: float = 3600) -> T:
        """Repeat a call for as long as its fault, the deadline and the caller's patience (seconds) allow.

        Raises:
            JobError: It did not help.
        """
        gives_up = self.runtime.now() + patience
        while True:
            try:
                result = call()
            except Fault as fault:
                backoff, now = fault.backoff, self.runtime.now()
                until = min(gives_up, self.deadline)
                if backoff and backoff.within is not None:
                    until = min(until, self.progress.since + backoff.within)
                if backoff is None or now >= until:
                    raise fault.error(doing) from fault
                self.progress.tries += 1
                self.log("refused", call=doing, code=fault.code, tries=self.progress.tries)
                self.pause(backoff.wait(self.progress.tries - 1, self.runtime.chance()))
            else:
                self.progress.tries = 0
                return result

    def log(self, message: str, **more: Any) -> None:
        """Write one JSON line; never the response URL, never a document."""
        event, progress = self.event, self.progress
        log(
            message,
            request_id=event.request_id,
            type=event.kind,
            resource=event.logical_id,
            job=progress.job_arn.rpartition("/")[2],
            attempt=progress.attempt,
            hop=progress.hop,
            **more,
        )


def log(message: str, **more: Any) -> None:
    """Write one JSON line to the function's log."""
    sys.stdout.write(json.dumps({"message": message, **more}, default=str) + "\n")
    sys.stdout.flush()
