"""Runs steps, several at once where the account can take it, and never lets one hide what another found."""

from __future__ import annotations

import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from account.bench import ACTIVE, Bench
from account.expectations import DifferenceError, NotMeasuredError
from account.step import Fact, Kind, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from account.bench import Run
    from account.step import Step
    from constructs_lib.local.aws import LocalAws

# Ten jobs may be active in an account. Most steps have one at once; who finds no slot waits for one.
AT_ONCE = 5
_LONGEST_JOB = 2400

# How the local AWS behaves: quick jobs, and no waiting for the next second between two starts.
LOCAL_SETTINGS = {"job_seconds": 0.2, "starts_per_second": 0, "active_jobs": 2, "keep_network_interfaces": False}


_MOST_SLOWNESS = 4.0
_CLI_SECONDS = 0.8  # what the CDK CLI takes to say its version on an idle machine


def slowness(aws: LocalAws) -> float:
    """How much slower this machine is at the moment than an idle one; a job must outlast a deployment on both."""
    begun = time.monotonic()
    aws.cdk("--version")
    return min(max(1.0, (time.monotonic() - begun) / _CLI_SECONDS), _MOST_SLOWNESS)


@dataclass(frozen=True)
class Result:
    """What a step found, and where that touches the project when it is not as assumed."""

    step: Step
    verdict: Verdict
    seconds: float
    touches: tuple[str, ...] = ()
    trace: str = ""

    @property
    def expected(self) -> bool:
        """Whether nothing has to be done about it."""
        return self.verdict.kind is Kind.AS_ASSUMED or (self.verdict.kind is Kind.NOT_MEASURED and not self.trace)


def run_all(run: Run, steps: Sequence[Step], results: dict[str, Result], say: Callable[[str], None]) -> None:
    """Run steps.

    Args:
        run: The run.
        steps: What to do.
        results: Where to put what each found, at once: a run that is stopped has found something, too.
        say: Told of each verdict.
    """
    resumed: list[tuple[Step, Generator[None, None, str]]] = []
    lock = threading.Lock()

    def one(step: Step, begun: Generator[None, None, str] | None = None) -> None:
        found = run_step(run, step, begun)
        with lock:
            if isinstance(found, Result):
                results[step.id] = found
                say(f"{step.id}: {found.verdict}")
            else:
                resumed.append((step, found))
                say(f"{step.id}: goes on when the others are done")

    together = [step for step in steps if not step.alone]
    with ThreadPoolExecutor(1 if run.local else AT_ONCE) as threads:
        # The first that meets a bug of ours stops nobody: run_step catches everything but what ends the process.
        waiting = [threads.submit(one, step) for step in together]
        try:
            for each in waiting:
                each.result()
        except BaseException:
            for each in waiting:
                each.cancel()
            run.stop()  # or the threads that run would be waited for to their steps' ends
            raise
    for step in steps:
        if step.alone:
            _wait_for_silence(run)
            one(step)
            _wait_for_silence(run)
    for step, begun in resumed:
        one(step, begun)


def run_step(
    run: Run, step: Step, begun: Generator[None, None, str] | None = None
) -> Result | Generator[None, None, str]:
    """Run one step, or the rest of one that waited.

    Returns:
        What it found, or the rest of it when time must pass first.
    """
    start, trace = time.monotonic(), ""
    try:
        if run.local:
            settings = {**LOCAL_SETTINGS, **step.settings}
            settings["job_seconds"] *= run.slowness
            run.cloud.configure(**settings)  # type: ignore[attr-defined] # it is a LocalAws
        looked = begun or _look(run, step)
        if not isinstance(looked, str):
            try:
                next(looked)
            except StopIteration as end:
                looked = str(end.value)
            else:
                return looked
        _check_spend(run, step)
        verdict = Verdict(Kind.AS_ASSUMED, looked)
    except DifferenceError as difference:
        verdict = Verdict(Kind.DIFFERS, str(difference))
    except NotMeasuredError as reason:
        verdict = Verdict(Kind.NOT_MEASURED, str(reason))
    except Exception as error:  # noqa: BLE001 - one step's bug must not take the others' findings along
        verdict = Verdict(Kind.NOT_MEASURED, f"{type(error).__name__}: {error}")
        trace = traceback.format_exc()
    touched = step.touched if isinstance(step, Fact) and verdict.kind is Kind.DIFFERS else ()
    touches = tuple(anchor.place() for anchor in touched)
    return Result(step, verdict, time.monotonic() - start, touches, trace)


def _look(run: Run, step: Step) -> str | Generator[None, None, str]:
    if step.look is None:
        raise NotMeasuredError(step.unmeasured if isinstance(step, Fact) else "there is nothing to look at")
    return step.look(Bench(run, step.id))


def _wait_for_silence(run: Run) -> None:
    """Let jobs end that earlier steps have left to themselves, so that all slots are free."""
    deadline = time.monotonic() + max(_LONGEST_JOB * run.pace, 20)
    while any(job["JobStatus"] in ACTIVE for job in run.jobs()) and time.monotonic() < deadline:
        run.pause(max(10 * run.pace, 0.05))


def _check_spend(run: Run, step: Step) -> None:
    """What was said to be the most must have been the most."""
    started = len(run.jobs(step.id))
    if started > step.most.jobs:
        raise DifferenceError(f"{started} jobs were started, {step.most.jobs} were announced")
