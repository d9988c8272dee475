"""Comprehend's jobs, as typed views."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .properties import NEEDS
from .service_time import service_time
from .work import Work

UNFINISHED = ("SUBMITTED", "IN_PROGRESS", "STOP_REQUESTED")
ARN = re.compile(r"arn:[^:]+:comprehend:[^:]+:(?P<account>\d{12}):document-classification-job/(?P<id>[-\w]{1,64})")
_NO_RECORD = ("JobNotFound", "ResourceNotFound")


@dataclass(frozen=True)
class Job:
    """A job as the service describes it; moments on the service's clock, None where it does not tell them."""

    arn: str
    status: str  # empty when the service does not tell it
    message: str
    submitted: float | None
    ended: float | None
    asked: float
    record: dict[str, Any]

    @property
    def is_unfinished(self) -> bool:
        """Whether it still runs, or will."""
        return self.status in UNFINISHED

    def has_the_needs_of(self, other: "Job") -> bool:
        """Whether it needs the same role, keys, places and network as another job."""
        return all(_need(self, name) == _need(other, name) for name in NEEDS)


def _need(job: Job, name: str) -> object:
    value = job.record.get(name)
    if name == "OutputDataConfig" and isinstance(value, dict):
        # The service puts a folder of the job's own below the place that was asked for.
        uri = value.get("S3Uri", "")
        place, is_told = re.subn(r"/\d{12}-CLN-[^/]+/output/output\.tar\.gz$", "", uri)
        return value | {"S3Uri": place if is_told else uri.removesuffix("/")}
    if name == "VpcConfig" and isinstance(value, dict):
        return {part: sorted(ids) for part, ids in value.items()}
    return value


def find(work: Work, arn: str, until: float) -> Job | None:
    """Describe a job; None when the service has no record of it."""
    job_id = arn.rpartition("/")[2]
    answer = work.call(
        "comprehend", "describe_document_classification_job", until=until, missing=_NO_RECORD, JobId=job_id
    )
    record = answer.get("DocumentClassificationJobProperties")
    return _job(record, arn, service_time(answer, work.clock.now())) if record else None


def wait_for_end(work: Work, arn: str, until: float) -> None:
    """Wait until a job has ended, is unknown, or a moment has come."""
    wait = 1.0
    while work.clock.now() < until:
        job = find(work, arn, until)
        if not job or not job.is_unfinished:
            return
        work.clock.pause(wait, until)
        wait = min(wait * 1.6, 20)
    work.log("the job runs on", id=arn)


Tags = dict[str, str | None]  # None: a value that nobody knows


def retag(work: Work, arn: str, old: Tags, new: Tags, before: Callable[[], object]) -> None:
    """Bring a job's tags up to date, and leave those of others; before is what must hold at every try."""

    def call(operation: str, **more: Any) -> None:
        until = work.clock.last_moment
        work.call("comprehend", operation, until=until, before=before, missing=_NO_RECORD, ResourceArn=arn, **more)

    if removed := sorted(old.keys() - new.keys()):  # First: together they may be more than fifty.
        call("untag_resource", TagKeys=removed)
    if changed := [{"Key": key, "Value": value} for key, value in new.items() - old.items()]:
        call("tag_resource", Tags=changed)


def _job(record: dict[str, Any], arn: str, asked: float) -> Job:
    submitted, ended = record.get("SubmitTime"), record.get("EndTime")
    return Job(
        arn=arn,
        status=record.get("JobStatus", ""),
        message=record.get("Message", "no reason given"),
        submitted=submitted.timestamp() if submitted else None,
        ended=ended.timestamp() if ended else None,
        asked=asked,
        record=record,
    )
