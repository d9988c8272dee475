"""At home in other people's apps: many jobs, many stacks, aspects, tags, boundaries, other partitions."""

import json
from pathlib import Path

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import assertions, pipelines
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from support import CLASSIFIER_ARN, awaited, documents_in, job_properties, new_app, results_in, statements

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DataAccessRole,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    Documents,
    InputFormat,
    Results,
    ValidationError,
)

MODEL = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN)


def template_of(stack):
    return assertions.Template.from_stack(stack)


def add_job(stack, id="Job", **options):
    defaults = {"model": MODEL, "documents": documents_in(stack), "results": results_in(stack)}
    return DocumentClassificationJob(stack, id, **{**defaults, **options})


def test_jobs_of_a_stack_share_one_function_and_add_one_resource_each(stack):
    add_job(stack, "A")
    one = len(template_of_copy(1)["Resources"])
    three = len(template_of_copy(3)["Resources"])
    assert three - one == 2


def template_of_copy(jobs):
    stack = cdk.Stack(new_app(), "Stack")
    for number in range(jobs):
        add_job(stack, f"Job{number}")
    return template_of(stack).to_json()


def test_four_hundred_jobs_fit_into_one_stack():
    stack = cdk.Stack(new_app(), "Stack")
    documents, results = s3.Bucket(stack, "Documents"), s3.Bucket(stack, "Results")
    for number in range(400):
        DocumentClassificationJob(
            stack,
            f"Job{number}",
            model=MODEL,
            documents=Documents.from_bucket(
                documents, f"incoming/{number}/", input_format=InputFormat.ONE_DOC_PER_FILE
            ),
            results=Results.to_bucket(results, f"outgoing/{number}/"),
        )
    template = template_of(stack).to_json()
    assert len(template["Resources"]) <= 500
    assert len(json.dumps(template)) < 1_000_000
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Policy":
            assert len(json.dumps(resource["Properties"]["PolicyDocument"])) < 10_240, name
    read = statements(template_of(stack), "CustomDocumentClassificationJobHandlerDataAccess")["ReadDocuments"]
    assert "/incoming/*" in str(read["Resource"])


def test_more_buckets_than_a_role_has_room_for_is_an_error_that_says_what_to_do():
    stack = cdk.Stack(new_app(), "Stack")
    for number in range(40):
        bucket = s3.Bucket.from_bucket_name(stack, f"B{number}", f"a-rather-long-bucket-name-of-a-department-{number}")
        documents = Documents.from_bucket(bucket, "in/", input_format=InputFormat.ONE_DOC_PER_FILE)
        add_job(stack, f"Job{number}", documents=documents, results=Results.to_bucket(bucket, "out/"))
    with pytest.raises(RuntimeError, match="DataAccessRole of their own"):
        template_of(stack)


def test_several_pipelines_live_in_one_stack(stack):
    for id in ("Mails", "Scans"):
        DocumentClassificationPipeline(stack, id, model=MODEL)
    template = template_of(stack)
    template.resource_count_is("AWS::Lambda::Function", 1)
    template.resource_count_is("Custom::DocumentClassificationJob", 2)
    template.resource_count_is("AWS::KMS::Key", 4)


def test_stacks_share_a_network_and_a_role():
    app = new_app()
    shared = cdk.Stack(app, "Shared")
    network, role = ClassificationNetwork(shared, "Network"), DataAccessRole(shared, "Role")
    users = [cdk.Stack(app, f"User{number}") for number in range(2)]
    for stack in users:
        add_job(stack, network=network, data_access_role=role)
    assembly = app.synth()
    shared_template = assembly.get_stack_by_name("Shared").template
    (endpoint,) = [r for r in shared_template["Resources"].values() if r["Type"] == "AWS::EC2::VPCEndpoint"]
    (statement,) = endpoint["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Condition"] == {"StringEquals": {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}}
    for stack in users:
        template = template_of(stack)
        assert "ReadDocuments" in statements(template, "CustomDocumentClassificationJobHandlerDataAccess")
        assert "VpcConfig" in job_properties(template)["Request"]


def test_buckets_come_from_another_stack():
    app = new_app()
    storage, jobs = cdk.Stack(app, "Storage"), cdk.Stack(app, "Jobs")
    add_job(jobs, documents=documents_in(storage), results=results_in(storage))
    app.synth()
    assert [stack.stack_name for stack in jobs.dependencies] == ["Storage"]


def test_another_stack_reads_the_attributes():
    app = new_app()
    first, second = cdk.Stack(app, "First"), cdk.Stack(app, "Second")
    job = add_job(first)
    cdk.CfnOutput(second, "Uri", value=job.output_s3_uri)
    job.grant_read_results(iam.Role(second, "Reader", assumed_by=iam.AccountRootPrincipal()))
    app.synth()


def test_nested_stacks_have_a_function_of_their_own(stack):
    nested = cdk.NestedStack(stack, "Nested")
    add_job(nested)
    add_job(stack)
    for template in (template_of(nested), template_of(stack)):
        template.resource_count_is("AWS::Lambda::Function", 1)


