"""Access logs of the buckets that are made, delivered to whatever bucket was given."""

import json

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_s3 as s3
from support import CLASSIFIER_ARN, new_app

from constructs_lib import ClassificationModel, DocumentClassificationPipeline, PrivateBucket, ValidationError

MODEL = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN)


def pipeline(stack, id="Pipeline", **options):
    return DocumentClassificationPipeline(stack, id, model=MODEL, network_isolation=False, **options)


def receiving(stack):
    """The statements that let S3 deliver logs."""
    return [
        statement
        for policy in assertions.Template.from_stack(stack).find_resources("AWS::S3::BucketPolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement.get("Sid", "").startswith("Receive")
    ]


def warnings_of(stack):
    found = assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value())
    return [str(each.entry.data) for each in found]


def test_a_bucket_of_another_stack_takes_them_and_only_one_stack_depends_on_the_other():
    app = new_app()
    storage, jobs = cdk.Stack(app, "Storage"), cdk.Stack(app, "Jobs")
    pipeline(jobs, access_logs_bucket=s3.Bucket(storage, "Logs"))
    app.synth()
    assert [stack.stack_name for stack in jobs.dependencies] == ["Storage"]
    assert len(receiving(storage)) == 2
    for statement in receiving(storage):
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_a_bucket_of_the_same_stack_takes_them_from_the_one_bucket_only(stack):
    pipeline(stack, access_logs_bucket=s3.Bucket(stack, "Logs"))
    assert all("aws:SourceArn" in json.dumps(statement["Condition"]) for statement in receiving(stack))


def test_an_imported_bucket_gets_a_warning_with_the_statement(stack):
    pipeline(stack, access_logs_bucket=s3.Bucket.from_bucket_name(stack, "Logs", "our-logs"))
    found = [text for text in warnings_of(stack) if "no access logs arrive" in text]
    assert len(found) == 2
    assert all("logging.s3.amazonaws.com" in text and "our-logs" in text for text in found)


@pytest.mark.parametrize("key", ["KMS", "KMS_MANAGED", "DSSE", "DSSE_MANAGED"])
def test_a_bucket_with_a_key_gets_a_warning(stack, key):
    pipeline(stack, access_logs_bucket=s3.Bucket(stack, "Logs", encryption=s3.BucketEncryption[key]))
    assert [text for text in warnings_of(stack) if "SSE-S3" in text]


def test_a_bucket_with_object_lock_gets_a_warning(stack):
    pipeline(stack, access_logs_bucket=s3.Bucket(stack, "Logs", object_lock_enabled=True))
    assert len([text for text in warnings_of(stack) if "S3 Object Lock" in text]) == 2


def test_a_bucket_of_another_account_is_refused():
    env = cdk.Environment(account="111122223333", region="us-east-1")
    stack = cdk.Stack(new_app(), "Stack", env=env)
    logs = s3.Bucket.from_bucket_attributes(stack, "Logs", bucket_name="far-logs", account="444455556666")
    with pytest.raises(ValidationError, match="access_logs_bucket: got 'a bucket of account 444455556666'"):
        pipeline(stack, access_logs_bucket=logs)


def test_two_pipelines_log_to_one_bucket_under_prefixes_and_names_of_their_own(stack):
    logs = s3.Bucket(stack, "Logs")
    for id in ("Mails", "Scans"):
        pipeline(stack, id, access_logs_bucket=logs)
    template = assertions.Template.from_stack(stack)
    prefixes = [
        bucket["Properties"]["LoggingConfiguration"]["LogFilePrefix"]
        for bucket in template.find_resources("AWS::S3::Bucket").values()
        if "LoggingConfiguration" in bucket.get("Properties", {})
    ]
    assert len(set(prefixes)) == 4
    names = [statement["Sid"] for statement in receiving(stack)]
    assert len(set(names)) == 4
    assert all(name.isalnum() for name in names)


def test_a_bucket_on_its_own_makes_its_key_and_its_logs(stack):
    bucket = PrivateBucket(stack, "Bucket", removal_policy=cdk.RemovalPolicy.DESTROY)
    template = assertions.Template.from_stack(stack)
    template.resource_count_is("AWS::S3::Bucket", 2)
    (key,) = template.find_resources("AWS::KMS::Key").values()
    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["DeletionPolicy"] == "Delete"
    made = template.to_json()["Resources"][stack.get_logical_id(bucket.node.default_child)]["Properties"]
    assert made["LifecycleConfiguration"]["Rules"] == [
        {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}, "Id": "UnfinishedUploads", "Status": "Enabled"}
    ]


def test_lifecycle_rules_of_the_user_take_the_place_of_ours(stack):
    rule = s3.LifecycleRule(id="Old", expiration=cdk.Duration.days(30))
    bucket = PrivateBucket(stack, "Bucket", lifecycle_rules=[rule])
    made = assertions.Template.from_stack(stack).to_json()["Resources"][
        stack.get_logical_id(bucket.node.default_child)
    ]["Properties"]
    assert [rule["Id"] for rule in made["LifecycleConfiguration"]["Rules"]] == ["Old"]
