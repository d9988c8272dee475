"""Grants reach whoever can be reached, on either side, and say what is missing."""

import json

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from support import CLASSIFIER_ARN, documents_in, new_app, results_in

from constructs_lib import ClassificationModel, DocumentClassificationJob, Results

MODEL = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN)
ENV = cdk.Environment(account="111122223333", region="us-east-1")
FAR = "arn:aws:iam::444455556666:role/reader"


@pytest.fixture
def stack():
    return cdk.Stack(new_app(), "Stack", env=ENV)


def job_in(stack, **options):
    return DocumentClassificationJob(
        stack, "Job", model=MODEL, documents=documents_in(stack), results=results_in(stack, **options)
    )


def resource_side(stack, kind):
    """The statements of bucket or key policies that have a foreign principal."""
    name = {"AWS::S3::BucketPolicy": "PolicyDocument", "AWS::KMS::Key": "KeyPolicy"}[kind]
    return [
        statement
        for resource in assertions.Template.from_stack(stack).find_resources(kind).values()
        for statement in resource["Properties"][name]["Statement"]
        if "444455556666" in json.dumps(statement["Principal"])
    ]


def warnings_of(stack):
    found = assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value())
    return [str(each.entry.data) for each in found]


@pytest.mark.parametrize(
    "grantee",
    [
        lambda stack: iam.ArnPrincipal(FAR),
        lambda stack: iam.AccountPrincipal("444455556666"),
        lambda stack: iam.Role.from_role_arn(stack, "Far", FAR),
    ],
    ids=["arn", "account", "role"],
)
def test_somebody_of_another_account_reads_through_the_policies_of_bucket_and_key(stack, grantee):
    job = job_in(stack, encryption_key=kms.Key(stack, "Key"))
    assert job.grant_read_results(grantee(stack)).success
    on_bucket = resource_side(stack, "AWS::S3::BucketPolicy")
    assert [statement["Action"] for statement in on_bucket] == ["s3:GetObject", "s3:ListBucket"]
    assert "JobId" not in json.dumps(on_bucket), "the bucket's policy must not wait for the job, which waits for it"
    (on_key,) = resource_side(stack, "AWS::KMS::Key")
    assert (on_key["Action"], on_key["Resource"]) == ("kms:Decrypt", "*")
    assert on_key["Condition"] == {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
    assert on_bucket[1]["Condition"] == {"StringLike": {"s3:prefix": "results/111122223333-CLN-*/*"}}


def test_what_cannot_be_granted_is_no_success_and_a_warning_with_the_statements(stack):
    job = job_in(stack)
    assert not job.grant_describe(iam.ArnPrincipal(FAR)).success
    (text,) = [text for text in warnings_of(stack) if "DescribeJob is granted only when" in text]
    assert "comprehend:DescribeDocumentClassificationJob" in text


def test_an_imported_bucket_gets_a_warning_with_the_statements(stack):
    key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    job = job_in(stack, encryption_key=key)
    granted = job.grant_read_results(
        iam.Role.from_role_arn(stack, "Fixed", "arn:aws:iam::111122223333:role/x", mutable=False)
    )
    assert not granted.success, "the key is not of the app, so the reader could decrypt nothing"
    (text,) = [text for text in warnings_of(stack) if "ReadResults is granted only when" in text]
    assert "kms:Decrypt" in text


def test_a_reader_of_another_stack_may_read_the_results_of_any_job_and_imports_nothing(stack):
    other = cdk.Stack(stack.node.root, "Other", env=ENV)
    reader = iam.Role(other, "Reader", assumed_by=iam.AccountRootPrincipal())
    job = job_in(stack)
    job.grant_read_results(reader)
    job.grant_describe(reader)
    stack.node.root.synth()
    assert "JobId" not in json.dumps(assertions.Template.from_stack(other).to_json())
    assert "Outputs" not in {
        name for name, value in assertions.Template.from_stack(stack).to_json().items() if "JobId" in json.dumps(value)
    }


def test_a_user_reads_by_its_own_policy(stack):
    user = iam.User(stack, "User")
    assert job_in(stack).grant_read_results(user).success
    actions = [
        statement["Action"]
        for name, policy in assertions.Template.from_stack(stack).find_resources("AWS::IAM::Policy").items()
        if name.startswith("User")
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]
    assert actions == ["s3:GetObject", "s3:ListBucket"]


@pytest.mark.parametrize("pack", [cdk_nag.AwsSolutionsChecks, cdk_nag.HIPAASecurityChecks])
def test_what_the_library_writes_into_a_role_of_the_app_is_acknowledged(stack, pack):
    reader = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    job = job_in(stack)
    job.grant_read_results(reader)
    job.grant_describe(reader)
    stack.node.root.synth()
    found = {
        (resource.construct_path, violation.rule_name)
        for violation in pack().validate_scope(stack.node.root).violations
        for resource in violation.violating_resources
        if "IAM" in violation.rule_name
    }
    assert not found


def test_granting_twice_works(stack):
    reader = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    job = job_in(stack)
    assert job.grant_read_results(reader).success
    assert job.grant_read_results(reader).success
    stack.node.root.synth()


def test_a_group_which_no_policy_of_a_bucket_can_name_gets_a_warning_with_the_statements(stack):
    foreign = s3.Bucket.from_bucket_attributes(stack, "Theirs", bucket_name="theirs", account="444455556666")
    job = DocumentClassificationJob(
        stack,
        "Foreign",
        model=ClassificationModel.from_classifier_arn(CLASSIFIER_ARN),
        documents=documents_in(stack),
        results=Results.to_bucket(foreign, "out/"),
    )
    job.grant_read_results(iam.Group(stack, "Readers"))
    assert any("ReadResults" in text and "policy of the resource" in text for text in warnings_of(stack))


def test_an_imported_function_whose_role_nobody_knows_gets_a_warning_with_the_statements(stack):
    job = job_in(stack)
    function = lambda_.Function.from_function_name(stack, "Function", "theirs")
    assert not job.grant_read_results(function).success
    assert not job.grant_describe(function).success
    for name in ("ReadResults", "DescribeJob"):
        assert any(f"{name} is granted only when" in text for text in warnings_of(stack))
