"""A second opinion: the same handler against moto, an independent implementation of the API.

moto's jobs stay SUBMITTED, its tokens are ignored and its output is the prefix; so this is about the calls themselves.
"""

import json
from datetime import UTC, datetime

import boto3
import pytest
from classification_job.handler import handle
from classification_job.runtime import Runtime, _client, _session
from handler.world import ACCOUNT, ANSWERS, FUNCTION, STACK, properties, request
from moto import mock_aws


class Waiting:
    """A stack that waits for whatever event there is; moto's cannot run a custom resource."""

    kind, physical_id = "", ""

    def describe_stacks(self, **_):
        return {"Stacks": [{"StackStatus": f"{self.kind.upper()}_IN_PROGRESS"}]}

    def describe_stack_events(self, **_):
        return {"StackEvents": []}

    def describe_stack_resource(self, **_):
        return {
            "StackResourceDetail": {
                "PhysicalResourceId": self.physical_id,
                "ResourceStatus": f"{self.kind.upper()}_IN_PROGRESS",
                "LastUpdatedTimestamp": datetime.now(UTC),
            }
        }


class Moto(Runtime):
    """The real outside, but for time, the stack and the answer."""

    def __init__(self):
        self.passed, self.answers, self.stack = 0.0, [], Waiting()

    def client(self, name):
        return self.stack if name == "cloudformation" else super().client(name)

    def now(self):
        return super().now() + self.passed

    def sleep(self, seconds):
        self.passed += seconds

    def put(self, _url, body):
        self.answers.append(json.loads(body))


class Context:
    invoked_function_arn = FUNCTION

    def get_remaining_time_in_millis(self):
        return 900_000


@pytest.fixture
def outside(monkeypatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    _client.cache_clear()
    _session.cache_clear()
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="documents")
        s3.put_object(Bucket="documents", Key="in/a.txt", Body=b"a document")
        yield Moto()
    _client.cache_clear()
    _session.cache_clear()


def send(outside, kind, props, **more):
    event = {
        "RequestType": kind,
        "RequestId": "r1",
        "StackId": STACK,
        "ResponseURL": f"https://{ANSWERS}/1?X-Amz-Date={datetime.now(UTC):%Y%m%dT%H%M%SZ}",
        "ResourceType": "Custom::DocumentClassificationJob",
        "LogicalResourceId": "Job",
        "ResourceProperties": props,
    }
    outside.stack.kind, outside.stack.physical_id = kind, more.get("PhysicalResourceId", "")
    handle(event | more, Context(), outside)
    return outside.answers[-1]


def test_a_job_starts_is_described_and_tagged(outside):
    props = properties(request(JobName="mails", Tags=[{"Key": "team", "Value": "mail"}]), WaitFor="SUBMITTED")
    created = send(outside, "Create", props)
    assert created["Status"] == "SUCCESS"
    job_id = created["Data"]["JobId"]
    assert created["Data"]["OutputS3Uri"] == f"s3://results/out/{ACCOUNT}-CLN-{job_id}/output/output.tar.gz"
    assert created["Data"]["JobStatus"] == "SUBMITTED"
    comprehend = boto3.client("comprehend")
    described = comprehend.describe_document_classification_job(JobId=job_id)["DocumentClassificationJobProperties"]
    assert described["JobName"] == "mails"

    retagged = properties(request(JobName="mails", Tags=[{"Key": "stage", "Value": "dev"}]))
    arn = created["PhysicalResourceId"]
    updated = send(outside, "Update", retagged, PhysicalResourceId=arn, OldResourceProperties=props)
    assert updated["Data"] == created["Data"]
    assert comprehend.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "stage", "Value": "dev"}]
    assert send(outside, "Delete", retagged, PhysicalResourceId=arn)["Status"] == "SUCCESS"


def test_an_empty_prefix_and_a_missing_bucket_are_seen(outside):
    empty = request(InputDataConfig={"S3Uri": "s3://documents/nothing/", "InputFormat": "ONE_DOC_PER_LINE"})
    assert send(outside, "Create", properties(empty, WhenEmpty="SKIP"))["Data"]["JobStatus"] == "SKIPPED_EMPTY_INPUT"
    missing = request(InputDataConfig={"S3Uri": "s3://nobody/", "InputFormat": "ONE_DOC_PER_LINE"})
    assert "does not exist" in send(outside, "Create", properties(missing))["Reason"]


def test_a_job_that_the_service_does_not_know_keeps_its_attributes(outside):
    arn = f"arn:aws:comprehend:us-east-1:{ACCOUNT}:document-classification-job/{'0' * 32}"
    data = send(outside, "Update", properties(), PhysicalResourceId=arn, OldResourceProperties=properties())["Data"]
    assert (data["JobArn"], data["JobStatus"]) == (arn, "UNKNOWN")


def test_only_our_own_rules_repeat_a_call_to_comprehend(outside):
    assert outside.client("comprehend").meta.config.retries == {"mode": "standard", "total_max_attempts": 1}
    assert outside.client("s3").meta.config.retries["total_max_attempts"] == 5
