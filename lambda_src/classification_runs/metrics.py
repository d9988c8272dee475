"""Metrics in the embedded metric format: a log line, no call and no permission.

Source: CloudWatch User Guide, "Specification: Embedded metric format".
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACE = "DocumentClassification"
_UNITS = {"OldestDocument": "Seconds", "JobTime": "Seconds"}


def emit(now: float, workflow: str, values: Mapping[str, float]) -> None:
    """Write some metrics of a workflow.

    Args:
        now: Seconds since 1970.
        workflow: The value of the dimension `Workflow`.
        values: Their names and values.
    """
    definition = {
        "Namespace": NAMESPACE,
        "Dimensions": [["Workflow"]],
        "Metrics": [{"Name": name, "Unit": _UNITS.get(name, "Count")} for name in values],
    }
    line = {"_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [definition]}, "Workflow": workflow, **values}
    sys.stdout.write(json.dumps(line) + "\n")
