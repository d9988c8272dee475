"""The resource of one job: its request, what stands beside it, its attributes."""

import re

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_comprehend as comprehend
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from support import CLASSIFIER_ARN, FLYWHEEL_ARN, awaited, documents_in, job_properties, new_app, results_in, statements

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DataAccessRole,
    DocumentClassificationJob,
    DocumentReader,
    Documents,
    EmptyInput,
    FeatureType,
    InputFormat,
    JobMilestone,
    ReadMode,
    Results,
)

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:us-east-1:111122223333:key/{KEY_ID}"


def template_of(stack):
    return assertions.Template.from_stack(stack)


def granted(stack):
    """The statements of the role `Reader`."""
    (policy,) = [
        policy["Properties"]["PolicyDocument"]["Statement"]
        for policy in template_of(stack).find_resources("AWS::IAM::Policy").values()
        if "Reader" in str(policy["Properties"]["Roles"])
    ]
    return policy


@pytest.fixture(scope="session")
def full():
    """A stack with a job that uses every option, as a template."""
    stack = cdk.Stack(new_app(), "Full", env=cdk.Environment(account="111122223333", region="us-east-1"))
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["us-east-1a", "us-east-1b"],
        private_subnet_ids=["subnet-1", "subnet-2"],
        private_subnet_route_table_ids=["rtb-1", "rtb-2"],
    )
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")
    DocumentClassificationJob(
        stack,
        "Job",
        model=ClassificationModel.from_flywheel_arn(FLYWHEEL_ARN),
        documents=Documents.from_bucket(
            s3.Bucket.from_bucket_name(stack, "In", "in-bucket"),
            "scans/",
            input_format=InputFormat.ONE_DOC_PER_FILE,
            reader=DocumentReader.analyze(
                FeatureType.TABLES, FeatureType.FORMS, mode=ReadMode.FORCE_DOCUMENT_READ_ACTION
            ),
        ),
        results=Results.to_bucket(
            s3.Bucket.from_bucket_name(stack, "Out", "out-bucket"), "results", encryption_key="alias/results"
        ),
        data_access_role=iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/path/access"),
        volume_encryption_key=KEY_ID,
        network=ClassificationNetwork(stack, "Network", vpc=vpc, security_groups=[group]),
        job_name="Mails of November",
        tags={"team": "mail"},
        run_id="2026-11-24",
        wait_for=JobMilestone.COMPLETED,
        timeout=cdk.Duration.minutes(30),
        when_empty=EmptyInput.SKIP,
    )
    return template_of(stack)


def test_every_parameter_of_the_operation_stands_in_the_request_by_its_own_name(full):
    assert job_properties(full)["Request"] == {
        "JobName": "Mails of November",
        "FlywheelArn": FLYWHEEL_ARN,
        "InputDataConfig": {
            "S3Uri": "s3://in-bucket/scans/",
            "InputFormat": "ONE_DOC_PER_FILE",
            "DocumentReaderConfig": {
                "DocumentReadAction": "TEXTRACT_ANALYZE_DOCUMENT",
                "DocumentReadMode": "FORCE_DOCUMENT_READ_ACTION",
                "FeatureTypes": ["TABLES", "FORMS"],
            },
        },
        "OutputDataConfig": {"S3Uri": "s3://out-bucket/results/", "KmsKeyId": "alias/results"},
        "DataAccessRoleArn": "arn:aws:iam::111122223333:role/path/access",
        "VolumeKmsKeyId": KEY_ID,
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
        "Tags": [{"Key": "team", "Value": "mail"}],
    }


def test_what_is_not_of_the_api_stands_beside_the_request(full):
    properties = job_properties(full)
    del properties["Request"], properties["ServiceToken"]
    assert properties == {
        "RunId": "2026-11-24",
        "WaitFor": "COMPLETED",
        "Timeout": "1800",
        "ServiceTimeout": 1920,
        "WhenEmpty": "SKIP",
        "Rights": properties["Rights"],
    }
    assert re.fullmatch("[0-9a-f]{64}", properties["Rights"])


