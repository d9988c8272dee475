"""Collect documents over HTTP: the function's own code, a boto3 client as it has it, and the S3 of the local AWS.

python benchmarks/collecting.py [documents]     print it (default: 100,000 documents)
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from report import Table, progress

from constructs_lib.local import LocalAws

ROOT = Path(__file__).parents[1]
BUCKET = "collected"
_WRITERS = 16
_PORTION = 10_000  # documents


def measure(documents: int) -> dict[str, float]:
    """Write documents into an inbox, and move them into a batch in a process of its own, as the function would.

    Args:
        documents: How many.

    Returns:
        What the process found out about itself.
    """
    with LocalAws() as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        with ThreadPoolExecutor(_WRITERS) as pool:
            for begin in range(0, documents, _PORTION):
                numbers = range(begin, min(begin + _PORTION, documents))
                list(
                    pool.map(lambda number: s3.put_object(Bucket=BUCKET, Key=f"inbox/{number:07}", Body=b"x"), numbers)
                )
                progress(f"{numbers.stop:,} of {documents:,} documents are written")
        environment = {**os.environ, **aws.environment(), "PYTHONPATH": _path()}
        told = subprocess.run(  # noqa: S603 - this file
            [sys.executable, __file__, "--collect"], env=environment, check=True, stdout=subprocess.PIPE
        )
        left = s3.list_objects_v2(Bucket=BUCKET, Prefix="inbox/")["KeyCount"]
    found: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    if left or found["documents"] != documents:
        raise RuntimeError(f"{found['documents']:,.0f} of {documents:,} were moved, {left} are left")
    return found


def _path() -> str:
    return os.pathsep.join(str(ROOT / part) for part in ("lambda_src", "constructs_lib/predictions"))


def _collect() -> None:
    # Only the process that plays the function has it on its path.
    from classification_runs import environment, handler  # noqa: PLC0415
    from classification_runs.collect import collect  # noqa: PLC0415

    where = environment.Settings("Mails", BUCKET, "inbox/", "batches/inbox/", (), "", "", "", 1_000_000, 5 << 30)
    client: Any = handler._client  # noqa: SLF001 - as configured there
    remover: Any = handler._remover  # noqa: SLF001
    before, cpu, wall = _memory(), time.process_time(), time.monotonic()
    batch = collect(client, remover, where, "run", remaining=lambda: 900.0)
    found = {
        "documents": batch.documents,
        "seconds": time.monotonic() - wall,
        "cpu": time.process_time() - cpu,
        "before": before,
        "memory": _memory(),
    }
    sys.stdout.write(f"{json.dumps(found)}\n")


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(documents: int = 100_000) -> Table:
    """Measure and report.

    Args:
        documents: How many.

    Returns:
        The table.
    """
    found = measure(documents)
    rows = [
        ("documents in one batch", f"{found['documents']:,.0f}"),
        ("documents a second", f"{found['documents'] / found['seconds']:,.0f}"),
        ("CPU of the function a document", f"{found['cpu'] / found['documents'] * 1e6:,.0f} us"),
        ("memory of the function, before and at most", f"{found['before']:.0f} and {found['memory']:.0f} MiB"),
    ]
    notes = (
        "The function's code and its boto3 clients, over HTTP, on the S3 of the local AWS, which shares the cores.",
        "On S3 itself two calls of some 30 ms a document, 32 at a time, are 500 a second, if one core is fast enough.",
    )
    return Table("Collecting over HTTP", ("What", "value"), rows, notes)


if __name__ == "__main__":
    if sys.argv[1:] == ["--collect"]:
        _collect()
    else:
        sys.stdout.write(f"{table(*map(int, sys.argv[1:])).text()}\n")
