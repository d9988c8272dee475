"""Follows a job to its milestone, its end, or the end of time."""

from . import jobs
from .caller import RefusedError
from .job_errors import JobError
from .jobs import Job
from .properties import JobProperties
from .work import Work

# Seconds since a job was submitted after which it is believed: access faults come 12 to 14 s after the start.
SETTLED = 30
_PROVEN = {"SUBMITTED": 90, "IN_PROGRESS": SETTLED}
_NO_RECORD = 60  # seconds without a record of the job


def watch(work: Work, wanted: JobProperties) -> Job:
    """Follow the job; the job as it is when it has reached its milestone or ended."""
    progress, clock = work.progress, work.clock
    wait, status = 0.5, ""
    while True:
        job = _look(work)
        if not job or not job.status:
            _without_record(work)
        else:
            progress.missing_since = 0.0
            progress.job_seen_unfinished |= job.is_unfinished
            if job.status == "IN_PROGRESS":
                progress.working_since = progress.working_since or job.asked
            if job.status != status:
                status = job.status
                work.log("status", status=status, detail=job.record.get("Message"))
            if not job.is_unfinished or has_reached(job, wanted.wait_for, _unproven(work, job)):
                return job
            if clock.now() >= _last_look(work, job, wanted.wait_for):
                raise JobError(_too_late(work, job, wanted.wait_for))
        clock.pause(wait * (0.8 + 0.4 * work.outside.chance()), clock.last_moment)
        wait = min(wait * 1.6, 20)


def _look(work: Work) -> Job | None:
    try:
        return jobs.find(work, work.progress.job_arn, work.clock.last_moment)
    except RefusedError as refused:
        raise JobError(f"{refused} {work.progress.job_arn} may run on: no call can stop it.") from refused


def has_reached(job: Job, milestone: str, unproven: float) -> bool:
    """Whether an unfinished job has come as far as the deployment waits for; unproven is the seconds to its proof."""
    if milestone == "SUBMITTED":
        return True
    return milestone == "IN_PROGRESS" and job.status in _PROVEN and unproven <= 0


def _last_look(work: Work, job: Job, milestone: str) -> float:
    """Until when the job is followed: one that may yet be proven gets the time, where CloudFormation leaves it."""
    if milestone != "IN_PROGRESS" or job.status not in _PROVEN:
        return work.clock.deadline
    proven = work.clock.now() + _unproven(work, job)
    return min(work.clock.last_moment, max(work.clock.deadline, proven))


def _unproven(work: Work, job: Job) -> float:
    """Seconds until the job is believed to have access: it works for long enough, or it is old enough."""
    by_age = _PROVEN["SUBMITTED"] - _age(work, job)
    if job.status != "IN_PROGRESS":
        return by_age
    # The service may look at access when the job leaves its queue.
    return min(by_age, _PROVEN["IN_PROGRESS"] - (job.asked - work.progress.working_since))


def _age(work: Work, job: Job) -> float:
    """Seconds since the job was submitted."""
    return work.clock.now() - work.progress.job_known_at if job.submitted is None else job.asked - job.submitted


def _too_late(work: Work, job: Job, milestone: str) -> str:
    waited = f"{job.arn} is {job.status} after {work.clock.timeout} s, not "
    unproven = "yet proven to have access" if job.status == milestone else milestone
    return f"{waited}{unproven}; it runs on: no call can stop it. Raise the timeout, or wait for less."


def _without_record(work: Work) -> None:
    progress, now = work.progress, work.clock.now()
    progress.missing_since = progress.missing_since or now
    missing = now - progress.missing_since
    if missing >= _NO_RECORD or now >= work.clock.last_moment:
        raise JobError(
            f"{progress.job_arn} was started, but the service has had no record of it for {missing:.0f} s. See whether "
            "ListDocumentClassificationJobs names it, then deploy with another run_id."
        )
