"""Apps of every shape, deployed by the real CDK CLI, and what is said when one cannot be."""

import json

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from aws_cdk import aws_ssm as ssm
from local.bench import ACCOUNT, REGION, Bench
from support import new_app

from constructs_lib.local import LocalAws, LocalAwsError, cloud_assembly, deployment, failures
from constructs_lib.local.data import train_classifier
from constructs_lib.local.local_errors import CdkCliError

ABROAD = {"account": "111122223333", "region": "eu-west-1"}


@pytest.fixture
def app(tmp_path):
    return new_app(outdir=str(tmp_path / "assembly"))


def parameter(scope, stack_id, value="x", **stack_options):
    stack = cdk.Stack(scope, stack_id, **stack_options)
    ssm.CfnParameter(stack, "P", type="String", value=value)
    cdk.CfnOutput(stack, "Value", value=value)
    return stack


def synthesized(app, tmp_path):
    app.synth()
    return tmp_path / "assembly"


@pytest.fixture(scope="module")
def abroad():
    """A local AWS of another account and Region."""
    with LocalAws(**ABROAD) as aws:
        aws.bootstrap()
        yield aws


def test_all_stacks_of_all_stages_are_deployed_and_destroyed(local_aws, app, tmp_path, unique_name):
    parameter(app, f"{unique_name}-plain")
    for name in ("beta", "gamma"):
        stage = cdk.Stage(app, f"{unique_name}-{name}")
        parameter(stage, "inner")
        parameter(cdk.Stage(stage, "deep"), "innermost")
    folder = synthesized(app, tmp_path)
    outputs = local_aws.deploy(folder)
    assert sorted(outputs) == sorted(
        [
            f"{unique_name}-plain",
            *(f"{unique_name}-{stage}-{stack}" for stage in ("beta", "gamma") for stack in ("inner", "deep-innermost")),
        ]
    )
    local_aws.destroy(folder)
    stacks = local_aws.client("cloudformation").describe_stacks()["Stacks"]
    assert not [stack for stack in stacks if stack["StackName"].startswith(unique_name)]


def test_a_fixed_environment_is_the_one_of_its_local_aws(abroad, app, tmp_path):
    parameter(cdk.Stage(app, "prod", env=cdk.Environment(**ABROAD)), "stack")
    folder = synthesized(app, tmp_path)
    found = cloud_assembly.problems(folder, account=ACCOUNT, region=REGION, supported=abroad.resource_types())
    assert len(found) == 1
    assert "give --account 111122223333 --region eu-west-1" in found[0]
    assert cloud_assembly.problems(folder, **ABROAD, supported=abroad.resource_types()) == []
    assert abroad.deploy(folder) == {"prod-stack": {"Value": "x"}}
    assert abroad.client("ssm").describe_parameters()["Parameters"]


def test_a_job_runs_in_another_account_and_region(abroad, tmp_path, unique_name):
    labelled = tmp_path / "labelled.csv"
    labelled.write_text("".join(f"{name},text {name} {n}\n" for name in ("A", "B") for n in range(50)))
    model = train_classifier(abroad, labelled)
    assert model == "arn:aws:comprehend:eu-west-1:111122223333:document-classifier/local"
    bench = Bench(abroad, model, unique_name)
    bench.write("in/a.txt", "text A")
    assert bench.run(bench.role(*bench.access_to_bucket()))["JobStatus"] == "COMPLETED"


@pytest.mark.parametrize(
    "synthesizer",
    [
        lambda: cdk.DefaultStackSynthesizer(qualifier="acme1"),
        cdk.CliCredentialsStackSynthesizer,
    ],
    ids=["qualifier", "CLI credentials"],
)
def test_other_synthesizers_deploy(abroad, app, tmp_path, unique_name, synthesizer):
    stack = parameter(app, unique_name, synthesizer=synthesizer())
    tmp_path.joinpath("file.txt").write_text(unique_name)
    asset = assets.Asset(stack, "File", path=str(tmp_path / "file.txt"))
    cdk.CfnOutput(stack, "Url", value=asset.s3_object_url)
    outputs = abroad.deploy(synthesized(app, tmp_path))
    assert outputs[unique_name]["Value"] == "x"


