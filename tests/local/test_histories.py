"""The promises about jobs, kept by the real handler on the local AWS while its faults are switched on.

The chaos test of the handler plays thousands of histories against a fake; these few run the same promises through
CloudFormation, Lambda and IAM.
"""

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from local.bench import until
from local.by_api import ByApi
from support import new_app

from constructs_lib import (
    ClassificationModel,
    DocumentClassificationJob,
    Documents,
    InputFormat,
    JobMilestone,
    Results,
)

NO_ACCESS = "NO_READ_ACCESS_TO_INPUT: The provided data access role does not have proper access to the input data."


@pytest.fixture(scope="module")
def assemblies(tmp_path_factory):
    """One assembly for each configuration of a test's stack, synthesized when it is asked for."""

    def synthesize(name, model, bucket, *, run_id="1", tags=None, broken=False):
        app = new_app(outdir=str(tmp_path_factory.mktemp("assembly")))
        stack = cdk.Stack(app, name)
        place = s3.Bucket.from_bucket_name(stack, "Bucket", bucket)
        job = DocumentClassificationJob(
            stack,
            "Job",
            model=ClassificationModel.from_classifier_arn(model),
            documents=Documents.from_bucket(place, "in/", input_format=InputFormat.ONE_DOC_PER_FILE),
            results=Results.to_bucket(place, "out/"),
            wait_for=JobMilestone.COMPLETED,
            timeout=cdk.Duration.minutes(2),
            run_id=run_id,
            tags=tags,
        )
        cdk.CfnOutput(stack, "JobArn", value=job.job_arn)
        other = ssm.CfnParameter(
            stack, "Other", type="String", value="x", name=f"/{name}/other" if not broken else "/aws/reserved/other"
        )
        other.node.add_dependency(job)
        return app.synth().directory

    return synthesize


class Histories:
    """One stack, its deployments, and what the service remembers of it."""

    def __init__(self, aws, synthesize, bench):
        self.aws, self._synthesize, self._bench = aws, synthesize, bench
        self._known = set(self._all())

    def deploy(self, **options):
        folder = self._synthesize(self._bench.name, self._bench.classifier, self._bench.bucket, **options)
        outputs = self.aws.deploy(folder)
        return outputs[self._bench.name]["JobArn"]

    def deploy_in_vain(self, **options):
        from constructs_lib.local import LocalAwsError  # noqa: PLC0415 - only here

        with pytest.raises(LocalAwsError) as caught:
            self.deploy(**options)
        return str(caught.value)

    def jobs(self):
        """Status of each job that this stack started, oldest first."""
        found = [job for arn, job in self._all().items() if arn not in self._known]
        return [job["JobStatus"] for job in sorted(found, key=lambda job: job["SubmitTime"])]

    def output(self):
        stack = self.aws.client("cloudformation").describe_stacks(StackName=self._bench.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}["JobArn"]

    def status(self):
        stack = self.aws.client("cloudformation").describe_stacks(StackName=self._bench.name)["Stacks"][0]
        return stack["StackStatus"]

    def _all(self):
        pages = self.aws.client("comprehend").get_paginator("list_document_classification_jobs").paginate()
        return {job["JobArn"]: job for page in pages for job in page["DocumentClassificationJobPropertiesList"]}


@pytest.fixture
def history(behaving_aws, bench, assemblies):
    bench.write("in/a.txt", "Please pay the total due on invoice number 7 within thirty days.")
    return Histories(ByApi(behaving_aws), assemblies, bench)


def test_throttled_and_broken_calls_leave_one_job_and_a_green_stack(history):
    history.aws.set_faults(
        {"operation": "StartDocumentClassificationJob", "code": "TooManyRequestsException", "count": 1},
        {"operation": "StartDocumentClassificationJob", "status": 500, "count": 1},
        {"operation": "DescribeDocumentClassificationJob", "status": 500, "count": 2},
    )
    arn = history.deploy()
    assert arn.startswith("arn:aws:comprehend:")
    assert history.jobs() == ["COMPLETED"]


def test_access_that_comes_late_starts_the_job_again_and_leaves_one_running(history):
    history.aws.set_faults({"operation": "RunJob", "message": NO_ACCESS, "count": 1})
    arn = history.deploy()
    assert history.jobs() == ["FAILED", "COMPLETED"]
    assert history.output() == arn


def test_an_update_that_fails_ends_with_the_job_of_the_earlier_configuration(history):
    first = history.deploy()
    history.aws.set_faults(
        {"operation": "StartDocumentClassificationJob", "code": "InvalidRequestException", "message": "Not today"}
    )
    assert "Not today" in history.deploy_in_vain(run_id="2")
    assert history.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert history.output() == first
    assert history.jobs() == ["COMPLETED"]


def test_another_resource_that_fails_rolls_back_to_the_earlier_job_and_starts_no_third(history):
    first = history.deploy()
    history.deploy_in_vain(run_id="2", broken=True)
    assert history.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert history.output() == first
    assert history.jobs() == ["COMPLETED", "COMPLETED"]


def test_changed_tags_tag_the_same_job_again_also_when_the_last_one_goes(history):
    comprehend = history.aws.client("comprehend")

    def tags(arn):
        return {tag["Key"]: tag["Value"] for tag in comprehend.list_tags_for_resource(ResourceArn=arn)["Tags"]}

    first = history.deploy(tags={"team": "mail", "stage": "test"})
    assert tags(first) == {"team": "mail", "stage": "test"}
    assert history.deploy(tags={"team": "letters"}) == first
    assert tags(first) == {"team": "letters"}
    assert history.deploy() == first
    assert tags(first) == {}
    assert history.jobs() == ["COMPLETED"]


def test_a_failed_first_deployment_can_be_deleted_and_tried_again(history, bench):
    history.aws.set_faults({"operation": "RunJob", "message": "INTERNAL_ERROR: something broke.", "count": 1})
    assert "something broke" in history.deploy_in_vain()
    assert history.status() == "ROLLBACK_COMPLETE"
    cloudformation = history.aws.client("cloudformation")
    cloudformation.delete_stack(StackName=bench.name)
    until(
        lambda: json.dumps(cloudformation.list_stacks()["StackSummaries"], default=str),
        lambda text: "DELETE_IN" not in text,
    )
    history.deploy()
    assert history.jobs() == ["FAILED", "COMPLETED"]