def test_a_job_with_defaults_says_only_what_it_must(stack, model):
    DocumentClassificationJob(stack, "Job", model=model, documents=documents_in(stack), results=results_in(stack))
    properties = job_properties(template_of(stack))
    assert set(properties["Request"]) == {
        "DocumentClassifierArn",
        "InputDataConfig",
        "OutputDataConfig",
        "DataAccessRoleArn",
    }
    assert set(properties["Request"]["InputDataConfig"]) == {"S3Uri", "InputFormat"}
    assert set(properties["Request"]["OutputDataConfig"]) == {"S3Uri"}
    assert {name: properties[name] for name in ("WaitFor", "Timeout", "ServiceTimeout", "WhenEmpty")} == {
        "WaitFor": "IN_PROGRESS",
        "Timeout": "900",
        "ServiceTimeout": 1020,
        "WhenEmpty": "FAIL",
    }


def test_waiting_for_completion_takes_an_hour_by_default_and_no_longer(stack, model):
    DocumentClassificationJob(
        stack,
        "Job",
        model=model,
        documents=documents_in(stack),
        results=results_in(stack),
        wait_for=JobMilestone.COMPLETED,
    )
    properties = job_properties(template_of(stack))
    assert (properties["Timeout"], properties["ServiceTimeout"]) == ("3600", 3600)


def test_attributes_are_those_of_the_resource(stack, model):
    job = DocumentClassificationJob(stack, "Job", model=model, documents=documents_in(stack), results=results_in(stack))
    names = {
        "JobArn": job.job_arn,
        "JobId": job.job_id,
        "JobName": job.job_name,
        "JobStatus": job.job_status,
        "DocumentClassifierArn": job.document_classifier_arn,
        "OutputS3Uri": job.output_s3_uri,
    }
    resolved = {name: stack.resolve(token)["Fn::GetAtt"] for name, token in names.items()}
    assert {name: attribute for name, (_, attribute) in resolved.items()} == {name: name for name in names}
    assert len({resource for resource, _ in resolved.values()}) == 1


def test_models_of_the_same_app_are_taken_by_reference(stack):
    training = comprehend.CfnDocumentClassifier(
        stack,
        "Classifier",
        data_access_role_arn="arn:aws:iam::111122223333:role/x",
        document_classifier_name="mails",
        input_data_config=comprehend.CfnDocumentClassifier.DocumentClassifierInputDataConfigProperty(s3_uri="s3://abc"),
        language_code="en",
    )
    flywheel = comprehend.CfnFlywheel(
        stack,
        "Flywheel",
        data_access_role_arn="arn:aws:iam::111122223333:role/x",
        data_lake_s3_uri="s3://abc",
        flywheel_name="mails",
    )
    for id, model in (
        ("A", ClassificationModel.from_classifier(training)),
        ("B", ClassificationModel.from_flywheel(flywheel)),
    ):
        DocumentClassificationJob(stack, id, model=model, documents=documents_in(stack), results=results_in(stack))
    template = template_of(stack)
    assert "Classifier" in str(job_properties(template, "A")["Request"]["DocumentClassifierArn"])
    assert "Flywheel" in str(job_properties(template, "B")["Request"]["FlywheelArn"])


def test_a_local_file_is_published_and_new_content_is_a_new_request(tmp_path, model):
    uris = []
    for text in ("first\n", "second\n"):
        (tmp_path / "lines.txt").write_text(text)
        stack = cdk.Stack(new_app(), "Stack")
        documents = Documents.from_asset(tmp_path / "lines.txt")
        DocumentClassificationJob(stack, "Job", model=model, documents=documents, results=results_in(stack))
        uris.append(str(job_properties(template_of(stack))["Request"]["InputDataConfig"]["S3Uri"]))
    assert uris[0] != uris[1]
    assert all(".txt" in uri for uri in uris)


def test_the_job_waits_for_all_that_it_needs(stack, model):
    key = kms.Key(stack, "Key")
    secure = {"encryption_key": key, "enforce_ssl": True}
    documents = Documents.from_bucket(
        s3.Bucket(stack, "Documents", **secure), input_format=InputFormat.ONE_DOC_PER_LINE
    )
    results = Results.to_bucket(s3.Bucket(stack, "Results", **secure))
    DocumentClassificationJob(
        stack, "Job", model=model, documents=documents, results=results, network=ClassificationNetwork(stack, "Network")
    )
    types = awaited(template_of(stack))
    assert types.count("AWS::IAM::Policy") == 4
    assert types.count("Custom::ClassificationNetworkInterfaces") == 1
    assert types.count("AWS::S3::BucketPolicy") == 2
    assert types.count("AWS::EC2::VPCEndpoint") == 1
    assert types.count("AWS::EC2::SubnetRouteTableAssociation") == 2
    assert {"AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"} <= set(types)


