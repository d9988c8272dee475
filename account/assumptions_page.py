"""Writes docs/assumptions.md from the list of facts: `python -m account.assumptions_page`."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

from account.anchors import ROOT
from account.facts import FACTS
from account.faults import FAULTS
from account.scenarios.all_scenarios import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from account.anchors import Anchor
    from account.step import Fact, Scenario

PAGE = ROOT / "docs" / "assumptions.md"
MEASURED = ROOT / "account" / "measured"

_HEAD = """\
# What is assumed of AWS

Where AWS documents what it does, this library follows the documentation, and nothing here is about it. These are the
points where it is silent or ambiguous: what is assumed, why, and what depends on it. Each is a measurement that
whoever has an account can make: see [CONTRIBUTING.md](../CONTRIBUTING.md).

{measured}

The page is written by `python -m account.assumptions_page` from the list that the measurements are made from.
"""


def page(reports: Iterable[dict[str, Any]] = ()) -> str:
    """The page.

    Args:
        reports: Reports of runs in real accounts, the oldest first.
    """
    newest = {each["id"]: (report, each) for report in reports for each in report["results"]}
    said = (
        "Measured so far: what has a date below."
        if newest
        else "No account was at hand yet: everything is proven on test doubles only, and nothing below is measured."
    )
    parts = [
        _HEAD.format(measured=said),
        "## In short\n",
        _table(
            ("question", "assumed", "on AWS"),
            (
                [f"[{each.question}](#{_slug(each.question)})", each.assumption, _verdict(newest.get(each.id))]
                for each in FACTS
            ),
        ),
        "## One by one",
        *(_fact(each, newest.get(each.id)) for each in FACTS),
        "## Behaviour that is played whole\n",
        "Scenarios of the same run. On the local AWS each is also played with something wrong, which it must notice.\n",
        _table(
            ("scenario", "what must hold", "what it must notice", "on AWS"),
            ([f"`{each.id}`", each.assumption, _noticed(each), _verdict(newest.get(each.id))] for each in SCENARIOS),
        ),
    ]
    return "\n".join(parts)


def _fact(fact: Fact, found: tuple[dict[str, Any], dict[str, Any]] | None) -> str:
    measure = fact.look.__doc__ if fact.look else f"Not measured: {fact.unmeasured}."
    rows = [
        ("assumed", fact.assumption),
        ("because", fact.source),
        ("what depends on it", fact.matters),
        ("measured how", measure or ""),
        ("on AWS", _verdict(found)),
        ("in the code", _places(fact.code)),
        ("in the local AWS", _places(fact.double) or "nothing: the local AWS cannot show it"),
        ("held by", ", ".join(f"[{each}](../{each})" for each in fact.held_by) or "nothing but this"),
    ]
    body = "\n".join(f"| {name} | {_cell(text)} |" for name, text in rows)
    return f"\n### {fact.question}\n\n| | `{fact.id}` |\n| --- | --- |\n{body}\n"


def _slug(heading: str) -> str:
    """The anchor that hosts make of a heading."""
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


def _verdict(found: tuple[dict[str, Any], dict[str, Any]] | None) -> str:
    if found is None:
        return "not measured yet"
    report, result = found
    return f"{result['verdict']} ({report['date'][:10]}, {report['region']}): {result['detail']}"


def _noticed(scenario: Scenario) -> str:
    return FAULTS[scenario.id].what


def _places(anchors: Iterable[Anchor]) -> str:
    return ", ".join(f"[{each.file}](../{each.file}): `{each.text}`" for each in anchors)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    names = list(head)
    lines = [f"| {' | '.join(names)} |", f"|{' --- |' * len(names)}"]
    return "\n".join([*lines, *(f"| {' | '.join(map(_cell, row))} |" for row in rows), ""])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def measured(folder: Path = MEASURED) -> list[dict[str, Any]]:
    """The reports that were handed in, the oldest first."""
    reports = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]
    return sorted((each for each in reports if each["where"] == "AWS"), key=lambda report: str(report["date"]))


if __name__ == "__main__":
    PAGE.write_text(page(measured()), encoding="utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} is up to date\n")
