"""The measured figures of the pages, from what `python benchmarks/run.py --write` has kept."""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
from report import Table  # noqa: E402 - of the folder that was just named

RESULTS = ROOT / "benchmarks" / "results.json"

# What a row of the comparison is called, its part, and the row there.
_PLAIN, _WHOLE, _LOCAL = "Synthesis, plain", "Synthesis, with network, role and keys", "Local deployment"
_COMPARED = (
    ("resources for each further job", _PLAIN, "each job more: resources"),
    ("template bytes for each further job", _PLAIN, "each job more: template, bytes"),
    ("synthesis of 1 job, seconds of user CPU", _PLAIN, "1 job: user CPU, s"),
    ("synthesis of 100 jobs, seconds of user CPU", _PLAIN, "100 jobs: user CPU, s"),
    ("of 1 job with network, role and keys", _WHOLE, "1 job: user CPU, s"),
    ("of 100 jobs with network, role and keys", _WHOLE, "100 jobs: user CPU, s"),
    ("local deployment, waiting for `SUBMITTED`, seconds", _LOCAL, "median, s"),
)
_WAYS = ("DocumentClassificationJob", "AwsCustomResource", "Provider", "ratio to AwsCustomResource")


def _results() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def measurements() -> str:
    """Write every table of the last measurements.

    Returns:
        Markdown.
    """
    parts = []
    for part in _results().values():
        for found in part["tables"]:
            table = Table(found["title"], tuple(found["columns"]), found["rows"], tuple(found["notes"]))
            parts.append(f"{table.markdown()}- Measured on {part['measured']}.\n")
    return "\n".join(parts).strip()


def demo_seconds() -> str:
    """Say how long the demo takes, to the next five seconds.

    Returns:
        The number.
    """
    (table,) = _results()["demo"]["tables"]
    (whole,) = [seconds for step, seconds in table["rows"] if step == "the whole"]
    return str(5 * math.ceil(float(whole) / 5))


def _workflow() -> tuple[str, int, dict[str, str], dict[str, str]]:
    """When and where the workflow was measured, over how many days, and what was found of it and of collecting."""
    part = _results()["workflow"]
    year, collected = part["tables"]
    (days,) = re.findall(r"(\d+) days", year["title"])
    return part["measured"], int(days), dict(year["rows"]), dict(collected["rows"])


def workflow_year() -> str:
    """Say in one sentence what a workflow was like.

    Returns:
        Markdown.
    """
    measured, days, year, _ = _workflow()
    lost, twice = year["lost, or classified twice"].split(", ")
    kept = "none was lost or classified twice"
    if (lost, twice) != ("0", "0"):
        kept = f"{lost} were lost and {twice} classified twice"
    half, most = re.findall(r"([\d,]+) min", year["upload to prediction, median and 99 %"])
    span = "A year" if days == 365 else f"{days} days"  # noqa: PLR2004
    return (
        f"{span} of a workflow, played in virtual time on {measured.partition(',')[0]}: "
        f"{year['documents that arrived']} documents arrived, {kept},\n"
        f"half had their prediction within {half} minutes and 99 of 100 within {most}\n"
        "([figures](docs/workflow.md#what-was-simulated-and-measured))."
    )


def workflow_figures() -> str:
    """Write what a workflow was like.

    Returns:
        Markdown.
    """
    measured, days, year, _ = _workflow()
    rows = "\n".join(f"| {what} | {value} |" for what, value in year.items())
    return f"| what | {days} days |\n| --- | --- |\n{rows}\n\nMeasured on {measured}."


def collecting() -> str:
    """Say what collecting costs the function.

    Returns:
        Markdown.
    """
    _, _, _, found = _workflow()
    return (
        f"Collecting {found['documents in one batch']} documents in one run took "
        f"{found['CPU a document, the S3 in memory included']} of CPU a document and\n"
        f"{found['memory that it took, the copies included']}, with an S3 in memory."
    )


def collecting_over_http() -> str:
    """Say how fast documents are collected where every call takes its time.

    Returns:
        Markdown.
    """
    part = _results()["collecting"]
    found = dict(part["tables"][0]["rows"])
    return (
        f"{found['documents in one batch']} documents, {found['documents a second']} a second, with "
        f"{found['CPU of the function a document']} of CPU each;\nits memory before and at most was "
        f"{found['memory of the function, before and at most']}. Measured on {part['measured']}."
    )


def comparison() -> str:
    """Write the figures that compare this library with other ways.

    Returns:
        Markdown.
    """
    results = _results()
    lines = [
        "| | this library | AwsCustomResource | Provider framework | ratio to AwsCustomResource |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    tables = {table["title"]: table for part in results.values() for table in part["tables"]}
    for what, title, row in _COMPARED:
        table = tables[title]
        (values,) = [each for each in table["rows"] if each[0] == row]
        named = dict(zip(table["columns"], values, strict=True))
        lines.append(f"| {what} | {' | '.join(named[way] for way in _WAYS)} |")
    (table,) = results["handler"]["tables"]
    cold = dict(zip(table["columns"], table["rows"][0], strict=True))
    lines += [
        "",
        f"A cold run of the handler takes {cold['handler']} s, a bare script that makes the same calls",
        f"{cold['bare boto3']} s: {cold['ratio']} times as long.",
    ]
    return "\n".join(lines)
