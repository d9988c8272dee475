"""One run of the function: its time, its calls of AWS, its log."""

import json
import re
import sys
from datetime import datetime
from typing import Any

from . import errors, events
from .runtime import Runtime

Answer = tuple[str, dict[str, str], str]  # physical id, attributes, reason of a failure
UNFINISHED = ("SUBMITTED", "IN_PROGRESS", "STOP_REQUESTED")
RESERVE = 60  # Seconds kept for the answer.


class HandOver(BaseException):
    """The run must end before its work does."""


class Run(events.Progress):
    """One run on one event."""

    def __init__(self, raw: object, outside: Runtime, seconds: float) -> None:
        self.outside, self.now, self.chance = outside, outside.now, outside.chance
        self.event = events.parse(raw)
        super().__init__(**self.event.get("HandOver", {"began": self.now()}))
        self.ends = self.now() + seconds - RESERVE
        self.kind, self.not_started = self.event["RequestType"], f"not-started/{self.event['RequestId']}"
        self.physical_id = str(self.event.get("PhysicalResourceId") or self.not_started)
        # When CloudFormation made the event, for all its deliveries.
        signed = re.search(r"[?&]X-Amz-Date=(\d{8}T\d{6}Z)\b", self.event["ResponseURL"])
        self.signed = datetime.fromisoformat(signed[1]).timestamp() if signed else 0

    def accept(self) -> None:
        """Check the properties, and sit out the wait that an earlier run handed over."""
        self.job = events.properties(self.event, self.outside.client)
        self.request = self.job["Request"]
        # The timeout counts from the first run, CloudFormation's patience from the event.
        self.timeout, patience = int(self.job["Timeout"]), int(self.job.get("ServiceTimeout", 3600)) - RESERVE
        self.deadline = min(self.began + self.timeout, (self.signed or self.began) + patience)
        self.pause(self.until - self.now())

    def pause(self, seconds: float) -> None:
        """Wait, at most until the deadline, here or in the next run."""
        now = self.now()
        self.until = min(now + max(0, seconds), self.deadline)
        self.outside.sleep(max(0, min(self.until, self.ends) - now))
        if self.until > max(now, self.ends):
            raise HandOver

    def call(self, client: str, operation: str, patience: float = 3600, **arguments: object) -> Any:
        """Call AWS, again while the error's rule, the deadline and the patience in seconds allow."""
        from botocore.exceptions import BotoCoreError, ClientError

        began = self.now()
        while True:
            try:
                answer = getattr(self.outside.client(client), operation)(**arguments)
            except (BotoCoreError, ClientError) as error:
                if "NotFoundException)" in str(error) and not operation.startswith("start"):
                    return {}
                self.log("refused", error=str(error))
                rule = errors.rule(error)
                if not rule.first or self.now() >= min(self.deadline, began + min(patience, rule.within)):
                    self.tries = 0
                    raise errors.JobError(f"{error} {rule.hint}") from error
                self.tries += 1
                self.pause(rule.wait(self.tries, self.chance()))
            else:
                self.tries = 0
                return answer

    def describe(self, job_arn: str, patience: float = 3600) -> Any:
        """The job as the service describes it; empty when it has no record of it."""
        operation = "describe_document_classification_job"
        answer = self.call("comprehend", operation, patience, JobId=job_arn.rpartition("/")[2])
        return answer.get("DocumentClassificationJobProperties", {})

    def log(self, message: str, **more: object) -> None:
        """Write one JSON line; never the response URL, never a document."""
        about = {"message": message, "job": self.job_arn.rpartition("/")[2], "attempt": self.attempt} | more
        about |= {name: self.event[name] for name in ("RequestType", *events.IDS)}
        sys.stdout.write(json.dumps(about) + "\n")
