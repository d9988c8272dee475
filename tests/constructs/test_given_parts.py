"""Parts that others made: what cannot work is refused or warned of, what is still to be looked up is waited for."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_comprehend as comprehend
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Annotations, Match
from support import documents_in, new_app, results_in

from constructs_lib import (
    ClassificationJobHandler,
    ClassificationModel,
    ClassificationNetwork,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    DocumentClassificationWorkflow,
    Documents,
    InputFormat,
    PrivateBucket,
    Results,
    ValidationError,
)

HERE = cdk.Environment(account="111122223333", region="us-east-1")
FILE = InputFormat.ONE_DOC_PER_FILE


@pytest.fixture
def app():
    return new_app(flags=False)


@pytest.fixture
def stack(app):
    return cdk.Stack(app, "Stack", env=HERE)


def missing(app):
    manifest = json.loads(Path(app.synth().directory, "manifest.json").read_text())
    return {each["provider"] for each in manifest["missing"]}


def warnings(stack, name):
    return Annotations.from_stack(stack).find_warning(
        "*", Match.string_like_regexp(f"comprehend-classification:{name}")
    )


def test_groups_that_are_still_to_be_looked_up_are_not_the_same_one(app, stack):
    vpc = ec2.Vpc.from_lookup(stack, "Vpc", vpc_id="vpc-1")
    groups = [
        ec2.SecurityGroup.from_lookup_by_id(stack, "One", "sg-1"),
        ec2.SecurityGroup.from_lookup_by_name(stack, "Two", "two", vpc),
    ]
    ClassificationNetwork(stack, "Network", vpc=vpc, security_groups=groups)
    assert missing(app) == {"vpc-provider", "security-group"}


@pytest.mark.parametrize("kind", [DocumentClassificationPipeline, DocumentClassificationWorkflow])
def test_uris_that_are_still_to_be_looked_up_are_not_the_same_one(app, stack, model, kind):
    documents, results = (ssm.StringParameter.value_from_lookup(stack, name) for name in ("/documents", "/results"))
    kind(
        stack,
        "Classification",
        model=model,
        documents=Documents.from_uri(documents, input_format=FILE),
        results=Results.to_uri(results),
        network_isolation=False,
    )
    assert missing(app) == {"ssm"}


@pytest.mark.parametrize("kind", [ClassificationNetwork, ClassificationJobHandler])
@pytest.mark.parametrize(
    "selection", [{"subnet_group_name": "Nowhere"}, {"subnet_type": ec2.SubnetType.PRIVATE_ISOLATED}]
)
def test_a_selection_that_finds_no_subnet_is_refused(stack, kind, selection):
    vpc = ec2.Vpc(stack, "Vpc")
    before = len(stack.node.children)
    with pytest.raises(ValidationError, match=r"vpc_subnets.*There are no"):
        kind(stack, "Part", vpc=vpc, vpc_subnets=ec2.SubnetSelection(**selection))
    assert len(stack.node.children) == before


def test_public_subnets_that_are_given_one_by_one_are_found_out_too(stack):
    vpc = ec2.Vpc(stack, "Vpc")
    public = ec2.SubnetSelection(subnets=vpc.public_subnets)
    ClassificationNetwork(stack, "Network", vpc=vpc, vpc_subnets=public)
    assert warnings(stack, "publicSubnets")
    with pytest.raises(ValidationError, match="public subnets"):
        ClassificationJobHandler(stack, "Handler", vpc=vpc, vpc_subnets=public)


def test_a_model_that_a_stack_of_another_region_defines_is_refused(app, stack):
    other = cdk.Stack(app, "Other", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    flywheel = comprehend.CfnFlywheel(
        other, "Model", data_access_role_arn="arn", data_lake_s3_uri="s3://lake", flywheel_name="mails"
    )
    with pytest.raises(ValidationError, match="model: got 'a model in eu-west-1'"):
        DocumentClassificationJob(
            stack,
            "Job",
            model=ClassificationModel.from_flywheel(flywheel),
            documents=documents_in(stack),
            results=results_in(stack),
        )


def test_a_role_of_the_function_that_cannot_be_changed_gets_a_warning_with_the_statements(stack, model):
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/function", mutable=False)
    DocumentClassificationPipeline(
        stack, "Pipeline", model=model, handler=ClassificationJobHandler(stack, "Handler", role=role)
    )
    told = json.dumps([each.entry.data for each in warnings(stack, "roleIsImmutable")])
    assert all(name in told for name in ("FollowJobs", "StartJobs", "RemoveNetworkInterfaces"))


def test_a_role_of_the_function_that_is_of_another_account_is_refused(stack):
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::999922223333:role/function")
    with pytest.raises(ValidationError, match="a role of account 111122223333"):
        ClassificationJobHandler(stack, "Handler", role=role)


def test_a_function_in_a_vpc_has_a_group(stack):
    with pytest.raises(ValidationError, match="security_groups"):
        ClassificationJobHandler(stack, "Handler", vpc=ec2.Vpc(stack, "Vpc"), security_groups=[])


def test_a_bucket_takes_a_key_in_every_form(stack):
    key_id = "1234abcd-12ab-34cd-56ef-1234567890ab"
    arn = f"arn:aws:kms:us-east-1:111122223333:key/{key_id}"
    keys = [key_id, arn, "alias/x", kms.CfnKey(stack, "L1"), kms.CfnKey.from_key_arn(stack, "Reference", arn)]
    for number, key in enumerate(keys):
        bucket = PrivateBucket(stack, f"Bucket{number}", encryption_key=key)
        assert bucket.encryption_key is not None
