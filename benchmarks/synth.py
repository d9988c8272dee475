"""Synthesis of the same jobs written in four ways: processor time, memory, resources and template size.

What all of them share is synthesized alone as well: the least that one job can take, whoever writes it.

Every synthesis is a fresh process. The ways take turns, so that a busy machine slows all of them; of several rounds the
least time counts, because noise only adds. Processor time is that of Python and of its Node together, in user mode.

    python benchmarks/synth.py [--rounds 3] [--jobs 1 10 100]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from report import Table, median_ratio, paired, progress

from constructs_lib.local import toolchain

APPS = Path(__file__).parent / "apps"
WAYS = {
    "ours": "DocumentClassificationJob",
    "aws_custom_resource": "AwsCustomResource",
    "aws_custom_resource_one_role": "AwsCustomResource, one role",
    "provider": "Provider",
}
SHARED = "shared_parts"
# What the jobs are given, as options of the apps.
KINDS = {"plain": (), "with network, role and keys": ("--network",)}
# Of AwsCustomResource, by the number of jobs.
CPU_TARGETS = {1: 0.95, 100: 0.80}
TIME_LIMIT = 120


@dataclass(frozen=True)
class Synthesis:
    """One synthesis: seconds, MiB, and what came out."""

    cpu: float
    memory: float
    resources: int
    template_bytes: int


def environment() -> dict[str, str]:
    """What an app is run with: the Node of the package, no settings of the user's AWS, modules compiled once."""
    others = ("AWS_", "CDK_", "JSII_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    path = os.pathsep.join([str(toolchain.node_home() / "bin"), kept.get("PATH", os.defpath)])
    return {**kept, "PATH": path, "PYTHONPATH": str(APPS.parents[1])}


def run_app(way: str, jobs: int, output: Path, *options: str) -> tuple[float, float]:
    """Synthesize an app in a process of its own.

    Returns:
        Seconds of processor time in user mode; peak memory of Python and of the largest Node process together in MiB.
    """
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - our own apps
            [sys.executable, str(APPS / f"{way}.py"), str(jobs), str(output), *options],
            env=environment(),
            stdout=said,
        )
        # Not subprocess.run: only wait4 tells what this one child and its children used.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{way} with {jobs} jobs failed with exit status {process.returncode}.")
        said.seek(0)
        python = int(said.read())
    node = used.ru_maxrss // 1024 if sys.platform == "darwin" else used.ru_maxrss
    return used.ru_utime, (python + node) / 1024


def synthesize(way: str, jobs: int, kind: str) -> Synthesis:
    """Synthesize once and look at the template."""
    with tempfile.TemporaryDirectory() as output:
        cpu, memory = run_app(way, jobs, Path(output), *KINDS[kind])
        template = json.loads((Path(output) / "Stack.template.json").read_text())
    size = len(json.dumps(template, separators=(",", ":")))
    return Synthesis(cpu, memory, len(template["Resources"]), size)


def measure(rounds: int, jobs: list[int], kind: str) -> dict[tuple[str, int], list[Synthesis]]:
    """Measure every way with every number of jobs.

    Returns:
        What each round found, by way and number of jobs.
    """
    found: dict[tuple[str, int], list[Synthesis]] = {(way, count): [] for count in jobs for way in WAYS}
    found[SHARED, 0] = []
    for which in WAYS:
        synthesize(which, 1, kind)  # The first time compiles and fills the caches.
    for number in range(rounds):
        progress(f"synthesis, {kind}: round {number + 1} of {rounds}")
        for (way, count), syntheses in found.items():
            syntheses.append(synthesize(way, count, kind))
    return found


def tables(rounds: int, jobs: list[int]) -> list[Table]:
    """Measure every kind."""
    return [table(rounds, jobs, kind) for kind in KINDS]


def table(rounds: int, jobs: list[int], kind: str) -> Table:
    """Measure, and put the figures side by side."""
    found = measure(rounds, jobs, kind)

    def row(what: str, figures: dict[str, list[float]], digits: int, target: float | None = None) -> tuple[str, ...]:
        middle = {way: statistics.median(values) for way, values in figures.items()}
        compared = paired(figures["ours"], figures["aws_custom_resource"], target)
        return (what, *(f"{middle[way]:,.{digits}f}" for way in WAYS), compared)

    def figures(name: str, count: int) -> dict[str, list[float]]:
        return {way: [float(getattr(each, name)) for each in found[way, count]] for way in WAYS}

    rows = []
    for count in jobs:
        rows += [
            row(f"{some(count)}: user CPU, s", figures("cpu", count), 2, CPU_TARGETS.get(count)),
            row(f"{some(count)}: peak memory, MiB", figures("memory", count), 0),
            row(f"{some(count)}: resources", figures("resources", count), 0),
            row(f"{some(count)}: template, bytes", figures("template_bytes", count), 0),
        ]
    shared = [each.cpu for each in found[SHARED, 0]]
    few, many = min(jobs), max(jobs)
    least = median_ratio(shared, figures("cpu", few)["aws_custom_resource"])
    if many > few:

        def each_more(name: str, scale: float = 1) -> dict[str, list[float]]:
            low, high = figures(name, few), figures(name, many)
            middle = {way: statistics.median(high[way]) - statistics.median(low[way]) for way in WAYS}
            return {way: [scale * value / (many - few)] for way, value in middle.items()}

        rows += [
            row("each job more: user CPU, ms", each_more("cpu", 1000), 1),
            row("each job more: memory, KiB", each_more("memory", 1024), 0),
            row("each job more: resources", each_more("resources"), 2, 1.0),
            row("each job more: template, bytes", each_more("template_bytes"), 0, 1.0),
        ]
    notes = (
        "The same stack in all of them: two buckets, a key, the data access role, and the jobs"
        + (" in a network." if KINDS[kind] else "."),
        f"What all share takes {statistics.median(shared):.2f} s without any job, {least:.2f} of AwsCustomResource "
        f"with {some(few)}: no way of writing jobs has a smaller ratio."
        + (" It has this library's network and the function that cleans up after it." if KINDS[kind] else ""),
        "Bytes are those of the template without white space.",
        "The last column compares with AwsCustomResource as its documentation shows it, with a policy each.",
        f"Every synthesis is a fresh process; medians of {rounds} rounds in turns, ratios of each round's pair.",
    )
    columns = ("Synthesis", *WAYS.values(), "ratio to AwsCustomResource")
    return Table(f"Synthesis, {kind}", columns, rows, notes)


def some(jobs: int) -> str:
    """A number of jobs, in words."""
    return f"{jobs} job" if jobs == 1 else f"{jobs} jobs"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3, help="syntheses of each (default: 3)")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 10, 100], help="jobs in a stack (default: 1 10 100)")
    given = parser.parse_args()
    for table in tables(given.rounds, given.jobs):
        sys.stdout.write(table.text())


if __name__ == "__main__":
    main()
