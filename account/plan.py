"""What a run will do, make and cost, said before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from account import prices
from account.catalogue import STEPS
from account.prices import Spend
from account.runner import AT_ONCE
from account.step import Fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from account.bench import Run
    from account.step import Step

_CLEAN_UP_MINUTES = 10


def choose(ids: Sequence[str]) -> list[Step]:
    """The steps with these ids or of these groups, or all that are not only for whoever asks.

    Raises:
        ValueError: There is no such step.
    """
    known = {step.id: step for step in STEPS}
    groups = {
        "scenarios": [step.id for step in STEPS if not isinstance(step, Fact) and not step.on_demand],
        "facts": [step.id for step in STEPS if isinstance(step, Fact)],
    }
    ids = list(dict.fromkeys(each for given in ids for each in groups.get(given, [given])))
    if unknown := [each for each in ids if each not in known]:
        raise ValueError(f"no such step: {', '.join(unknown)}; there are: {', '.join([*groups, *known])}")
    return [known[each] for each in ids] or [step for step in STEPS if not step.on_demand]


@dataclass(frozen=True)
class Plan:
    """A run before it begins.

    Args:
        run: Where.
        steps: What.
        training: Whether a classifier has to be trained first.
    """

    run: Run
    steps: Sequence[Step]
    training: bool

    @property
    def spend(self) -> Spend:
        """The most that all steps start and keep."""
        return sum((step.most for step in self.steps), Spend())

    @property
    def dollars(self) -> float:
        """The most that the run can cost."""
        return self.spend.dollars + (prices.training() if self.training else 0)

    @property
    def minutes(self) -> int:
        """About how long it takes on AWS."""
        alone = sum(step.minutes for step in self.steps if step.alone)
        together = [step.minutes for step in self.steps if not step.alone]
        at_once = max(-(-sum(together) // AT_ONCE), max(together, default=0))
        return alone + at_once + _CLEAN_UP_MINUTES + (60 if self.training else 0)

    def text(self) -> str:
        """What will be done, made, paid and left."""
        cloud, spend = self.run.cloud, self.spend
        where = "the local AWS" if self.run.local else f"account {cloud.account}, Region {cloud.region}"
        width = max(len(step.id) for step in self.steps)

        def row(name: str, dollars: float, said: str) -> str:
            return f"  {name:{width}}  {prices.dollars(dollars):>6}  {said}"

        rows = [row(step.id, step.most.dollars, self._said_of(step)) for step in self.steps]
        if self.training:
            hour, keeping = prices.dollars(prices.TRAINING_HOUR), prices.dollars(prices.MODEL_MONTH)
            said = (
                f"Trains a classifier on examples/data/training.csv, which takes about an hour: {hour} an hour, "
                f"{prices.TRAINING_HOURS} hours counted, and {keeping} for keeping it."
            )
            rows.insert(0, row("(training)", prices.training(), said))
        hundred = prices.dollars(100 * 3 * prices.UNIT)
        amount = f"{prices.dollars(self.dollars)} at most by the public price list of us-east-1"
        lines = [
            f"Run {self.run.name} in {where}:",
            "",
            *rows,
            "",
            (
                f"At most {spend.jobs} jobs on {spend.documents} documents at {hundred} a hundred, {spend.keys} keys, "
                f"{spend.pages} pages."
            ),
            f"Nothing to pay here; on AWS {amount}." if self.run.local else f"{amount}. About {self.minutes} minutes.",
            (
                f"Everything is called {self.run.prefix}-... and tagged. All of it is removed at the end, but for the "
                "records of jobs, which nobody can delete, and files in the CDK's own bucket."
            ),
        ]
        return "\n".join(lines)

    @staticmethod
    def _said_of(step: Step) -> str:
        said = step.question if isinstance(step, Fact) else step.assumption
        return f"{said} Makes {step.makes}."
