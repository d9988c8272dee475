"""A year of a workflow in virtual time: the real state machine and function, arrivals, strangers, outages, failures.

python benchmarks/workflow_year.py [days]     print it (default: 365 days, about three minutes)
"""

from __future__ import annotations

import bisect
import random
import resource
import statistics
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from report import Table

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / part) for part in ("tests", "lambda_src", "constructs_lib/predictions")]

# The world that the tests play in.
from classification_runs.collect import collect  # noqa: E402
from runs.fake_s3 import FakeS3  # noqa: E402
from workflow.world import BEGIN, SETTINGS, World  # noqa: E402

DAY, HOUR = 86_400.0, 3_600.0
ARRIVALS = 31  # a day, of which some are bursts; latency depends on runs, not on documents
BURSTS, BURST = 0.02, (20, 200)  # documents
OUTAGES = 12  # a year, an hour each
FAILING = 0.01  # of jobs
SEED = 20261124

# us-east-1, USD, November 2026.
TRANSITION, GB_SECOND, COPY, LIST, UNIT = 25e-6, 0.0000133334, 5e-6, 5e-6, 0.0005
_MEMORY_GB = 1769 / 1024
_MOVE = 0.06 / 32  # seconds of the function a document


@dataclass
class Year:
    """What has come of it."""

    documents: int = 0
    latencies: list[float] = field(default_factory=list)
    lost: int = 0
    twice: int = 0
    most_active: int = 0
    starts: int = 0
    refused: int = 0
    runs: int = 0
    jobs: int = 0
    failed: int = 0
    transitions: int = 0


