"""Who may start a job, and which roles the service may assume."""

import pytest
from botocore.exceptions import ClientError
from local.bench import ACCOUNT, ALL_JOBS, COMPREHEND, REGION, allow

PASS = {"Condition": {"StringEquals": {"iam:PassedToService": COMPREHEND}}}


def start_on(*resources):
    return allow("comprehend:StartDocumentClassificationJob", on=list(resources))


def refusal(bench, role, *statements, **changes):
    user = bench.user(*statements)
    with pytest.raises(ClientError) as error:
        bench.start(role, user, **changes)
    assert error.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
    return str(error.value)


def test_start_needs_the_classifier_the_jobs_and_the_role(bench, role):
    user = bench.user(start_on(bench.classifier, ALL_JOBS), allow("iam:PassRole", on=role, **PASS))
    assert bench.start(role, user)["JobStatus"] == "SUBMITTED"


def test_a_policy_that_names_only_the_classifier_is_not_enough(bench, role):
    said = refusal(bench, role, start_on(bench.classifier), allow("iam:PassRole", on=role))
    assert "document-classification-job/" in said


def test_a_policy_that_names_only_the_jobs_is_not_enough(bench, role):
    refusal(bench, role, start_on(ALL_JOBS), allow("iam:PassRole", on=role))


def test_start_without_pass_role_is_denied(bench, role):
    said = refusal(bench, role, start_on("*"))
    assert f"iam:PassRole on resource: {role}" in said


def test_a_role_that_may_be_passed_to_another_service_only_is_not_passed(bench, role):
    condition = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    refusal(bench, role, start_on("*"), allow("iam:PassRole", Condition=condition))


def test_start_with_tags_needs_tag_resource(bench, role):
    tags = [{"Key": "team", "Value": "post"}]
    statements = [start_on("*"), allow("iam:PassRole", on=role)]
    assert "comprehend:TagResource" in refusal(bench, role, *statements, Tags=tags)
    user = bench.user(*statements, allow("comprehend:TagResource", on=ALL_JOBS), suffix="tagger")
    assert bench.start(role, user, Tags=tags)["JobStatus"] == "SUBMITTED"


@pytest.mark.parametrize(
    ("key", "value", "changes"),
    [
        ("comprehend:VolumeKmsKey", "*", {"VolumeKmsKeyId": "11111111-2222-3333-4444-555555555555"}),
        ("comprehend:OutputKmsKey", "*", {"OutputDataConfig": {"S3Uri": "s3://bucket", "KmsKeyId": "alias/a"}}),
        ("comprehend:VpcSubnets", "subnet-1", {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}}),
        (
            "comprehend:VpcSecurityGroupIds",
            "sg-1",
            {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}},
        ),
        ("aws:RequestTag/team", "post", {"Tags": [{"Key": "team", "Value": "post"}]}),
    ],
)
def test_condition_keys_of_the_request_are_judged(bench, role, key, value, changes):
    operator = "ForAnyValue:StringLike" if "Vpc" in key else "StringLike"
    deny = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {operator: {key: value}}}
    refusal(bench, role, allow("*"), deny, **changes)


def test_describe_is_judged_on_the_job(bench, role):
    job = bench.start(role)
    for resource, allowed in ((job["JobArn"], True), (f"{job['JobArn']}x", False)):
        user = bench.user(allow("comprehend:DescribeDocumentClassificationJob", on=resource), suffix=f"see-{allowed}")
        client = bench.client("comprehend", user)
        if allowed:
            assert client.describe_document_classification_job(JobId=job["JobId"])
        else:
            with pytest.raises(ClientError, match="not authorized"):
                client.describe_document_classification_job(JobId=job["JobId"])


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": ALL_JOBS}}, "COMPLETED"),
        ({"StringEquals": {"aws:SourceAccount": "111122223333"}}, "FAILED"),
        (
            {"ArnLike": {"aws:SourceArn": f"arn:aws:comprehend:{REGION}:{ACCOUNT}:pii-entities-detection-job/*"}},
            "FAILED",
        ),
    ],
)
def test_the_conditions_of_the_trust_policy_are_judged_with_the_keys_the_service_fills(bench, condition, status):
    bench.write("in/a.txt", "text")
    role = bench.role(*bench.access_to_bucket(), condition=condition, path="/of/mail/")
    job = bench.run(role)
    assert job["JobStatus"] == status
    assert ("not authorized to assume" in job.get("Message", "")) == (status == "FAILED")


def test_a_role_that_trusts_another_service_is_not_assumed(bench):
    bench.write("in/a.txt", "text")
    job = bench.run(bench.role(*bench.access_to_bucket(), service="glue.amazonaws.com"))
    assert job["Message"].startswith("NO_READ_ACCESS_TO_INPUT")


def test_a_role_that_does_not_exist_fails_the_job(bench):
    job = bench.run(f"arn:aws:iam::{ACCOUNT}:role/{bench.name}")
    assert "does not exist" in job["Message"]
