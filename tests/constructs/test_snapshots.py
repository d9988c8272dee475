"""One reviewed template for each public configuration that no example shows."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from support import CLASSIFIER_ARN, FLYWHEEL_ARN, new_app

from constructs_lib import (
    ClassificationJobHandler,
    ClassificationModel,
    ClassificationNetwork,
    DataAccessRole,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    DocumentReader,
    Documents,
    EmptyInput,
    FeatureType,
    InputFormat,
    JobMilestone,
    PrivateBucket,
    ReadMode,
    Results,
)

MODEL = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN)


def test_a_pipeline_without_network(stack, template_snapshot):
    DocumentClassificationPipeline(stack, "Pipeline", model=MODEL, network_isolation=False)
    assert stack == template_snapshot


def test_a_pipeline_that_is_destroyed_with_its_stack(stack, template_snapshot):
    DocumentClassificationPipeline(
        stack, "Pipeline", model=MODEL, removal_policy=cdk.RemovalPolicy.DESTROY, network_isolation=False
    )
    assert stack == template_snapshot


def test_a_job_with_every_parameter(template_snapshot):
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-0123456789abcdef0"],
    )
    DocumentClassificationJob(
        stack,
        "Job",
        model=ClassificationModel.from_flywheel_arn(FLYWHEEL_ARN),
        documents=Documents.from_bucket(
            s3.Bucket.from_bucket_name(stack, "In", "in-bucket"),
            "scans/",
            input_format=InputFormat.ONE_DOC_PER_FILE,
            reader=DocumentReader.analyze(FeatureType.FORMS, mode=ReadMode.FORCE_DOCUMENT_READ_ACTION),
        ),
        results=Results.to_bucket(
            s3.Bucket.from_bucket_name(stack, "Out", "out-bucket"), "results", encryption_key="alias/results"
        ),
        data_access_role=iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/access"),
        volume_encryption_key="1234abcd-12ab-34cd-56ef-1234567890ab",
        network=ClassificationNetwork(stack, "Network", vpc=vpc),
        job_name="Scans",
        tags={"team": "mail"},
        run_id="1",
        wait_for=JobMilestone.COMPLETED,
        timeout=cdk.Duration.minutes(30),
        when_empty=EmptyInput.SKIP,
    )
    assert stack == template_snapshot


def test_a_job_that_detects_text(stack, template_snapshot):
    bucket = s3.Bucket(stack, "Bucket")
    DocumentClassificationJob(
        stack,
        "Job",
        model=MODEL,
        documents=Documents.from_bucket(
            bucket, "in/", input_format=InputFormat.ONE_DOC_PER_FILE, reader=DocumentReader.detect_text()
        ),
        results=Results.to_bucket(bucket, "out/"),
        wait_for=JobMilestone.SUBMITTED,
    )
    assert stack == template_snapshot


def test_a_network_of_its_own(stack, template_snapshot):
    ClassificationNetwork(stack, "Network", max_azs=3)
    assert stack == template_snapshot


def test_a_job_of_a_local_file(stack, template_snapshot, tmp_path):
    (tmp_path / "mails.txt").write_text("one document\nanother one\n")
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    DocumentClassificationJob(
        stack,
        "Job",
        model=MODEL,
        documents=Documents.from_asset(tmp_path / "mails.txt", encryption_key="alias/bootstrap"),
        results=Results.to_uri("s3://out-bucket/results/", encryption_key=key),
    )
    assert stack == template_snapshot


def test_a_bucket_of_its_own(stack, template_snapshot):
    PrivateBucket(stack, "Bucket")
    assert stack == template_snapshot


def test_a_handler_and_a_role_with_every_option(template_snapshot):
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-0123456789abcdef0"],
    )
    handler = ClassificationJobHandler(
        stack,
        "Handler",
        runtime=lambda_.Runtime.PYTHON_3_12,
        architecture=lambda_.Architecture.X86_64,
        memory_size=512,
        log_retention=logs.RetentionDays.ONE_MONTH,
        removal_policy=cdk.RemovalPolicy.DESTROY,
        vpc=vpc,
        security_groups=[ec2.SecurityGroup(stack, "Group", vpc=vpc)],
        environment={"LEVEL": "DEBUG"},
        environment_encryption=kms.Key(stack, "Key", enable_key_rotation=True),
    )
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "boundary")
    DocumentClassificationJob(
        stack,
        "Job",
        model=MODEL,
        documents=Documents.from_uri("s3://in-bucket/in/", input_format=InputFormat.ONE_DOC_PER_LINE),
        results=Results.to_uri("s3://out-bucket/out/"),
        data_access_role=DataAccessRole(stack, "Role", role_name="access", permissions_boundary=boundary),
        handler=handler,
        abandon_on_delete=True,
    )
    assert stack == template_snapshot


def test_grants_to_readers_near_and_far(template_snapshot):
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))
    pipeline = DocumentClassificationPipeline(stack, "Pipeline", model=MODEL, network_isolation=False, outputs=False)
    pipeline.job.grant_read_results(iam.Role(stack, "Near", assumed_by=iam.AccountRootPrincipal()))
    pipeline.job.grant_read_results(iam.ArnPrincipal("arn:aws:iam::444455556666:role/far"))
    pipeline.job.grant_describe(iam.User(stack, "User"))
    assert stack == template_snapshot
