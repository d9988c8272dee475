"""What a job costs at synthesis, counted in questions to jsii: each is a message to another process and back."""

import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from jsii._kernel.providers.process import _NodeProcess
from support import CLASSIFIER_ARN

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DataAccessRole,
    DocumentClassificationJob,
    Documents,
    InputFormat,
    Results,
)


@pytest.fixture
def questions(monkeypatch):
    asked = []
    send = _NodeProcess.send

    def counted(self, request, response_type):
        asked.append(request)
        return send(self, request, response_type)

    monkeypatch.setattr(_NodeProcess, "send", counted)
    return asked


def test_a_further_job_asks_for_its_own_resources_only(stack, questions):
    key = kms.Key(stack, "Key")
    buckets = [s3.Bucket(stack, name, encryption_key=key, enforce_ssl=True) for name in ("In", "Out")]
    role, network = DataAccessRole(stack, "Role"), ClassificationNetwork(stack, "Network")

    def add(number):
        DocumentClassificationJob(
            stack,
            f"Job{number}",
            model=ClassificationModel.from_classifier_arn(CLASSIFIER_ARN),
            documents=Documents.from_bucket(buckets[0], "in/", input_format=InputFormat.ONE_DOC_PER_FILE),
            results=Results.to_bucket(buckets[1], "out/", encryption_key=key),
            data_access_role=role,
            volume_encryption_key=key,
            network=network,
            timeout=None,
            run_id=str(number),
        )

    add(0)
    questions.clear()
    for number in range(1, 11):
        add(number)
    # The job, its tags, their token, its resource, that one's node, and what it waits for.
    assert len(questions) == 60
