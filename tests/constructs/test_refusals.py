"""Mistakes are refused before anything is defined, all of them at once; tokens pass."""

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from support import CLASSIFIER_ARN, FLYWHEEL_ARN, documents_in, job_properties, new_app, results_in

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    DocumentReader,
    Documents,
    FeatureType,
    InputFormat,
    Results,
    ValidationError,
)

IN_IRELAND = CLASSIFIER_ARN.replace("us-east-1", "eu-west-1")
CLASSIFIER = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN)


@pytest.fixture(scope="session")
def concrete():
    """One stack for all refusals: a refused job leaves nothing behind in it."""
    return cdk.Stack(new_app(), "Concrete", env=cdk.Environment(account="111122223333", region="us-east-1"))


def bucket(stack, name="a-bucket"):
    return stack.node.try_find_child(name) or s3.Bucket.from_bucket_name(stack, name, name)


def refusal(stack, **options):
    """The problems of a job with valid options, but for those given."""
    defaults = {
        "model": CLASSIFIER,
        "documents": Documents.from_bucket(bucket(stack), "in/", input_format=InputFormat.ONE_DOC_PER_FILE),
        "results": Results.to_bucket(bucket(stack), "out/"),
    }
    before = len(stack.node.children)
    with pytest.raises(ValidationError) as caught:
        DocumentClassificationJob(stack, "Job", **{**defaults, **options})
    assert len(stack.node.children) == before, "a refused job must not define anything"
    assert isinstance(caught.value, ValueError)
    return caught.value.problems


def documents(stack, prefix="in/", input_format=InputFormat.ONE_DOC_PER_FILE, reader=None):
    return Documents.from_bucket(bucket(stack), prefix, input_format=input_format, reader=reader)


@pytest.mark.parametrize(
    ("make", "option", "advice"),
    [
        (lambda s: {"model": ClassificationModel.from_classifier_arn(FLYWHEEL_ARN)}, "model", "from_flywheel_arn"),
        (lambda s: {"model": ClassificationModel.from_flywheel_arn(CLASSIFIER_ARN)}, "model", "from_classifier_arn"),
        (lambda s: {"model": ClassificationModel.from_classifier_arn("mails")}, "model", "copy the ARN"),
        (
            lambda s: {"model": ClassificationModel.from_classifier_arn(IN_IRELAND)},
            "model",
            "Region us-east-1",
        ),
        (
            lambda s: {
                "model": ClassificationModel.from_classifier_arn(CLASSIFIER_ARN.replace("arn:aws:", "arn:aws-us-gov:"))
            },
            "model",
            "partition aws",
        ),
        (lambda s: {"documents": documents(s, "/in/")}, "documents", "does not begin with a slash"),
        (lambda s: {"documents": documents(s, "s3://b/in/")}, "documents", "leave out the bucket"),
        (lambda s: {"documents": documents(s, "in/*.txt")}, "documents", "not a pattern"),
        (lambda s: {"documents": documents(s, "x" * 1020)}, "documents", "at most 1024"),
        (lambda s: {"documents": documents(s, "")}, "results", "does not begin with ''"),
        (lambda s: {"documents": documents(s, "out")}, "results", "does not begin with 'out'"),
        (lambda s: {"results": Results.to_bucket(bucket(s), "in/results")}, "results", "does not begin with 'in/'"),
        (lambda s: {"results": Results.to_bucket(bucket(s), "/out")}, "results", "does not begin with a slash"),
        (
            lambda s: {"documents": documents(s, "in/", InputFormat.ONE_DOC_PER_LINE, DocumentReader.detect_text())},
            "reader",
            "ONE_DOC_PER_FILE only",
        ),
        (
            lambda s: {
                "documents": documents(s, reader=DocumentReader.analyze(FeatureType.TABLES, FeatureType.TABLES))
            },
            "features",
            "each feature once",
        ),
        (lambda s: {"documents": documents(s, "a.pdf", InputFormat.ONE_DOC_PER_LINE)}, "documents", "ONE_DOC_PER_FILE"),
        (lambda s: {"documents": documents(s, input_format="ONE_PER_PAGE")}, "input_format", "ONE_DOC_PER_LINE"),
        (lambda s: {"documents": Documents.from_asset("no-such-file.txt")}, "documents", "there is no such file"),
        (lambda s: {"documents": Documents.from_asset(".")}, "documents", "this is a folder"),
        (lambda s: {"volume_encryption_key": "alias/volumes"}, "volume_encryption_key", "takes no alias"),
        (lambda s: {"volume_encryption_key": "my key"}, "volume_encryption_key", "a key id or a key ARN"),
        (
            lambda s: {
                "volume_encryption_key": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
            },
            "volume_encryption_key",
            "Region us-east-1",
        ),
        (
            lambda s: {"results": Results.to_bucket(bucket(s), "out/", encryption_key="arn:aws:s3:::x")},
            "encryption_key",
            "alias ARN",
        ),
        (lambda s: {"job_name": ""}, "job_name", "1 to 256"),
        (lambda s: {"job_name": "a&b"}, "job_name", "letters, numbers"),
        (lambda s: {"tags": {f"k{i}": "v" for i in range(51)}}, "tags", "at most 50"),
        (lambda s: {"tags": {"aws:x": "v"}}, "tags", "without aws: in front"),
        (lambda s: {"tags": {"": "v"}}, "tags", "1 to 128"),
        (lambda s: {"tags": {"k": "v" * 257}}, "tags['k']", "at most 256"),
        (lambda s: {"run_id": ""}, "run_id", "1 to 256"),
        (lambda s: {"timeout": cdk.Duration.seconds(0)}, "timeout", "1 second to 1 hour"),
        (lambda s: {"timeout": cdk.Duration.millis(500)}, "timeout", "1 second to 1 hour"),
        (lambda s: {"timeout": cdk.Duration.minutes(61)}, "timeout", "1 second to 1 hour"),
        (lambda s: {"wait_for": "DONE"}, "wait_for", "COMPLETED"),
        (lambda s: {"when_empty": "IGNORE"}, "when_empty", "SKIP"),
        (
            lambda s: {
                "data_access_role": s.node.try_find_child("ImmutableRoleForeign")
                or iam.Role.from_role_arn(s, "Foreign", "arn:aws:iam::444455556666:role/x")
            },
            "data_access_role",
            "within its account",
        ),
    ],
)
def test_a_mistake_is_named_with_its_option_its_value_and_what_to_do(concrete, make, option, advice):
    options = make(concrete)
    (problem,) = refusal(concrete, **options)
    assert problem.startswith(f"{option}: got ")
    assert "; allowed: " in problem
    assert advice in problem


