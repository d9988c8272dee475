"""cdk-nag, cfn-lint and the CDK's own validation find nothing; what is acknowledged is few, and would be found."""

import json
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from support import CLASSIFIER_ARN, new_app

from constructs_lib import (
    ClassificationModel,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    DocumentClassificationWorkflow,
    Documents,
    InputFormat,
    Results,
)
from constructs_lib._iam import findings, role_policy
from constructs_lib._iam.findings import acknowledge

PACKS = (
    cdk_nag.AwsSolutionsChecks,
    cdk_nag.HIPAASecurityChecks,
    cdk_nag.NIST80053R5Checks,
    cdk_nag.PCIDSS321Checks,
    cdk_nag.ServerlessChecks,
)
REGIONS = {"us-east-1": "aws", "us-gov-west-1": "aws-us-gov"}


def model_in(region):
    arn = CLASSIFIER_ARN.replace("arn:aws:", f"arn:{REGIONS[region]}:").replace("us-east-1", region)
    return ClassificationModel.from_classifier_arn(arn)


def pipeline(stack, region="us-east-1"):
    DocumentClassificationPipeline(stack, "Pipeline", model=model_in(region), tags={"team": "mail"})


def workflow(stack, region="us-east-1"):
    """A workflow with everything that it can have."""
    hourly = scheduler.ScheduleExpression.rate(cdk.Duration.hours(1))
    found = DocumentClassificationWorkflow(
        stack, "Mails", model=model_in(region), schedule=hourly, run_on_upload=True, tags={"team": "mail"}
    )
    found.add_schedule("Nightly", schedule=hourly, prefix="mails/%Y/%m/%d/", offset=cdk.Duration.days(1))
    key = kms.Key(stack, "TopicKey", enable_key_rotation=True)
    topic = sns.Topic(stack, "Topic", enforce_ssl=True, master_key=key)
    found.add_alarms(actions.SnsAction(topic))
    found.add_dashboard()
    letters = sqs.Queue(stack, "Letters", enforce_ssl=True)
    acknowledge(letters, "SQS3", "SQSRedrivePolicy")
    found.on_failed("Failed", target=targets.SnsTopic(topic, dead_letter_queue=letters))
    found.on_completed("Completed", target=targets.SnsTopic(topic, dead_letter_queue=letters))


def job(stack, region="us-east-1"):
    """A job alone; its buckets are the user's, and not in the stack."""
    buckets = [s3.Bucket.from_bucket_name(stack, name, f"{name.lower()}-bucket") for name in ("In", "Out")]
    DocumentClassificationJob(
        stack,
        "Job",
        model=model_in(region),
        documents=Documents.from_bucket(buckets[0], "my in/", input_format=InputFormat.ONE_DOC_PER_FILE),
        results=Results.to_bucket(buckets[1], "out/"),
    )


def stack_of(build, region=None):
    app = new_app()
    env = cdk.Environment(account="111122223333", region=region) if region else None
    stack = cdk.Stack(app, "Stack", env=env)
    build(stack, region or "us-east-1")
    return app


@pytest.mark.parametrize("region", [None, "us-east-1", "us-gov-west-1"])
@pytest.mark.parametrize("build", [pipeline, job, workflow])
def test_no_pack_finds_anything(build, region):
    app = stack_of(build, region)
    cdk.Validations.of(app).add_plugins(*(pack(app) for pack in PACKS))
    app.synth()  # raises when a pack finds something
    assert found_in(app) == set()


def test_a_pack_that_finds_something_is_noticed():
    app = stack_of(pipeline)
    s3.Bucket(app.node.find_child("Stack"), "Open")
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()


def test_wildcards_are_acknowledged_across_stacks():
    app = new_app()
    storage, jobs = cdk.Stack(app, "Storage"), cdk.Stack(app, "Jobs")
    buckets = [s3.Bucket(storage, name) for name in ("In", "Out")]
    DocumentClassificationJob(
        jobs,
        "Job",
        model=model_in("us-east-1"),
        documents=Documents.from_bucket(buckets[0], "in/", input_format=InputFormat.ONE_DOC_PER_FILE),
        results=Results.to_bucket(buckets[1], "out/"),
    )
    app.synth()
    assert not {(path, rule) for path, rule in found_in(app) if path.startswith("Jobs/")}


def found_in(app):
    return {
        (resource.construct_path, violation.rule_name)
        for pack in PACKS
        for violation in pack().validate_scope(app).violations
        for resource in violation.violating_resources
    }


def acknowledged_in(app):
    return {
        # The CDK puts this before ids, and began to write it with a capital letter.
        (construct.node.path, rule.removeprefix("annotation::").removeprefix("Annotation::")): reason
        for construct in app.node.find_all()
        for entry in construct.node.metadata
        if entry.type == cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY
        for rule, reason in entry.data.items()
        if not rule.startswith("CloudFormation-Validate")  # the CDK's own
    }


@pytest.fixture(params=[pipeline, workflow])
def unacknowledged(monkeypatch, request):
    """A construct that acknowledges nothing, and what is found in it."""
    monkeypatch.setattr(findings, "REASONS", dict.fromkeys(findings.REASONS, ((), "")))
    monkeypatch.setattr(role_policy, "acknowledge_wildcards", lambda *_: None)
    app = stack_of(request.param)
    app.synth()
    monkeypatch.undo()
    return request.param, found_in(app)


def test_every_acknowledgement_hides_a_finding_that_would_be_there(unacknowledged):
    build, open_findings = unacknowledged
    app = stack_of(build)
    app.synth()
    idle = {
        (path, rule)
        for path, rule in acknowledged_in(app)
        if not any(where.startswith(path) and rule == found for where, found in open_findings)
    }
    assert not idle


def test_acknowledgements_are_as_few_as_the_readme_says():
    app = stack_of(pipeline)
    app.synth()
    assert len(findings.REASONS) == 13
    wildcards = [rule for _, rule in acknowledged_in(app) if "IAM5" in rule]
    assert len(wildcards) == 8
    assert all(len(reason) > 20 for reason in acknowledged_in(app).values())


def test_a_host_without_cdk_nag_sees_nothing_of_it():
    app = stack_of(pipeline)
    text = json.dumps(app.synth().get_stack_by_name("Stack").template)
    assert "nag" not in text.lower().replace("manage", "")


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("build", [pipeline, job, workflow])
def test_cfn_lint_and_the_cdk_find_nothing(build, region):
    assembly = stack_of(build, region).synth()  # raises when the CDK's own validation finds something
    # W3005: the CDK repeats dependencies that references already make. W3010: zones that the CDK has looked up.
    run = subprocess.run(
        [
            str(Path(sys.executable).with_name("cfn-lint")),
            *("--regions", region, "--ignore-checks", "W3005", "W3010"),
            *("--template", assembly.get_stack_by_name("Stack").template_full_path),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "")


def test_the_validation_of_the_cdk_is_switched_on():
    app = new_app()
    cdk.CfnResource(cdk.Stack(app, "Stack"), "B", type="AWS::S3::Bucket", properties={"NoSuchProperty": "x"})
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
