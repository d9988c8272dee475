"""Policies with one thing less, and what is said of each."""

from __future__ import annotations

import copy
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from constructs_lib.local import LocalAws

_ELSEWHERE = "arn:aws:s3:::elsewhere"
_WIDTH = 200  # characters of a message


@dataclass(frozen=True)
class Mutation:
    """A statement with one thing less."""

    sid: str
    taken: str
    policy: dict[str, Any]

    def reason(self, reasons: Mapping[str, str]) -> str:
        """Why it can be taken away here and is needed all the same; reasons are told by statement, or with its part."""
        return reasons.get(f"{self.sid} {self.taken}", reasons.get(self.sid, ""))


def mutations(policy: dict[str, Any]) -> Iterator[Mutation]:
    """Take away each action, each resource and each condition value of a policy, one at a time."""
    for number, statement in enumerate(policy["Statement"]):
        if statement["Effect"] == "Deny":
            continue  # what is taken away from these allows more
        for part in ("Action", "Resource"):
            values = _listed(statement[part])
            for value in values:
                rest = [each for each in values if each != value]
                nothing = "sts:GetCallerIdentity" if part == "Action" else _ELSEWHERE
                if part == "Resource" and value == "*":
                    continue  # there is no other resource that these actions know
                yield _changed(policy, number, value, {part: rest or [nothing]})
        for operator, keys in statement.get("Condition", {}).items():
            for key, values in keys.items():
                for value in _listed(values):
                    rest = [each for each in _listed(values) if each != value]
                    other = {**statement["Condition"], operator: {**keys, key: rest or _ELSEWHERE}}
                    yield _changed(policy, number, f"{key} {value}", {"Condition": other})


@dataclass(frozen=True)
class Trial:
    """What happened without one thing: its cells in the table, what went wrong, or why nothing did."""

    cells: list[str]
    problem: str
    reason: str

    def row(self) -> str:
        """Write it as a row of the table."""
        text = f"fails: {self.problem}" if self.problem else f"not judged: {self.reason or 'UNEXPLAINED'}"
        shown = textwrap.shorten(text.replace("|", "/"), _WIDTH, placeholder=" ...")
        return f"| {' | '.join([*self.cells, shown])} |"


@dataclass(frozen=True)
class Half:
    """A half of the page: its title, what to know of it, its columns, and what makes its rows."""

    title: str
    note: str
    columns: list[str]
    trials: Callable[[LocalAws, str, Path], Iterator[Trial]]

    def written(self, found: Sequence[Trial], seconds: float) -> str:
        """Write its table."""
        needed = sum(bool(trial.problem) for trial in found)
        columns = [*self.columns, "what happened"]
        return "\n".join(
            [
                f"Written by `python benchmarks/permissions.py` in {seconds:.0f} s: of {len(found)} things taken away "
                f"{needed} are missed. {self.note}".strip(),
                "",
                f"| {' | '.join(columns)} |",
                f"| {' | '.join('---' for _ in columns)} |",
                *(trial.row() for trial in found),
            ]
        )


def _changed(policy: dict[str, Any], number: int, taken: str, change: dict[str, Any]) -> Mutation:
    mutant = copy.deepcopy(policy)
    mutant["Statement"][number].update(change)
    return Mutation(policy["Statement"][number]["Sid"], taken, mutant)


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
