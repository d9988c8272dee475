"""A stack has the same template wherever it stands, whatever stands beside it, and in whatever order it was written."""

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from support import CLASSIFIER_ARN, FLYWHEEL_ARN, new_app

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DataAccessRole,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    DocumentClassificationWorkflow,
    DocumentReader,
    Documents,
    InputFormat,
    Results,
)

MODELS = [
    ClassificationModel.from_classifier_arn(CLASSIFIER_ARN),
    ClassificationModel.from_flywheel_arn(FLYWHEEL_ARN),
]
HOURLY = scheduler.ScheduleExpression.rate(cdk.Duration.hours(1))
KEY = "arn:aws:kms:us-east-1:111122223333:key/0000000{}-0000-0000-0000-000000000000"


def fill(scope, order=(0, 1, 2, 3), *, beside=False):
    """Stacks with one of everything that names something."""
    shared = cdk.Stack(scope, "Shared", stack_name="Shared")
    network, role = ClassificationNetwork(shared, "Network"), DataAccessRole(shared, "Role")
    readers = cdk.Stack(scope, "Readers", stack_name="Readers")
    far_reader = iam.Role(readers, "Reader", assumed_by=iam.AccountRootPrincipal())
    if beside:
        DocumentClassificationPipeline(cdk.Stack(scope, "Another"), "Pipeline", model=MODELS[0], network=network)
    stack = cdk.Stack(scope, "Jobs", stack_name="Jobs")
    pipeline = DocumentClassificationPipeline(stack, "Pipeline", model=MODELS[0], network=network)
    buckets = [s3.Bucket(stack, "One"), s3.Bucket(shared, "Two"), s3.Bucket.from_bucket_name(stack, "Three", "three")]
    roles = [role, DataAccessRole(stack, "OwnRole"), None, None]
    own_network = ClassificationNetwork(stack, "OwnNetwork")
    near_reader = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())

    def add_job(number):
        job = DocumentClassificationJob(
            stack,
            f"Job{number}",
            model=MODELS[number % 2],
            documents=Documents.from_bucket(
                buckets[number % 3],
                f"in-{number}/",
                input_format=InputFormat.ONE_DOC_PER_FILE,
                reader=[None, DocumentReader.detect_text()][number % 2],
            ),
            results=Results.to_bucket(buckets[-number % 3], f"out-{number}/", encryption_key=KEY.format(number)),
            data_access_role=roles[number],
            network=own_network,
        )
        for reader in (far_reader, near_reader):
            job.grant_read_results(reader)
            job.grant_describe(reader)

    for number in order:
        add_job(number)
    workflow = DocumentClassificationWorkflow(
        stack, "Workflow", model=MODELS[0], network=network, run_on_upload=True, data_access_role=role
    )
    for number in order:
        workflow.add_schedule(f"Dated{number}", schedule=HOURLY, prefix=f"mails-{number}/%Y/")
    workflow.grant_start(near_reader)
    workflow.grant_read_predictions(far_reader)
    workflow.add_alarms()
    workflow.add_dashboard()
    pipeline.job.grant_read_results(near_reader)
    return templates(scope.synth())


def templates(assembly):
    # Names of resources for people to read hold the path, as those of the CDK's own VPC do.
    return [
        json.loads(json.dumps(assembly.get_stack_by_name(name).template).replace("Beta/", ""))
        for name in ("Shared", "Jobs", "Readers")
    ]


@pytest.fixture(scope="module")
def plain():
    return fill(new_app())


def test_in_a_stage_and_in_another_order(plain):
    app = new_app()
    cdk.Stack(app, "First")
    assert fill(cdk.Stage(app, "Beta"), (3, 1, 0, 2)) == plain


def test_beside_another_stack_and_in_another_order(plain):
    assert fill(new_app(), (2, 3, 1, 0), beside=True)[1:] == plain[1:]
