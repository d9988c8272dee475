"""Jobs as resources: the README's walk, every parameter, updates, rollback, and as many at once as the quota lets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import botocore.session
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm

import app
from account.anchors import ROOT
from account.bench import allow
from account.expectations import DifferenceError, expect
from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DocumentClassificationJob,
    DocumentReader,
    Documents,
    FeatureType,
    InputFormat,
    JobMilestone,
    ReadMode,
    Results,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from account.bench import Bench

MAILS = 3


def walk(bench: Bench) -> str:
    """What the README tells a newcomer to do: deploy, upload, deploy with a run id, read the results."""

    def context(stack_app: cdk.App, **values: str) -> None:
        for name, value in {"classifier_arn": bench.run.classifier, **values}.items():
            stack_app.node.set_context(name, value)

    class First(app.ClassificationStack):
        """The project's own app."""

        def __init__(self, scope: cdk.App, id: str) -> None:
            context(scope)
            super().__init__(scope, id)

    class Second(app.ClassificationStack):
        """The same with `-c run_id=2 -c wait_for=COMPLETED`."""

        def __init__(self, scope: cdk.App, id: str) -> None:
            context(scope, run_id="2", wait_for="COMPLETED")
            super().__init__(scope, id)

    first = _plain(bench.deploy(_nothing_more, kind=First))
    expect(first["JobStatus"] == "SKIPPED_EMPTY_INPUT", f"the first deployment ended with {first['JobStatus']}")
    bucket, _, prefix = first["DocumentsUri"].removeprefix("s3://").partition("/")
    for mail in sorted((ROOT / "examples" / "data" / "documents").iterdir())[:MAILS]:
        bench.client("s3").put_object(Bucket=bucket, Key=f"{prefix}{mail.name}", Body=mail.read_bytes())
    second = _plain(bench.deploy(_nothing_more, kind=Second))
    expect(second["JobStatus"] == "COMPLETED", f"the second deployment ended with {second['JobStatus']}")
    job = bench.completed(second["JobArn"].rpartition("/")[2])
    expect(job["OutputDataConfig"]["S3Uri"] == second["ResultsUri"], f"results are not at {second['ResultsUri']}")
    found = bench.predictions(job)
    expect(len(found) == MAILS, f"{MAILS} mails gave {len(found)} predictions")
    expect(all(each.best for each in found), "a mail has no class")
    return f"{MAILS} mails, {len(found)} predictions: {', '.join(str(each.best and each.best.name) for each in found)}"


def parameters(bench: Bench) -> str:
    """Every parameter of the request in at least one of three jobs, as the service describes them afterwards."""
    for name in ("files/a.txt", "lines/a.txt", "scans/a.txt"):
        bench.write(name)
    flywheel = _flywheel(bench)
    bench.deploy(lambda stack: _three_jobs(bench, stack, flywheel))
    jobs = {job["JobId"]: bench.completed(job["JobId"]) for job in bench.jobs()}
    expect(len(jobs) == len(_FOLDERS), f"{len(jobs)} jobs were started")
    missing = set(_members()) - {path for job in jobs.values() for path in _paths(job)}
    # What Describe does not repeat: tags were asked for when the jobs were looked up, tokens are the handler's own.
    missing -= {"ClientRequestToken", "Tags", "Tags.Key", "Tags.Value"}
    expect(not missing, f"no job has {', '.join(sorted(missing))}")
    counts = [len(bench.predictions(job)) for job in jobs.values()]
    expect(counts == [1] * len(_FOLDERS), f"one document each gave {counts} predictions")
    return f"{len(jobs)} jobs completed; {len(set(_members()))} members of the request were used"


def update_while_running(bench: Bench) -> str:
    """Deploy other results while the job runs: both jobs must complete, whatever becomes of the role's policy."""
    bench.write("in/a.txt")
    first = bench.deploy(one_job(bench, results="out-1/"))["JobArn"]
    expect(_status(bench, first) != "COMPLETED", "the job had ended before the update began")
    second = bench.deploy(one_job(bench, results="out-2/", run_id="2"))["JobArn"]
    expect(first != second, "the update started no job")
    for arn in (first, second):
        job = bench.completed(arn.rpartition("/")[2])
        expect(len(bench.predictions(job)) == 1, f"{arn} has no prediction")
    return "both jobs completed"


