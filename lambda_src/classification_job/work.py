"""What the steps of one run share."""

from dataclasses import dataclass

from .caller import Caller
from .clock import Clock
from .event import Event
from .log import Log
from .progress import Progress
from .runtime import Runtime


@dataclass(frozen=True)
class Work:
    """One run on one event."""

    event: Event
    progress: Progress
    clock: Clock
    log: Log
    call: Caller
    outside: Runtime


def begin(event: Event, progress: Progress, outside: Runtime, life: float) -> Work:
    """Put together what one run needs; life is the seconds that Lambda gives it."""
    clock, log = Clock(outside, event, progress, life), Log(event, progress)
    return Work(event, progress, clock, log, Caller(outside, clock, progress, log), outside)
