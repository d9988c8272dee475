"""Every measurement, or some: what is measured, in turns, and in which order.

python benchmarks/run.py                     all, in about a quarter of an hour on a machine that does nothing else
python benchmarks/run.py deploy demo         these
python benchmarks/run.py --write             into results.json as well, from which the pages get their figures
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import collecting
import demo
import deploy
import handler_cold_run
import reader
import synth
import workflow_year
from report import Table, paired, progress

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = Path(__file__).parent / "results.json"


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
    size = sum(path.stat().st_size for path in (handler_cold_run.SOURCE / "classification_job").rglob("*.py"))
    notes = (
        f"The handler's code is {size / 1024:.1f} KiB, as it is written.",
        "The same AWS calls to a stub on loopback, each in a fresh process, in turns; ratios of each round's pair.",
    )
    return [Table("Cold run of the handler", ("Run", "handler", "bare boto3", "ratio"), [row], notes)]


# What must be there is fetched by the first parts that need it, so that a network that fails is noticed at once.
PARTS: dict[str, Callable[[int], list[Table]]] = {
    "deploy": lambda rounds: deploy.tables(rounds + 2),
    "synth": lambda rounds: synth.tables(rounds, [1, 10, 100]),
    "handler": lambda rounds: cold_run(3 * rounds),
    "predictions": reader.tables,
    "workflow": lambda _rounds: workflow_year.tables(),
    # By hand with 100,000, which take half an hour.
    "collecting": lambda _rounds: [collecting.table(10_000)],
    "demo": lambda _rounds: demo.tables(1),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)} (default: all)")
    parser.add_argument(
        "--write", action="store_true", help=f"also write {RESULTS.name}; `make docs` brings it into pages"
    )
    parser.add_argument("--rounds", type=int, default=5, help="more rounds, less noise (default: 5)")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))}: there is only {', '.join(PARTS)}")
    where = machine()
    sys.stdout.write(f"{where}\n\n")
    for name in given.parts or PARTS:
        progress(f"{name}: begins")
        tables = PARTS[name](given.rounds)
        sys.stdout.write("".join(f"{table.text()}\n" for table in tables))
        sys.stdout.flush()
        if given.write:
            write(name, where, tables)


def write(name: str, where: str, tables: list[Table]) -> None:
    """Keep the figures of a part; those of the others stay as they are.

    Args:
        name: The part.
        where: Date and machine.
        tables: What was found.
    """
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    results[name] = {"measured": where, "tables": [asdict(table) for table in tables]}
    RESULTS.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
