"""How much a run takes, and the checks of a workflow's own options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_scheduler as scheduler

from constructs_lib._core.arns import Environment
from constructs_lib._core.environment_checks import check_arn_environment, check_region
from constructs_lib._core.objects import offers
from constructs_lib._core.tokens import is_known, is_pending
from constructs_lib._job.settings import check_flag
from constructs_lib.documents import Documents, InputFormat
from constructs_lib.errors import problem
from constructs_lib.results import Results

if TYPE_CHECKING:
    from aws_cdk import aws_events as events

# Developer Guide, "Guidelines and quotas".
FILES = 1_000_000
FILES_TO_EXTRACT = 500
BYTES = 5 * 10**9
MOST_BYTES = 5 << 30

SHORTEST, LONGEST = cdk.Duration.minutes(10), cdk.Duration.days(3)


@dataclass(frozen=True)
class RunLimits:
    """The options of a workflow that are no values of their own; each as of `DocumentClassificationWorkflow`.

    Args:
        schedule: When runs of the inbox start.
        run_on_upload: Whether uploads start runs.
        max_documents: The most documents of a run.
        max_input_size: The most bytes of a run.
        timeout: The longest time of a run.
        predictions_table: Whether there is a table.
        event_bus: Where notices go.
    """

    schedule: scheduler.ScheduleExpression | None
    run_on_upload: bool
    max_documents: int | None
    max_input_size: cdk.Size | None
    timeout: cdk.Duration
    predictions_table: bool
    event_bus: events.IEventBus | events.EventBus | None

    def problems(self, environment: Environment, documents: object, results: object) -> list[str]:
        """Check them.

        Args:
            environment: Where the workflow is deployed.
            documents: Where documents arrive, already checked by themselves.
            results: Where results go.

        Returns:
            What is wrong.
        """
        found = [] if self.schedule is None else check_schedule("schedule", self.schedule)
        found += check_flag("run_on_upload", self.run_on_upload) + check_flag(
            "predictions_table", self.predictions_table
        )
        found += self._size_problems(documents) + self._timeout_problems()
        if self.event_bus is not None:
            found += _check_event_bus(self.event_bus, environment)
        if isinstance(documents, Documents):
            found += _check_inbox(environment, documents, results)
        return found

    def documents_of(self, documents: Documents) -> int:
        """Say how many documents a run takes at most."""
        return self.max_documents or most_documents(documents)

    @property
    def bytes(self) -> int:
        """How many bytes a run takes at most."""
        return BYTES if self.max_input_size is None else int(self.max_input_size.to_bytes())

    def _size_problems(self, documents: object) -> list[str]:
        found = []
        if self.max_documents is not None and isinstance(documents, Documents):
            most = most_documents(documents)
            if documents.input_format == InputFormat.ONE_DOC_PER_LINE:
                advice = "lines are not counted before a job starts; limit a run by max_input_size"
                found.append(problem("max_documents", self.max_documents, "it with ONE_DOC_PER_FILE only", advice))
            elif type(self.max_documents) is not int or not 1 <= self.max_documents <= most:
                found.append(problem("max_documents", self.max_documents, f"1 to {most:,}, an int", "that many files"))
        if self.max_input_size is not None:
            size: object = self.max_input_size
            if not isinstance(size, cdk.Size) or size.is_unresolved():
                allowed = "a cdk.Size that is known at synthesis"
                found.append(problem("max_input_size", size, allowed, "use cdk.Size.mebibytes(...)"))
            elif not 1 <= size.to_bytes() <= MOST_BYTES:
                found.append(problem("max_input_size", size, "up to 5 GiB", "a job takes no more"))
        return found

    def _timeout_problems(self) -> list[str]:
        allowed = "10 minutes to 3 days in whole seconds, a cdk.Duration that is known at synthesis"
        timeout: object = self.timeout
        if not isinstance(timeout, cdk.Duration) or timeout.is_unresolved():
            return [problem("timeout", timeout, allowed, "use cdk.Duration.hours(...)")]
        if not SHORTEST.to_milliseconds() <= timeout.to_milliseconds() <= LONGEST.to_milliseconds():
            advice = "a job takes six minutes at least, and the history of a run has an end"
            return [problem("timeout", f"{timeout.to_milliseconds() / 1000:g} s", allowed, advice)]
        if not is_whole(timeout):
            return [problem("timeout", f"{timeout.to_milliseconds():.0f} ms", allowed, "Step Functions counts seconds")]
        return []


def is_whole(duration: cdk.Duration) -> bool:
    """Say whether a known duration is one in seconds, as the services count."""
    return duration.to_milliseconds() % 1000 == 0


def most_documents(documents: Documents) -> int:
    """Say how many files the service takes in one job."""
    return FILES_TO_EXTRACT if documents.reader else FILES


def batches_beside(inbox: str) -> str:
    """Name the prefix of the batches of an inbox, which overlaps neither with it nor with another inbox's."""
    return f"batches/{inbox.rstrip('/')}/"


