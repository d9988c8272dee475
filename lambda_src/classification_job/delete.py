"""Delete: lets a job go, and what it needs only when it has ended. It always succeeds."""

from contextlib import suppress

from . import jobs, stack
from .job_errors import JobError
from .jobs import Job
from .work import Work


def delete(work: Work) -> None:
    """Wait for the job's end where what it needs may go with it: there is no call that stops it."""
    arn, given = work.event.physical_id, work.event.properties
    if not jobs.ARN.fullmatch(arn) or (isinstance(given, dict) and given.get("AbandonOnDelete") == "true"):
        return
    job = jobs.find(work, arn, work.clock.deadline)
    if job and job.is_unfinished and not _is_rolled_back(work) and not _has_equal_successor(work, job):
        jobs.wait_for_end(work, arn, work.clock.deadline)


def _is_rolled_back(work: Work) -> bool:
    """Whether the job is one of a configuration that failed."""
    with suppress(JobError):  # Else it is waited for.
        return stack.rolls_back(work)
    return False


def _has_equal_successor(work: Work, job: Job) -> bool:
    """Whether the job was only replaced by one that keeps all that it needs."""
    with suppress(JobError):  # Else it is waited for.
        successor = stack.resource(work).physical_id
        if successor != job.arn and jobs.ARN.fullmatch(successor):
            found = jobs.find(work, successor, work.clock.deadline)
            return bool(found and found.has_the_needs_of(job))
    return False