def test_describing_a_job_is_granted_for_that_job_only(stack, model):
    job = DocumentClassificationJob(stack, "Job", model=model, documents=documents_in(stack), results=results_in(stack))
    reader = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    assert job.grant_describe(reader).success
    (statement,) = granted(stack)
    assert statement["Action"] == "comprehend:DescribeDocumentClassificationJob"
    assert statement["Resource"]["Fn::Join"][1][-1]["Fn::GetAtt"][1] == "JobId"


def test_reading_results_is_granted_with_their_key(stack, model):
    key = kms.Key(stack, "Key")
    results = results_in(stack, encryption_key=key)
    job = DocumentClassificationJob(stack, "Job", model=model, documents=documents_in(stack), results=results)
    reader = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    job.grant_read_results(reader)
    policy = granted(stack)
    assert [statement["Action"] for statement in policy] == ["s3:GetObject", "s3:ListBucket", "kms:Decrypt"]
    assert "-CLN-" in str(policy[0]["Resource"])
    assert "Condition" in policy[1]
    assert "Condition" in policy[2]


def test_the_volume_key_behind_an_alias_is_named_itself(stack, model):
    alias = kms.Alias(stack, "Alias", alias_name="volumes", target_key=kms.Key.from_key_arn(stack, "Key", KEY_ARN))
    DocumentClassificationJob(
        stack,
        "Job",
        model=model,
        documents=documents_in(stack),
        results=results_in(stack),
        volume_encryption_key=alias,
    )
    assert job_properties(template_of(stack))["Request"]["VolumeKmsKeyId"] == KEY_ARN


@pytest.mark.parametrize(
    ("key", "resource", "alias"),
    [
        (KEY_ARN, KEY_ARN, None),
        (KEY_ID, f"key/{KEY_ID}", None),
        ("alias/results", "key/*", "alias/results"),
        (
            "arn:aws:kms:us-east-1:444455556666:alias/results",
            "arn:aws:kms:us-east-1:444455556666:key/*",
            "alias/results",
        ),
    ],
)
def test_each_format_of_an_output_key_is_allowed_to_the_role(stack, model, key, resource, alias):
    DocumentClassificationJob(
        stack,
        "Job",
        model=model,
        documents=documents_in(stack),
        results=results_in(stack, encryption_key=key),
        data_access_role=DataAccessRole(stack, "Role"),
    )
    template = template_of(stack)
    assert job_properties(template)["Request"]["OutputDataConfig"]["KmsKeyId"] == key
    found = statements(template, "CustomDocumentClassificationJobHandlerDataAccess")
    statement = found["EncryptResultsByAlias" if alias else "EncryptResults"]
    assert resource in str(statement["Resource"])
    assert statement["Condition"].get("ForAnyValue:StringEquals") == (alias and {"kms:ResourceAliases": alias})


def test_a_classifier_version_is_named_as_it_is(stack, model):
    DocumentClassificationJob(stack, "Job", model=model, documents=documents_in(stack), results=results_in(stack))
    template = template_of(stack)
    assert job_properties(template)["Request"]["DocumentClassifierArn"] == CLASSIFIER_ARN
    assert (
        statements(template, "CustomDocumentClassificationJobHandlerStartPolicy")["StartJobs"]["Resource"][0]
        == CLASSIFIER_ARN
    )


def test_a_part_of_a_second_is_rounded_up(stack, model):
    timeout = cdk.Duration.millis(1500)
    DocumentClassificationJob(
        stack, "Job", model=model, documents=documents_in(stack), results=results_in(stack), timeout=timeout
    )
    assert job_properties(template_of(stack))["Timeout"] == "2"


def test_a_timeout_may_be_a_parameter(stack, model):
    timeout = cdk.Duration.seconds(cdk.CfnParameter(stack, "Seconds", type="Number").value_as_number)
    DocumentClassificationJob(
        stack, "Job", model=model, documents=documents_in(stack), results=results_in(stack), timeout=timeout
    )
    properties = job_properties(template_of(stack))
    assert (properties["Timeout"], properties["ServiceTimeout"]) == ({"Ref": "Seconds"}, 3600)
