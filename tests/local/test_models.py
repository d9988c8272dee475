"""Classifiers and flywheels, made through the API and through CloudFormation."""

import pytest
from botocore.exceptions import ClientError
from local.bench import until

LABELLED = "".join(
    f'{label},"{text} number {n}"\n'
    for n in range(50)
    for label, text in (
        ("FRUIT", "a ripe apple and a pear"),
        ("TOOL", "a hammer and a saw"),
        ("FRUIT|TOOL", "a pear knife"),
    )
)


@pytest.fixture
def training(bench, role):
    bench.write("labelled.csv", LABELLED)
    return {
        "DocumentClassifierName": bench.name,
        "DataAccessRoleArn": role,
        "InputDataConfig": {"S3Uri": f"s3://{bench.bucket}/labelled.csv"},
        "LanguageCode": "en",
    }


def trained(bench, request):
    comprehend = bench.client("comprehend")
    arn = comprehend.create_document_classifier(**request)["DocumentClassifierArn"]
    return until(
        lambda: comprehend.describe_document_classifier(DocumentClassifierArn=arn)["DocumentClassifierProperties"],
        lambda classifier: classifier["Status"] in {"TRAINED", "IN_ERROR"},
    )


def test_a_classifier_of_several_labels_gives_labels(bench, role, training):
    model = trained(bench, {**training, "Mode": "MULTI_LABEL", "VersionName": "v1"})
    assert model["DocumentClassifierArn"].endswith(f"document-classifier/{bench.name}/version/v1")
    assert bench.run(role, DocumentClassifierArn=model["DocumentClassifierArn"])["JobStatus"] == "COMPLETED"


@pytest.mark.parametrize(
    ("rows", "said"), [("ONLY,one label\nONLY,still one\n", "at least 2 labels"), ("A,text\nB\n", "row 2 has 1 column")]
)
def test_rows_that_teach_nothing_end_in_error(bench, training, rows, said):
    bench.write("labelled.csv", rows)
    model = trained(bench, training)
    assert model["Status"] == "IN_ERROR"
    assert said in model["Message"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"InputDataConfig": {"DataFormat": "AUGMENTED_MANIFEST"}}, "Got DataFormat AUGMENTED_MANIFEST"),
        ({"InputDataConfig": {"DataFormat": "COMPREHEND_CSV"}}, "give S3Uri"),
        (
            {"InputDataConfig": {"S3Uri": "s3://bucket/k", "DocumentType": "SEMI_STRUCTURED_DOCUMENT"}},
            "plain text only, got DocumentType SEMI_STRUCTURED_DOCUMENT",
        ),
    ],
)
def test_what_cannot_be_trained_here_is_refused_at_once_by_api_and_stack(bench, training, changes, said):
    with pytest.raises(ClientError, match=said):
        bench.client("comprehend").create_document_classifier(**{**training, **changes})
    model = {"Type": "AWS::Comprehend::DocumentClassifier", "Properties": {**training, **changes}}
    assert bench.create_stack({"Model": model}) == "ROLLBACK_COMPLETE"
    assert said in bench.reasons()


def test_a_role_that_may_not_read_the_rows_ends_in_error(bench, training):
    model = trained(bench, {**training, "DataAccessRoleArn": bench.role(suffix="blind")})
    assert model["Message"].startswith("NO_READ_ACCESS_TO_INPUT")


def test_a_name_is_used_once_and_free_after_delete(bench, training):
    comprehend = bench.client("comprehend")
    arn = trained(bench, training)["DocumentClassifierArn"]
    with pytest.raises(ClientError, match="already in use"):
        comprehend.create_document_classifier(**training)
    comprehend.delete_document_classifier(DocumentClassifierArn=arn)
    assert trained(bench, training)["Status"] == "TRAINED"


def test_a_classifier_that_is_not_trained_cannot_be_used(bench, role, training):
    bench.aws.configure(training_seconds=1)
    arn = bench.client("comprehend").create_document_classifier(**training)["DocumentClassifierArn"]
    with pytest.raises(ClientError, match="ResourceUnavailableException"):
        bench.start(role, DocumentClassifierArn=arn)


def test_one_stack_trains_a_classifier_and_makes_a_flywheel_that_a_job_uses(bench, role, training):
    model = {"Type": "AWS::Comprehend::DocumentClassifier", "Properties": training}
    flywheel = {
        "Type": "AWS::Comprehend::Flywheel",
        "Properties": {
            "FlywheelName": bench.name,
            "ActiveModelArn": {"Fn::GetAtt": ["Model", "Arn"]},
            "DataAccessRoleArn": role,
            "DataLakeS3Uri": f"s3://{bench.bucket}/lake",
        },
    }
    outputs = {"Flywheel": {"Value": {"Ref": "Flywheel"}}}
    assert bench.create_stack({"Model": model, "Flywheel": flywheel}, outputs) == "CREATE_COMPLETE"
    arn = bench.stack()["Outputs"][0]["OutputValue"]
    job = bench.run(role, DocumentClassifierArn=None, FlywheelArn=arn)
    assert (job["JobStatus"], job["FlywheelArn"]) == ("COMPLETED", arn)
    assert job["DocumentClassifierArn"].endswith(f"document-classifier/{bench.name}")
    assert bench.delete_stack() == "DELETE_COMPLETE"
    with pytest.raises(ClientError, match="not found"):
        bench.client("comprehend").describe_flywheel(FlywheelArn=arn)


def test_a_classifier_that_cannot_be_trained_fails_its_stack_with_the_reason(bench, training):
    bench.write("labelled.csv", "ONLY,one label\n")
    model = {"Type": "AWS::Comprehend::DocumentClassifier", "Properties": training}
    assert bench.create_stack({"Model": model}) == "ROLLBACK_COMPLETE"
    assert "at least 2 labels" in bench.reasons()
