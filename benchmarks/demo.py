"""Where the time of `make demo` goes, step by step.

python benchmarks/demo.py [--rounds 1]
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from report import Table

ROOT = Path(__file__).parents[1]
DATA = Path("examples") / "data"
COMMAND = [
    *(sys.executable, "-m", "constructs_lib.local", "deploy"),
    *(
        "--train",
        str(DATA / "training.csv"),
        "--documents",
        str(DATA / "documents"),
        "--labels",
        str(DATA / "labels.csv"),
    ),
    *("--context", "wait_for=COMPLETED"),
]
TARGET = 60.0
_STEP = re.compile(r"\[ *([\d.]+) s\] (.*)")


def run() -> list[tuple[str, float]]:
    """Run the demo once.

    Returns:
        Each step with the seconds until the next one; the last is the whole.
    """
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own command
        COMMAND, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=300, check=True
    )
    whole = time.perf_counter() - began
    marks = [(float(seconds), _name(step)) for seconds, step in _STEP.findall(done.stdout)]
    ends = [seconds for seconds, _ in marks[1:]] + [whole]
    return [
        *((name, end - start) for (start, name), end in zip(marks, ends, strict=True)),
        ("the whole", whole),
    ]


def _name(step: str) -> str:
    """Without what differs from run to run: the job's id or name."""
    return re.sub(r"^Job \S+ is", "the job is", step)


def tables(rounds: int) -> list[Table]:
    """Run the demo and list its steps."""
    steps: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, seconds in run():
            steps.setdefault(name, []).append(seconds)
    rows = [(name, f"{statistics.median(times):.1f}") for name, times in steps.items()]
    notes = (
        "A step lasts until the next one is announced; synthesis runs beside bootstrapping, uploading and training.",
        f"The whole is at most {TARGET:.0f} s once set up.",
    )
    return [Table("make demo", ("Step", "seconds"), rows, notes)]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=1, help="how often (default: 1); medians are printed")
    for table in tables(parser.parse_args().rounds):
        sys.stdout.write(table.text())


if __name__ == "__main__":
    main()
