"""Update: has another job started when another one is asked for; else keeps the job."""

from contextlib import suppress

from . import answer, history, jobs, operation, properties
from .answer import Answer
from .create import have_job
from .history import Before
from .job_errors import JobError
from .operation import Operation
from .properties import Configuration, JobProperties
from .work import Work

_GLANCE = 30  # seconds that attributes are worth


def update(work: Work, wanted: JobProperties) -> Answer:
    """Go over from the old configuration to the new one."""
    new = properties.configuration(work.event.properties)
    if work.progress.job_arn:  # An earlier run has started it.
        return _replace(work, wanted, _old(work, history.before_update(work)), new)
    during = operation.awaited_by(work)
    before = history.before_update(work)
    if during.is_rollback or before.has_failed:
        return _restore(work, wanted, during, new)
    old = _old(work, before)
    if new.asks_for_another_job_than(old):
        return _replace(work, wanted, old, new)
    return _keep(work, wanted, during, old, new)


def _old(work: Work, before: Before) -> Configuration:
    return before.deployed or properties.configuration(work.event.old_properties)


def _replace(work: Work, wanted: JobProperties, old: Configuration, new: Configuration) -> Answer:
    """Have another job."""
    answer_of_new = have_job(work, wanted)
    if old.needs == new.needs and old.rights != new.rights:  # The Delete that follows could not tell.
        _see_off(work, wanted)
    return answer_of_new


def _keep(work: Work, wanted: JobProperties, during: Operation, old: Configuration, new: Configuration) -> Answer:
    """Keep the job, with the tags that are wanted now."""
    event = work.event
    if event.physical_id == during.physical_id:  # Other jobs' tags are nobody's business.
        _retag(work, event.physical_id, old, new)
    if old.rights != new.rights:
        _see_off(work, wanted)
    return _answer_of(work, wanted, event.physical_id)


def _restore(work: Work, wanted: JobProperties, during: Operation, stable: Configuration) -> Answer:
    """Go back to the last configuration that was deployed; nothing is started."""
    last, event = history.last_stable(work), work.event
    physical_id = last.physical_id or event.physical_id
    tried = [properties.configuration(event.old_properties)] if physical_id == event.physical_id else []
    if physical_id in (last.physical_id, during.physical_id):  # Other jobs' tags are nobody's business.
        _retag(work, physical_id, stable.after_trying([*last.tried, *tried]), stable)
    return _answer_of(work, wanted, physical_id)


def _retag(work: Work, physical_id: str, old: Configuration, new: Configuration) -> None:
    if jobs.ARN.fullmatch(physical_id):
        jobs.retag(work, physical_id, old.tags, new.tags, before=lambda: operation.awaited_by(work))


def _see_off(work: Work, wanted: JobProperties) -> None:
    """Wait for the end of the job that was, before the update takes from its role what it was allowed."""
    arn = work.event.physical_id
    if jobs.ARN.fullmatch(arn) and not wanted.abandon_on_delete:
        with suppress(JobError):  # This need not fail an update.
            jobs.wait_for_end(work, arn, work.clock.deadline)


def _answer_of(work: Work, wanted: JobProperties, physical_id: str) -> Answer:
    job = None
    if jobs.ARN.fullmatch(physical_id):
        with suppress(JobError):  # This need not fail an update.
            job = jobs.find(work, physical_id, min(work.clock.now() + _GLANCE, work.clock.last_moment))
    return answer.success(physical_id, wanted.request, job)
