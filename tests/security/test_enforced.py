"""On the local AWS, which enforces permissions: every variant works with exactly the statements it is given."""

import importlib.util
import json
import sys
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from local.by_api import ByApi
from support import ROOT, new_app

from constructs_lib import (
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
    ReadMode,
    Results,
)
from constructs_lib.local import LocalAwsError

ACCOUNT = "000000000000"


@pytest.fixture
def aws(behaving_aws):
    behaving_aws.configure(job_seconds=0.2, starts_per_second=0, active_jobs=0)
    return ByApi(behaving_aws)


@pytest.fixture
def brought(aws, unique_name):
    """What a user has already: a key with an alias, a bucket with a document, a role."""
    key = aws.client("kms").create_key()["KeyMetadata"]
    alias = f"alias/{unique_name}"
    aws.client("kms").create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    bucket = f"{unique_name}-brought"
    aws.client("s3").create_bucket(Bucket=bucket)
    aws.client("s3").put_object(Bucket=bucket, Key="in/a.txt", Body=b"Please pay the total due on invoice number 7.")
    trust = {"Effect": "Allow", "Principal": {"Service": "comprehend.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = aws.client("iam").create_role(RoleName=f"{unique_name}-role", AssumeRolePolicyDocument=document)["Role"]
    return {"key": key, "alias": alias, "bucket": bucket, "role": role["Arn"]}


def completed(aws, stack):
    jobs = [
        name
        for name, resource in cdk.assertions.Template.from_stack(stack).to_json()["Resources"].items()
        if resource["Type"] == "Custom::DocumentClassificationJob"
    ]
    for name in jobs:
        found = aws.client("cloudformation").describe_stack_resource(
            StackName=stack.stack_name, LogicalResourceId=name
        )["StackResourceDetail"]
        job = aws.client("comprehend").describe_document_classification_job(
            JobId=found["PhysicalResourceId"].rpartition("/")[2]
        )["DocumentClassificationJobProperties"]
        yield name, job["JobStatus"], job.get("Message", "")


def deploy(aws, app, stack):
    app.synth()
    aws.deploy(Path(cdk.Stage.of(stack).outdir))
    found = list(completed(aws, stack))
    assert found
    assert [status for _, status, _ in found] == ["COMPLETED"] * len(found), found


def test_the_default_pipeline_classifies_a_local_file(aws, trained_classifier, unique_name, tmp_path):
    (tmp_path / "mails.txt").write_text("Please pay the total due on invoice number 7.\n")
    app = new_app()
    stack = cdk.Stack(app, unique_name)
    DocumentClassificationPipeline(
        stack,
        "Pipeline",
        model=ClassificationModel.from_classifier_arn(trained_classifier),
        documents=Documents.from_asset(tmp_path / "mails.txt"),
        wait_for=JobMilestone.COMPLETED,
        tags={"team": "mail"},
    )
    deploy(aws, app, stack)


def test_whatever_is_brought_is_used_with_no_more_than_its_statements(aws, trained_classifier, unique_name, brought):
    app = new_app()
    stack = cdk.Stack(app, unique_name)
    bucket = s3.Bucket.from_bucket_name(stack, "Brought", brought["bucket"])
    documents = Documents.from_bucket(bucket, "in/", input_format=InputFormat.ONE_DOC_PER_FILE)
    key_id, key_arn = brought["key"]["KeyId"], brought["key"]["Arn"]
    owned = kms.Key(stack, "Owned")
    boundary = iam.ManagedPolicy(
        stack,
        "Limits",
        statements=[iam.PolicyStatement(actions=["s3:*", "kms:*", "ec2:*"], resources=["*"])],
    )
    bounded = DataAccessRole(stack, "LimitedRole")
    iam.PermissionsBoundary.of(bounded).apply(boundary)
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=0, max_azs=2, restrict_default_security_group=False)
    isolated = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    variants = {
        "Plain": {},
        "OwnedKey": {"key": owned, "volume_encryption_key": owned},
        "KeyArn": {"key": key_arn, "volume_encryption_key": key_arn},
        "KeyId": {"key": key_id, "volume_encryption_key": key_id},
        "AliasName": {"key": brought["alias"]},
        "AliasArn": {"key": key_arn.rpartition(":")[0] + f":{brought['alias']}"},
        "OwnedAlias": {"key": kms.Alias(stack, "Alias", alias_name=f"alias/{unique_name}-owned", target_key=owned)},
        "Role": {"data_access_role": iam.Role.from_role_arn(stack, "Access", brought["role"])},
        "Bounded": {"data_access_role": bounded},
        "InNetwork": {"network": ClassificationNetwork(stack, "Network", vpc=vpc, vpc_subnets=isolated)},
    }
    for name, options in variants.items():
        DocumentClassificationJob(
            stack,
            name,
            model=ClassificationModel.from_classifier_arn(trained_classifier),
            documents=documents,
            results=Results.to_bucket(bucket, f"out/{name}/", encryption_key=options.pop("key", None)),
            # A role each: permissions of one variant must not help another.
            **{"data_access_role": DataAccessRole(stack, f"{name}Role"), **options},
            job_name=name,
            wait_for=JobMilestone.COMPLETED,
            timeout=cdk.Duration.seconds(20),
        )
    deploy(aws, app, stack)


def test_every_other_option_deploys_and_its_job_completes(aws, trained_classifier, unique_name, brought):
    flywheel = aws.client("comprehend").create_flywheel(
        FlywheelName=unique_name,
        ActiveModelArn=trained_classifier,
        DataAccessRoleArn=brought["role"],
        DataLakeS3Uri=f"s3://{brought['bucket']}/lake/",
    )["FlywheelArn"]
    encrypted = f"{unique_name}-encrypted"
    aws.client("s3").create_bucket(Bucket=encrypted)
    app = new_app()
    stack = cdk.Stack(app, unique_name)
    key = kms.Key.from_key_arn(stack, "Key", brought["key"]["Arn"])
    own_key = s3.Bucket.from_bucket_attributes(stack, "OwnKey", bucket_name=encrypted, encryption_key=key)
    plain = s3.Bucket.from_bucket_name(stack, "Plain", brought["bucket"])
    classifier = ClassificationModel.from_classifier_arn(trained_classifier)

    def read_by(reader):
        return Documents.from_bucket(plain, "in/", input_format=InputFormat.ONE_DOC_PER_FILE, reader=reader)

    variants = {
        "Flywheel": {"model": ClassificationModel.from_flywheel_arn(flywheel)},
        "Detect": {"documents": read_by(DocumentReader.detect_text(ReadMode.SERVICE_DEFAULT))},
        "Analyze": {"documents": read_by(DocumentReader.analyze(FeatureType.TABLES, FeatureType.FORMS))},
        "BucketWithKey": {"results": Results.to_bucket(own_key, "out/")},
        "Submitted": {"wait_for": JobMilestone.SUBMITTED},
        "InProgress": {"wait_for": JobMilestone.IN_PROGRESS},
        "RunAndName": {"run_id": "1", "job_name": "A name of the job"},
        "Tagged": {"tags": {"team": "mail"}},
        "Nothing": {
            "documents": Documents.from_bucket(plain, "empty/", input_format=InputFormat.ONE_DOC_PER_LINE),
            "when_empty": EmptyInput.SKIP,
        },
    }
    for name, options in variants.items():
        defaults = {
            "model": classifier,
            "documents": read_by(None),
            "results": Results.to_bucket(plain, f"out/{name}/"),
            "wait_for": JobMilestone.COMPLETED,
        }
        job = DocumentClassificationJob(
            stack, name, **{**defaults, **options}, data_access_role=DataAccessRole(stack, f"{name}Role")
        )
        cdk.CfnOutput(stack, f"{name}Status", value=job.job_status)
    app.synth()
    (outputs,) = aws.deploy(Path(app.outdir)).values()
    assert outputs.pop("NothingStatus") == "SKIPPED_EMPTY_INPUT"
    assert outputs.pop("SubmittedStatus") in {"SUBMITTED", "IN_PROGRESS", "COMPLETED"}
    assert set(outputs.values()) == {"COMPLETED"}


def test_an_empty_prefix_fails_the_deployment_and_is_named(aws, trained_classifier, unique_name, brought):
    app = new_app()
    stack = cdk.Stack(app, unique_name)
    bucket = s3.Bucket.from_bucket_name(stack, "Brought", brought["bucket"])
    DocumentClassificationJob(
        stack,
        "Job",
        model=ClassificationModel.from_classifier_arn(trained_classifier),
        documents=Documents.from_bucket(bucket, "empty/", input_format=InputFormat.ONE_DOC_PER_FILE),
        results=Results.to_bucket(bucket, "out/"),
    )
    app.synth()
    with pytest.raises(LocalAwsError, match=f"begins with s3://{brought['bucket']}/empty/"):
        aws.deploy(Path(app.outdir))


def test_two_stacks_share_a_role_and_leave_each_other_its_permissions(aws, trained_classifier, unique_name, brought):
    app = new_app()
    shared = DataAccessRole(cdk.Stack(app, f"{unique_name}-shared"), "Role")
    stacks = [cdk.Stack(app, f"{unique_name}-{name}") for name in ("one", "two")]
    for stack in stacks:
        bucket = s3.Bucket.from_bucket_name(stack, "Brought", brought["bucket"])
        DocumentClassificationJob(
            stack,
            "Job",
            model=ClassificationModel.from_classifier_arn(trained_classifier),
            documents=Documents.from_bucket(bucket, "in/", input_format=InputFormat.ONE_DOC_PER_FILE),
            results=Results.to_bucket(bucket, f"{stack.stack_name}/"),
            data_access_role=shared,
            wait_for=JobMilestone.COMPLETED,
        )
    app.synth()
    aws.deploy(Path(app.outdir))
    assert [status for stack in stacks for _, status, _ in completed(aws, stack)] == ["COMPLETED"] * 2
    iam_client = aws.client("iam")
    (role,) = [
        each["RoleName"] for each in iam_client.list_roles()["Roles"] if f"{unique_name}-shared" in each["RoleName"]
    ]
    assert len(iam_client.list_role_policies(RoleName=role)["PolicyNames"]) == 2


def test_a_permission_that_is_taken_away_is_missed(aws, trained_classifier, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    path = ROOT / "benchmarks" / "permissions.py"
    spec = importlib.util.spec_from_file_location("permissions_benchmark", path)
    benchmark = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = benchmark  # its dataclasses look for their module
    spec.loader.exec_module(benchmark)
    sample = ("ReadDocuments", "WriteResults", "DecryptDocuments", "EncryptVolumes")
    found = list(benchmark.prove(benchmark.Proof(aws, trained_classifier, tmp_path), only=sample))
    assert len(found) == 9
    assert [mutation for mutation, problem in found if not problem] == []
