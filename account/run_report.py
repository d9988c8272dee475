"""What a run found, as a table on the terminal and as JSON."""

from __future__ import annotations

import json
import platform
import shutil
import textwrap
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from account.step import Fact, Kind
from constructs_lib.local import toolchain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from account.bench import Run
    from account.runner import Result

_MOST = 300  # characters of a detail in the table; the JSON has all
_PACKAGES = ("cdk-comprehend-classification", "aws-cdk-lib", "boto3", "ministack")


def as_json(run: Run, results: Sequence[Result], left: Sequence[str]) -> dict[str, Any]:
    """The report: when, where, with which versions, and every verdict. It holds no account number."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "where": "local AWS" if run.local else "AWS",
        "region": run.cloud.region,
        "versions": versions(),
        "left_behind": list(left),
        "results": [
            {
                "id": result.step.id,
                "kind": "fact" if isinstance(result.step, Fact) else "scenario",
                "assumption": result.step.assumption,
                "verdict": str(result.verdict.kind),
                "detail": _without_account(result.verdict.detail, run.cloud.account),
                "seconds": round(result.seconds, 1),
                **({"touches": list(result.touches)} if result.touches else {}),
                **({"trace": _without_account(result.trace, run.cloud.account)} if result.trace else {}),
            }
            for result in results
        ],
    }


def versions() -> dict[str, str]:
    """What the run was made with."""
    package = json.loads((toolchain.cdk_program().parents[1] / "package.json").read_text(encoding="utf-8"))
    found = {name: version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), **found, "aws-cdk": str(package["version"])}


def write(path: Path, report: dict[str, Any]) -> None:
    """Write the report to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{json.dumps(report, indent=2)}\n", encoding="utf-8")


def as_table(report: dict[str, Any], width: int | None = None) -> str:
    """The report for a terminal: one row a step, the differences with where they touch."""
    rows = report["results"]
    name = max((len(row["id"]) for row in rows), default=0)
    wide = max((len(row["verdict"]) for row in rows), default=0)
    room = max(30, (width or shutil.get_terminal_size().columns) - name - wide - 4)
    lines = [f"{report['where']}, {report['region']}, {report['date']}", ""]
    for row in rows:
        detail = [textwrap.shorten(row["detail"], _MOST), *(f"touches {place}" for place in row.get("touches", ()))]
        wrapped = [line for part in detail for line in textwrap.wrap(part, room) or [""]]
        lines.append(f"{row['id']:{name}}  {row['verdict']:{wide}}  {wrapped[0]}")
        lines += [f"{'':{name + wide + 4}}{line}" for line in wrapped[1:]]
    counted = [f"{sum(row['verdict'] == kind for row in rows)} {kind}" for kind in Kind]
    left = report["left_behind"]
    behind = "nothing is left behind" if not left else "left behind: " + "; ".join(left)
    return "\n".join([*lines, "", f"{', '.join(counted)}; {behind}"])


def _without_account(text: str, account: str) -> str:
    return text.replace(account, "ACCOUNT")
