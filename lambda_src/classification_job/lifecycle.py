"""What Create and Update do: the decisions."""

import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from . import errors, events, stack
from .answer import Answer
from .errors import Fault, JobError
from .run import Run
from .service import UNFINISHED, Service

T = TypeVar("T")

NOT_STARTED, SKIPPED, UNNAMED, UNKNOWN = "NOT_STARTED", "SKIPPED_EMPTY_INPUT", "UNNAMED", "UNKNOWN"

SETTLED_SECONDS = 30  # Access faults came 12 to 14 s after the start: a younger job in progress has proven nothing.
JUDGED_SECONDS = 15  # What a start needs to show whether its permissions hold.
QUEUED_SECONDS = 90
APPEARS_SECONDS = 60  # A new job may be unknown to Describe for a moment.
SKEW_SECONDS = 5
MAX_RESTARTS = 6
MAX_ATTEMPTS = 60  # Room for many deployments that failed under one request id.


class Lifecycle:
    """One Create or Update."""

    def __init__(self, run: Run) -> None:
        self.run, self.event, self.progress, self.job = run, run.event, run.progress, run.job
        self.service = Service(run.outside)

    def create(self) -> Answer:
        """Start a job and watch it to its milestone."""
        if not self.progress.job_arn and not self._has_documents():
            if self.job["WhenEmpty"] == "SKIP":
                self.run.log("no documents: nothing started")
                return Answer(events.not_started(self.event.raw), self._attributes({"JobStatus": SKIPPED}))
            uri = self.job["Request"]["InputDataConfig"]["S3Uri"]
            raise JobError(
                f"No job was started: no document with content begins with {uri}. "
                "Upload documents and deploy again, or set WhenEmpty to SKIP."
            )
        while True:
            job = self._watch(self.progress.job_arn or self._start())
            if job["JobStatus"] in (*UNFINISHED, "COMPLETED"):
                return Answer(job["JobArn"], self._attributes(job))
            self._next_attempt(job)

    def update(self) -> Answer:
        """Start a job when what is asked for changed; otherwise keep the job and bring its tags up to date."""
        arn, old = self.event.physical_id, self.event.raw.get("OldResourceProperties")
        old = old if isinstance(old, dict) else {}
        if _identity(self.job) != _identity(old):
            if not self._rolls_back():
                return self.create()
            return self._keep(self._history(stack.earlier_id, arn))
        before, after = events.tags(old["Request"]), events.tags(self.job["Request"])
        if before != after and events.JOB_ARN.fullmatch(arn):
            known = self.run.insist(lambda: self.service.tag(arn, before, after), "comprehend:TagResource")
            self.run.log("tags changed" if known else "the job's record is gone: no tags changed")
        return self._keep(arn)

    def _rolls_back(self) -> bool:
        status = self.run.insist(lambda: self.service.stack_status(self.event.raw["StackId"]), "DescribeStacks")
        self.run.log("stack", status=status)
        return "ROLLBACK" in status

    def _history(self, ask: Callable[[Service, events.Event], T], otherwise: T) -> T:
        try:
            return self.run.insist(lambda: ask(self.service, self.event), "DescribeStackEvents", 60)
        except JobError as error:
            self.run.log("history unknown", error=str(error))
            return otherwise

    def _keep(self, physical_id: str) -> Answer:
        """Leave the resource as it is; its attributes come from the job, or are derived without its record."""
        if not events.JOB_ARN.fullmatch(physical_id):
            return Answer(physical_id, self._attributes({"JobStatus": SKIPPED}))
        try:
            job = self.run.insist(lambda: self.service.describe(physical_id), "DescribeDocumentClassificationJob", 30)
        except JobError as error:  # No reason to fail an update that starts nothing.
            self.run.log("job not described", error=str(error))
            job = {}
        return Answer(physical_id, self._attributes(job or {"JobArn": physical_id, "JobStatus": UNKNOWN}))

    def _has_documents(self) -> bool:
        uri = self.job["Request"]["InputDataConfig"]["S3Uri"]
        patience = 20 if self.job["WhenEmpty"] == "SKIP" else 0  # The function's own role may be seconds old.
        try:
            return self.run.insist(lambda: self.service.has_documents(uri), "s3:ListBucket", patience)
        except JobError as error:
            if isinstance(error.__cause__, Fault) and error.__cause__.code == "NoSuchBucket":
                raise JobError(f"No job was started: the bucket of {uri} does not exist. Correct the URI.") from error
            self.run.log("documents not listed: the service will judge", error=str(error))
            return True

    def _start(self) -> str:
        """Start this attempt's job, or find it: duplicates of an event walk the same chain of tokens."""
        if self.run.expired():
            raise JobError(f"No job was started within {self.job['Timeout']} s. Raise the timeout.")
        request, names = self.job["Request"], ("StackId", "LogicalResourceId", "RequestId")
        parts = [*(self.event.raw[name] for name in names), request, self.job.get("RunId", ""), self.progress.attempt]
        token = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
        what = "comprehend:StartDocumentClassificationJob"
        self.progress.job_arn = self.run.insist(lambda: self.service.start(request, token), what)
        self.run.log("started")
        return self.progress.job_arn

    def _watch(self, arn: str) -> dict[str, Any]:
        """Follow a job to its milestone or its end."""
        wait, began, status = 0.5, self.run.outside.now(), "not described"
        while True:
            job = self.run.insist(lambda: self.service.describe(arn), "comprehend:DescribeDocumentClassificationJob")
            now = self.run.outside.now()
            if job and job["JobStatus"] != status:
                status = job["JobStatus"]
                self.run.log("status", status=status, detail=job.get("Message", ""))
            if job and self._reached(status, now - _time(job, "SubmitTime", began)):
                return job
            if not job and now - began > APPEARS_SECONDS:
                raise JobError(f"The service has no record of {arn}. Deploy with another run_id.")
            if self.run.expired():
                raise JobError(
                    f"{arn} is {status} after {self.job['Timeout']} s, not {self.job['WaitFor']}; it runs on: no call "
                    "can stop it. Raise the timeout, or wait for an earlier milestone."
                )
            self.run.pause(wait * (0.8 + 0.4 * self.run.outside.chance()))
            wait = min(wait * 1.6, 20)

    def _reached(self, status: str, age: float) -> bool:
        wanted = self.job["WaitFor"]
        if status not in UNFINISHED or wanted == "SUBMITTED":
            return True
        if wanted == "COMPLETED":
            return False
        if status == "IN_PROGRESS":
            return age >= SETTLED_SECONDS or self.run.expired()
        return status == "SUBMITTED" and age >= QUEUED_SECONDS

    def _next_attempt(self, job: dict[str, Any]) -> None:
        """Go on to the next token after a job that failed, or say why not.

        Rests on the job's times, not on the clock, so that every duplicate of the event decides alike.
        """
        progress, message = self.progress, job.get("Message") or "no reason given"
        submitted = _time(job, "SubmitTime", progress.since)
        if progress.since == progress.began > submitted:  # Only the first run's clock: a duplicate's is later.
            progress.since = self._history(stack.asked_at, None) or progress.since
        wait = errors.NOT_YET.wait(progress.restarts, self.run.outside.chance())
        earlier = submitted < progress.since - SKEW_SECONDS
        too_new = (
            # Nobody can have answered with success for a job that failed so early.
            self.job["WaitFor"] != "SUBMITTED"
            and _time(job, "EndTime", submitted) - submitted < SETTLED_SECONDS
            and submitted - progress.since < errors.PERMISSION_SECONDS
            and errors.is_access(message)
            and progress.restarts < MAX_RESTARTS
            and self.run.outside.now() + wait + JUDGED_SECONDS < self.run.deadline
        )
        if not (earlier or too_new) or progress.attempt + 1 >= MAX_ATTEMPTS:
            hint = errors.job_hint(message, self.job["Request"])
            raise JobError(f"{job['JobArn']} is {job['JobStatus']}: {message} {hint}")
        self.run.log("an earlier deployment's job" if earlier else "permissions may be too new: starting again")
        progress.attempt, progress.job_arn = progress.attempt + 1, ""
        if not earlier:
            progress.restarts += 1
            self.run.pause(wait)

    def _attributes(self, job: dict[str, Any]) -> dict[str, str]:
        """The resource's attributes: texts, never empty."""
        request, arn, output = self.job["Request"], job.get("JobArn", NOT_STARTED), NOT_STARTED
        if found := events.JOB_ARN.fullmatch(arn):
            output = job.get("OutputDataConfig", {}).get("S3Uri", "")
            if not output.endswith("/output.tar.gz"):  # Without its record: where the guide's examples have it.
                prefix = request["OutputDataConfig"]["S3Uri"].rstrip("/")
                output = f"{prefix}/{found[1]}-CLN-{found[2]}/output/output.tar.gz"
        classifier = job.get("DocumentClassifierArn") or request.get("DocumentClassifierArn")
        return {
            "JobArn": arn,
            "JobId": arn.rpartition("/")[2],
            "JobName": job.get("JobName") or request.get("JobName") or UNNAMED,
            "JobStatus": job["JobStatus"],
            "DocumentClassifierArn": classifier or NOT_STARTED,
            "OutputS3Uri": output,
        }


def _identity(properties: dict[str, Any]) -> object:
    """What makes a job another job: the request without its tags, and the run id."""
    request = properties.get("Request")
    return {**request, "Tags": None} if isinstance(request, dict) else request, properties.get("RunId", "")


def _time(job: dict[str, Any], name: str, default: float) -> float:
    return float(job[name].timestamp()) if job.get(name) else default
