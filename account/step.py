"""What a run is made of: steps that see something and say whether it is as assumed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from account.anchors import Anchor
    from account.bench import Bench
    from account.prices import Spend

    # A step returns what it saw. One that yields is resumed when all others are done: time must pass in between.
    Look = Callable[[Bench], str | Generator[None, None, str]]


class Kind(StrEnum):
    """What a verdict says."""

    AS_ASSUMED = "as assumed"
    DIFFERS = "differs"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Verdict:
    """What a step found."""

    kind: Kind
    detail: str

    def __str__(self) -> str:
        """The verdict as the report writes it."""
        return f"{self.kind}: {self.detail}"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that a run does.

    Args:
        id: Its name, in options and reports.
        assumption: What should hold.
        look: Does it and returns what was seen.
        most: The most it can start and keep.
        minutes: About how long it takes on AWS.
        makes: What it makes, in words.
        alone: Whether nothing else of the run may use the quotas meanwhile.
        on_demand: Whether it runs only when it is asked for by its id.
        settings: How the local AWS behaves for it, other than it does for all steps.
    """

    id: str
    assumption: str
    look: Look | None
    most: Spend
    minutes: int = 8
    makes: str = "a role"
    alone: bool = False
    on_demand: bool = False
    settings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scenario(Step):
    """A piece of the library's behaviour, from a deployment to its end."""


@dataclass(frozen=True, kw_only=True)
class Fact(Step):
    """Something that AWS does and does not document well, on which the library rests.

    Args:
        question: What is not known.
        source: Where the assumption comes from.
        matters: What depends on it, and what happens to users when it is otherwise.
        code: The lines of the library that rest on it.
        double: The lines of the local AWS that imitate it.
        held_by: Tests that hold the library to the assumption on doubles.
        unmeasured: Why nothing measures it, for a fact without `look`.
    """

    question: str
    source: str
    matters: str
    code: tuple[Anchor, ...]
    double: tuple[Anchor, ...] = ()
    held_by: tuple[str, ...] = ()
    unmeasured: str = ""

    def __post_init__(self) -> None:
        """Every fact has a measurement, or a reason why it has none."""
        if (self.look is None) != bool(self.unmeasured):
            raise ValueError(f"{self.id}: a fact is measured, or says why not")

    @property
    def touched(self) -> tuple[Anchor, ...]:
        """What has to change when it is otherwise: the double, so that tests see it, then the code."""
        return (*self.double, *self.code)
