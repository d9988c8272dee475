"""One reviewed template for each public configuration that no example shows."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from support import CLASSIFIER_ARN, FLYWHEEL_ARN, new_app

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    DocumentReader,
    Documents,
    EmptyInput,
    FeatureType,
    InputFormat,
    JobMilestone,
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
