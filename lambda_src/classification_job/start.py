"""Starts a job, at most once for all deliveries of an event."""

import hashlib
import json

from . import jobs, operation
from .job_errors import JobError
from .properties import JobProperties
from .service_time import service_time
from .work import Work

# Lambda runs an event again after a minute at the earliest; the first run comes within seconds.
_RUN_AGAIN = 30


def start(work: Work, wanted: JobProperties) -> None:
    """Start this attempt's job, or find it: all deliveries of an event walk one chain of client tokens."""
    progress, clock = work.progress, work.clock
    progress.tried_at = progress.tried_at or clock.now()
    started = work.call(
        "comprehend",
        "start_document_classification_job",
        until=clock.last_start,
        since=clock.event,
        before=lambda: _may_start(work),
        for_a_start=True,
        **wanted.request,
        ClientRequestToken=_token(work, wanted),
    )
    progress.job_known_at = clock.now()
    progress.tried_at_service = service_time(started, clock.now()) - (clock.now() - progress.tried_at)
    progress.job_arn = started.get("JobArn") or _arn(work, started["JobId"])


def _may_start(work: Work) -> None:
    if work.clock.now() >= work.clock.last_start and not _may_be_there(work):
        raise JobError(
            f"No job was started within {work.clock.timeout} s. {work.progress.refusal}".rstrip()
            + " Raise the timeout."
        )
    operation.require_deployment(work)


def _may_be_there(work: Work) -> bool:
    """Whether the job may be there already, so that the same token would find it: an answer was lost, or a run died."""
    progress, is_second_run = work.progress, work.progress.began - work.clock.event >= _RUN_AGAIN
    return progress.outcome_unknown or (is_second_run and not progress.refused_start)


def _token(work: Work, wanted: JobProperties) -> str:
    event = work.event
    parts = [event.stack_id, event.request_id, event.logical_id, wanted.request, wanted.run_id, work.progress.attempt]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _arn(work: Work, job_id: str) -> str:
    partition, _, region, account = work.event.stack_id.split(":")[1:5]
    arn = f"arn:{partition}:comprehend:{region}:{account}:document-classification-job/{job_id}"
    return arn if jobs.ARN.fullmatch(arn) else job_id
