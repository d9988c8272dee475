"""Reading a million predictions beside a bare loop of the standard library.

python benchmarks/reader.py [--lines 1000000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from report import Table, paired

if TYPE_CHECKING:
    from collections.abc import Callable

CLASSES = ("COMPLAINT", "CONTRACT", "INVOICE", "JOB_APPLICATION", "ORDER", "REMINDER")
TARGETS = {"read": 1.5, "--csv": 2.0, "--json": 2.0}  # times the CPU of the bare loop
_THROUGHPUT = 0.7  # of the bare loop's, at least
_MEMORY = 64.0  # MiB for a million lines
_FAST = 3  # of gzip, as the workflow's function has it


def write_archive(path: Path, lines: int) -> None:
    """Write an archive as a job does: a line a document, with the three most likely classes."""
    chance = random.Random(1)  # noqa: S311 - the same archive in each run
    # Not in memory: a process that is started later would seem to have had it.
    with tempfile.TemporaryFile() as packed:
        for number in range(lines):
            first = round(chance.uniform(0.5, 1), 4)
            scores = (first, round((1 - first) * 0.6, 4), round((1 - first) * 0.3, 4))
            classes = [
                {"Name": name, "Score": score} for name, score in zip(chance.sample(CLASSES, 3), scores, strict=True)
            ]
            record = {"File": "mails.txt", "Line": str(number), "Classes": classes}
            packed.write(json.dumps(record).encode() + b"\n")
        member = tarfile.TarInfo("predictions.jsonl")
        member.size = packed.tell()
        packed.seek(0)
        with tarfile.open(path, "w:gz", compresslevel=6) as tar:
            tar.addfile(member, packed)


def bare(path: Path) -> None:
    """The loop that one would write: no check, no record, no shape but one."""
    with tarfile.open(path, "r|gz") as tar:
        for member in tar:
            for line in tar.extractfile(member) or ():
                json.loads(line)


def read(path: Path) -> None:
    """The same with this library."""
    from constructs_lib.predictions import read_predictions  # noqa: PLC0415 - in the process that is measured

    with path.open("rb") as stream:
        for _ in read_predictions(stream):
            pass


def _command(path: Path, option: str) -> None:
    from constructs_lib.predictions.__main__ import main  # noqa: PLC0415 - in the process that is measured

    with tempfile.TemporaryDirectory() as folder:
        main([str(path), option, str(Path(folder) / "all")])


def bare_unpack(path: Path) -> None:
    """Rows of a table by a bare loop: what is nested is named anew, and packed again."""
    with tarfile.open(path, "r|gz") as tar, gzip.open(io.BytesIO(), "wb", _FAST) as rows:
        for member in tar:
            for line in tar.extractfile(member) or ():
                record = json.loads(line)
                best = record["Classes"][0]
                row = {
                    "document": f"{record['File']} line {record['Line']}",
                    "file": record["File"],
                    "line": int(record["Line"]),
                    "page": None,
                    "class": best["Name"],
                    "score": best["Score"],
                    "predictions": [{"name": item["Name"], "score": item["Score"]} for item in record["Classes"]],
                    "error_code": None,
                    "error_message": None,
                    "document_type": None,
                    "job_id": "0a1b",
                }
                rows.write(json.dumps(row).encode() + b"\n")


def unpack(path: Path) -> None:
    """The same with all checks."""
    from constructs_lib.predictions.reading import read_batches, row_encoder  # noqa: PLC0415 - as above

    line = row_encoder({"job_id": "0a1b"})
    with path.open("rb") as stream, gzip.open(io.BytesIO(), "wb", _FAST) as rows:
        for batch in read_batches(stream):
            rows.write("".join(map(line, batch)).encode())


WAYS: dict[str, Callable[[Path], None]] = {
    "bare": bare,
    "read": read,
    "--csv": lambda path: _command(path, "--csv"),
    "--json": lambda path: _command(path, "--json"),
    "bare unpack": bare_unpack,
    "unpack": unpack,
}


def _measure(way: str, path: Path) -> tuple[float, float]:
    """Run one way in a fresh process; CPU in seconds, memory in MiB."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, __file__, f"--way={way}", "--archive", str(path)], capture_output=True, text=True, check=True
    )
    seconds, memory = done.stdout.split()[-2:]
    return float(seconds), float(memory)


def _run_one(way: str, path: Path) -> None:
    began = time.process_time()
    WAYS[way](path)
    seconds = time.process_time() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"\n{seconds} {memory}\n")


def tables(rounds: int, lines: int = 1_000_000) -> list[Table]:
    """Measure all ways in turns."""
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "output.tar.gz"
        write_archive(path, lines)
        for number in range(rounds):
            for way in WAYS:
                sys.stderr.write(f"\rpredictions: round {number + 1} of {rounds}, {way:12}")
                sys.stderr.flush()
                found[way].append(_measure(way, path))
    sys.stderr.write("\r" + " " * 60 + "\r")
    seconds = {way: [run[0] for run in runs] for way, runs in found.items()}
    rows = []
    for way, runs in found.items():
        other = "bare unpack" if "unpack" in way else "bare"
        target = 1 / _THROUGHPUT if way == "unpack" else TARGETS.get(way)
        memory = max(run[1] for run in runs)
        rows.append(
            (
                way,
                f"{statistics.median(seconds[way]):.2f}",
                "" if way == other else paired(seconds[way], seconds[other], target),
                f"{memory:.0f}" + (f" (over {_MEMORY:.0f})" if way in {"read", "unpack"} and memory > _MEMORY else ""),
            )
        )
    notes = (
        f"{lines:,} lines, three classes each. Bare is `tarfile` and `json.loads`; to unpack, a row packed again.",
        f"At most {TARGETS['read']} times the bare loop, {TARGETS['--csv']} with --csv and with --json.",
        f"Unpacking at least {_THROUGHPUT} of the bare throughput, which is {1 / _THROUGHPUT:.2f} times its CPU.",
        f"Reading and unpacking a million lines in at most {_MEMORY:.0f} MiB.",
        "Each run is a fresh process, in turns; CPU is user and system; --csv and --json count and report as well.",
    )
    return [Table("Reading predictions", ("Way", "CPU, s", "ratio", "peak memory, MiB"), rows, notes)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000, help="how many predictions (default: a million)")
    parser.add_argument("--rounds", type=int, default=5, help="more rounds, less noise (default: 5)")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--archive", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:
        _run_one(given.way, given.archive)
        return
    for table in tables(given.rounds, given.lines):
        sys.stdout.write(table.text())


if __name__ == "__main__":
    main()