def check_schedule(option: str, schedule: object) -> list[str]:
    """Check when something starts.

    Args:
        option: The option that has it.
        schedule: Anything.

    Returns:
        Problems.
    """
    if isinstance(schedule, scheduler.ScheduleExpression):
        return []
    return [
        problem(
            option,
            schedule,
            "an aws_scheduler.ScheduleExpression",
            "use scheduler.ScheduleExpression.rate(...) or .cron(...)",
        )
    ]


def _check_event_bus(bus: events.IEventBus | events.EventBus, environment: Environment) -> list[str]:
    if not offers(bus, "event_bus_arn", "event_bus_name"):
        return [problem("event_bus", bus, "an events.EventBus", "pass one, or leave it out")]
    if is_known(bus.event_bus_arn):
        return check_arn_environment("event_bus", bus.event_bus_arn, environment)
    region, _ = where_bus_is(bus)
    return check_region("event_bus", f"an event bus in {region}", region, environment)


def where_bus_is(bus: events.IEventBus) -> tuple[str, str]:
    """Say in which Region and account a bus is.

    Args:
        bus: The bus, already checked.

    Returns:
        Region and account, which may be tokens.
    """
    # What an app defines is where its stack is.
    env = Environment.of(bus) if cdk.Resource.is_owned_resource(bus) else bus.env
    return env.region, env.account


def _check_inbox(environment: Environment, documents: Documents, results: object) -> list[str]:
    if documents.path is not None:
        allowed = "a bucket and a prefix"
        return [
            problem("documents", "a local file", allowed, "documents arrive in a bucket: use Documents.from_bucket")
        ]
    inbox: object = documents.prefix
    if not isinstance(inbox, str) or not (is_known(inbox) or is_pending(inbox)):
        allowed = "a prefix that is known at synthesis"
        return [problem("documents", inbox, allowed, "batches are named after it")]
    if not inbox:
        allowed = "a prefix such as 'inbox/'"
        return [problem("documents", inbox, allowed, "batches lie beside the inbox, so it cannot be a whole bucket")]
    batches = batches_beside(inbox)
    found = []
    if batches.startswith(inbox):
        allowed = "a prefix that 'batches/' does not begin with"
        found.append(problem("documents", inbox, allowed, "batches would lie in the inbox; use 'inbox/'"))
    if isinstance(results, Results) and _share_a_bucket(environment, documents, results):
        folder = results.folder
        if is_known(folder) and (folder.startswith(batches) or batches.startswith(folder or "\0")):
            allowed = f"a prefix apart from {batches!r}, where batches lie in the same bucket"
            found.append(problem("results", folder, allowed, "use 'results/'"))
    return found


def _share_a_bucket(environment: Environment, documents: Documents, results: Results) -> bool:
    if documents.problems(environment) or results.problems(environment):
        return False
    read, written = documents.location, results.location
    return read is not None and written is not None and read[0].name == written.name
