"""What a deployment does to the jobs of the one before, as whole deployments."""

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from botocore.exceptions import ClientError
from local.bench import until
from local.by_api import ByApi

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DocumentClassificationJob,
    Documents,
    InputFormat,
    JobMilestone,
    Results,
)
from constructs_lib.local import LocalAwsError

SECONDS = 4  # that a job takes: longer than the next deployment needs to come to its clean-up


@pytest.fixture
def deploy(bench, tmp_path):
    """Deploy a version of an app with one job, which is green as soon as the job is submitted; the job's id."""
    bench.aws.configure(job_seconds=SECONDS, starts_per_second=0)
    bench.write("in/a.txt", "Please pay the total due on invoice number 7 within thirty days.")
    versions, aws = iter(range(9)), ByApi(bench.aws)

    def synthesize(*, with_job=True, with_network=False, reader=None, results="out-1/", **options):
        app = cdk.App(outdir=str(tmp_path / f"version-{next(versions)}"))
        stack = cdk.Stack(app, f"{bench.name}-jobs")
        network = (
            ClassificationNetwork(stack, "Network", removal_policy=cdk.RemovalPolicy.DESTROY) if with_network else None
        )
        bucket = s3.Bucket.from_bucket_name(stack, "Bucket", bench.bucket)
        if with_job:
            job = DocumentClassificationJob(
                stack,
                "Job",
                model=ClassificationModel.from_classifier_arn(bench.classifier),
                documents=Documents.from_bucket(bucket, "in/", input_format=InputFormat.ONE_DOC_PER_FILE),
                results=Results.to_bucket(bucket, results),
                network=network,
                wait_for=JobMilestone.SUBMITTED,
                **options,
            )
            cdk.CfnOutput(stack, "JobId", value=job.job_id)
            if reader:
                reader(app, stack, job)
        return Path(app.synth().directory)

    def deployed(**options):
        deployed.folder = synthesize(**options)
        outputs = aws.deploy(deployed.folder)[f"{bench.name}-jobs"]
        return outputs.get("JobId")

    deployed.aws = aws
    return deployed


def finished(bench, job_id):
    return until(lambda: bench.describe(job_id), lambda job: job["JobStatus"] in {"COMPLETED", "FAILED"})


def network_interfaces(bench, job):
    wanted = [{"Name": "subnet-id", "Values": job["VpcConfig"]["Subnets"]}]
    return bench.client("ec2").describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]


def stack_status(bench):
    cloudformation = bench.client("cloudformation")
    return cloudformation.describe_stacks(StackName=f"{bench.name}-jobs")["Stacks"][0]["StackStatus"]


def test_a_running_job_keeps_its_rights_when_the_next_deployment_has_other_results(bench, deploy):
    first = deploy(run_id="1")
    second = deploy(results="out-2/", run_id="2")
    assert bench.describe(first)["JobStatus"] == "COMPLETED"  # the deployment has waited for it
    assert finished(bench, second)["JobStatus"] == "COMPLETED"


def test_a_running_job_that_may_be_abandoned_is_not_waited_for(bench, deploy):
    bench.aws.configure(job_seconds=600)
    first = deploy(run_id="1", abandon_on_delete=True)
    deploy(results="out-2/", run_id="2")
    assert bench.describe(first)["JobStatus"] in {"SUBMITTED", "IN_PROGRESS"}
    assert stack_status(bench) == "UPDATE_COMPLETE"


def test_an_update_that_drops_a_jobs_network_removes_the_interfaces_in_it(bench, deploy):
    bench.aws.configure(keep_network_interfaces=True)
    first = deploy(run_id="1", with_network=True)
    job = bench.describe(first)
    second = deploy(run_id="2")
    assert bench.describe(first)["JobStatus"] == "COMPLETED"
    assert network_interfaces(bench, job) == []
    with pytest.raises(ClientError, match="NotFound"):
        bench.client("ec2").describe_subnets(SubnetIds=job["VpcConfig"]["Subnets"])
    assert finished(bench, second)["JobStatus"] == "COMPLETED"


def test_a_stack_that_is_destroyed_seconds_after_a_start_waits_for_the_job(bench, deploy):
    job_id = deploy()
    deploy.aws.destroy(deploy.folder)
    assert bench.describe(job_id)["JobStatus"] == "COMPLETED"


def test_an_attribute_that_another_stack_imports_keeps_the_next_job_from_being_deployed(bench, deploy):
    def strong(app, stack, job):
        other = cdk.Stack(app, f"{bench.name}-other")
        ssm.StringParameter(other, "Copy", string_value=job.job_arn)
        del stack

    first = deploy(run_id="1", reader=strong)
    with pytest.raises(LocalAwsError, match="in use"):
        deploy(run_id="2", reader=strong)
    assert stack_status(bench) == "UPDATE_ROLLBACK_COMPLETE"
    outputs = bench.client("cloudformation").describe_stacks(StackName=f"{bench.name}-jobs")["Stacks"][0]["Outputs"]
    assert first in {output["OutputValue"] for output in outputs}


def test_a_parameter_of_the_jobs_stack_is_kept_up_to_date_for_others(bench, deploy):
    name = f"/{bench.name}/job"

    def kept(app, stack, job):
        ssm.StringParameter(stack, "Kept", parameter_name=name, string_value=job.job_id)
        del app

    deploy(run_id="1", reader=kept)
    second = deploy(run_id="2", reader=kept)
    assert bench.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == second
