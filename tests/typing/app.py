"""An app as users write it: type checkers must have nothing to say about it. It is checked, not run."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_comprehend as comprehend
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3

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
    Key,
    PrivateBucket,
    Results,
)


def classify(stack: cdk.Stack, role: iam.Role, model: comprehend.CfnDocumentClassifier) -> str:
    """Pass concrete constructs where interfaces are asked for."""
    key = kms.Key(stack, "Key")
    alias: Key = kms.Alias.from_alias_name(stack, "Alias", "alias/results")
    bucket = s3.Bucket(stack, "Bucket")
    vpc = ec2.Vpc(stack, "Vpc")
    handler = ClassificationJobHandler(
        stack,
        "Handler",
        runtime=lambda_.Runtime.PYTHON_3_13,
        log_group=logs.LogGroup(stack, "Log"),
        vpc=vpc,
        security_groups=[ec2.SecurityGroup(stack, "HandlerGroup", vpc=vpc)],
        environment_encryption=key,
        role=role,
    )
    network = ClassificationNetwork(
        stack, "Network", vpc=vpc, security_groups=[ec2.SecurityGroup(stack, "Group", vpc=vpc)]
    )
    job = DocumentClassificationJob(
        stack,
        "Job",
        model=ClassificationModel.from_classifier(model),
        documents=Documents.from_bucket(
            bucket,
            "in/",
            input_format=InputFormat.ONE_DOC_PER_FILE,
            reader=DocumentReader.analyze(FeatureType.TABLES),
        ),
        results=Results.to_bucket(PrivateBucket(stack, "Results", encryption_key=key), encryption_key=alias),
        data_access_role=DataAccessRole(stack, "Access"),
        volume_encryption_key=kms.CfnKey(stack, "Volumes"),
        network=network,
        wait_for=JobMilestone.COMPLETED,
        when_empty=EmptyInput.SKIP,
        timeout=cdk.Duration.minutes(30),
        handler=handler,
    )
    job.grant_read_results(role)
    DocumentClassificationJob(
        stack,
        "Other",
        model=ClassificationModel.from_classifier_arn("arn"),
        documents=Documents.from_uri("s3://bucket/in/", input_format=InputFormat.ONE_DOC_PER_FILE),
        results=Results.to_uri("s3://bucket/out/", encryption_key=key),
        data_access_role=role,
        volume_encryption_key=key,
    )
    pipeline = DocumentClassificationPipeline(
        stack,
        "Pipeline",
        model=ClassificationModel.from_flywheel_arn("arn"),
        encryption_key=key,
        access_logs_bucket=bucket,
        data_access_role=role,
    )
    if pipeline.documents_bucket is not None:
        pipeline.documents_bucket.grant_put(role)
    pipeline.results_bucket.grant_read(role)
    return job.job_arn
