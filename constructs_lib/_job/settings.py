"""What a job is told beside what it classifies, with what, and where results go."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk

from constructs_lib._core.choices import check_choice
from constructs_lib._core.tokens import is_known
from constructs_lib._job.tags import check_tags
from constructs_lib.errors import problem
from constructs_lib.milestones import EmptyInput, JobMilestone

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of the service's model, with which a test compares them.
JOB_NAME_LENGTH = 256
JOB_NAME_CHARACTERS = "_.:/=+-%@"
RUN_ID_LENGTH = 256

# CloudFormation's own clock starts before the function's and must not run out first; an hour is its limit.
LONGEST_SERVICE_TIMEOUT = 3600
_SERVICE_TIMEOUT_MARGIN = 120


@dataclass(frozen=True)
class JobSettings:
    """The options of a job that are no values of their own; each as of `DocumentClassificationJob`.

    Args:
        job_name: The name.
        tags: The tags.
        run_id: The run.
        wait_for: The milestone.
        timeout: The time.
        when_empty: The choice.
        abandon_on_delete: Whether a job is let go at once.
    """

    job_name: str | None = None
    tags: Mapping[str, str] | None = None
    run_id: str | None = None
    wait_for: JobMilestone = JobMilestone.IN_PROGRESS
    timeout: cdk.Duration | None = None
    when_empty: EmptyInput = EmptyInput.FAIL
    abandon_on_delete: bool = False

    def problems(self) -> list[str]:
        """Check the settings.

        Returns:
            What is wrong; nothing for what only the deployment knows.
        """
        return [
            *([] if self.job_name is None else check_job_name(self.job_name)),
            *([] if self.tags is None else check_tags(self.tags)),
            *([] if self.run_id is None else check_run_id(self.run_id)),
            *check_choice("wait_for", self.wait_for, JobMilestone),
            *([] if self.timeout is None else check_timeout("timeout", self.timeout)),
            *check_choice("when_empty", self.when_empty, EmptyInput),
            *check_flag("abandon_on_delete", self.abandon_on_delete),
        ]

    @property
    def timeouts(self) -> tuple[str, int]:
        """The seconds that the job has, and those that CloudFormation waits."""
        if self.timeout is None:
            seconds = LONGEST_SERVICE_TIMEOUT if self.wait_for == JobMilestone.COMPLETED else 900
        elif self.timeout.is_unresolved():
            return cdk.Tokenization.stringify_number(self.timeout.to_seconds()), LONGEST_SERVICE_TIMEOUT
        else:
            seconds = math.ceil(self.timeout.to_milliseconds() / 1000)
        return str(seconds), min(seconds + _SERVICE_TIMEOUT_MARGIN, LONGEST_SERVICE_TIMEOUT)


def check_flag(option: str, value: object) -> list[str]:
    """Check a choice of yes or no.

    Args:
        option: The option that has it.
        value: Anything.

    Returns:
        Problems.
    """
    return [] if isinstance(value, bool) else [problem(option, value, "True or False", "pass one of the two")]


def check_job_name(name: object) -> list[str]:
    """Check a job's name.

    Args:
        name: Anything.

    Returns:
        Problems.

    Source: `JobName`, whose pattern takes letters, separators and numbers of any script.
    """
    if isinstance(name, str) and (
        not is_known(name)
        or (
            1 <= len(name) <= JOB_NAME_LENGTH
            and all(letter in JOB_NAME_CHARACTERS or unicodedata.category(letter)[0] in "LZN" for letter in name)
        )
    ):
        return []
    allowed = f"1 to {JOB_NAME_LENGTH} letters, numbers, spaces or {JOB_NAME_CHARACTERS}"
    return [problem("job_name", name, allowed, "rename it, or leave it out")]


def check_run_id(run_id: object) -> list[str]:
    """Check a run id.

    Args:
        run_id: Anything.

    Returns:
        Problems.
    """
    if isinstance(run_id, str) and (not is_known(run_id) or 1 <= len(run_id) <= RUN_ID_LENGTH):
        return []
    return [
        problem("run_id", run_id, f"1 to {RUN_ID_LENGTH} characters of text", "use a date or a build number, as text")
    ]


def check_timeout(option: str, timeout: object, longest: int = LONGEST_SERVICE_TIMEOUT) -> list[str]:
    """Check how long a deployment may take.

    Args:
        option: The option that has it.
        timeout: Anything.
        longest: Seconds.

    Returns:
        Problems.
    """
    allowed = "1 second to 1 hour"
    if not isinstance(timeout, cdk.Duration):
        return [problem(option, timeout, f"a Duration of {allowed}", "pass cdk.Duration.minutes(...)")]
    if timeout.is_unresolved():
        if timeout.unit_label() == "seconds":
            return []
        advice = "pass cdk.Duration.seconds(...): the CDK converts no token"
        return [problem(option, f"a token of {timeout.unit_label()}", "a token of seconds", advice)]
    if 1 <= (seconds := timeout.to_milliseconds() / 1000) <= longest:
        return []
    advice = "CloudFormation waits an hour at most; use JobMilestone.IN_PROGRESS to wait for less"
    return [problem(option, f"{seconds:g} seconds", allowed, advice)]
