"""The local Comprehend beside the API's model and beside moto, operation by operation."""

import json

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from local.bench import Bench
from moto import mock_aws

from constructs_lib.local.comprehend import service

# AWS's own, of any service that speaks JSON; https://docs.aws.amazon.com/comprehend/latest/APIReference/CommonErrors.html
COMMON_ERRORS = {"AccessDeniedException", "ThrottlingException", "ValidationException"}
# Members that only one of the two answers with: the local Comprehend, moto. In each case the model is on our side: it
# knows no tags and tokens in what is described, and an active model with a capital letter.
JOB, JOBS = "DocumentClassificationJobProperties", "DocumentClassificationJobPropertiesList"
CLASSIFIER, FLYWHEEL = "DocumentClassifierProperties", "FlywheelProperties"
BEYOND_THE_MODEL = ("ClientRequestToken", "Tags", "Tags.Key", "Tags.Value")
DIFFERENCES = {
    "StartDocumentClassificationJob": ({"DocumentClassifierArn"}, set()),
    "DescribeDocumentClassificationJob": (set(), {f"{JOB}.{name}" for name in BEYOND_THE_MODEL}),
    "ListDocumentClassificationJobs": (set(), {f"{JOBS}.{name}" for name in BEYOND_THE_MODEL}),
    "DescribeDocumentClassifier": ({f"{CLASSIFIER}.{name}" for name in ("Mode", "SubmitTime", "EndTime")}, set()),
    "CreateFlywheel": ({"ActiveModelArn"}, {"activeModelArn"}),
    "DescribeFlywheel": (
        {f"{FLYWHEEL}.{name}" for name in ("Status", "ModelType", "CreationTime")},
        {f"{FLYWHEEL}.ClientRequestToken"},
    ),
}


@pytest.fixture(scope="module")
def model():
    return botocore.session.get_session().get_service_model("comprehend")


def answers(client, bucket_uri, role, classifier):
    """One call of each operation, and what was answered as it came over the wire."""
    raw = {}

    def keep(operation_model, response_dict, **_more):
        raw[operation_model.name] = json.loads(response_dict["body"] or b"{}")

    client.meta.events.register("before-parse.comprehend", keep)
    started = client.start_document_classification_job(
        JobName="one",
        DocumentClassifierArn=classifier,
        InputDataConfig={"S3Uri": f"{bucket_uri}/in/", "InputFormat": "ONE_DOC_PER_FILE"},
        OutputDataConfig={"S3Uri": f"{bucket_uri}/out/"},
        DataAccessRoleArn=role,
        Tags=[{"Key": "a", "Value": "b"}],
    )
    client.describe_document_classification_job(JobId=started["JobId"])
    client.list_document_classification_jobs(Filter={"JobName": "one"})  # others have filled more than a page
    client.describe_document_classifier(DocumentClassifierArn=classifier)
    client.tag_resource(ResourceArn=classifier, Tags=[{"Key": "c", "Value": "d"}])
    client.list_tags_for_resource(ResourceArn=classifier)
    client.untag_resource(ResourceArn=classifier, TagKeys=["c"])
    flywheel = client.create_flywheel(
        FlywheelName="wheel", ActiveModelArn=classifier, DataAccessRoleArn=role, DataLakeS3Uri=f"{bucket_uri}/lake"
    )["FlywheelArn"]
    client.describe_flywheel(FlywheelArn=flywheel)
    client.delete_flywheel(FlywheelArn=flywheel)
    made = client.create_document_classifier(
        DocumentClassifierName="second",
        DataAccessRoleArn=role,
        InputDataConfig={"S3Uri": f"{bucket_uri}/labelled.csv"},
        LanguageCode="en",
    )["DocumentClassifierArn"]
    client.delete_document_classifier(DocumentClassifierArn=made)
    return raw


@pytest.fixture(scope="session")
def local(local_aws, trained_classifier):
    bench = Bench(local_aws, trained_classifier, "beside-the-api")
    bench.write("in/a.txt", "Please pay the total due.")
    role = bench.role(*bench.access_to_bucket())
    client = bench.aws.session().client("comprehend")
    return answers(client, f"s3://{bench.bucket}", role, trained_classifier)


