"""What the workflow's template tells its function."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Settings:
    """Where documents and results lie, and how much one job may take.

    Args:
        workflow: The name that metrics carry.
        documents_bucket: Where documents arrive.
        inbox: The prefix they arrive under.
        batches: The prefix that batches lie under, one folder a run.
        readable: What the prefixes begin with that the data access role may read.
        results_bucket: Where predictions are written.
        results_key: The key that encrypts them; empty for what the bucket does by itself.
        predictions: The prefix of the table.
        max_documents: The most documents of a job.
        max_bytes: The most bytes of a job.
    """

    workflow: str
    documents_bucket: str
    inbox: str
    batches: str
    readable: tuple[str, ...]
    results_bucket: str
    results_key: str
    predictions: str
    max_documents: int
    max_bytes: int

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read the variables of the function."""
        return cls(
            workflow=environment["WORKFLOW"],
            documents_bucket=environment["DOCUMENTS_BUCKET"],
            inbox=environment["INBOX"],
            batches=environment["BATCHES"],
            readable=tuple(json.loads(environment["READABLE"])),
            results_bucket=environment["RESULTS_BUCKET"],
            results_key=environment["RESULTS_KEY"],
            predictions=environment["PREDICTIONS"],
            max_documents=int(environment["MAX_DOCUMENTS"]),
            max_bytes=int(environment["MAX_BYTES"]),
        )
