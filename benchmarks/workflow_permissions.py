"""Takes the permissions of a workflow away, one at a time, and looks what its runs, schedules and rules miss.

One deployment; each mutated policy is written straight into its role and taken back after the trial.
"""

from __future__ import annotations

import io
import json
import secrets
import tarfile
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from taking_away import Mutation, mutations

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DocumentClassificationWorkflow,
    DocumentReader,
    Documents,
    InputFormat,
    Results,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from constructs_lib.local import LocalAws

STACK = "WorkflowPermissions"
INBOX, NIGHTLY, RESULTS = "in/", "nightly/", "out/"
MOST = 3  # documents of a run
PATIENCE = 60.0  # seconds
RACES = 10  # runs in which a document may be overwritten at the right moment
_WAIT = 10  # seconds of each wait, which the local AWS shortens fifty times
_TEXT = b"Please pay the total due on invoice number 7 within thirty days."

ROLES = {
    "MailsStateMachineRole": "state machine",
    "MailsFunctionRole": "function",
    "MailsDataAccessRole": "data access role",
    "MailsTriggersSchedulerRole": "schedules",
    "MailsTriggersRuleRole": "rules",
}
QUEUE = "queue"

# Why a permission that can be taken away here is needed all the same.
NOT_JUDGED = {
    "DeliverLogs": "no logs are delivered here; Step Functions' guide, Using CloudWatch Logs to log execution history",
    "TraceRuns": "there is no X-Ray here; Step Functions' guide, IAM policies for AWS X-Ray",
    "WriteLog": "functions write no log to CloudWatch Logs here",
    "ExtractText": "there is no Textract here",
    "EncryptResults kms:Decrypt": "the results here are smaller than one part of a multipart upload",
    **{
        f"ListDocuments s3:prefix {prefix}": "covers the other way to ask for the prefix, without its slash"
        for prefix in ("in", "batches/in", "nightly")
    },
}