class _Simulation:
    def __init__(self, days: int, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - arrivals, not secrets
        self.world, self.year = World(seed=seed), Year()
        self.end = BEGIN + days * DAY
        self.arrived: dict[bytes, float] = {}
        self.seen: dict[bytes, int] = {}
        self.again: set[str] = set()
        self.over: set[str] = set()
        outages = [self.chance.uniform(BEGIN, self.end) for _ in range(max(1, OUTAGES * days // 365))]
        clock, comprehend = self.world.clock, self.world.comprehend
        comprehend.down = lambda: any(begin <= clock.now < begin + HOUR for begin in outages)
        comprehend.strangers = lambda: _strangers(clock.now, seed)
        comprehend.fate = self._fate
        self._end_job = comprehend._end  # noqa: SLF001 - the world is the tests'
        comprehend._end = self._end  # noqa: SLF001
        self._announce = self.world.machine.tasks[":events:putEvents"]
        self.world.machine.tasks[":events:putEvents"] = self._watch

    def play(self) -> Year:
        clock, day = self.world.clock, BEGIN
        clock.at(BEGIN, self._arrive)
        clock.at(BEGIN + 1, self._hourly)
        while day < self.end + 7 * DAY:
            day += DAY
            clock.run(day)
            self._forget()
        year = self.year
        year.documents = len(self.arrived)
        year.lost = len(self.arrived.keys() - self.seen.keys())
        year.twice = sum(count > 1 for count in self.seen.values())
        year.starts, year.refused = self.world.comprehend.starts, self.world.comprehend.refused
        return year

    def _fate(self, _number: int) -> tuple[float, str, str | None]:
        seconds = self.chance.uniform(6, 40) * 60
        if self.chance.random() < FAILING:
            return seconds, "FAILED", "INTERNAL_ERROR: a fault of the service"
        return seconds, "COMPLETED", None

    def _arrive(self) -> None:
        clock = self.world.clock
        for _ in range(self.chance.randrange(*BURST) if self.chance.random() < BURSTS else 1):
            name = f"{len(self.arrived):08}.txt"
            self.world.upload(name, name)
            self.arrived[name.encode()] = clock.now
        if (following := clock.now + self.chance.expovariate(ARRIVALS / DAY)) < self.end:
            clock.at(following, self._arrive)

    def _hourly(self) -> None:
        self.world.machine.start()
        # Once more after the last arrival.
        if self.world.clock.now < self.end:
            self.world.clock.at(self.world.clock.now + HOUR, self._hourly)

    def _end(self, job: dict[str, object], status: str, message: str | None) -> None:
        active = sum(
            each["JobStatus"] in {"SUBMITTED", "IN_PROGRESS"} and each["InputDataConfig"]["S3Uri"] not in self.again
            for each in self.world.comprehend.jobs.values()
        )
        self.year.most_active = max(self.year.most_active, active)
        self._end_job(job, status, message)

    def _watch(self, given: dict[str, object], execution: object) -> object:
        answer, clock, s3 = self._announce(given, execution), self.world.clock, self.world.s3
        event = self.world.events[-1]
        prefix = event.get("documentsPrefix", "\0")
        if event["status"] == "COMPLETED":
            for key in s3.keys(prefix):
                body = s3.body(key)
                self.seen[body] = self.seen.get(body, 0) + 1
                self.year.latencies.append(clock.now - self.arrived[body])
                del s3.objects["documents", key]
            s3.objects = {at: found for at, found in s3.objects.items() if at[0] == "documents"}
        elif event["status"] == "FAILED":
            self.year.failed += 1
            # Somebody reads the mail, and runs the batch again.
            self.again.add(f"s3://documents/{prefix}")
            clock.at(clock.now + HOUR, lambda: self.world.machine.start({"Prefix": prefix}))
        return answer

    def _forget(self) -> None:
        """Count what is over, and keep it out of the way."""
        machine, comprehend = self.world.machine, self.world.comprehend
        for execution in [each for each in machine.executions if each.status != "RUNNING"]:
            self.year.runs += 1
            self.year.transitions += execution.transitions
            machine.executions.remove(execution)
        over = {id for id, job in comprehend.jobs.items() if job["JobStatus"] in {"COMPLETED", "FAILED"}}
        # A day later: runs may still ask for what has just ended.
        over, self.over = over & self.over, over
        self.year.jobs += len(over)
        comprehend.tokens = {token: job for token, job in comprehend.tokens.items() if job["JobId"] not in over}
        comprehend.jobs = {id: job for id, job in comprehend.jobs.items() if id not in over}


def simulate(days: int, seed: int = SEED) -> Year:
    """Play some days.

    Args:
        days: How many.
        seed: Of everything that happens by chance.

    Returns:
        The result.
    """
    return _Simulation(days, seed).play()


def _strangers(now: float, seed: int) -> int:
    """Slots that others hold: another number every ten minutes, all of them in one of twelve."""
    chance = random.Random(f"{seed}/{int(now // 600)}")  # noqa: S311
    return 10 if chance.random() < 1 / 12 else chance.randrange(8)


def cost_a_month(year: Year, days: int, documents_a_day: int) -> tuple[float, float]:
    """Say what the workflow costs beside the service, and what the service costs, in USD."""
    transitions = year.transitions / days * 30
    documents = documents_a_day * 30
    runs = year.jobs / days * 30
    seconds = documents * _MOVE + runs * 4
    own = (
        transitions * TRANSITION
        + seconds * _MEMORY_GB * GB_SECOND
        + documents * COPY
        + (documents / 1000 + runs) * 4 * LIST
    )
    return own, documents * 3 * UNIT


class _SortedS3(FakeS3):
    """Lists keys that were sorted once: listing is not what is measured."""

    def __init__(self) -> None:
        super().__init__()
        self.index: list[str] = []

    def _list_objects_v2(self, **given: str) -> tuple[dict[str, object], str]:
        bucket, prefix, after = given["Bucket"], given["Prefix"], given["StartAfter"]
        at = bisect.bisect_right(self.index, after) if after else bisect.bisect_left(self.index, prefix)
        keys = [key for key in self.index[at : at + 1000] if key.startswith(prefix)]
        contents = [
            {"Key": key, "Size": len(found.body), "ETag": found.etag, "LastModified": found.modified}
            for key in keys
            if (found := self.objects.get((bucket, key)))
        ]
        return {"Contents": contents}, keys[-1] if len(keys) == 1000 else ""  # noqa: PLR2004 - a page of S3


def collecting(documents: int = 100_000) -> Table:
    """Collect documents in memory, so that what is measured is the function's own part.

    Args:
        documents: How many.

    Returns:
        The table.
    """
    s3 = _SortedS3()
    for number in range(documents):
        s3.write(f"inbox/{number:07}.txt", b"text")
    s3.index = sorted(key for _, key in s3.objects)
    memory, began, wall = _memory(), time.process_time(), time.monotonic()
    batch = collect(s3, s3, SETTINGS, "run", remaining=lambda: 900.0)
    seconds, wall = time.process_time() - began, time.monotonic() - wall
    rows = [
        ("documents in one batch", f"{batch.documents:,}"),
        ("documents a second", f"{documents / wall:,.0f}"),
        ("CPU a document, the S3 in memory included", f"{seconds / documents * 1e6:.0f} us"),
        ("memory that it took, the copies included", f"{_memory() - memory:.0f} MiB"),
    ]
    notes = ("Without S3's own time: two calls of some 30 ms a document, 32 at a time, are 500 a second.",)
    return Table("Collecting", ("What", "value"), rows, notes)


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tables(days: int = 365) -> list[Table]:
    """Play and report.

    Args:
        days: How many.

    Returns:
        The tables.
    """
    year = simulate(days)
    latency = sorted(year.latencies)
    minutes = [f"{value / 60:.0f} min" for value in (statistics.median(latency), latency[int(len(latency) * 0.99)])]
    small, large = (cost_a_month(year, days, each) for each in (1_000, 100_000))
    rows = [
        ("documents that arrived", f"{year.documents:,}"),
        ("lost, or classified twice", f"{year.lost}, {year.twice}"),
        ("runs, jobs, runs that failed", f"{year.runs:,}, {year.jobs:,}, {year.failed}"),
        ("active jobs of the inbox at most", f"{year.most_active}"),
        ("upload to prediction, median and 99 %", " and ".join(minutes)),
        ("starts that were refused, and made again", f"{year.refused / year.starts:.1%}"),
        ("cost a month, 1,000 documents a day", f"${small[0]:.2f} and ${small[1]:,.0f} for the service"),
        ("cost a month, 100,000 documents a day", f"${large[0]:.2f} and ${large[1]:,.0f} for the service"),
    ]
    notes = (
        "Virtual time; the real state machine and function. An hourly schedule, Poisson arrivals with bursts.",
        "Jobs of 6 to 40 minutes, of which 1 % fail; up to ten active jobs of other users; outages of an hour.",
        "The batch of a failed run is run again an hour later.",
        "The service is counted at its least, three units a document.",
    )
    return [Table(f"A workflow over {days} days", ("What", "value"), rows, notes), collecting()]


if __name__ == "__main__":
    for table in tables(int(sys.argv[1]) if len(sys.argv) > 1 else 365):
        sys.stdout.write(f"{table.text()}\n")
