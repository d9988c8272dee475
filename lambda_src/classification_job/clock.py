"""How long this run, this event and CloudFormation may take. Seconds; moments are Unix seconds."""

import os

from .event import Event
from .job_errors import HandOver, JobError
from .progress import Progress
from .runtime import Runtime

# Lambda ends a chain of a function's calls of itself after sixteen runs (Developer Guide, recursive loop detection),
# unless the function is allowed more: the template allows it to one that is too short-lived for an hour in fifteen.
_MOST_HAND_OVERS = 14
_LONGEST = 3600  # CloudFormation's longest patience
# A start that is asked for in seconds is still tried when the function comes to life a minute late.
_SHORTEST_START = 60
_DIGITS = 4  # of the longest hour


class Clock:
    """The moments that matter to one run.

    All bounds count from the event, so that every delivery of it decides alike; from the first run where the event
    does not say when it was made.
    """

    def __init__(self, outside: Runtime, event: Event, progress: Progress, life: float) -> None:
        self._outside, self._progress, self._life = outside, progress, life
        self.now = outside.now
        self.ends = outside.now() + life
        # A part of a run is kept for its end: a call that hangs, an answer that is refused.
        longest_run = life - min(60, life / 15)
        self._hands_over = outside.now() + longest_run
        self._most_hand_overs = _MOST_HAND_OVERS
        if os.environ.get("RECURSIVE_LOOP") == "Allow":
            self._most_hand_overs += int(_LONGEST / longest_run)
        self.event = progress.began if event.made is None else event.made
        given = event.properties if isinstance(event.properties, dict) else {}
        patience = seconds(given.get("ServiceTimeout"), _LONGEST)
        self.timeout = seconds(given.get("Timeout"), 900)
        # CloudFormation's patience, less what an answer can take.
        self.last_moment = self.event + patience - min(60, patience / 2)
        self.deadline = min(self.event + self.timeout, self.last_moment)
        self.last_start = min(self.event + max(self.timeout, _SHORTEST_START), self.last_moment)

    def resume(self) -> None:
        """Sit out the pause that an earlier run began."""
        self.pause(self._progress.resume_at - self.now(), self.last_moment)

    def pause(self, length: float, until: float) -> None:
        """Wait so many seconds, at most until a moment, here or in the next run."""
        now = self.now()
        resume_at = min(now + max(0.0, length), max(until, now))
        self._outside.sleep(max(0.0, min(resume_at, self._hands_over) - now))
        if resume_at > max(now, self._hands_over):
            self.hand_over(resume_at)

    def check(self) -> None:
        """Between the steps of long work: hand over when this run's time is up."""
        if self.now() >= self._hands_over:
            self.hand_over(0.0)

    def hand_over(self, resume_at: float) -> None:
        """End this run; CloudFormation is answered instead when there were too many."""
        if self._progress.hand_overs >= self._most_hand_overs:
            raise JobError(
                f"{self._progress.job_arn or 'No job was started: it'} needs longer than the "
                f"{self._most_hand_overs + 1} runs of {self._life:.0f} s that the function may take for it. "
                f"{self._progress.refusal} Raise the function's timeout (900 s is the most)."
            )
        self._progress.hand_overs += 1
        self._progress.resume_at = resume_at
        raise HandOver


def seconds(given: object, default: int) -> int:
    """A property that is a number of seconds; the default when it is anything else."""
    text = str(given)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS and int(text) else default
