"""The world of a workflow in virtual time: an inbox, the workflow's function, Comprehend with its quotas, EventBridge.

The function is the real one on an S3 in memory; only the calls of Step Functions and Comprehend are made up here.
"""

import io
import json
import random
import tarfile

from classification_runs import collect, measure, unpack
from classification_runs.environment import Settings
from runs.fake_s3 import FakeS3
from workflow.player import Clock, Machine, TaskError, iso

from constructs_lib.workflow.definition import UNTOLD, Parts, definition

BEGIN = 1_800_000_000.0
CLASSIFIER = "arn:aws:comprehend:us-east-1:111122223333:document-classifier/mails"
SETTINGS = Settings(
    workflow="Mails",
    documents_bucket="documents",
    inbox="inbox/",
    batches="batches/inbox/",
    readable=("inbox/", "batches/inbox/", "mails/"),
    results_bucket="results",
    results_key="",
    predictions="results/predictions/",
    max_documents=1_000_000,
    max_bytes=5 << 30,
)
PARTS = Parts(
    partition="aws",
    function_arn="arn:aws:lambda:us-east-1:111122223333:function:Runs",
    request={
        "DocumentClassifierArn": CLASSIFIER,
        "InputDataConfig": {"S3Uri": "s3://documents/", "InputFormat": "ONE_DOC_PER_FILE"},
        "OutputDataConfig": {"S3Uri": "s3://results/results/"},
        "DataAccessRoleArn": "arn:aws:iam::111122223333:role/Access",
    },
    bucket_uri="s3://documents/",
    job_name=None,
    bus_arn="default",
    batches="batches/inbox/",
    workflow="Mails",
    timeout=24 * 3600,
    table=True,
)
ACTIVE = ("SUBMITTED", "IN_PROGRESS")


def archive(lines):
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("predictions.jsonl")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


class Comprehend:
    """Jobs with their quotas; `fate(number)` decides the seconds a job takes and how it ends."""

    def __init__(self, world):
        self.world, self.jobs, self.tokens, self.paid = world, {}, {}, []
        self.fate = lambda _number: (360, "COMPLETED", None)
        self.strangers = lambda: 0
        self.refusals, self.refuses = [], lambda: None
        self.down = lambda: False
        self.starts = self.refused = self.count = 0
        self.last_start = 0.0

    def start(self, request, _execution):
        self.starts += 1
        if refusal := self.refusals.pop(0) if self.refusals else self.refuses():
            raise refusal
        if self.down():
            raise TaskError("Comprehend.InternalServerException", "try again")
        token = request["ClientRequestToken"]
        if token in self.tokens:
            return self._answer(self.tokens[token])
        now = self.world.clock.now
        active = sum(job["JobStatus"] in ACTIVE for job in self.jobs.values())
        if now - self.last_start < 1 or active + self.strangers() >= 10:
            self.refused += 1
            raise TaskError("Comprehend.TooManyRequestsException", "Job limit exceeded")
        self.last_start = now
        self.count += 1
        id = f"{self.count:032x}"
        job = {
            "JobId": id,
            "JobArn": f"arn:aws:comprehend:us-east-1:111122223333:document-classification-job/{id}",
            "JobStatus": "SUBMITTED",
            "SubmitTime": iso(now),
            "DocumentClassifierArn": CLASSIFIER,
            "InputDataConfig": request["InputDataConfig"],
            "OutputDataConfig": {"S3Uri": f"s3://results/results/111122223333-CLN-{id}/output/output.tar.gz"},
        }
        if "JobName" in request:
            job["JobName"] = request["JobName"]
        self.jobs[id] = self.tokens[token] = job
        seconds, status, message = self.fate(self.count)
        self.world.clock.at(now + min(20, seconds / 2), lambda: job.update(JobStatus="IN_PROGRESS"))
        self.world.clock.at(now + seconds, lambda: self._end(job, status, message))
        return self._answer(job)

    def _answer(self, job):
        return {name: job[name] for name in ("JobId", "JobArn", "JobStatus", "DocumentClassifierArn")}

    def _end(self, job, status, message):
        job.update(JobStatus=status, EndTime=iso(self.world.clock.now))
        if message:
            job["Message"] = message
            return
        prefix = job["InputDataConfig"]["S3Uri"].removeprefix("s3://documents/")
        keys = [key for key in self.world.s3.keys(prefix) if self.world.s3.body(key)]
        self.paid.extend(self.world.s3.body(key) for key in keys)
        lines = [
            {
                "File": key.removeprefix(prefix),
                "Classes": [{"Name": "INVOICE", "Score": 0.9}, {"Name": "ORDER", "Score": 0.1}],
            }
            for key in keys
        ]
        self.world.s3.write(job["OutputDataConfig"]["S3Uri"].removeprefix("s3://results/"), archive(lines), "results")

    def describe(self, request, _execution):
        if self.down():
            raise TaskError("Comprehend.InternalServerException", "try again")
        if request["JobId"] not in self.jobs:
            raise TaskError("Comprehend.JobNotFoundException", "The job could not be found")
        return {"DocumentClassificationJobProperties": dict(self.jobs[request["JobId"]])}


