"""What a job costs at synthesis, counted in questions to jsii: each is a message to another process and back."""

import subprocess
import sys

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


@pytest.fixture
def add(stack):
    """Adds a job with everything that it may share with others."""
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

    return add


def test_a_further_job_asks_for_its_own_resources_only(add, questions):
    add(0)
    questions.clear()
    for number in range(1, 11):
        add(number)
    # The job, its tags, their token, its resource, that one's node, and what it waits for.
    assert len(questions) == 60


def test_one_job_and_what_it_shares_ask_less_than_three_hundred_questions(stack, add, questions):
    add(0)
    stack.node.root.synth()
    # Six policies make half of them: each is made, named, written, checked and acknowledged.
    assert len(questions) < 300


def test_a_pipeline_imports_nothing_of_the_workflow():
    uses = "from constructs_lib import DocumentClassificationPipeline; import sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", uses], check=True, capture_output=True, text=True).stdout.split()
    assert "constructs_lib.pipeline" in loaded
    assert not {name for name in loaded if name.startswith("constructs_lib.workflow")}
