"""Everything that a run can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from account.facts import FACTS
from account.scenarios.all_scenarios import SCENARIOS

if TYPE_CHECKING:
    from account.step import Step

STEPS: tuple[Step, ...] = (*SCENARIOS, *FACTS)