def test_an_app_that_makes_the_place_of_its_assets_itself_deploys(abroad, app, tmp_path, unique_name):
    """As the app-staging synthesizer does: a first stack has the bucket, and the role that publishes into it."""
    role = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"
    bootstrap = role + "cdk-acme2-%s-role-${AWS::AccountId}-${AWS::Region}"
    synthesizer = cdk.BootstraplessSynthesizer(
        deploy_role_arn=bootstrap % "deploy", cloud_formation_execution_role_arn=bootstrap % "cfn-exec"
    )
    staging = cdk.Stack(app, f"{unique_name}-staging", synthesizer=synthesizer)
    bucket = s3.Bucket(staging, "Bucket", bucket_name=unique_name)
    publisher = iam.Role(
        staging, "Publisher", role_name=f"cdk-{unique_name}-file", assumed_by=iam.AccountPrincipal(cdk.Aws.ACCOUNT_ID)
    )
    bucket.grant_read_write(publisher)
    synthesizer = cdk.DefaultStackSynthesizer(
        qualifier="acme2",
        file_assets_bucket_name=unique_name,
        file_asset_publishing_role_arn=f"{role}cdk-{unique_name}-file",
    )
    parameter(app, unique_name, synthesizer=synthesizer).add_stack_dependency(staging)
    assert abroad.deploy(synthesized(app, tmp_path))[unique_name]["Value"] == "x"


def test_a_legacy_synthesizer_deploys_without_assets_and_is_named_with_them(abroad, app, tmp_path, unique_name):
    stack = parameter(app, unique_name, synthesizer=cdk.LegacyStackSynthesizer())
    folder = synthesized(app, tmp_path)
    assert abroad.deploy(folder)[unique_name]["Value"] == "x"

    with_asset = new_app(outdir=str(tmp_path / "other"))
    stack = parameter(with_asset, unique_name, synthesizer=cdk.LegacyStackSynthesizer())
    tmp_path.joinpath("file.txt").write_text("x")
    assets.Asset(stack, "File", path=str(tmp_path / "file.txt"))
    with_asset.synth()
    found = cloud_assembly.problems(tmp_path / "other", **ABROAD, supported=abroad.resource_types())
    assert ["LegacyStackSynthesizer's assets" in problem for problem in found] == [True]


# --- What is said of a failure ---------------------------------------------------------------------------------------


def test_the_reason_of_a_failed_stack_stands_last_and_alone(local_aws, bench, resource, app, tmp_path):
    stack = cdk.Stack(app, bench.name)
    properties = resource(Create="FAILED")["Properties"]
    cdk.CfnResource(stack, "One", type="Custom::Recorded", properties=properties)
    with pytest.raises(LocalAwsError) as error:
        local_aws.deploy(synthesized(app, tmp_path))
    *before, last = str(error.value).splitlines()
    assert last.startswith(
        f"{bench.name}: One (Custom::Recorded): Received response status [FAILED] from custom resource. "
        "Message returned: on purpose (RequestId: "
    )
    assert before[0] == "The function logged of this event:"
    assert '"message": "got it"' in before[1]
    assert len(before) < 8


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"message": "failed", "RequestId": "one"}', True),
        ('{"message": "deleted", "id": "not-started/one", "RequestId": "two"}', False),
        ('{"message": "of the request one"}', True),
        ("Traceback of one", True),
        ("START RequestId: two", False),
        ("[]", False),
    ],
)
def test_only_the_lines_of_the_event_that_failed_are_shown(line, shown):
    assert failures.is_of(line, "one") is shown


