"""What the template of a pipeline keeps out: confused deputies, other buckets, clear text."""

import json

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from support import new_app, statements

from constructs_lib import ClassificationModel, DocumentClassificationPipeline


@pytest.fixture(scope="module")
def template():
    stack = cdk.Stack(new_app(), "Stack")
    model = ClassificationModel.from_classifier_arn(cdk.CfnParameter(stack, "Model").value_as_string)
    DocumentClassificationPipeline(stack, "Pipeline", model=model)
    return assertions.Template.from_stack(stack)


def flat(value):
    """A resolved value as one text."""
    match value:
        case {"Fn::Join": ["", items]}:
            return "".join(map(flat, items))
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
    return value


def of_type(template, kind):
    return template.find_resources(kind)


@pytest.mark.parametrize(
    ("service", "resources"),
    [
        ("comprehend", "comprehend:<AWS::Region>:<AWS::AccountId>:document-classification-job/*"),
        ("vpc-flow-logs", "ec2:<AWS::Region>:<AWS::AccountId>:vpc-flow-log/*"),
    ],
)
def test_services_assume_a_role_only_for_resources_of_this_account(template, service, resources):
    trusts = [role["Properties"]["AssumeRolePolicyDocument"] for role in of_type(template, "AWS::IAM::Role").values()]
    (trust,) = [
        statement
        for trust in trusts
        for statement in trust["Statement"]
        if statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
    ]
    condition = trust.pop("Condition")
    assert trust == {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
    }
    assert condition["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert flat(condition["ArnLike"]["aws:SourceArn"]) == f"arn:<AWS::Partition>:{resources}"
    assert set(condition) == {"StringEquals", "ArnLike"}


def test_no_other_service_assumes_a_role(template):
    services = [
        statement["Principal"]["Service"]
        for role in of_type(template, "AWS::IAM::Role").values()
        for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    ]
    assert sorted(services) == ["comprehend.amazonaws.com", "lambda.amazonaws.com", "vpc-flow-logs.amazonaws.com"]


def test_no_role_has_a_policy_of_aws(template):
    for role in of_type(template, "AWS::IAM::Role").values():
        assert not {"ManagedPolicyArns", "Policies"} & set(role["Properties"])


def test_results_are_written_nowhere_but_under_their_prefix(template):
    writing = [
        flat(statement["Resource"])
        for statement in statements(template, "CustomDocumentClassificationJobHandler").values()
        if "s3:PutObject" in json.dumps(statement["Action"])
    ]
    (uri,) = [
        flat(job["Properties"]["Request"]["OutputDataConfig"]["S3Uri"])
        for job in of_type(template, "Custom::DocumentClassificationJob").values()
    ]
    assert writing == ["<PipelineResultsBucketDFEB98C2.Arn>/results/*"]
    assert uri == "s3://<PipelineResultsBucketDFEB98C2>/results/"


def test_the_endpoint_leads_to_the_buckets_of_the_job_only(template):
    (endpoint,) = of_type(template, "AWS::EC2::VPCEndpoint").values()
    arns = {
        flat(arn)
        for statement in endpoint["Properties"]["PolicyDocument"]["Statement"]
        for arn in statement["Resource"]
    }
    buckets = {"<PipelineDocumentsBucketB9D6610D.Arn>", "<PipelineResultsBucketDFEB98C2.Arn>"}
    assert arns == buckets | {f"{bucket}/*" for bucket in buckets}


def test_every_bucket_refuses_clear_text(template):
    refusing = {
        policy["Properties"]["Bucket"]["Ref"]
        for policy in of_type(template, "AWS::S3::BucketPolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
        and statement["Action"] == "s3:*"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }
    assert refusing == set(of_type(template, "AWS::S3::Bucket"))


def test_keys_are_used_through_s3_except_for_volumes(template):
    for sid, statement in statements(template, "CustomDocumentClassificationJobHandlerDataAccess").items():
        if "kms:" in json.dumps(statement["Action"]):
            through_s3 = "kms:ViaService" in json.dumps(statement.get("Condition", {}))
            assert through_s3 == (sid != "EncryptVolumes"), sid


def test_the_role_goes_after_the_job_whose_interfaces_it_removes(template):
    (job,) = of_type(template, "Custom::DocumentClassificationJob").values()
    policy = next(
        name for name in job["DependsOn"] if name.startswith("CustomDocumentClassificationJobHandlerDataAccess")
    )
    roles = template.to_json()["Resources"][policy]["Properties"]["Roles"]
    assert roles == [{"Ref": "PipelineDataAccessRoleFE2C4842"}]


def test_the_job_is_in_no_public_network(template):
    for kind in ("AWS::EC2::InternetGateway", "AWS::EC2::NatGateway"):
        template.resource_count_is(kind, 0)
    (rule,) = of_type(template, "AWS::EC2::SecurityGroupIngress").values()
    assert rule["Properties"]["SourceSecurityGroupId"] == rule["Properties"]["GroupId"]


def test_no_partition_is_fixed(template):
    assert "arn:aws" not in json.dumps(template.to_json())
