"""Workflows on the local AWS: the real template, roles, function, state machine and events, with waits scaled."""

import json
import re
import runpy
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from local.bench import until
from local.by_api import ByApi
from support import ROOT, new_app
from workflow.app import build
from workflow.notices import check

PATIENCE = 90


class Deployed:
    def __init__(self, aws, outputs):
        self.aws, self.outputs = aws, outputs
        self.s3, self.runs = aws.client("s3"), aws.client("stepfunctions")

    def machine(self, name):
        return self.outputs[f"{name}StateMachineArn"]

    def write(self, bucket, key, text):
        self.s3.put_object(Bucket=bucket, Key=key, Body=text.encode())

    def keys(self, bucket, prefix=""):
        found = self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", ())]

    def start(self, name, given=None):
        started = self.runs.start_execution(stateMachineArn=self.machine(name), input=json.dumps(given or {}))
        return started["executionArn"]

    def run(self, name, given=None):
        return self.ended(self.start(name, given))

    def refusal(self, arn):
        """What a run has been refused first, before it gives up."""

        def refused():
            events = self.runs.get_execution_history(executionArn=arn, maxResults=1000)["events"]
            causes = [
                details.get("cause", "") for event in events for details in event.values() if type(details) is dict
            ]
            return next((cause for cause in causes if re.search("not authorized|AccessDenied", cause)), "")

        return until(refused, bool, PATIENCE)

    def ended(self, arn):
        return until(
            lambda: self.runs.describe_execution(executionArn=arn), lambda run: run["status"] != "RUNNING", PATIENCE
        )

    def executions(self, name):
        return self.runs.list_executions(stateMachineArn=self.machine(name))["executions"]

    def notices(self):
        """What was told since the last call."""
        sqs, found = self.aws.client("sqs"), []
        while messages := sqs.receive_message(QueueUrl=self.outputs["NoticesUrl"], MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.outputs["NoticesUrl"], ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture(scope="module")
def untrained_classifier(local_aws):
    """ARN of a classifier whose training has failed: there is nothing to learn from."""
    comprehend = local_aws.client("comprehend")
    given = {"DataAccessRoleArn": "arn:aws:iam::000000000000:role/nobody", "LanguageCode": "en"}
    source = {"S3Uri": "s3://nowhere-at-all/training.csv"}
    arn = comprehend.create_document_classifier(DocumentClassifierName="untrained", InputDataConfig=source, **given)[
        "DocumentClassifierArn"
    ]
    until(
        lambda: comprehend.describe_document_classifier(DocumentClassifierArn=arn)["DocumentClassifierProperties"],
        lambda found: found["Status"] == "IN_ERROR",
    )
    return arn


@pytest.fixture(scope="module")
def deployed(local_aws, trained_classifier, untrained_classifier):
    app = new_app()
    build(app, trained_classifier, untrained_classifier)
    return Deployed(local_aws, ByApi(local_aws).deploy(app.synth().directory)["Workflows"])


@pytest.fixture
def plain(deployed):
    """The bucket of the manual workflow, emptied."""
    bucket = deployed.outputs["PlainName"]
    for key in deployed.keys(bucket):
        deployed.s3.delete_object(Bucket=bucket, Key=key)
    deployed.notices()
    return bucket


def test_a_run_classifies_what_waits_with_the_permissions_that_it_has(deployed, plain):
    deployed.write(plain, "in/a.txt", "Please pay the total due on invoice number 7 within thirty days.")
    deployed.write(plain, "in/deep/b.txt", "We would like to order 7 boxes of copy paper.")
    run = deployed.run("Manual")
    assert run["status"] == "SUCCEEDED", run.get("cause")
    output = json.loads(run["output"])
    assert (output["Status"], output["Documents"], output["Errors"]) == ("COMPLETED", 2, 0)
    assert output["Classes"] == {"INVOICE": 1, "ORDER": 1}
    assert deployed.keys(plain, "in/") == []
    job = deployed.aws.client("comprehend").describe_document_classification_job(JobId=output["JobId"])
    found = job["DocumentClassificationJobProperties"]
    assert found["JobName"] == f"manual {run['name']}"
    tags = deployed.aws.client("comprehend").list_tags_for_resource(ResourceArn=output["JobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "mail"}]


def test_a_batch_runs_again_and_a_job_is_unpacked_again(deployed, plain):
    deployed.write(plain, "in/a.txt", "Please pay the total due on invoice number 7 within thirty days.")
    first = json.loads(deployed.run("Manual")["output"])
    again = json.loads(deployed.run("Manual", {"Prefix": first["DocumentsPrefix"]})["output"])
    assert again["JobId"] != first["JobId"]
    adopted = json.loads(deployed.run("Manual", {"JobId": first["JobId"]})["output"])
    assert adopted["PredictionsS3Uri"] == first["PredictionsS3Uri"]


def test_more_than_a_run_takes_is_left_to_the_next_one_and_a_prefix_is_refused(deployed, plain):
    for number in range(5):
        deployed.write(plain, f"in/{number}.txt", f"Please pay invoice number {number}.")
        deployed.write(plain, f"in2/{number}.txt", "x")
    before = {run["executionArn"] for run in deployed.executions("Manual")}
    first = deployed.run("Manual")
    assert json.loads(first["output"])["Documents"] == 3
    (following,) = {run["executionArn"] for run in deployed.executions("Manual")} - before - {first["executionArn"]}
    assert json.loads(deployed.ended(following)["output"])["Documents"] == 2
    refused = deployed.run("Manual", {"Prefix": "in2/"})
    assert refused["error"] == "WrongPrefix"
    for number in range(5):
        deployed.write(plain, f"mails/{number}.txt", "x")
    refused = deployed.run("Manual", {"Prefix": "mails/"})
    assert (refused["error"], refused["cause"][:23]) == ("TooManyDocuments", "more than 3 documents l")


NOBODY = "0" * 32
WRONG = {
    "an unknown key": ({"prefix": "x"}, "WrongInput", "has no prefix; it may have Prefix or JobId"),
    "both": ({"Prefix": "in/", "JobId": NOBODY}, "WrongInput", "either a Prefix or a JobId, not both"),
    "no text": ({"Prefix": 7}, "WrongInput", "Prefix must be text"),
    "a prefix outside": ({"Prefix": "in2/"}, "WrongPrefix", "begin it with 'batches/in/' or 'in/' or 'mails/'"),
    "no job of this account": ({"JobId": NOBODY}, "Comprehend.JobNotFoundException", "give the JobId of one in this"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_input_ends_the_run_with_what_is_allowed_and_is_on_the_bus(deployed, plain, mistake):
    given, error, allowed = WRONG[mistake]
    deployed.write(plain, "in2/a.txt", "x")
    run = deployed.run("Manual", given)
    assert (run["status"], run["error"]) == ("FAILED", error)
    assert allowed in run["cause"]
    (notice,) = until(deployed.notices, len)
    assert (notice["source"], notice["detail"]["status"]) == ("cdk-comprehend-classification", "FAILED")
    assert notice["detail"]["executionArn"] == run["executionArn"]
    told = notice["detail"]
    assert run["cause"] == f"{told['message']} {told.get('hint', '')}".strip()


def refused_before_a_job(deployed, name, given=None):
    """A run that fails without having started a job: its error, its cause, and its notice's hint."""
    jobs = deployed.aws.calls().get("StartDocumentClassificationJob", 0)
    run = deployed.run(name, given)
    (notice,) = until(deployed.notices, len)
    assert run["status"] == notice["detail"]["status"] == "FAILED"
    assert "jobId" not in notice["detail"]
    started = deployed.aws.calls().get("StartDocumentClassificationJob", 0) - jobs
    return run["error"], run["cause"], notice["detail"]["hint"], started


def test_more_than_a_job_may_take_fails_before_it_costs_anything(deployed, plain):
    deployed.write(plain, "mails/a.txt", "x" * 70_000)
    error, cause, hint, started = refused_before_a_job(deployed, "Manual", {"Prefix": "mails/"})
    assert (error, started) == ("TooMuchInput", 0)
    assert "more than 65,536 bytes lie under 'mails/'" in cause
    assert "raise max_input_size" in cause
    assert not hint, "the message has it already"


def is_removed(deployed, bucket):
    """Remove a bucket with all that is in it; runs of other tests may still write."""
    found = deployed.s3.list_object_versions(Bucket=bucket)
    for each in [*found.get("Versions", ()), *found.get("DeleteMarkers", ())]:
        deployed.s3.delete_object(Bucket=bucket, Key=each["Key"], VersionId=each["VersionId"])
    try:
        deployed.s3.delete_bucket(Bucket=bucket)
    except deployed.s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "BucketNotEmpty":
            raise
        return False
    return True


def test_a_documents_bucket_that_is_gone_is_said_so(deployed, plain):
    until(lambda: is_removed(deployed, plain), bool)
    try:
        _, cause, hint, started = refused_before_a_job(deployed, "Manual")
    finally:
        deployed.s3.create_bucket(Bucket=plain)
    assert started == 0
    assert "NoSuchBucket" in cause
    assert hint == "The bucket is gone: deploy again with a bucket that exists."


def test_a_results_bucket_that_is_gone_is_said_so(deployed, plain):
    deployed.write(plain, "in/a.txt", "Please pay the total due.")
    bucket = deployed.outputs["ManualResults"]
    until(lambda: is_removed(deployed, bucket), bool)
    try:
        run = deployed.run("Manual")
    finally:
        deployed.s3.create_bucket(Bucket=bucket)
    assert run["error"] == "JobFailed"
    (notice,) = until(deployed.notices, len)
    assert "NoSuchBucket" in notice["detail"]["message"]
    assert notice["detail"]["hint"] in run["cause"]


def test_a_model_that_is_not_trained_is_said_so_and_its_documents_wait_in_their_batch(deployed, plain):
    deployed.write(plain, "waiting/a.txt", "Please pay the total due.")
    error, cause, hint, _ = refused_before_a_job(deployed, "Untrained")
    assert error == "Comprehend.ResourceUnavailableException"
    assert "IN_ERROR" in cause
    assert hint == "The model, or the flywheel's active one, must be TRAINED."
    assert [key.rpartition("/")[2] for key in deployed.keys(plain, "batches/waiting/")] == ["a.txt"]


def test_a_role_without_rights_fails_the_run_and_says_what_to_allow(deployed, plain):
    deployed.write(plain, "in/a.txt", "Please pay the total due.")
    iam, role = deployed.aws.client("iam"), deployed.outputs["ManualRole"]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    iam.delete_role_policy(RoleName=role, PolicyName=name)
    try:
        run = deployed.run("Manual")
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
    assert run["error"] == "JobFailed"
    assert "NO_READ_ACCESS_TO_INPUT" in run["cause"]
    assert "s3:GetObject on the documents" in run["cause"]
    (notice,) = until(deployed.notices, len)
    assert "s3:GetObject" in notice["detail"]["hint"]


def test_throttling_is_waited_out(deployed, plain, behaving_aws):
    deployed.write(plain, "in/a.txt", "Please pay the total due.")
    fault = {"operation": "StartDocumentClassificationJob", "code": "TooManyRequestsException", "count": 3}
    behaving_aws.set_faults({**fault, "status": 429})
    assert json.loads(deployed.run("Manual")["output"])["Status"] == "COMPLETED"


def test_a_dozen_runs_of_a_prefix_hide_no_run_of_the_inbox(deployed, plain, behaving_aws):
    fault = {"operation": "StartDocumentClassificationJob", "code": "TooManyRequestsException", "count": 10_000}
    behaving_aws.set_faults({**fault, "status": 429})
    for key in ("mails/x.txt", "in/a.txt"):
        deployed.write(plain, key, "Please pay the total due.")
    waiting = [deployed.start("Manual", {"Prefix": "mails/"}) for _ in range(12)]
    waiting.append(deployed.start("Manual"))
    until(lambda: deployed.keys(plain, "in/"), lambda keys: not keys, PATIENCE)
    try:
        assert json.loads(deployed.run("Manual")["output"]) == {"Status": "BUSY"}
    finally:
        for arn in waiting:
            deployed.runs.stop_execution(executionArn=arn)


def test_a_burst_of_fifty_uploads_becomes_a_few_jobs_that_lose_nothing(deployed):
    """The waits are scaled and the uploads are not, so that here it takes more jobs than in virtual time."""
    bucket, _, prefix = deployed.outputs["UploadsInboxUri"].removeprefix("s3://").partition("/")
    deployed.notices()
    for number in range(50):
        deployed.write(bucket, f"{prefix}{number}.txt", f"Please pay invoice number {number}.")
    until(lambda: deployed.executions("Uploads"), lambda runs: len(runs) >= 50, PATIENCE)
    until(
        lambda: [run["status"] for run in deployed.executions("Uploads")],
        lambda statuses: "RUNNING" not in statuses,
        PATIENCE,
    )
    runs = [
        deployed.runs.describe_execution(executionArn=run["executionArn"]) for run in deployed.executions("Uploads")
    ]
    assert [(run["error"], run["cause"]) for run in runs if run["status"] != "SUCCEEDED"] == []
    outputs = [json.loads(run["output"]) for run in runs]
    completed = [output for output in outputs if output["Status"] == "COMPLETED"]
    assert 1 <= len(completed) <= 10
    assert sum(output["Documents"] for output in completed) == 50
    assert deployed.keys(bucket, prefix) == []
    notices = deployed.notices()
    for notice in notices:
        check(notice["detail"])
    statuses = [notice["detail"]["status"] for notice in notices]
    assert statuses.count("COMPLETED") == len(completed)


@pytest.fixture
def ask(deployed):
    """Asks Athena as somebody who was granted the predictions, and nothing else."""
    session = deployed.aws.client("sts").assume_role(RoleArn=deployed.outputs["ReaderArn"], RoleSessionName="reader")
    credentials = {
        "AWS_ACCESS_KEY_ID": session["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": session["Credentials"]["SecretAccessKey"],
        "AWS_SESSION_TOKEN": session["Credentials"]["SessionToken"],
    }
    athena = deployed.aws.client("athena", credentials)
    database, _, _ = deployed.outputs["ManualPredictionsTable"].partition(".")

    def query(sql):
        started = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": database},
            ResultConfiguration={"OutputLocation": f"s3://{deployed.outputs['AnswersName']}/"},
        )["QueryExecutionId"]
        found = until(
            lambda: athena.get_query_execution(QueryExecutionId=started)["QueryExecution"],
            lambda query: query["Status"]["State"] in {"SUCCEEDED", "FAILED"},
            PATIENCE,
        )
        assert found["Status"]["State"] == "SUCCEEDED", found["Status"]
        rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue") for cell in row["Data"]] for row in rows[1:]]

    return query


def test_whoever_may_read_predictions_queries_them(deployed, plain, ask):
    deployed.write(plain, "in/a.txt", "Please pay the total due on invoice number 7 within thirty days.")
    output = json.loads(deployed.run("Manual")["output"])
    day = output["PredictionsS3Uri"].partition("dt=")[2][:10]
    mine = f"FROM predictions WHERE dt = '{day}' AND job_id = '{output['JobId']}'"
    assert ask(f"SELECT class, count(*) AS documents {mine} GROUP BY class") == [["INVOICE", "1"]]
    assert ask(f"SELECT file, run_id {mine} AND error_code IS NULL ORDER BY score LIMIT 5")[0][0] == "a.txt"
    assert ask(f"SELECT predictions[1].name {mine}") == [["INVOICE"]]


def test_the_queries_of_the_page_are_answered(deployed, plain, ask):
    deployed.write(plain, "in/mail-17.txt", "Please pay the total due on invoice number 7 within thirty days.")
    assert deployed.run("Manual")["status"] == "SUCCEEDED"
    queries = re.findall(r"```sql\n(.*?)\n```", (ROOT / "docs" / "workflow.md").read_text(), re.DOTALL)
    answers = [
        ask(
            re.sub(r"\w+_model\.predictions", "predictions", sql).replace("2026-11-24", f"{datetime.now(UTC):%Y-%m-%d}")
        )
        for sql in queries
    ]
    by_day, least_certain, errors, history, disagreement = answers
    assert any(row[1] == "INVOICE" for row in by_day)
    assert "mail-17.txt" in [row[0] for row in least_certain]
    assert (errors, disagreement) == ([], [])
    assert history


def test_a_run_that_is_aborted_is_told_by_another(deployed, plain):
    assert plain
    machine = deployed.machine("Manual")
    run = deployed.runs.start_execution(stateMachineArn=machine, input='{"Trigger": "UPLOAD"}')["executionArn"]
    deployed.runs.stop_execution(executionArn=run, error="Mistake", cause="not now")
    (notice,) = until(deployed.notices, len)
    check(notice["detail"])
    assert notice["resources"] == [run]
    assert (notice["detail"]["error"], notice["detail"]["message"]) == ("RunAborted", "not now")
    assert notice["detail"]["documentsPrefix"].endswith("Z-" + run.rpartition(":")[2])


def test_an_idle_workflow_is_empty(deployed, plain):
    assert plain
    begin = time.monotonic()
    assert json.loads(deployed.run("Manual")["output"])["Status"] == "EMPTY"
    assert time.monotonic() - begin < PATIENCE


NEEDED = {
    "ManualStateMachineRole": ["StartJobs", "PassDataAccessRoles", "TagJobs", "CallFunction", "GiveNotice"],
    "ManualFunctionRole": ["ListWaiting", "TakeFromInbox", "FillBatches", "ReadArchives", "WritePredictions"],
}


@contextmanager
def without(deployed, role_part, sid):
    """A role that lacks one statement for a while."""
    iam = deployed.aws.client("iam")
    (role,) = [each["RoleName"] for each in iam.list_roles(MaxItems=1000)["Roles"] if role_part in each["RoleName"]]
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        kept = [each for each in document["Statement"] if each["Sid"] != sid]
        if len(kept) < len(document["Statement"]):
            break
    else:
        raise AssertionError(f"{role} has no statement {sid}")
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps({**document, "Statement": kept}))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


@pytest.mark.parametrize(("role", "sid"), [(role, sid) for role, sids in NEEDED.items() for sid in sids])
def test_no_statement_can_be_taken_away(deployed, plain, role, sid):
    deployed.write(plain, "in/a.txt", "Please pay the total due on invoice number 7 within thirty days.")
    with without(deployed, role, sid):
        run = deployed.start("Manual")
        assert deployed.refusal(run)
    deployed.ended(run)


def test_a_backfill_runs_every_prefix_and_each_is_a_run_of_its_own(local_aws, trained_classifier):
    app = new_app()
    app.node.set_context("classifier_arn", trained_classifier)
    runpy.run_path(str(ROOT / "examples" / "backfill.py"))["build"](app)
    outputs = ByApi(local_aws).deploy(app.synth().directory)["BackfillClassification"]
    bucket, _, prefix = outputs["ArchiveInboxUri"].removeprefix("s3://").partition("/")
    prefixes = [f"{prefix}{year}/" for year in (2023, 2024, 2025)]
    for each in prefixes:
        local_aws.client("s3").put_object(Bucket=bucket, Key=f"{each}a.txt", Body=b"Please pay invoice number 7.")
    client = local_aws.client("stepfunctions")
    started = client.start_execution(stateMachineArn=outputs["BackfillArn"], input=json.dumps({"prefixes": prefixes}))[
        "executionArn"
    ]
    ended = until(
        lambda: client.describe_execution(executionArn=started), lambda run: run["status"] != "RUNNING", PATIENCE
    )
    assert ended["status"] == "SUCCEEDED"
    found = [each["Output"] for each in json.loads(ended["output"])]
    assert [each["DocumentsPrefix"] for each in found] == prefixes
    assert len({each["JobId"] for each in found}) == 3