@pytest.mark.parametrize(("trained", "hint"), [(True, True), (False, False)])
def test_an_app_of_a_fixed_environment_is_told_the_options_when_it_cannot_be_synthesized(tmp_path, trained, hint):
    class Elsewhere(LocalAws):
        def synthesize(self, *_):
            arn = "arn:aws:comprehend:us-east-1:000000000000:document-classifier/local"
            raise CdkCliError("synth", 1, [f"model: got '{arn}'; allowed: Region eu-central-1, the stack's"])

    plan = deployment.Plan(tmp_path, train=tmp_path / "training.csv" if trained else None)
    with pytest.raises(LocalAwsError) as error:
        deployment._synthesize(Elsewhere(), plan)
    assert ("needs --account and --region" in str(error.value)) is hint


def test_what_the_cli_refuses_itself_is_said_in_its_last_words(local_aws, bench, resource, app, tmp_path):
    parameter(app, "Plain")
    folder = synthesized(app, tmp_path)
    assert bench.create_stack({"Earlier": resource(Create="FAILED")}) == "ROLLBACK_COMPLETE"  # is not the reason
    with pytest.raises(LocalAwsError, match=r"^.*No stacks? .*Unknown"):
        local_aws.deploy(folder, ["Unknown"])


def test_a_bucket_with_objects_keeps_its_stack(local_aws, app, tmp_path, unique_name):
    stack = cdk.Stack(app, unique_name)
    bucket = s3.Bucket(stack, "Bucket", removal_policy=cdk.RemovalPolicy.DESTROY, versioned=True)
    cdk.CfnOutput(stack, "Name", value=bucket.bucket_name)
    folder = synthesized(app, tmp_path)
    name = local_aws.deploy(folder)[unique_name]["Name"]
    client = local_aws.client("s3")
    version = client.put_object(Bucket=name, Key="k", Body=b"x")["VersionId"]
    marker = client.delete_object(Bucket=name, Key="k")["VersionId"]  # what is hidden counts, too
    with pytest.raises(LocalAwsError, match="The bucket you tried to delete is not empty"):
        local_aws.destroy(folder)
    for one in (version, marker):
        client.delete_object(Bucket=name, Key="k", VersionId=one)
    local_aws.destroy(folder)


LATIN = "größer"


@pytest.mark.parametrize("place", ["role policy", "trust policy", "managed policy", "description", "path"])
def test_iam_takes_no_characters_that_its_model_refuses(bench, place):
    def document(text):
        return {
            "Version": "2012-10-17",
            "Statement": [
                {"Sid": "One", "Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::b/{text}"}
            ],
        }

    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "a.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }

    def stack(text):
        role = {"AssumeRolePolicyDocument": trust}
        if place == "role policy":
            role["Policies"] = [{"PolicyName": "p", "PolicyDocument": document(text)}]
        if place == "trust policy":
            role["AssumeRolePolicyDocument"] = {
                **trust,
                "Statement": [{**trust["Statement"][0], "Condition": {"StringEquals": {"aws:SourceAccount": text}}}],
            }
        if place == "description":
            role["Description"] = text
        if place == "path":
            role["Path"] = f"/{'x' if text == LATIN else text}/"  # which takes ASCII only
        resources = {"Role": {"Type": "AWS::IAM::Role", "Properties": role}}
        if place == "managed policy":
            resources["Policy"] = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document(text)}}
        return resources

    assert bench.create_stack(stack(LATIN), suffix="latin") == "CREATE_COMPLETE"
    assert bench.create_stack(stack("日本"), suffix="beyond") == "ROLLBACK_COMPLETE"
    assert "failed to satisfy constraint: Member must satisfy regular expression pattern" in bench.reasons("beyond")
    with pytest.raises(bench.client("iam").exceptions.ClientError, match="regular expression pattern"):
        bench.client("iam").create_policy(
            PolicyName=bench.name, PolicyDocument=json.dumps(document("日本"), ensure_ascii=False)
        )
