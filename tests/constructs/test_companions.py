"""Policies and aliases that an app writes by itself for what a job uses are there before the job, in whatever order."""

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct
from support import CLASSIFIER_ARN, documents_in, new_app, results_in

from constructs_lib import (
    ClassificationModel,
    DataAccessRole,
    DocumentClassificationJob,
    Documents,
    InputFormat,
    Results,
)

FILE = InputFormat.ONE_DOC_PER_FILE
DENIAL = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "*"}
LEAVE = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}


def document(statement, **others):
    return {"Version": "2012-10-17", "Statement": [{**statement, **others}]}


def add_job(stack, **options):
    given = {
        "model": ClassificationModel.from_classifier_arn(CLASSIFIER_ARN),
        "documents": documents_in(stack),
        "results": results_in(stack),
        **options,
    }
    return DocumentClassificationJob(stack, "Job", **given)


def waits_for(stack):
    resources = assertions.Template.from_stack(stack).to_json()["Resources"]
    (job,) = [each for each in resources.values() if each["Type"] == "Custom::DocumentClassificationJob"]
    return set(job["DependsOn"])


@pytest.mark.parametrize("kind", ["its name", "its reference", "a plain resource", "a parameter", "its text"])
@pytest.mark.parametrize("moment", ["before", "after", "by an aspect"])
def test_a_policy_of_its_bucket(kind, moment, stack):
    plain = s3.CfnBucket(stack, "Plain")
    name = cdk.CfnParameter(stack, "Name").value_as_string
    buckets = {
        "its name": s3.Bucket(stack, "Documents"),
        "its reference": s3.Bucket.from_cfn_bucket(plain),
        "a plain resource": s3.Bucket.from_cfn_bucket(plain),
        "a parameter": s3.Bucket.from_bucket_name(stack, "ByParameter", name),
        "its text": s3.Bucket.from_bucket_name(stack, "ByName", "a-bucket"),
    }
    bucket = buckets[kind]

    def add_policy():
        for owner in (bucket.bucket_name, "another-bucket"):
            id = "Policy" if owner != "another-bucket" else "Other"
            if kind == "a plain resource":
                given = {"Bucket": plain.ref if id == "Policy" else owner, "PolicyDocument": document(DENIAL)}
                cdk.CfnResource(stack, id, type="AWS::S3::BucketPolicy", properties=given)
            else:
                s3.CfnBucketPolicy(stack, id, bucket=owner, policy_document=document(DENIAL))

    @jsii.implements(cdk.IAspect)
    class Guard:
        def visit(self, node):
            if node is stack:
                add_policy()

    if moment == "before":
        add_policy()
    add_job(stack, documents=Documents.from_bucket(bucket, "in/", input_format=FILE))
    if moment == "after":
        add_policy()
    if moment == "by an aspect":
        cdk.Aspects.of(stack).add(Guard())
    found = waits_for(stack)
    assert "Policy" in found
    assert "Other" not in found


def test_a_policy_of_a_bucket_of_another_stack():
    app = new_app()
    data, jobs = cdk.Stack(app, "Data"), cdk.Stack(app, "Jobs")
    bucket = s3.Bucket(data, "Bucket")
    s3.CfnBucketPolicy(data, "Policy", bucket=bucket.bucket_name, policy_document=document(DENIAL))
    add_job(jobs, documents=Documents.from_bucket(bucket, "in/", input_format=FILE))
    assert "Policy" not in waits_for(jobs)
    assert [each.node.path for each in jobs.dependencies] == ["Data"]


def test_the_policies_of_its_role(stack):
    role = DataAccessRole(stack, "Role")
    add_job(stack, data_access_role=role.without_policy_updates())
    role.add_to_policy(iam.PolicyStatement(actions=["kms:Decrypt"], resources=["*"]))
    by_name = {"policy_document": document(LEAVE)}
    iam.CfnPolicy(stack, "Inline", policy_name="a", roles=["another", role.role_name], **by_name)
    iam.CfnRolePolicy(stack, "OfRole", policy_name="b", role_name=role.role_name, **by_name)
    iam.CfnManagedPolicy(stack, "Managed", roles=[role.role_name], **by_name)
    iam.ManagedPolicy(
        stack, "L2", roles=[role], statements=[iam.PolicyStatement(actions=["kms:Decrypt"], resources=["*"])]
    )
    iam.CfnPolicy(stack, "Other", policy_name="c", roles=["another"], **by_name)
    iam.CfnPolicy(stack, "OfUser", policy_name="d", users=["somebody"], **by_name)
    found = waits_for(stack)
    assert {"Inline", "OfRole", "Managed"} <= found
    assert len([name for name in found if name.startswith(("L2", "RoleDefaultPolicy"))]) == 2
    assert not {"Other", "OfUser"} & found


