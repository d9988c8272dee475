"""What the local Comprehend remembers, and how it is told to behave."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from constructs_lib.local.comprehend.service_errors import ServiceError


@dataclass
class Settings:
    """How the service behaves.

    Args:
        job_seconds: Time from the start of a job to its end.
        training_seconds: Least time that training a classifier takes.
        starts_per_second: Quota of started jobs, 0 for none.
        active_jobs: Quota of jobs that are submitted or in progress, 0 for none.
        keep_network_interfaces: Leave the network interfaces of jobs behind, as the service sometimes does.
        stay_attached: Leave those attached, too.
    """

    job_seconds: float = 2.0
    training_seconds: float = 0.2
    starts_per_second: int = 1
    active_jobs: int = 10
    keep_network_interfaces: bool = False
    stay_attached: bool = False


@dataclass
class Fault:
    """A fault on demand.

    Args:
        operation: API operation, or `RunJob` for jobs that fail on the way.
        code: Error code; for `RunJob` unused.
        message: Error message; for `RunJob` the message of the failed job.
        status: HTTP status.
        count: How many requests or jobs meet it; None for no limit.
        seconds: How long it lasts from now; None for no limit.
    """

    operation: str
    code: str = "InternalServerException"
    message: str = "A fault on demand"
    status: int = 400
    count: int | None = 1
    seconds: float | None = None
    since: float = field(default_factory=time.monotonic, init=False)

    def strikes(self, operation: str) -> bool:
        """Whether this request meets the fault, which counts as one of its times."""
        over = self.seconds is not None and time.monotonic() - self.since > self.seconds
        if operation != self.operation or over or self.count == 0:
            return False
        if self.count is not None:
            self.count -= 1
        return True


@dataclass
class State:
    """Everything the service remembers, by ARN or id."""

    settings: Settings = field(default_factory=Settings)
    faults: list[Fault] = field(default_factory=list)
    jobs: dict[str, Any] = field(default_factory=dict)
    classifiers: dict[str, Any] = field(default_factory=dict)
    flywheels: dict[str, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[str, tuple[dict[str, Any], str]] = field(default_factory=dict)
    started: list[float] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def fault(self, operation: str) -> Fault | None:
        """The fault that this request meets, if any."""
        return next((fault for fault in self.faults if fault.strikes(operation)), None)

    def raise_fault(self, operation: str) -> None:
        """Raise the fault that this request meets, if any."""
        if fault := self.fault(operation):
            raise ServiceError(fault.code, fault.message, fault.status)

    def reset(self) -> None:
        """Forget everything."""
        fresh = State()
        for item in dataclasses.fields(self):
            setattr(self, item.name, getattr(fresh, item.name))


STATE = State()
