"""What is given is used, not duplicated, alone and in any mixture."""

import itertools
import json

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from support import documents_in, job_properties, new_app, results_in, statements

from constructs_lib import (
    ClassificationNetwork,
    DataAccessRole,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    Documents,
    InputFormat,
    Results,
)

KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_ACCOUNT_KEY = "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def given_documents(stack):
    bucket = s3.Bucket.from_bucket_name(stack, "In", "in-bucket")
    return {"documents": Documents.from_bucket(bucket, "in/", input_format=InputFormat.ONE_DOC_PER_FILE)}


def given_results(stack):
    return {"results": Results.to_bucket(s3.Bucket.from_bucket_name(stack, "Out", "out-bucket"), "out/")}


def given_keys(stack):
    return {"encryption_key": kms.Key.from_key_arn(stack, "Key", KEY_ARN), "volume_encryption_key": KEY_ARN}


def given_role(stack):
    return {"data_access_role": iam.Role.from_role_arn(stack, "Access", "arn:aws:iam::111122223333:role/access")}


def given_network(stack):
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["us-east-1a"], private_subnet_ids=["subnet-1"]
    )
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1", mutable=False)
    return {"network": ClassificationNetwork(stack, "Network", vpc=vpc, security_groups=[group])}


def given_logs(stack):
    return {"access_logs_bucket": s3.Bucket.from_bucket_name(stack, "Logs", "log-bucket")}


# What each part saves: resource types that the pipeline no longer makes.
PARTS = {
    given_documents: {"PipelineDocumentsBucket"},
    given_results: {"PipelineResultsBucket"},
    given_keys: {"PipelineEncryptionKey", "PipelineVolumeKey"},
    given_role: {"PipelineDataAccessRole"},
    given_network: {"PipelineNetwork"},
    given_logs: {"PipelineAccessLogsBucket"},
}
# Logs are of buckets that are made, so all of them cannot be given together.
ALL_BUT_LOGS = tuple(part for part in PARTS if part is not given_logs)
MIXTURES = [*(mixture for size in (1, 2) for mixture in itertools.combinations(PARTS, size)), ALL_BUT_LOGS]


@pytest.mark.parametrize("mixture", MIXTURES, ids=lambda mixture: "+".join(part.__name__[6:] for part in mixture))
def test_what_is_given_is_not_made_and_all_else_is(mixture, model):
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))
    given = {name: value for part in mixture for name, value in part(stack).items()}
    DocumentClassificationPipeline(stack, "Pipeline", model=model, **given)
    names = assertions.Template.from_stack(stack).to_json()["Resources"]
    saved = {prefix for part in mixture for prefix in PARTS[part]}
    if {given_documents, given_results} <= set(mixture):
        saved |= {"PipelineAccessLogsBucket", "PipelineEncryptionKey"}
    for prefix in set().union(*PARTS.values()):
        made = [name for name in names if name.startswith(prefix)]
        assert bool(made) == (prefix not in saved), (prefix, made)


def test_an_imported_mutable_role_gets_the_statements(stack, model):
    role = given_role(stack)["data_access_role"]
    DocumentClassificationJob(
        stack, "Job", model=model, documents=documents_in(stack), results=results_in(stack), data_access_role=role
    )
    template = assertions.Template.from_stack(stack)
    assert {"ReadDocuments", "ListDocuments", "WriteResults"} == set(
        statements(template, "CustomDocumentClassificationJobHandlerDataAccess")
    )
    (policy,) = [
        policy["Properties"]
        for name, policy in template.find_resources("AWS::IAM::Policy").items()
        if name.startswith("CustomDocumentClassificationJobHandlerDataAccess")
    ]
    assert policy["Roles"] == ["access"]