def test_a_stage_has_its_environment():
    app = new_app()
    stage = cdk.Stage(app, "Prod", env=cdk.Environment(account="111122223333", region="us-gov-west-1"))
    stack = cdk.Stack(stage, "Jobs")
    arn = CLASSIFIER_ARN.replace("arn:aws:", "arn:aws-us-gov:").replace("us-east-1", "us-gov-west-1")
    gov = ClassificationModel.from_classifier_arn(arn)
    DocumentClassificationPipeline(stack, "Pipeline", model=gov)
    text = json.dumps(template_of(stack).to_json())
    assert "arn:aws:" not in text.replace("arn:aws-us-gov:", "")


def test_a_stack_is_the_same_in_each_stage():
    app = new_app()
    env = cdk.Environment(account="111122223333", region="us-east-1")
    for name in ("Test", "Production"):
        stack = cdk.Stack(cdk.Stage(app, name, env=env), "Stack", stack_name="stack")
        DocumentClassificationPipeline(stack, "Pipeline", model=MODEL, network_isolation=False)
    test, production = (nested.nested_assembly.stacks[0].template for nested in app.synth().nested_assemblies)
    assert test == production


def test_an_agnostic_template_holds_no_fixed_partition_or_region(stack):
    model = ClassificationModel.from_classifier_arn(cdk.CfnParameter(stack, "Model").value_as_string)
    DocumentClassificationPipeline(stack, "Pipeline", model=model)
    text = json.dumps(template_of(stack).to_json())
    assert "arn:aws" not in text
    assert "us-east-1" not in text


@pytest.mark.parametrize("flags", [True, False], ids=["flags-of-cdk-init", "no-flags"])
def test_the_pipeline_is_the_same_in_what_matters_with_and_without_feature_flags(flags):
    stack = cdk.Stack(new_app(flags=flags), "Stack")
    DocumentClassificationPipeline(stack, "Pipeline", model=MODEL)
    template = template_of(stack)
    template.resource_count_is("AWS::Lambda::Function", 1)
    for bucket in template.find_resources("AWS::S3::Bucket").values():
        properties = bucket["Properties"]
        assert properties["PublicAccessBlockConfiguration"]["RestrictPublicBuckets"] is True
        assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
        assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
        assert bucket["DeletionPolicy"] == "Retain"
        assert "AccessControl" not in properties


def test_tags_of_the_app_reach_the_request_and_explicit_tags_win(stack):
    job = add_job(stack, "A", tags={"team": "mail"})
    add_job(stack, "B")
    cdk.Tags.of(stack).add("team", "all", priority=500)
    cdk.Tags.of(stack).add("stage", "test")
    cdk.Tags.of(job).add("only", "a")
    template = template_of(stack)
    tags = {
        id: {tag["Key"]: tag["Value"] for tag in job_properties(template, id)["Request"]["Tags"]} for id in ("A", "B")
    }
    assert tags == {"A": {"team": "mail", "stage": "test", "only": "a"}, "B": {"team": "all", "stage": "test"}}
    assert "TagJobs" in statements(template, "CustomDocumentClassificationJobHandlerPolicy")


def test_without_tags_nothing_may_be_tagged(stack):
    add_job(stack)
    template = template_of(stack)
    assert "Tags" not in job_properties(template)["Request"]
    assert "comprehend:TagResource" not in json.dumps(template.to_json())


def test_too_many_tags_in_all_are_an_error_at_synthesis(stack):
    add_job(stack, tags={f"k{number}": "v" for number in range(50)})
    cdk.Tags.of(stack).add("one", "more")
    with pytest.raises(RuntimeError, match="Stack/Job: tags: got '51 tags'"):
        template_of(stack)


def test_a_permissions_boundary_reaches_every_role(stack):
    DocumentClassificationPipeline(stack, "Pipeline", model=MODEL)
    iam.PermissionsBoundary.of(stack).apply(
        iam.ManagedPolicy.from_managed_policy_arn(stack, "Boundary", "arn:aws:iam::111122223333:policy/boundary")
    )
    roles = template_of(stack).find_resources("AWS::IAM::Role")
    assert len(roles) == 3
    assert all("PermissionsBoundary" in role["Properties"] for role in roles.values())


def test_aspects_see_and_change_the_resource(stack):
    @jsii.implements(cdk.IAspect)
    class Later:
        def visit(self, node):
            if isinstance(node, cdk.CfnResource) and node.cfn_resource_type == "Custom::DocumentClassificationJob":
                node.add_property_override("RunId", "by an aspect")

    add_job(stack)
    cdk.Aspects.of(stack).add(Later())
    assert job_properties(template_of(stack))["RunId"] == "by an aspect"


def test_a_job_can_be_refused_and_tried_again_under_the_same_id(stack):
    with pytest.raises(ValidationError):
        add_job(stack, job_name="")
    add_job(stack, job_name="better")
    assert job_properties(template_of(stack))["Request"]["JobName"] == "better"