def rollback(bench: Bench) -> str:
    """Fail an update after its job was started: afterwards the stack names the first job, and none was started more."""
    bench.write("in/a.txt")
    first = bench.deploy(one_job(bench, results="out-1/"))["JobArn"]
    try:
        bench.deploy(one_job(bench, results="out-2/", run_id="2", broken=True))
    except DifferenceError:
        pass
    else:
        raise DifferenceError("the update did not fail")
    stack = bench.describe_stack()
    expect(stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", f"the stack is {stack['StackStatus']}")
    named = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}["JobArn"]
    expect(named == first, f"after the rollback the stack names {named}, not {first}")
    bench.completed(first.rpartition("/")[2])
    again = bench.deploy(one_job(bench, results="out-1/"))["JobArn"]
    expect(again == first, "a deployment after the rollback started a job")
    started = len(bench.jobs())
    expect(started == 2, f"{started} jobs were started, not 2")  # noqa: PLR2004 - one by each deployment
    return "the stack names the first job, which completed; the rollback started nothing"


def at_the_quota(bench: Bench) -> str:
    """One job more than may be active, in one stack: the last waits for a slot, and all complete."""
    bench.write("in/a.txt")
    count = bench.run.quota + 1

    def build(stack: cdk.Stack) -> None:
        for number in range(count):
            job(bench, stack, f"Job{number}", results=f"out-{number}/", timeout=cdk.Duration.hours(1))

    bench.deploy(build)
    found = [bench.completed(each["JobId"]) for each in bench.jobs()]
    expect(len(found) == count, f"{len(found)} jobs were started, not {count}")
    active = max(sum(other["SubmitTime"] <= each["SubmitTime"] < other["EndTime"] for other in found) for each in found)
    expect(active <= bench.run.quota, f"{active} jobs were active at once, more than the quota")
    expect(active == bench.run.quota, f"at most {active} jobs were active at once: the quota was not reached")
    return f"{count} jobs completed, {active} at once"


# --- Building ---------------------------------------------------------------------------------------------------------


def job(bench: Bench, stack: cdk.Stack, id: str, *, results: str, **options: Any) -> DocumentClassificationJob:  # noqa: ANN401 - options of the construct
    """A job on the step's documents that a deployment does not wait for."""
    bucket = _bucket(bench, stack)
    return DocumentClassificationJob(
        stack,
        id,
        model=ClassificationModel.from_classifier_arn(bench.run.classifier),
        documents=Documents.from_bucket(bucket, f"{bench.folder}in/", input_format=InputFormat.ONE_DOC_PER_FILE),
        results=Results.to_bucket(bucket, f"{bench.folder}{results}"),
        **{"wait_for": JobMilestone.SUBMITTED, **options},
    )


def one_job(
    bench: Bench, *, results: str, run_id: str = "1", broken: bool = False, **options: object
) -> Callable[[cdk.Stack], None]:
    """A stack with one job, and after it a resource that can be broken."""

    def build(stack: cdk.Stack) -> None:
        made = job(bench, stack, "Job", results=results, run_id=run_id, **options)
        cdk.CfnOutput(stack, "JobArn", value=made.job_arn)
        other = ssm.CfnParameter(stack, "Other", type="String", value=run_id)
        if broken:
            other.name = "/aws/reserved/other"
        other.node.add_dependency(made)

    return build


def _bucket(bench: Bench, stack: cdk.Stack) -> s3.IBucket:
    found = stack.node.try_find_child("Bucket")
    return found or s3.Bucket.from_bucket_name(stack, "Bucket", bench.run.bucket())  # type: ignore[return-value] # ours


_FOLDERS = ("files", "lines", "scans")


