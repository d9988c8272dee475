"""What Create, Update and Delete do: the decisions, in the order in which they are taken."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from . import errors, events
from .answer import Answer
from .errors import Fault, JobError
from .service import UNFINISHED, Job, Service, derived_output

if TYPE_CHECKING:
    from .run import Run

NOT_STARTED = "NOT_STARTED"
SKIPPED = "SKIPPED_EMPTY_INPUT"
UNNAMED = "UNNAMED"
UNKNOWN = "UNKNOWN"

# Access faults came 12 and 14 s after the start where their times are known (Developer Guide, CLI examples), so a
# younger job that says IN_PROGRESS has not proven its permissions yet.
SETTLED_SECONDS = 30
QUEUED_SECONDS = 90
APPEARS_SECONDS = 60  # A job may be unknown to Describe for a moment after its start.
SKEW_SECONDS = 5
MAX_RESTARTS = 6
MAX_ATTEMPTS = 60  # Six failed starts a deployment leave room for many deployments under one request id.


class Lifecycle:
    """One request on one resource.

    Args:
        run: The run that serves it.
        properties: What the template says.
    """

    def __init__(self, run: Run, properties: events.Properties) -> None:
        self.run, self.event, self.progress, self.properties = run, run.event, run.progress, properties
        self.service = Service(run.runtime)

    def create(self) -> Answer:
        """Start a job and watch it to its milestone."""
        request = self.properties.request
        if not self.progress.job_arn and not self.progress.attempt and not self._has_documents():
            if self.properties.skip_when_empty:
                self.run.log("nothing started: no documents")
                return Answer(self.event.not_started, self._attributes(None, SKIPPED))
            raise JobError(
                f"No job was started: no document with content begins with {request['InputDataConfig']['S3Uri']}.",
                "Upload the documents and deploy again, or set when_empty to SKIP.",
            )
        while True:
            arn = self.progress.job_arn = self.progress.job_arn or self._start()
            job = self._watch(arn)
            if job.status in UNFINISHED or job.status == "COMPLETED":
                return Answer(job.arn, self._attributes(job, job.status))
            self._next_attempt(job)

    def update(self) -> Answer:
        """Start a job if what is asked for changed; otherwise keep the one there is, its tags up to date."""
        given, old = self.event.raw["ResourceProperties"], self.event.old
        starts = _identity(given) != _identity(old)
        if starts and not self.progress.job_arn:
            status = self.run.insist(
                "cloudformation:DescribeStacks", lambda: self.service.stack_status(self.event.stack_id)
            )
            if "ROLLBACK" in status:
                from .stack import earlier_id

                self.run.log("rollback: nothing started", stack=status)
                return self._keep(earlier_id(self.service, self.event))
        if starts:
            return self.create()
        before, after = events.tags(old), events.tags(given)
        arn = self.event.physical_id
        if before != after and events.parse_job_arn(arn):
            found = self.run.insist("comprehend:TagResource", lambda: self.service.tag(arn, before, after))
            self.run.log("tags changed" if found else "tags not changed: the service has no record of the job")
        return self._keep(arn)

    def _keep(self, physical_id: str) -> Answer:
        """Leave the resource as it is; its attributes come from the job, or are derived without its record."""
        if not events.parse_job_arn(physical_id):
            return Answer(physical_id, self._attributes(None, SKIPPED))
        try:
            job = self.run.insist("Describe", lambda: self.service.describe(physical_id), patience=30)
        except JobError as error:
            # The stack is right without a status: no reason to fail an update that starts nothing.
            self.run.log("job not described", error=str(error))
            job = None
        return Answer(physical_id, self._attributes(job or Job(physical_id, UNKNOWN), job.status if job else UNKNOWN))

    def _has_documents(self) -> bool:
        """Whether there is input; a bucket that cannot be listed is left to the service's judgement."""
        uri = self.properties.request["InputDataConfig"]["S3Uri"]
        patience = 20 if self.properties.skip_when_empty else 0  # A new role is not known everywhere at once.
        try:
            return self.run.insist("s3:ListBucket", lambda: self.service.has_documents(uri), patience=patience)
        except JobError as error:
            cause = error.__cause__
            if isinstance(cause, Fault) and cause.code == "NoSuchBucket":
                raise JobError(
                    f"No job was started: there is no bucket for {uri}.", "Correct InputDataConfig."
                ) from error
            self.run.log("input not listed", error=str(error))
            return True

    def _start(self) -> str:
        """Start this attempt's job, or find it: duplicates of an event walk the same chain of tokens."""
        if self.run.expired():
            raise JobError(
                f"No job was started within the timeout of {self.properties.timeout} s.", "Raise the timeout."
            )
        run_id, request = self.properties.run_id, self.properties.request
        token = _token(
            self.event.stack_id, self.event.logical_id, self.event.request_id, request, run_id, self.progress.attempt
        )
        arn = self.run.insist("comprehend:StartDocumentClassificationJob", lambda: self.service.start(request, token))
        self.progress.job_arn = arn
        self.run.log("started")
        return arn

    def _watch(self, arn: str) -> Job:
        """Follow the job to its milestone or its end."""
        wait, since = 0.5, self.run.runtime.now()
        status = "not yet described"
        while True:
            job = self.run.insist("comprehend:DescribeDocumentClassificationJob", lambda: self.service.describe(arn))
            now = self.run.runtime.now()
            if job and job.status != status:
                status = job.status
                self.run.log("status", status=status, detail=job.message)
            if job and self._reached(job, now - (job.submitted or since)):
                return job
            if job is None and now - since > APPEARS_SECONDS:
                raise JobError(f"The service has no record of job {arn}.", "Deploy again with another run_id.")
            if self.run.expired():
                raise JobError(
                    f"Job {arn} is {status} after the timeout of {self.properties.timeout} s, "
                    f"not {self.properties.wait_for}. It runs on: the service cannot stop it.",
                    "Raise the timeout, or wait for an earlier milestone.",
                )
            self.run.pause(wait * (0.8 + 0.4 * self.run.runtime.chance()))
            wait = min(wait * 1.6, 20)

    def _reached(self, job: Job, age: float) -> bool:
        if job.status not in UNFINISHED:
            return True
        wanted = self.properties.wait_for
        if wanted == "IN_PROGRESS" and job.status == "IN_PROGRESS":
            return age >= SETTLED_SECONDS or self.run.expired()
        return wanted == "SUBMITTED" or (
            wanted == "IN_PROGRESS" and job.status == "SUBMITTED" and age >= QUEUED_SECONDS
        )

    def _next_attempt(self, job: Job) -> None:
        """Go on to the next token after a job that failed, or say why not.

        The decision rests on the job's times and not on the clock, so that every duplicate takes the same one.
        """
        progress, after = self.progress, job.submitted - self.progress.since
        if progress.attempt + 1 < MAX_ATTEMPTS:
            earlier = bool(job.submitted) and after < -SKEW_SECONDS
            too_new = (
                errors.is_access(job.message)
                and progress.restarts < MAX_RESTARTS
                and after < errors.PERMISSION_SECONDS
                and not self.run.expired()
            )
            if earlier or too_new:
                self.run.log("of an earlier deployment" if earlier else "permissions may be too new: starting again")
                progress.attempt, progress.job_arn = progress.attempt + 1, ""
                if not earlier:
                    progress.restarts += 1
                    self.run.pause(errors.NOT_YET.wait(progress.restarts, self.run.runtime.chance()))
                return
        message = job.message or "The service gives no reason."
        raise JobError(f"Job {job.arn} is {job.status}: {message}", errors.job_hint(message, self.properties.request))

    def _attributes(self, job: Job | None, status: str) -> dict[str, str]:
        """The resource's attributes: each a text that is never empty."""
        request = self.properties.request
        prefix = request["OutputDataConfig"]["S3Uri"]
        output = NOT_STARTED
        if job:  # Describe gives the full path; anything else is the prefix that was asked for.
            output = job.output if job.output.endswith("/output.tar.gz") else derived_output(job.arn, prefix)
        return {
            "JobArn": job.arn if job else NOT_STARTED,
            "JobId": job.id if job else NOT_STARTED,
            "JobName": (job and job.name) or request.get("JobName") or UNNAMED,
            "JobStatus": status,
            "DocumentClassifierArn": (job and job.classifier) or request.get("DocumentClassifierArn") or NOT_STARTED,
            "OutputS3Uri": output,
        }


def _identity(properties: dict[str, Any]) -> tuple[object, object]:
    """What makes a job another job: the request without its tags, and the run id."""
    request = properties.get("Request")
    if isinstance(request, dict):
        request = {name: value for name, value in request.items() if name != "Tags"}
    return request, properties.get("RunId", "")


def _token(*parts: object) -> str:
    """A client token of 64 characters that is the same for the same parts."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