STATEFUL = {
    "AWS::KMS::Key": ["PipelineEncryptionKey3A8DED02", "PipelineVolumeKey64B4924E"],
    "AWS::S3::Bucket": [
        "PipelineAccessLogsBucket31EC11F4",
        "PipelineDocumentsBucketB9D6610D",
        "PipelineResultsBucketDFEB98C2",
    ],
    "AWS::EC2::VPC": ["PipelineNetworkVpc12ED9BDF"],
    "AWS::IAM::Role": [
        "CustomDocumentClassificationJobHandlerRole17DCC2FD",
        "PipelineDataAccessRoleFE2C4842",
        "PipelineNetworkFlowLogsRole7DA9B000",
    ],
    "AWS::Lambda::Function": ["CustomDocumentClassificationJobHandlerFunction542DC1FC"],
    "AWS::Logs::LogGroup": ["CustomDocumentClassificationJobHandlerLogA717A430", "PipelineNetworkFlowLogsEEDF4116"],
    "Custom::DocumentClassificationJob": ["PipelineJobB138ADAA"],
}


def test_the_ids_of_what_holds_state_stay_as_they_are(stack):
    DocumentClassificationPipeline(stack, "Pipeline", model=MODEL)
    template = template_of(stack)
    found = {kind: sorted(template.find_resources(kind)) for kind in STATEFUL}
    assert found == STATEFUL, "a changed id makes CloudFormation replace what users keep their documents in"


def test_a_cdk_pipeline_deploys_it_as_a_stage():
    app = new_app()
    stack = cdk.Stack(app, "Delivery")
    source = pipelines.CodePipelineSource.s3(s3.Bucket(stack, "Source"), "source.zip")
    delivery = pipelines.CodePipeline(
        stack, "Pipeline", synth=pipelines.ShellStep("Synth", input=source, commands=["cdk synth"])
    )
    stage = cdk.Stage(app, "Prod")
    jobs = cdk.Stack(stage, "Jobs")
    add_job(jobs)
    delivery.add_stage(stage)
    delivery.build_pipeline()
    job_properties(assertions.Template.from_json(stage.synth().get_stack_artifact(jobs.artifact_id).template))
    actions = json.dumps(template_of(stack).find_resources("AWS::CodePipeline::Pipeline"))
    assert '"Name": "Deploy"' in actions


def test_traffic_to_a_network_is_opened_through_its_connections(stack):
    network = ClassificationNetwork(stack, "Network")
    other = ec2.SecurityGroup(stack, "Other", vpc=network.vpc, allow_all_outbound=False)
    other.connections.allow_to(network, ec2.Port.tcp(443))
    network.connections.allow_from(other, ec2.Port.tcp(8443))
    ports = {
        rule["Properties"].get("FromPort")
        for rule in template_of(stack).find_resources("AWS::EC2::SecurityGroupIngress").values()
    }
    assert {443, 8443} <= ports


def test_policies_of_two_stacks_on_one_role_have_different_names():
    app = new_app()
    role = DataAccessRole(cdk.Stack(app, "Shared"), "Role")
    stacks = [cdk.Stack(app, name) for name in ("One", "Two")]
    for stack in stacks:
        add_job(stack, data_access_role=role)
    for stack in stacks:
        for policy in template_of(stack).find_resources("AWS::IAM::Policy").values():
            assert {"Ref": "AWS::StackId"} in policy["Properties"]["PolicyName"]["Fn::Join"][1][1]["Fn::Select"][1][
                "Fn::Split"
            ]


def test_a_job_waits_for_a_bucket_policy_that_comes_later(stack):
    documents = documents_in(stack)
    add_job(stack, documents=documents)
    documents.bucket.add_to_resource_policy(
        iam.PolicyStatement(
            effect=iam.Effect.DENY,
            actions=["s3:DeleteObject"],
            resources=[documents.bucket.arn_for_objects("*")],
            principals=[iam.AnyPrincipal()],
        )
    )
    assert "AWS::S3::BucketPolicy" in awaited(template_of(stack))


def test_a_job_waits_for_an_endpoint_that_its_vpc_gets_later(stack):
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=0, max_azs=2)
    add_job(stack, network=ClassificationNetwork(stack, "Network", vpc=vpc))
    vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
    assert "AWS::EC2::VPCEndpoint" in awaited(template_of(stack))


def test_a_known_account_and_region_need_no_look_up():
    app = new_app()
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))
    DocumentClassificationPipeline(stack, "Pipeline", model=MODEL)
    manifest = json.loads(Path(app.synth().directory, "manifest.json").read_text())
    assert "missing" not in manifest


def test_a_question_mark_in_a_key_passes_the_check_of_policies_that_the_cdk_makes():
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "a-bucket")
    documents = Documents.from_bucket(bucket, "faq/What is it?.txt", input_format=InputFormat.ONE_DOC_PER_FILE)
    add_job(stack, documents=documents)
    # With the flags of cdk.json an error of that check fails the synthesis.
    assert "arn:aws:s3:::a-bucket/faq/What is it${?}.txt*" in json.dumps(template_of(stack).to_json())
