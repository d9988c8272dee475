"""Every measurement in one report, in less than eight minutes.

python benchmarks/run.py              print it
python benchmarks/run.py --markdown   write it to docs/measurements.md as well
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import demo
import deploy
import handler_cold_run
import predictions
import synth
from report import Table, paired

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).parents[1] / "docs" / "measurements.md"


def machine() -> str:
    """When and where: figures of another machine differ, ratios less so."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}, aws-cdk-lib {version('aws-cdk-lib')}"
    )


def cold_run(rounds: int) -> list[Table]:
    """The handler's cold run beside bare boto3."""
    seconds = handler_cold_run.measure(rounds)
    middle = {which: statistics.median(times) for which, times in seconds.items()}
    row = (
        "median, s",
        f"{middle['handler']:.3f}",
        f"{middle['bare']:.3f}",
        paired(seconds["handler"], seconds["bare"], handler_cold_run.RATIO_TARGET),
    )
    notes = (
        "The same AWS calls to a stub on loopback, each in a fresh process, in turns; ratios of each round's pair.",
    )
    return [Table("Cold run of the handler", ("Run", "handler", "bare boto3", "ratio"), [row], notes)]


def main() -> None:
    """Measure everything and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--markdown", action="store_true", help=f"also write {PAGE.name}")
    parser.add_argument("--rounds", type=int, default=5, help="more rounds, less noise (default: 5)")
    given = parser.parse_args()
    heading = machine()
    sys.stdout.write(f"{heading}\n\n")
    parts: tuple[Callable[[], list[Table]], ...] = (
        lambda: synth.tables(given.rounds, [1, 10, 100]),
        lambda: deploy.tables(given.rounds + 2),
        lambda: cold_run(3 * given.rounds),
        lambda: predictions.tables(given.rounds),
        lambda: demo.tables(1),
    )
    found: list[Table] = []
    for part in parts:
        for table in part():
            found.append(table)
            sys.stdout.write(f"{table.text()}\n")
            sys.stdout.flush()
    if given.markdown:
        head = (
            "# Measurements\n\n`make bench` prints these; `python benchmarks/run.py --markdown` writes this page.\n"
            f"Measured on {heading}.\n"
        )
        PAGE.write_text("\n".join([head, *(table.markdown() for table in found)]))


if __name__ == "__main__":
    main()