class WorkflowProof:
    """A stack with one workflow that uses every permission, deployed once."""

    def __init__(self, aws: LocalAws, classifier: str, directory: Path) -> None:
        self._aws = aws
        clients = ("s3", "stepfunctions", "iam", "sqs", "events", "scheduler")
        self._s3, self._runs, self._iam, self._sqs, self._events, self._scheduler = map(aws.client, clients)
        aws.configure(job_seconds=0.2, starts_per_second=0, active_jobs=0)
        self._outputs = aws.deploy(synthesize(classifier, directory))[STACK]
        pages = aws.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
        self._ids = {
            found["LogicalResourceId"]: found["PhysicalResourceId"]
            for page in pages
            for found in page["StackResourceSummaries"]
        }
        self._machine = self._outputs["MailsStateMachineArn"]
        self._documents, self._results = self._outputs["Documents"], self._outputs["Results"]
        self._queue = self._id("MailsTriggersUndelivered")
        self._uploads, self._ends = (
            self._id(f"MailsTriggers{name}").rpartition("/")[2] for name in ("Uploads", "Ends")
        )
        events = {"EventBridgeConfiguration": {}}
        self._s3.put_bucket_notification_configuration(Bucket=self._documents, NotificationConfiguration=events)
        self._hurry()
        self._events.disable_rule(Name=self._uploads)  # or every document of a trial would start a run
        undelivered = self.undelivered_upload, self.undelivered_end
        trials = (self.everything, self.beside_another, self.left_over, self.begun, self.overwritten, self.broken)
        for trial in (*trials, self.scheduled, self.undelivered_schedule, self.uploaded, *undelivered):
            if problem := trial():
                raise RuntimeError(f"{trial.__name__}: the workflow does not work with all permissions: {problem}")

    def _id(self, begins: str) -> str:
        """What a resource is called that it is told by the beginning of its logical id."""
        found = min((name for name in self._ids if name.startswith(begins)), key=len)
        return str(self._ids[found])

    def _hurry(self) -> None:
        """Try nothing again and wait briefly: nobody grants anything while a run goes on."""

        def hurried(value: Any) -> Any:  # noqa: ANN401 - anything in a definition
            if isinstance(value, list):
                return [hurried(each) for each in value if not (isinstance(each, dict) and _tries_again(each))]
            if not isinstance(value, dict):
                return value
            state = {name: hurried(each) for name, each in value.items() if name != "Retry"}
            return {**state, "Seconds": _WAIT} if state.get("Type") == "Wait" else state

        found = self._runs.describe_state_machine(stateMachineArn=self._machine)
        definition = json.dumps(hurried(json.loads(found["definition"])))
        self._runs.update_state_machine(stateMachineArn=self._machine, definition=definition)

    # --- What is taken away -----------------------------------------------------------------------------------------

    def policies(self) -> Iterator[tuple[str, dict[str, Any], Callable[[dict[str, Any]], None]]]:
        """Who has each policy, its document, and what writes another one in its place."""
        for begins, who in ROLES.items():
            role = self._id(begins)
            for name in self._iam.list_role_policies(RoleName=role)["PolicyNames"]:
                document = self._iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
                yield who, document, lambda changed, role=role, name=name: self._put(role, name, changed)
        found = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["Policy"])["Attributes"]["Policy"]
        yield (
            QUEUE,
            json.loads(found),
            lambda changed: self._sqs.set_queue_attributes(
                QueueUrl=self._queue, Attributes={"Policy": json.dumps(changed)}
            ),
        )

    def _put(self, role: str, name: str, document: dict[str, Any]) -> None:
        self._iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))

    def trial(self, who: str, mutation: Mutation) -> Callable[[], str]:
        """Choose what would miss a permission."""
        special = {
            "AskForInputs": self.beside_another,
            "StartNextRun": self.left_over,
            "FillBatches s3:GetObject": self.begun,
            "FillBatches s3:DeleteObject": self.overwritten,
            "WritePredictions s3:AbortMultipartUpload": self.broken,
            "SendUndelivered": self.undelivered_schedule,
            "ReceiveUndeliveredOfUploads": self.undelivered_upload,
            "ReceiveUndeliveredOfEnds": self.undelivered_end,
        }
        of_role = {"schedules": self.scheduled, "rules": self.uploaded, "state machine": self.inbox}
        return (
            special.get(f"{mutation.sid} {mutation.taken}")
            or special.get(mutation.sid)
            or of_role.get(who, self.everything)
        )

    # --- Trials: each says what went wrong, or nothing ---------------------------------------------------------------

    def inbox(self) -> str:
        """Run what waits, a document with tags."""
        self._empty()
        self._write(f"{INBOX}mail.txt")
        return self._problem(self._start())

    def everything(self) -> str:
        """Run the prefix of a schedule, the inbox as a prefix, and what waits in it."""
        self._empty()
        self._write(f"{INBOX}mail.txt")
        started = [self._start({"Prefix": prefix}) for prefix in (NIGHTLY, INBOX)]
        problems = [self._problem(run) for run in started]
        return next(filter(None, problems), "") or self._problem(self._start())

    def beside_another(self) -> str:
        """Run what waits while a run that is older, and holds nobody up, is about."""
        self._empty()
        self._write(f"{INBOX}mail.txt")
        other = self._start({"Prefix": NIGHTLY})
        time.sleep(0.05)
        problem = self._problem(self._start())
        return problem or self._problem(other)

    def left_over(self) -> str:
        """Run when more waits than a run takes: the next one is started."""
        self._empty()
        for number in range(MOST + 1):
            self._write(f"{INBOX}{number}.txt")
        before = self._executions()
        started = self._start()
        if problem := self._problem(started):
            return problem
        if following := self._executions() - before - {started}:
            return self._problem(following.pop())
        return f"no next run is started: {self._refusal(started)}"

    def begun(self) -> str:
        """Run when a call that died has copied a document and not removed it."""
        self._empty()
        name = f"run-{secrets.token_hex(8)}"
        # A batch is called by the second in which its run has begun.
        moments = [datetime.now(UTC) + timedelta(seconds=number) for number in range(10)]
        batches = [f"batches/{INBOX}{moment:%Y%m%dT%H%M%SZ}-{name}/" for moment in moments]
        for key in (f"{INBOX}mail.txt", *(f"{batch}mail.txt" for batch in batches)):
            self._write(key)
        started = self._start(name=name)
        problem = self._problem(started)
        again = self._executions() - self._before - {started}
        for run in again:
            self._described(run)
        return problem or ("the document stays in the inbox, and the next run classifies it again" if again else "")

    def overwritten(self) -> str:
        """Run while documents are overwritten, until one is so between its copy and its removal."""
        self._empty()
        over = threading.Event()

        def overwrite(number: int) -> None:
            client = self._aws.session().client("s3", endpoint_url=self._aws.endpoint_url)
            while not over.is_set():
                body = _TEXT + secrets.token_bytes(4).hex().encode()
                client.put_object(Bucket=self._documents, Key=f"{INBOX}{number}.txt", Body=body)

        writers = [threading.Thread(target=overwrite, args=(number,)) for number in range(MOST)]
        for writer in writers:
            writer.start()
        try:
            problems = (self._problem(self._start(), ("COMPLETED", "EMPTY")) for _ in range(RACES))
            return next(filter(None, problems), "")
        finally:
            over.set()
            for writer in writers:
                writer.join()

    def broken(self) -> str:
        """Unpack an archive that ends in the middle: what is written of it already goes again."""
        self._empty()
        self._write(f"{INBOX}mail.txt")
        started = self._start()
        if problem := self._problem(started):
            return problem
        output = json.loads(self._described(started)["output"])
        _, _, key = output["OutputS3Uri"].removeprefix("s3://").partition("/")
        self._s3.put_object(Bucket=self._results, Key=key, Body=_broken_archive())
        ended = self._described(self._start({"JobId": output["JobId"]}))
        if ended.get("error") != "BadArchiveError":
            return f"{ended.get('error')}: {ended.get('cause')}"
        left = self._s3.list_multipart_uploads(Bucket=self._results).get("Uploads", [])
        for upload in left:
            self._s3.abort_multipart_upload(Bucket=self._results, Key=upload["Key"], UploadId=upload["UploadId"])
        return f"{len(left)} unfinished upload is left behind" if left else ""

    def scheduled(self) -> str:
        """Let a schedule start a run."""
        with self._schedule(self._machine):
            return self._started()

    def undelivered_schedule(self) -> str:
        """Let a schedule start a state machine that is gone: its start is kept."""
        with self._schedule(f"{self._machine}-gone"):
            return self._kept()

    def uploaded(self) -> str:
        """Let an upload start a run."""
        with self._upload(self._machine):
            return self._started()

    def undelivered_upload(self) -> str:
        """Let an upload start a state machine that is gone: its start is kept."""
        with self._upload(f"{self._machine}-gone"):
            return self._kept()

    def undelivered_end(self) -> str:
        """Let the end of a run start a state machine that is gone: its start is kept."""
        self._empty()
        with self._aimed(self._ends, f"{self._machine}-gone"):
            self._runs.stop_execution(executionArn=self._start({"Prefix": NIGHTLY}))
            return self._kept()

    @contextmanager
    def _schedule(self, machine: str) -> Iterator[None]:
        """The deployed schedule's target, due at once."""
        self._empty()
        target = self._scheduler.get_schedule(Name=self._id("MailsTriggersSchedule").rpartition("/")[2])["Target"]
        name = f"now-{secrets.token_hex(8)}"
        self._scheduler.create_schedule(
            Name=name,
            ScheduleExpression="at(2026-01-01T00:00:00)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={**target, "Arn": machine},
        )
        try:
            yield
        finally:
            self._scheduler.delete_schedule(Name=name)

    @contextmanager
    def _upload(self, machine: str) -> Iterator[None]:
        """A document that arrives while the deployed rule is on."""
        self._empty()
        with self._aimed(self._uploads, machine):
            self._events.enable_rule(Name=self._uploads)
            try:
                self._write(f"{INBOX}mail.txt")
                yield
            finally:
                self._events.disable_rule(Name=self._uploads)

    @contextmanager
    def _aimed(self, rule: str, machine: str) -> Iterator[None]:
        """A deployed rule that starts another state machine."""
        (target,) = self._events.list_targets_by_rule(Rule=rule)["Targets"]
        self._events.put_targets(Rule=rule, Targets=[{**target, "Arn": machine}])
        try:
            yield
        finally:
            self._events.put_targets(Rule=rule, Targets=[target])

    # --- What trials are made of ------------------------------------------------------------------------------------

    def _empty(self) -> None:
        """Begin afresh: nothing waits, nothing is undelivered, and nothing of the log counts that is there."""
        for prefix in (INBOX, f"batches/{INBOX}"):
            for found in self._s3.list_objects_v2(Bucket=self._documents, Prefix=prefix).get("Contents", ()):
                self._s3.delete_object(Bucket=self._documents, Key=found["Key"])
        self._write(f"{NIGHTLY}mail.txt")
        while self._letters():
            pass
        self._logged = len(self._aws.log())
        self._before = self._executions()

    def _write(self, key: str) -> None:
        self._s3.put_object(Bucket=self._documents, Key=key, Body=_TEXT, Tagging="from=mail")

    def _start(self, given: dict[str, str] | None = None, **options: str) -> str:
        started = self._runs.start_execution(stateMachineArn=self._machine, input=json.dumps(given or {}), **options)
        return str(started["executionArn"])

    def _executions(self) -> set[str]:
        found = self._runs.list_executions(stateMachineArn=self._machine)["executions"]
        return {run["executionArn"] for run in found}

    def _described(self, run: str) -> dict[str, Any]:
        return dict(
            _until(lambda: self._runs.describe_execution(executionArn=run), lambda found: found["status"] != "RUNNING")
        )

    def _problem(self, run: str, good: Sequence[str] = ("COMPLETED",)) -> str:
        ended = self._described(run)
        if ended["status"] == "SUCCEEDED":
            status = json.loads(ended["output"])["Status"]
            return "" if status in good else f"the run is {status}"
        return f"{self._failed_in(run)}: {ended.get('cause') or ended.get('error')}"

    def _history(self, run: str) -> list[dict[str, Any]]:
        """What has happened in a run, the last first."""
        pages = self._runs.get_paginator("get_execution_history").paginate(executionArn=run, reverseOrder=True)
        return [event for page in pages for event in page["events"]]

    def _failed_in(self, run: str) -> str:
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for event in self._history(run)
            if event["type"] in {"TaskStateEntered", "PassStateEntered", "MapStateEntered"}
        ]
        return str(entered[entered.index("Explain") + 1] if "Explain" in entered else entered[0])

    def _refusal(self, run: str) -> str:
        refused = [event["taskFailedEventDetails"] for event in self._history(run) if "taskFailedEventDetails" in event]
        return f"{refused[0].get('cause')}" if refused else "nobody says why"

    def _letters(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get(
            "Messages", []
        )
        for letter in found:
            self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=letter["ReceiptHandle"])
        return found

    def _undelivered(self) -> str:
        """What the server has said about a start that could not be made."""
        log = self._aws.log()[self._logged :]
        return next((line.partition("not started: ")[2] for line in log.splitlines() if "not started: " in line), "")

    def _started(self) -> str:
        new, problem = _until(lambda: (self._executions() - self._before, self._undelivered()), any)
        for run in new:
            self._described(run)
        return "" if new else f"no run is started: {problem}"

    def _kept(self) -> str:
        problem = _until(self._undelivered, bool)
        return "" if self._letters() else f"the start is lost: {problem}"


