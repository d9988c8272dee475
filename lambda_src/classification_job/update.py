"""Update: has another job started when another one is asked for; else keeps the job."""

from contextlib import suppress

from . import answer, history, jobs, operation, properties
from .answer import Answer
from .create import have_job
from .job_errors import JobError
from .properties import Configuration, JobProperties
from .work import Work

_GLANCE = 30  # seconds that attributes are worth


def update(work: Work, wanted: JobProperties) -> Answer:
    """Go over from the old configuration to the new one."""
    event = work.event
    old, new = properties.configuration(event.old_properties), properties.configuration(event.properties)
    if not work.progress.job_arn:
        during = operation.awaited_by(work)
        if during.is_rollback or history.failed_in_this_operation(work):
            return _restore(work, wanted, old, new)
        if not new.asks_for_another_job_than(old):
            if event.physical_id == during.physical_id:  # Other jobs' tags are nobody's business.
                _retag(work, old, new)
            if old.rights != new.rights:
                _see_off(work, wanted)
            return _kept(work, wanted, event.physical_id)
    answer_of_new = have_job(work, wanted)
    if old.needs == new.needs and old.rights != new.rights:  # The Delete that follows could not tell.
        _see_off(work, wanted)
    return answer_of_new


def _restore(work: Work, wanted: JobProperties, old: Configuration, new: Configuration) -> Answer:
    """Go back to the last configuration that was deployed; nothing is started."""
    physical_id = history.last_stable_id(work) or work.event.physical_id
    if physical_id == work.event.physical_id and not new.asks_for_another_job_than(old):
        _retag(work, old, new)
    return _kept(work, wanted, physical_id)


def _retag(work: Work, old: Configuration, new: Configuration) -> None:
    if jobs.ARN.fullmatch(work.event.physical_id):
        jobs.retag(work, work.event.physical_id, old.tags, new.tags, before=lambda: operation.awaited_by(work))


def _see_off(work: Work, wanted: JobProperties) -> None:
    """Wait for the end of the job that was, before the update takes from its role what it was allowed."""
    arn = work.event.physical_id
    if jobs.ARN.fullmatch(arn) and not wanted.abandon_on_delete:
        with suppress(JobError):  # This need not fail an update.
            jobs.wait_for_end(work, arn, work.clock.deadline)


def _kept(work: Work, wanted: JobProperties, physical_id: str) -> Answer:
    job = None
    if jobs.ARN.fullmatch(physical_id):
        with suppress(JobError):  # This need not fail an update.
            job = jobs.find(work, physical_id, min(work.clock.now() + _GLANCE, work.clock.last_moment))
    return answer.success(physical_id, wanted.request, job)