def test_all_problems_are_told_at_once(concrete):
    problems = refusal(
        concrete,
        model=ClassificationModel.from_classifier_arn("x"),
        documents=documents(concrete, "/in", InputFormat.ONE_DOC_PER_LINE, DocumentReader.detect_text()),
        results=Results.to_bucket(bucket(concrete), "/out", encryption_key="?"),
        volume_encryption_key="alias/x",
        job_name="&",
        tags={"aws:x": "y"},
        run_id="",
        timeout=cdk.Duration.hours(2),
    )
    options = [problem.split(":")[0] for problem in problems]
    assert options == [
        "model",
        "reader",
        "documents",
        "results",
        "encryption_key",
        "volume_encryption_key",
        "job_name",
        "tags",
        "run_id",
        "timeout",
    ]


def test_an_empty_local_file_is_refused(concrete, tmp_path):
    (tmp_path / "empty.txt").touch()
    (problem,) = refusal(concrete, documents=Documents.from_asset(tmp_path / "empty.txt"))
    assert "write documents into it" in problem


def test_a_bucket_of_another_region_is_refused(concrete):
    far = s3.Bucket.from_bucket_attributes(concrete, "Far", bucket_name="far", region="eu-west-1")
    (problem,) = refusal(concrete, results=Results.to_bucket(far))
    assert "a bucket in eu-west-1" in problem


def test_an_alias_that_does_not_know_its_key_is_refused_as_a_volume_key(concrete):
    alias = kms.Alias.from_alias_name(concrete, "Imported", "alias/volumes")
    (problem,) = refusal(concrete, volume_encryption_key=alias)
    assert "import the key" in problem


def test_too_many_groups_are_refused():
    stack = cdk.Stack(new_app(), "Stack")
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a"], private_subnet_ids=["subnet-1"]
    )
    groups = [ec2.SecurityGroup.from_security_group_id(stack, f"G{i}", f"sg-{i}") for i in range(6)]
    with pytest.raises(ValidationError) as caught:
        ClassificationNetwork(stack, "Network", vpc=vpc, security_groups=groups)
    (problem,) = caught.value.problems
    assert problem.startswith("security_groups: got '6 groups'")


def test_analyzing_without_a_feature_cannot_be_put_together():
    with pytest.raises(ValidationError, match="use DocumentReader"):
        DocumentReader.analyze()


def test_a_pipeline_refuses_before_it_defines_anything(concrete):
    before = len(concrete.node.children)
    with pytest.raises(ValidationError) as caught:
        DocumentClassificationPipeline(
            concrete,
            "Pipeline",
            model=ClassificationModel.from_classifier_arn("x"),
            encryption_key="nonsense",
            job_name="",
        )
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["model", "job_name", "encryption_key"]
    assert str(caught.value).startswith("Concrete/Pipeline: 3 problems\n  - model: got 'x'")
    assert len(concrete.node.children) == before


def test_a_network_without_isolation_is_a_contradiction(stack):
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a"], private_subnet_ids=["subnet-1"]
    )
    with pytest.raises(ValidationError, match="network_isolation"):
        DocumentClassificationPipeline(
            stack,
            "Pipeline",
            model=CLASSIFIER,
            network=ClassificationNetwork(stack, "Network", vpc=vpc),
            network_isolation=False,
        )


def test_tokens_pass_every_check(stack):
    def token(name):
        return cdk.CfnParameter(stack, name).value_as_string

    DocumentClassificationJob(
        stack,
        "Job",
        model=ClassificationModel.from_classifier_arn(token("Model")),
        documents=documents_in(stack, token("Prefix")),
        results=results_in(stack, token("OutPrefix"), encryption_key=token("ResultsKey")),
        data_access_role=iam.Role.from_role_arn(stack, "Role", token("RoleArn")),
        volume_encryption_key=token("VolumeKey"),
        job_name=token("Name"),
        tags={token("TagKey"): token("TagValue"), "k": token("OtherValue")},
        run_id=token("Run"),
    )
    request = job_properties(assertions.Template.from_stack(stack))["Request"]
    assert request["DocumentClassifierArn"] == {"Ref": "Model"}
    assert request["JobName"] == {"Ref": "Name"}
    assert request["VolumeKmsKeyId"] == {"Ref": "VolumeKey"}


def test_a_region_that_is_not_known_is_a_warning():
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(account="111122223333", region="eu-north-1"))
    model = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN.replace("us-east-1", "eu-north-1"))
    DocumentClassificationJob(stack, "Job", model=model, documents=documents_in(stack), results=results_in(stack))
    found = assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value())
    assert any("eu-north-1 was not known" in str(entry.entry.data) for entry in found)
