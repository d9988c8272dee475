"""Runs of a workflow: of its inbox, of a prefix, of a job that exists, and one that fails; and where predictions go."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from account.bench import TEXT
from account.expectations import expect
from constructs_lib import ClassificationModel, DocumentClassificationWorkflow

if TYPE_CHECKING:
    import aws_cdk as cdk

    from account.bench import Bench

_LONGEST_RUN = 3600
MAILS = 2


@dataclass(frozen=True)
class _Workflow:
    """The workflow that all these scenarios share.

    Args:
        bench: Whose run.
        machine: ARN of the state machine.
        bucket: Where documents arrive.
        inbox: Under which prefix.
        table: Database and table of predictions.
    """

    bench: Bench
    machine: str
    bucket: str
    inbox: str
    table: str

    def upload(self, prefix: str, count: int) -> None:
        for number in range(count):
            key = f"{prefix}mail-{number}.txt"
            self.bench.client("s3").put_object(Bucket=self.bucket, Key=key, Body=TEXT.encode())

    def keys(self, prefix: str) -> list[str]:
        listed = self.bench.client("s3").list_objects_v2(Bucket=self.bucket, Prefix=prefix)
        return [each["Key"] for each in listed.get("Contents", ())]

    def run(self, **given: str) -> dict[str, Any]:
        """Run it and return the execution when it has ended."""
        states = self.bench.client("stepfunctions")
        arn = states.start_execution(stateMachineArn=self.machine, input=json.dumps(given))["executionArn"]
        return self.bench.until(
            lambda: dict(states.describe_execution(executionArn=arn)),
            lambda found: found["status"] != "RUNNING",
            seconds=_LONGEST_RUN,
            every=10,
        )

    def succeeded(self, **given: str) -> dict[str, Any]:
        """Run it, see it succeed, and return what it says."""
        found = self.run(**given)
        expect(found["status"] == "SUCCEEDED", f"the run {found['status']}: {found.get('cause', found.get('error'))}")
        return dict(json.loads(found["output"]))


def inbox(bench: Bench) -> str:
    """Upload, run, and read the predictions: by the reader from the job's output, by Athena from the table."""
    workflow = _workflow(bench)
    workflow.upload(workflow.inbox, MAILS)
    said = workflow.succeeded()
    expect(said["Status"] == "COMPLETED", f"the run of the inbox is {said['Status']}")
    expect(said["Documents"] == MAILS, f"{MAILS} documents were uploaded, the run says {said['Documents']}")
    expect(not workflow.keys(workflow.inbox), "the inbox is not empty after the run")
    read = bench.predictions(bench.completed(said["JobId"]))
    expect(len(read) == MAILS, f"the reader found {len(read)} predictions")
    rows = _query(bench, workflow.table, said["JobId"])
    wanted = sorted((each.file, each.best.name if each.best else "") for each in read)
    expect(rows == wanted, f"Athena says {rows}, the reader {wanted}")
    return f"{MAILS} documents became {len(rows)} rows, the same by reader and by Athena"


def prefix_and_adoption(bench: Bench) -> str:
    """Run documents under a prefix, which stay there, and adopt their job by a second run, which starts none."""
    workflow = _workflow(bench)
    place = f"batches/{workflow.inbox}{bench.step}/"
    workflow.upload(place, 1)
    by_prefix = workflow.succeeded(Prefix=place)
    expect(by_prefix["Status"] == "COMPLETED", f"the run of a prefix is {by_prefix['Status']}")
    expect(len(workflow.keys(place)) == 1, "the documents did not stay where they were")
    adopted = workflow.succeeded(JobId=by_prefix["JobId"])
    expect(adopted["JobArn"] == by_prefix["JobArn"], f"the run adopted {adopted['JobArn']}, not {by_prefix['JobArn']}")
    rows = _query(bench, workflow.table, by_prefix["JobId"])
    expect(len(rows) == 1, f"one document, run and adopted, has {len(rows)} rows")
    nothing = workflow.succeeded(Prefix=f"{place}nothing/")
    expect(nothing["Status"] == "EMPTY", f"a run where nothing is is {nothing['Status']}")
    return "run by prefix, adopted, and one row"


def failure(bench: Bench) -> str:
    """Run what must fail: a prefix that the role may not read, and a job that has failed."""
    workflow = _workflow(bench)
    wrong = workflow.run(Prefix="elsewhere/")
    expect(wrong["status"] == "FAILED", f"a run of a foreign prefix is {wrong['status']}")
    expect(wrong["error"] == "WrongPrefix", f"a run of a foreign prefix fails with {wrong['error']}")
    expect("elsewhere/" in wrong["cause"], f"the cause does not name the prefix: {wrong['cause']}")
    bench.write("in/a.txt")
    job = bench.finished(bench.start(bench.data_access_role(bench.writes())))
    expect(job["JobStatus"] == "FAILED", f"a job that may not read is {job['JobStatus']}")
    failed = workflow.run(JobId=job["JobId"])
    expect(failed["status"] == "FAILED", f"a run of a failed job is {failed['status']}")
    expect(job["Message"][:40] in failed["cause"], f"the cause is not the service's message: {failed['cause']}")
    return f"{wrong['error']}, {failed['error']}"


def _workflow(bench: Bench) -> _Workflow:
    def build(stack: cdk.Stack) -> None:
        DocumentClassificationWorkflow(
            stack,
            "Runs",
            model=ClassificationModel.from_classifier_arn(bench.run.classifier),
            network_isolation=False,  # the network is tried by other scenarios
        )

    outputs = bench.shared("workflow", build)
    machine, uri, table = (
        next(value for key, value in outputs.items() if name in key)
        for name in ("StateMachineArn", "InboxUri", "PredictionsTable")
    )
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return _Workflow(bench, machine, bucket, prefix, table)


def _query(bench: Bench, table: str, job: str) -> list[tuple[str, str]]:
    """File and class of each row of a job."""
    athena, (database, name) = bench.client("athena"), table.split(".")
    query = athena.start_query_execution(
        QueryString=f'SELECT file, class FROM "{database}"."{name}" WHERE job_id = \'{job}\'',  # noqa: S608 - ids of ours
        QueryExecutionContext={"Database": database},
        ResultConfiguration={"OutputLocation": bench.uri("queries/")},
    )["QueryExecutionId"]
    status = bench.until(
        lambda: athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"],
        lambda found: found["State"] not in {"QUEUED", "RUNNING"},
        seconds=300,
    )
    expect(status["State"] == "SUCCEEDED", f"the query {status['State']}: {status.get('StateChangeReason')}")
    rows = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"][1:]
    return sorted((row["Data"][0].get("VarCharValue", ""), row["Data"][1].get("VarCharValue", "")) for row in rows)