def _three_jobs(bench: Bench, stack: cdk.Stack, flywheel: str) -> None:
    bucket, key = _bucket(bench, stack), kms.Key(stack, "Key")
    volume = kms.Key(stack, "VolumeKey")
    # With one bucket for all the key is that of the results only; a bucket's own key is the walk's to try.
    tables = DocumentReader.analyze(FeatureType.TABLES, FeatureType.FORMS, mode=ReadMode.FORCE_DOCUMENT_READ_ACTION)
    plain = DocumentReader.detect_text(mode=ReadMode.SERVICE_DEFAULT)
    per_file, per_line = InputFormat.ONE_DOC_PER_FILE, InputFormat.ONE_DOC_PER_LINE
    classifier = ClassificationModel.from_classifier_arn(bench.run.classifier)
    common: dict[str, Any] = {"wait_for": JobMilestone.COMPLETED, "timeout": cdk.Duration.hours(1)}

    def place(folder: str, **options: Any) -> Documents:  # noqa: ANN401 - options of the value
        return Documents.from_bucket(bucket, f"{bench.folder}{folder}/", **options)

    DocumentClassificationJob(
        stack,
        "Files",
        model=classifier,
        documents=place("files", input_format=per_file, reader=tables),
        results=Results.to_bucket(bucket, f"{bench.folder}out-files/", encryption_key=key),
        volume_encryption_key=volume,
        network=ClassificationNetwork(stack, "Network"),
        job_name="every parameter",
        tags={"team": "mail"},
        **common,
    )
    DocumentClassificationJob(
        stack,
        "Lines",
        model=ClassificationModel.from_flywheel_arn(flywheel),
        documents=place("lines", input_format=per_line),
        results=Results.to_bucket(
            bucket, f"{bench.folder}out-lines/", encryption_key=key.add_alias(f"alias/{bench.prefix}")
        ),
        volume_encryption_key=volume.key_arn,
        **common,
    )
    DocumentClassificationJob(
        stack,
        "Scans",
        model=classifier,
        documents=place("scans", input_format=per_file, reader=plain),
        results=Results.to_bucket(bucket, f"{bench.folder}out-scans/", encryption_key=key.key_id),
        **common,
    )


def _flywheel(bench: Bench) -> str:
    """A flywheel around the run's classifier; it costs nothing while it does not train."""
    comprehend, data = bench.client("comprehend"), f"arn:{bench.run.partition}:s3:::{bench.run.bucket()}"
    role = bench.data_access_role(allow("s3:GetObject", "s3:PutObject", "s3:ListBucket", on=[data, f"{data}/*"]))
    arn = str(
        comprehend.create_flywheel(
            FlywheelName=bench.run.prefix,
            ActiveModelArn=bench.run.classifier,
            DataAccessRoleArn=role,
            DataLakeS3Uri=bench.uri("lake"),
            Tags=bench.tags,
        )["FlywheelArn"]
    )
    bench.until(
        lambda: comprehend.describe_flywheel(FlywheelArn=arn)["FlywheelProperties"]["Status"],
        lambda status: status == "ACTIVE",
        seconds=1800,
    )
    return arn


# --- Looking ----------------------------------------------------------------------------------------------------------


def _members() -> Iterator[str]:
    """The members of the API's request, as paths."""
    model = botocore.session.get_session().get_service_model("comprehend")
    shape: Any = model.operation_model("StartDocumentClassificationJob").input_shape

    def walk_shape(shape: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any shape
        if shape.type_name == "list":
            yield from walk_shape(shape.member, path)
        for name, inner in getattr(shape, "members", {}).items():
            yield f"{path}{name}"
            yield from walk_shape(inner, f"{path}{name}.")

    return walk_shape(shape, "")


def _paths(value: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        for each in value:
            yield from _paths(each, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}{name}"
            yield from _paths(inner, f"{path}{name}.")


def _status(bench: Bench, arn: str) -> str:
    return str(bench.describe(arn.rpartition("/")[2])["JobStatus"])


def _plain(outputs: dict[str, str]) -> dict[str, str]:
    """Outputs of the pipeline by what they are."""
    names = ("JobArn", "JobStatus", "ResultsUri", "DocumentsUri")
    return {name: value for name in names for key, value in outputs.items() if name in key}


def _nothing_more(_stack: cdk.Stack) -> None:
    """The class of the stack defines all."""