@pytest.mark.parametrize(
    "make",
    [
        lambda stack: iam.Role.from_role_arn(stack, "Access", "arn:aws:iam::111122223333:role/access", mutable=False),
        lambda stack: iam.Role.from_role_name(stack, "Access", "access", mutable=False),
        lambda stack: DataAccessRole(stack, "Access").without_policy_updates(),
    ],
    ids=["by-arn", "by-name", "without-policy-updates"],
)
def test_a_role_that_cannot_be_changed_gets_a_warning_with_the_exact_statements(make, stack, model):
    DocumentClassificationJob(
        stack,
        "Job",
        model=model,
        documents=documents_in(stack),
        results=results_in(stack),
        data_access_role=make(stack),
    )
    template = assertions.Template.from_stack(stack)
    assert not statements(template, "CustomDocumentClassificationJobHandlerDataAccess")
    (warning,) = assertions.Annotations.from_stack(stack).find_warning(
        "/Stack/Job", assertions.Match.string_like_regexp("cannot be changed by this app")
    )
    text = str(warning.entry.data)
    told = json.loads(text[text.index("[{") : text.rindex("}]") + 2])
    assert [statement["Sid"] for statement in told] == ["ReadDocuments", "ListDocuments", "WriteResults"]


def test_a_key_of_another_account_is_used_and_its_owner_named_in_a_warning(model):
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))
    DocumentClassificationJob(
        stack,
        "Job",
        model=model,
        documents=documents_in(stack),
        results=results_in(stack, encryption_key=OTHER_ACCOUNT_KEY),
        volume_encryption_key=kms.Key.from_key_arn(stack, "Volume", OTHER_ACCOUNT_KEY),
    )
    template = assertions.Template.from_stack(stack)
    assert (
        statements(template, "CustomDocumentClassificationJobHandlerDataAccess")["EncryptResults"]["Resource"]
        == OTHER_ACCOUNT_KEY
    )
    warnings = assertions.Annotations.from_stack(stack).find_warning(
        "/Stack/Job", assertions.Match.string_like_regexp("key policy.*444455556666")
    )
    text = str(warnings[0].entry.data)
    assert "kms:GenerateDataKey" in text
    assert "kms:CreateGrant" in text


def test_the_key_of_a_stack_of_another_account_gets_the_same_warning(model):
    app = new_app()
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))
    other = cdk.Stack(app, "Other", env=cdk.Environment(account="444455556666", region="us-east-1"))
    results = results_in(stack, encryption_key=kms.Key(other, "Key"))
    DocumentClassificationJob(stack, "Job", model=model, documents=documents_in(stack), results=results)
    (warning,) = assertions.Annotations.from_stack(stack).find_warning(
        "/Stack/Job", assertions.Match.string_like_regexp("key policy.*444455556666")
    )
    assert "kms:GenerateDataKey" in str(warning.entry.data)


def test_the_keys_of_given_buckets_are_allowed(stack, model):
    keys = {name: kms.Key(stack, f"{name}Key") for name in ("In", "Out")}
    buckets = {name: s3.Bucket(stack, f"My{name}", encryption_key=key) for name, key in keys.items()}
    DocumentClassificationJob(
        stack,
        "Job",
        model=model,
        documents=Documents.from_bucket(buckets["In"], input_format=InputFormat.ONE_DOC_PER_LINE),
        results=Results.to_bucket(buckets["Out"]),
    )
    template = assertions.Template.from_stack(stack)
    found = statements(template, "CustomDocumentClassificationJobHandlerDataAccess")
    assert "InKey" in str(found["DecryptDocuments"]["Resource"])
    assert "OutKey" in str(found["EncryptResults"]["Resource"])
    assert "OutKey" in str(job_properties(template)["Request"]["OutputDataConfig"]["KmsKeyId"])


def test_a_given_vpc_keeps_its_endpoints_and_gets_a_group(stack, model):
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=0, max_azs=2)
    network = ClassificationNetwork(
        stack, "Network", vpc=vpc, vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    )
    DocumentClassificationJob(
        stack, "Job", model=model, documents=documents_in(stack), results=results_in(stack), network=network
    )
    template = assertions.Template.from_stack(stack)
    template.resource_count_is("AWS::EC2::VPC", 1)
    template.resource_count_is("AWS::EC2::VPCEndpoint", 0)
    template.resource_count_is("AWS::EC2::SecurityGroup", 1)
    assert len(job_properties(template)["Request"]["VpcConfig"]["Subnets"]) == 2
