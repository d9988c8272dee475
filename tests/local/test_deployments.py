"""The project's own app on the local AWS, with the real handler and permissions."""

import json
import re
import shutil
import sys
import uuid

import pytest
from botocore.exceptions import ClientError
from local.bench import until
from local.by_api import ByApi
from support import ROOT, new_app

from constructs_lib.local import LocalAwsError
from constructs_lib.local.data import upload_documents

sys.path.insert(0, str(ROOT))
import app

STACK = "DocumentClassification"
JOB = "Custom::DocumentClassificationJob"


@pytest.fixture(scope="module")
def synthesized(local_aws, trained_classifier, tmp_path_factory):
    """The app's cloud assembly, synthesized once."""
    documents = tmp_path_factory.mktemp("documents")
    documents.joinpath("a.txt").write_text("Please pay the total due on invoice number 7 within thirty days.")
    documents.joinpath("b.txt").write_text("I apply for position 4 and enclose my resume and certificates.")
    context = {"classifier_arn": trained_classifier, "documents": upload_documents(local_aws, documents), "run_id": "1"}
    made = new_app()
    for name, value in context.items():
        made.node.set_context(name, value)
    app.ClassificationStack(made, STACK)
    return made.synth().directory


@pytest.fixture
def aws(behaving_aws):
    return ByApi(behaving_aws)


@pytest.fixture
def assembly(synthesized, tmp_path, unique_name, aws):
    """A copy of the assembly whose one stack has a name of its own; `change` edits its template."""
    aws.configure(job_seconds=1, starts_per_second=0)
    folder = tmp_path / "assembly"
    shutil.copytree(synthesized, folder)
    manifest_file = folder / "manifest.json"
    manifest = json.loads(manifest_file.read_text())
    manifest["artifacts"][STACK]["properties"]["stackName"] = unique_name
    manifest_file.write_text(json.dumps(manifest))
    template_file = folder / f"{STACK}.template.json"

    def change(edit):
        template = json.loads(template_file.read_text())
        edit(template["Resources"])
        template_file.write_text(json.dumps(template))
        # The template is published under a name made of its hash; a changed one needs another, or the old one stays.
        name = f"{uuid.uuid4().hex * 2}.json"
        for file in (manifest_file, folder / f"{STACK}.assets.json"):
            file.write_text(re.sub(r"[0-9a-f]{64}\.json", name, file.read_text()))
        return folder

    return folder, change


def job_of(outputs):
    ((_, values),) = outputs.items()
    return next(value for name, value in values.items() if "JobArn" in name).rpartition("/")[2]


def finished(aws, job):
    comprehend = aws.client("comprehend")
    return until(
        lambda: comprehend.describe_document_classification_job(JobId=job)["DocumentClassificationJobProperties"],
        lambda found: found["JobStatus"] in {"COMPLETED", "FAILED"},
    )


def resources_of(resources, kind):
    return [resource for resource in resources.values() if resource["Type"] == kind]


def test_the_app_deploys_runs_a_new_job_for_a_new_run_id_and_goes_away(aws, assembly, unique_name):
    folder, change = assembly
    first = job_of(aws.deploy(folder))
    assert finished(aws, first)["JobStatus"] == "COMPLETED"

    def second_run(resources):
        resources_of(resources, JOB)[0]["Properties"]["RunId"] = "2"

    second = job_of(aws.deploy(change(second_run)))
    assert second != first
    assert finished(aws, second)["JobStatus"] == "COMPLETED"
    assert job_of(aws.deploy(folder)) == second

    cloudformation = aws.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName=unique_name)["Stacks"][0]["StackId"]
    aws.destroy(folder)
    assert cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"


def test_interfaces_that_the_service_leaves_behind_do_not_keep_a_stack_from_going_away(aws, assembly, unique_name):
    folder, _ = assembly
    aws.configure(keep_network_interfaces=True)
    job = finished(aws, job_of(aws.deploy(folder)))
    wanted = [{"Name": "subnet-id", "Values": job["VpcConfig"]["Subnets"]}]
    (left,) = aws.client("ec2").describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]
    assert left["Status"] == "available"

    cloudformation = aws.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName=unique_name)["Stacks"][0]["StackId"]
    aws.destroy(folder)
    assert cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"
    assert aws.client("ec2").describe_network_interfaces(Filters=wanted)["NetworkInterfaces"] == []


def test_a_role_that_may_not_read_fails_the_stack_with_the_message_of_the_service(aws, assembly, unique_name):
    _, change = assembly

    def without_read_access(resources):
        job = resources_of(resources, JOB)[0]
        job["Properties"]["Timeout"] = "10"  # the handler gives a role this new time to become known
        for policy in resources_of(resources, "AWS::IAM::Policy"):
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                if statement["Action"] == "s3:GetObject":
                    statement["Action"] = "s3:GetObjectTagging"

    with pytest.raises(LocalAwsError, match="NO_READ_ACCESS_TO_INPUT"):
        aws.deploy(change(without_read_access))
    stack = aws.client("cloudformation").describe_stacks(StackName=unique_name)["Stacks"][0]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"


def test_the_deployer_may_do_nothing_but_assume_the_roles_of_the_bootstrap(local_aws):
    with pytest.raises(ClientError, match="not authorized"):
        local_aws.client("s3", local_aws.deployer).list_buckets()