def _tries_again(choice: dict[str, Any]) -> bool:
    return choice.get("Next") == "WaitForRights"


def _until(look: Callable[[], Any], is_it: Callable[[Any], bool]) -> Any:  # noqa: ANN401 - what is looked at
    begun = time.monotonic()
    while not is_it(found := look()):
        if time.monotonic() - begun > PATIENCE:
            raise TimeoutError(f"still {found!r} after {PATIENCE} seconds")
        time.sleep(0.03)
    return found


def _broken_archive() -> bytes:
    """More predictions than fit into one part of an upload, and then nothing."""
    lines = (
        json.dumps({"File": secrets.token_hex(200), "Line": "0", "Classes": [{"Name": "INVOICE", "Score": 1.0}]})
        for _ in range(48_000)
    )
    content = "\n".join(lines).encode()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as packed:
        entry = tarfile.TarInfo("predictions.jsonl")
        entry.size = len(content)
        packed.addfile(entry, io.BytesIO(content))
    return archive.getvalue()[: -len(archive.getvalue()) // 20]


def synthesize(classifier: str, directory: Path) -> Path:
    """Write the assembly of a stack whose workflow uses every option that permissions depend on."""
    context = json.loads((Path(__file__).parents[1] / "cdk.json").read_text())["context"]
    app = cdk.App(context=context, outdir=str(directory / "workflow"), analytics_reporting=False)
    stack = cdk.Stack(app, STACK)
    # A key each: with one for all, no statement about keys could be told from the others.
    documents, results = (
        s3.Bucket(stack, name, encryption_key=kms.Key(stack, f"{name}Key")) for name in ("Documents", "Results")
    )
    workflow = DocumentClassificationWorkflow(
        stack,
        "Mails",
        model=ClassificationModel.from_classifier_arn(classifier),
        documents=Documents.from_bucket(
            documents, INBOX, input_format=InputFormat.ONE_DOC_PER_FILE, reader=DocumentReader.detect_text()
        ),
        results=Results.to_bucket(results, RESULTS),
        volume_encryption_key=kms.Key(stack, "VolumeKey"),
        network=ClassificationNetwork(stack, "Network"),
        tags={"team": "mail"},
        schedule=scheduler.ScheduleExpression.rate(cdk.Duration.days(1)),
        run_on_upload=True,
        max_documents=MOST,
    )
    workflow.add_schedule(
        "Nightly", schedule=scheduler.ScheduleExpression.rate(cdk.Duration.days(1)), prefix=f"{NIGHTLY}%Y/%m/%d/"
    )
    for name, bucket in {"Documents": documents, "Results": results}.items():
        cdk.CfnOutput(stack, f"{name}Name", value=bucket.bucket_name).override_logical_id(name)
    app.synth()
    return directory / "workflow"


def prove(proof: WorkflowProof, only: Sequence[str] = ()) -> Iterator[tuple[str, Mutation, str]]:
    """Try every mutation, or those of some statements; each with whose it is and what went wrong, or nothing."""
    for who, document, put in proof.policies():
        for mutation in mutations({**document, "Statement": [each for each in document["Statement"] if "Sid" in each]}):
            if only and mutation.sid not in only:
                continue
            put(mutation.policy)
            try:
                problem = proof.trial(who, mutation)()
            finally:
                put(document)
            yield who, mutation, problem