def test_a_role_that_is_known_by_its_name(stack):
    role = iam.Role.from_role_name(stack, "Role", "a-role", mutable=False)
    add_job(stack, data_access_role=role)
    iam.CfnRolePolicy(stack, "OfRole", policy_name="b", role_name="a-role", policy_document=document(LEAVE))
    assert "OfRole" in waits_for(stack)


def test_the_alias_of_its_key(stack):
    add_job(stack, results=Results.to_bucket(s3.Bucket(stack, "Bucket"), "out/", encryption_key="alias/mails"))
    key = kms.Key(stack, "Key")
    for name in ("mails", "others"):
        kms.CfnAlias(stack, name, alias_name=f"alias/{name}", target_key_id=key.key_id)
    found = waits_for(stack)
    assert "mails" in found
    assert "others" not in found


def test_not_what_comes_after_a_job(stack):
    role = DataAccessRole(stack, "Role")
    job = add_job(stack, data_access_role=role)
    job.grant_read_results(role)
    folder = f"{documents_in(stack).bucket.bucket_arn}/{job.job_id}/*"
    role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=[folder]))
    s3.CfnBucketPolicy(
        stack,
        "Policy",
        bucket=documents_in(stack).bucket.bucket_name,
        policy_document=document(DENIAL, Resource=folder),
    )
    # Otherwise they would wait for each other, which the CDK reports.
    found = waits_for(stack)
    assert "Policy" not in found
    assert not [name for name in found if name.startswith("RoleDefaultPolicy")]


# What makes a topic of the app come after the job; the policy names the topic, or something that names it.
AFTER = {
    "an attribute": lambda topic, job: setattr(topic, "display_name", job.job_arn),
    "an attribute in text": lambda topic, job: setattr(
        topic, "display_name", cdk.Fn.sub("${Job} ${!Job}", {"Job": job.job_arn})
    ),
    "its name in text": lambda topic, job: setattr(
        topic, "display_name", cdk.Fn.sub(f"${{{name_of(job.node.default_child)}.JobArn}}")
    ),
    "a dependency of the resource": lambda topic, job: topic.add_dependency(job.node.default_child),
    "a dependency of the construct": lambda topic, job: topic.node.add_dependency(job),
    "a dependency of what it is part of": lambda topic, job: topic.node.scope.node.add_dependency(job),
}


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("direct", [True, False])
def test_not_what_needs_something_that_comes_after_a_job(after, direct, stack):
    role = DataAccessRole(stack, "Role")
    job = add_job(stack, data_access_role=role)
    part = Construct(stack, "Part")
    topic = sns.CfnTopic(part, "Topic")
    AFTER[after](topic, job)
    between = topic if direct else sns.CfnTopic(stack, "Between", display_name=cdk.Fn.sub(f"${{{name_of(topic)}}}"))
    role.add_to_policy(iam.PolicyStatement(actions=["sns:Publish"], resources=[between.ref]))
    assert not [name for name in waits_for(stack) if name.startswith("RoleDefaultPolicy")]


def name_of(resource):
    return cdk.Stack.of(resource).resolve(resource.logical_id)


def test_what_needs_something_else_is_waited_for(stack):
    role = DataAccessRole(stack, "Role")
    add_job(stack, data_access_role=role)
    topic = sns.Topic(stack, "Topic")
    topic.grant_publish(role)
    kms.Key(stack, "Further").grant_decrypt(role)
    assert [name for name in waits_for(stack) if name.startswith("RoleDefaultPolicy")]