def problems(value, shape, path):  # noqa: C901 - one branch a kind of shape
    """What an answer holds that the model does not know or does not allow."""
    if shape.type_name == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"{path}.{name} is missing"
        for name, inner in value.items():
            if name not in shape.members:
                yield f"{path}.{name} is not in the model"
            else:
                yield from problems(inner, shape.members[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for inner in value:
            yield from problems(inner, shape.member, f"{path}[]")
    elif shape.type_name == "string":
        if not isinstance(value, str) or len(value) > shape.metadata.get("max", len(value)):
            yield f"{path} is {value!r}"
        elif shape.enum and value not in shape.enum:
            yield f"{path} is {value!r}, which is none of {shape.enum}"
    elif shape.type_name == "timestamp" and not isinstance(value, int | float):
        yield f"{path} is no time in seconds: {value!r}"


def test_every_operation_is_compared(local):
    assert local.keys() == service._OPERATIONS.keys()


@pytest.mark.parametrize("operation", service._OPERATIONS)
def test_an_answer_is_what_the_model_says(model, local, operation):
    shape = model.operation_model(operation).output_shape
    assert list(problems(local[operation], shape, operation)) == []


def members(value, path=""):
    """The members of an answer, by their paths; those of a list's first element stand for all."""
    found = set()
    for name, inner in value.items():
        if inner is None:  # moto's way to say that there is none
            continue
        found.add(f"{path}{name}")
        first = inner[0] if isinstance(inner, list) and inner else inner
        if isinstance(first, dict):
            found |= members(first, f"{path}{name}.")
    return found


@pytest.fixture(scope="session")
def moto():
    with mock_aws():
        client = boto3.client("comprehend", region_name="us-east-1")
        role = "arn:aws:iam::123456789012:role/any"
        classifier = client.create_document_classifier(
            DocumentClassifierName="first",
            DataAccessRoleArn=role,
            InputDataConfig={"S3Uri": "s3://bucket/labelled.csv"},
            LanguageCode="en",
        )["DocumentClassifierArn"]
        return answers(client, "s3://bucket", role, classifier)


@pytest.mark.parametrize("operation", service._OPERATIONS)
def test_moto_answers_alike_but_for_the_differences_that_are_known(local, moto, operation):
    mine, other = members(local[operation]), members(moto[operation])
    assert (mine - other, other - mine) == DIFFERENCES.get(operation, (set(), set()))


MISSING = {
    "CreateFlywheel": {
        "FlywheelName": "w",
        "ActiveModelArn": "arn:aws:comprehend:us-east-1:000000000000:document-classifier/none",
        "DataAccessRoleArn": "arn:aws:iam::000000000000:role/any",
        "DataLakeS3Uri": "s3://bucket/lake",
    },
    "DeleteDocumentClassifier": {
        "DocumentClassifierArn": "arn:aws:comprehend:us-east-1:000000000000:document-classifier/none"
    },
    "DeleteFlywheel": {"FlywheelArn": "arn:aws:comprehend:us-east-1:000000000000:flywheel/none"},
    "DescribeDocumentClassificationJob": {"JobId": "0" * 32},
    "DescribeDocumentClassifier": {
        "DocumentClassifierArn": "arn:aws:comprehend:us-east-1:000000000000:document-classifier/none"
    },
    "DescribeFlywheel": {"FlywheelArn": "arn:aws:comprehend:us-east-1:000000000000:flywheel/none"},
    "ListDocumentClassificationJobs": {"Filter": {"JobName": "a", "JobStatus": "FAILED"}},
    "ListTagsForResource": {"ResourceArn": "arn:aws:comprehend:us-east-1:000000000000:flywheel/none"},
    "StartDocumentClassificationJob": {
        "InputDataConfig": {"S3Uri": "s3://bucket/in"},
        "OutputDataConfig": {"S3Uri": "s3://bucket/out"},
        "DataAccessRoleArn": "arn:aws:iam::000000000000:role/any",
    },
    "TagResource": {"ResourceArn": "arn:aws:comprehend:us-east-1:000000000000:flywheel/none", "Tags": []},
    "UntagResource": {"ResourceArn": "arn:aws:comprehend:us-east-1:000000000000:flywheel/none", "TagKeys": []},
}


@pytest.mark.parametrize("operation", MISSING)
def test_an_error_is_one_that_the_model_declares_for_the_operation(model, local_aws, operation):
    with pytest.raises(ClientError) as error:
        local_aws.client("comprehend")._make_api_call(operation, MISSING[operation])
    declared = {shape.name for shape in model.operation_model(operation).error_shapes}
    assert error.value.response["Error"]["Code"] in declared


def test_an_operation_that_is_not_there_is_unknown(local_aws):
    with pytest.raises(ClientError) as error:
        local_aws.client("comprehend").detect_sentiment(Text="good", LanguageCode="en")
    assert error.value.response["Error"]["Code"] == "UnknownOperationException"
