"""What a run can cost at most, from the public price list.

Source: aws.amazon.com/comprehend/pricing; units of 100 characters, at least three for a document, $0.0005 each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

UNIT = 0.0005
TRAINING_HOUR = 3.0
TRAINING_HOURS = 1.5  # of a small model, generously
MODEL_MONTH = 0.50
KEY_DAY = 1.0 / 30
TEXTRACT_PAGE = 0.05 + 0.015  # tables and forms
# Not in the price list; taken as a page of 10,000 characters, the most that a page may have.
NATIVE_PAGE = 100 * UNIT
ATHENA_QUERY = 0.00005  # 10 MB, the least a query is billed for


def document(text: str) -> float:
    """Dollars for one document of plain text."""
    return max(3, math.ceil(len(text) / 100)) * UNIT


@dataclass(frozen=True)
class Spend:
    """The most that something starts and keeps.

    Args:
        jobs: Jobs started.
        documents: Documents that they classify together, each of at most 300 characters.
        pages: Pages that Textract reads.
        keys: KMS keys that are made.
        queries: Athena queries.
    """

    jobs: int = 0
    documents: int = 0
    pages: int = 0
    keys: int = 0
    queries: int = 0

    def __add__(self, other: Spend) -> Spend:
        """Both together."""
        return Spend(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def dollars(self) -> float:
        """What it costs at most."""
        return (
            self.documents * 3 * UNIT
            + self.pages * (TEXTRACT_PAGE + NATIVE_PAGE)
            + self.keys * KEY_DAY
            + self.queries * ATHENA_QUERY
        )


def training() -> float:
    """Dollars for training a small classifier and keeping it for the run."""
    return TRAINING_HOUR * TRAINING_HOURS + MODEL_MONTH


def dollars(amount: float) -> str:
    """An amount, rounded up to a cent."""
    return f"${math.ceil(round(amount * 100, 6)) / 100:.2f}"