def test_not_a_policy_of_another_stack_that_names_the_job():
    app = new_app()
    data, jobs = cdk.Stack(app, "Data"), cdk.Stack(app, "Jobs")
    bucket = s3.Bucket.from_bucket_name(data, "Bucket", "a-bucket")
    job = add_job(jobs, documents=Documents.from_bucket(bucket, "in/", input_format=FILE))
    s3.CfnBucketPolicy(data, "Policy", bucket="a-bucket", policy_document=document(DENIAL, Resource=job.job_arn))
    waits_for(jobs)
    assert [each.node.path for each in data.dependencies] == ["Jobs"]


def test_a_bucket_of_another_account_of_the_app_is_asked_for_its_own_policies_only():
    app = new_app()
    data = cdk.Stack(app, "Data", env=cdk.Environment(account="222233334444", region="us-east-1"))
    jobs = cdk.Stack(app, "Jobs", env=cdk.Environment(account="111122223333", region="us-east-1"))
    bucket = s3.Bucket(data, "Bucket", bucket_name="a-bucket", enforce_ssl=True)
    add_job(jobs, documents=Documents.from_bucket(bucket, "in/", input_format=FILE))
    assert waits_for(jobs)
    assert [each.node.path for each in jobs.dependencies] == ["Data"]


def test_what_an_equal_stack_of_another_stage_does_changes_nothing():
    app = new_app()
    found = {}
    for name in ("Dev", "Prod"):
        stack = cdk.Stack(cdk.Stage(app, name), "Jobs")
        role = DataAccessRole(stack, "Role")
        job = add_job(stack, data_access_role=role)
        topic = sns.Topic(stack, "Topic")
        topic.grant_publish(role)
        if name == "Dev":
            topic.node.add_dependency(job)
        found[name] = stack
    waits = {
        name: any(each.startswith("RoleDefaultPolicy") for each in waits_for(stack)) for name, stack in found.items()
    }
    assert waits == {"Dev": False, "Prod": True}


def test_a_later_job_waits_for_what_comes_after_an_earlier_one(stack):
    role = DataAccessRole(stack, "Role")
    earlier = add_job(stack)
    later = DocumentClassificationJob(
        stack,
        "Later",
        model=ClassificationModel.from_classifier_arn(CLASSIFIER_ARN),
        documents=Documents.from_uri("s3://a-bucket/in/", input_format=FILE),
        results=Results.to_uri("s3://a-bucket/out/"),
        data_access_role=role,
    )
    later.node.default_child.node.add_dependency(earlier)
    role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=[f"arn:aws:s3:::b/{earlier.job_id}/*"]))
    s3.CfnBucketPolicy(stack, "Policy", bucket="a-bucket", policy_document=document(DENIAL, Resource=earlier.job_arn))
    resources = assertions.Template.from_stack(stack).to_json()["Resources"]
    (waits,) = [each["DependsOn"] for name, each in resources.items() if name.startswith("Later")]
    assert "Policy" in waits
    assert [name for name in waits if name.startswith("RoleDefaultPolicy")]


@pytest.mark.parametrize("kind", ["role", "bucket"])
def test_the_policy_of_what_is_known_by_an_attribute_of_a_resource(kind, stack):
    if kind == "role":
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "comprehend.amazonaws.com"}}
        plain = iam.CfnRole(stack, "Role", assume_role_policy_document=document(trust))
        add_job(stack, data_access_role=iam.Role.from_role_arn(stack, "Known", plain.attr_arn, mutable=False))
        iam.CfnPolicy(stack, "Policy", policy_name="a", roles=[plain.ref], policy_document=document(LEAVE))
    else:
        bucket = s3.CfnBucket(stack, "Plain")
        known = s3.Bucket.from_bucket_arn(stack, "Known", bucket.attr_arn)
        add_job(stack, documents=Documents.from_bucket(known, "in/", input_format=FILE))
        s3.CfnBucketPolicy(stack, "Policy", bucket=bucket.ref, policy_document=document(DENIAL))
    assert "Policy" in waits_for(stack)


def test_a_stack_inside_a_stack_is_left_alone(stack):
    add_job(stack)
    other = cdk.Stack(stack, "Inner", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    role = iam.Role(other, "Role", assumed_by=iam.AccountRootPrincipal())
    role.add_to_policy(iam.PolicyStatement(actions=["kms:Decrypt"], resources=["*"]))
    assert waits_for(stack)
