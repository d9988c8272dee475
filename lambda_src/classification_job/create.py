"""Create: has a job started and followed to its milestone."""

from . import answer, empty_input, operation, retry
from .answer import Answer
from .hints import access_hint
from .job_errors import JobError, sentence
from .jobs import UNFINISHED, Job
from .properties import JobProperties
from .service_time import CLOCKS
from .start import start
from .watch import SETTLED, watch
from .work import Work

_RESTARTS = 6
_PASSES = 50


def create(work: Work, wanted: JobProperties) -> Answer:
    """Have the job, if CloudFormation waits for it."""
    if not work.progress.job_arn:
        operation.require_deployment(work)
    return have_job(work, wanted)


def have_job(work: Work, wanted: JobProperties) -> Answer:
    """Start a job and watch it to its milestone; another one when a failure will not come again."""
    progress = work.progress
    if not progress.job_arn:
        _check_answer(work, wanted)
        if not empty_input.documents_exist(work, wanted.request["InputDataConfig"]["S3Uri"]):
            return _without_documents(work, wanted)
    while True:
        if not progress.job_arn:
            start(work, wanted)
        job = watch(work, wanted)
        if job.status in (*UNFINISHED, "COMPLETED"):
            return answer.success(job.arn, wanted.request, job)
        if belongs_to_an_earlier_deployment(work, job):
            work.log("passing by", failed=job.arn)
            progress.passed += 1
            progress.next_attempt()
        elif access_may_yet_come(work, job, wanted):
            work.log("starting again", failed=job.arn)
            progress.restarts += 1
            progress.next_attempt()
            work.clock.pause(retry.NOT_YET.wait(progress.restarts, work.outside.chance()), work.clock.last_start)
        else:
            hint = access_hint(job.message, wanted.request) or "Correct the cause and deploy with another run_id."
            raise JobError(f"{job.arn} is {job.status}: {sentence(job.message)} {hint}")


def belongs_to_an_earlier_deployment(work: Work, job: Job) -> bool:
    """Whether a job that ended was started for a deployment that used this request id before, and failed.

    Never one that these runs have started, or have seen before its end.
    """
    progress, made = work.progress, work.event.made
    if job.submitted is None or made is None or progress.passed >= _PASSES:
        return False
    is_ours = progress.job_seen_unfinished or job.submitted >= progress.tried_at_service - CLOCKS
    return not is_ours and job.submitted < made - CLOCKS


def access_may_yet_come(work: Work, job: Job, wanted: JobProperties) -> bool:
    """Whether a job failed for want of permissions that may be too new: then the next one need not.

    All deliveries of the event decide alike, from what the service says of the job; none of them can have answered
    with success before so early a failure.
    """
    made = work.event.made
    if made is None or job.submitted is None or wanted.wait_for == "SUBMITTED":
        return False
    ended = job.submitted if job.ended is None else job.ended
    next_settles = ended + retry.NOT_YET.wait(work.progress.restarts + 1, 1) + SETTLED
    return (
        bool(access_hint(job.message, wanted.request))
        and ended - job.submitted < SETTLED
        and job.submitted - made < retry.NOT_YET.within
        and next_settles < made + wanted.timeout
        and work.progress.restarts < _RESTARTS
    )


def _without_documents(work: Work, wanted: JobProperties) -> Answer:
    if wanted.skips_empty_input:
        return answer.success(work.event.not_started, wanted.request)
    uri = wanted.request["InputDataConfig"]["S3Uri"]
    raise JobError(f"No document with content begins with {uri}. Upload some, or use when_empty=EmptyInput.SKIP.")


def _check_answer(work: Work, wanted: JobProperties) -> None:
    """Start nothing that could not be told of afterwards."""
    partition, _, region, account = work.event.stack_id.split(":")[1:5]
    longest = f"arn:{partition}:comprehend:{region}:{account}:document-classification-job/{'0' * 32}"
    request = wanted.request
    if "DocumentClassifierArn" not in request:  # The record will name the flywheel's, of up to 256 characters.
        request = request | {"DocumentClassifierArn": "-" * 256}
    if not answer.fits(work.event, answer.success(longest, request)):
        raise JobError(
            "No job was started: CloudFormation takes answers of 4,096 bytes, and the job's attributes are longer. "
            "Shorten OutputDataConfig.S3Uri (an S3 key has at most 1,024 bytes) or JobName."
        )