class World:
    def __init__(self, parts=PARTS, settings=SETTINGS, seed=0):
        self.clock, self.s3, self.settings = Clock(BEGIN), FakeS3(), settings
        self.comprehend = Comprehend(self)
        self.events, self.function_faults, self.announcing = [], [], []
        self.tasks = []
        self.random = random.Random(seed)  # noqa: S311
        self.machine = Machine(
            definition(parts),
            self.clock,
            {
                ":lambda:invoke": self._function,
                ":sfn:listExecutions": self._list,
                ":sfn:describeExecution": self._describe,
                ":states:startExecution": lambda given, _: self._start_next(given),
                ":events:putEvents": self._announce,
                ":startDocumentClassificationJob": self.comprehend.start,
                ":describeDocumentClassificationJob": self.comprehend.describe,
            },
            seed,
            ended=self._ended,
        )

    def upload(self, name, body=None, prefix="inbox/"):
        return self.s3.write(f"{prefix}{name}", (body or f"text of {name}").encode())

    def run(self, given=None, until=float("inf")):
        execution = self.machine.start(given)
        self.clock.run(until)
        return execution

    def statuses(self):
        return [event["status"] for event in self.events]

    def _function(self, given, _execution):
        assert given["FunctionName"] == PARTS.function_arn
        payload = given["Payload"]
        self.tasks.append(payload["Task"])
        if self.function_faults and self.function_faults[0][0] == payload["Task"]:
            _, fault = self.function_faults.pop(0)
            if callable(fault):
                fault()
            else:
                raise fault
        yield 1
        try:
            return {"Payload": self._do(payload)}
        except Exception as error:
            told = {"errorType": type(error).__name__, "errorMessage": str(error)}
            raise TaskError(type(error).__name__, json.dumps(told)) from error

    def _do(self, payload):
        match payload["Task"]:
            case "Measure":
                return measure.measure(self.s3, self.settings, payload["Prefix"])
            case "Collect":
                return collect.collect(
                    self.s3, self.s3, self.settings, payload["Run"], remaining=lambda: 900, workers=1
                ).result()
            case "LookForMore":
                return measure.anything_left(self.s3, self.settings)
            case "Unpack":
                return unpack.unpack(self.s3, self.settings, payload["Job"], payload["Run"]).result()
        raise AssertionError(payload)

    def _list(self, given, _execution):
        assert given["StateMachineArn"] == self.machine.arn
        # The youngest first, in pages, as the service does it.
        running = [found for found in reversed(self.machine.executions) if found.status == "RUNNING"]
        begin = int(given.get("NextToken", 0))
        end = begin + given["MaxResults"]
        page = [
            {
                "ExecutionArn": found.arn,
                "Name": found.name,
                "StartDate": iso(found.started),
                "StateMachineArn": self.machine.arn,
                "Status": found.status,
            }
            for found in running[begin:end]
        ]
        return {"Executions": page, **({"NextToken": str(end)} if end < len(running) else {})}

    def _describe(self, given, _execution):
        (found,) = [found for found in self.machine.executions if found.arn == given["ExecutionArn"]]
        told = {"Error": found.error, "Cause": found.cause}
        return {
            "Name": found.name,
            "StartDate": iso(found.started),
            "Status": found.status,
            "Input": json.dumps(found.input),
            **{name: value for name, value in told.items() if value},
        }

    def _ended(self, execution):
        """The rule on ends that could not be told."""
        if execution.status in {"ABORTED", "TIMED_OUT"} or execution.error in UNTOLD:
            self.machine.start({"Ended": execution.arn})

    def _start_next(self, given):
        assert given["StateMachineArn"] == self.machine.arn
        return {"ExecutionArn": self.machine.start(given["Input"]).arn}

    def _announce(self, given, _execution):
        if self.announcing:
            raise self.announcing.pop(0)
        (entry,) = given["Entries"]
        self.events.append(entry["Detail"])
        return {"FailedEntryCount": 0}
