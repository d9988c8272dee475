"""Finding the output of a job, on this machine and on AWS."""

import subprocess
import sys

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from moto import mock_aws
from predictions.archives import archive, multi_class

from constructs_lib.predictions import (
    AccessError,
    JobNotFinishedError,
    MissingExtraError,
    NotFoundError,
    PredictionsError,
    open_output,
    read_predictions,
)

DATA = archive(multi_class("a.txt", ("A", 0.9)))
JOB = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
ARN = f"arn:aws:comprehend:eu-west-1:123456789012:document-classification-job/{JOB}"
KEY = f"results/123456789012-CLN-{JOB}/output/output.tar.gz"


class Comprehend:
    """Describes one job, or fails as told."""

    def __init__(self, fault=None, **job):
        self._fault = fault
        self._job = {"JobId": JOB, "OutputDataConfig": {"S3Uri": f"s3://bucket/{KEY}"}, **job}

    def describe_document_classification_job(self, **request):
        if self._fault:
            raise self._fault
        assert request == {"JobId": JOB}
        return {"DocumentClassificationJobProperties": self._job}


class Body:
    """A response body that breaks off."""

    def __init__(self, fault):
        self._fault = fault
        self.closed = False

    def read(self, _size=-1):
        raise self._fault

    def close(self):
        self.closed = True


class S3:
    """Gives one object, or fails as told."""

    def __init__(self, fault=None, body=None):
        self._fault = fault
        self._body = body

    def get_object(self, **_request):
        if self._fault:
            raise self._fault
        return {"Body": self._body}


class Session:
    """Hands out the clients it was given, and real ones for the rest."""

    def __init__(self, **clients):
        self._clients = clients
        self.regions = {}

    def client(self, service, region_name=None):
        self.regions[service] = region_name
        return self._clients.get(service) or boto3.Session(region_name="us-east-1").client(service)


@pytest.fixture(autouse=True)
def no_account(monkeypatch):
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def bucket():
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="bucket")
        yield lambda *keys: [s3.put_object(Bucket="bucket", Key=key, Body=DATA) for key in keys]


def files(target, session=None):
    with open_output(target, session=session or Session()) as output:
        return output.location, [prediction.file for prediction in read_predictions(output.stream)]


def refused(code, message="No.", operation="GetObject"):
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def test_a_local_archive_is_read_without_boto3(tmp_path):
    path = tmp_path / "output.tar.gz"
    path.write_bytes(DATA)
    program = f"""
import sys
sys.modules["boto3"] = sys.modules["aws_cdk"] = None
from constructs_lib.predictions.__main__ import main
sys.exit(main([{str(path)!r}]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "a.txt" in done.stdout


def test_without_boto3_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(MissingExtraError, match=r"cdk-comprehend-classification\[results\]"), open_output(ARN):
        pass


def test_the_archive_of_a_uri(bucket):
    bucket(KEY)
    assert files(f"s3://bucket/{KEY}") == (f"s3://bucket/{KEY}", ["a.txt"])


@pytest.mark.parametrize("prefix", ["", "/", "/results", "/results/"])
def test_the_only_archive_below_a_prefix(bucket, prefix):
    bucket(KEY, "results/.write_access_check_file.temp", "results-of-others/notes.txt")
    assert files(f"s3://bucket{prefix}") == (f"s3://bucket/{KEY}", ["a.txt"])


def test_a_prefix_does_not_find_its_neighbours(bucket):
    bucket("results/10/output.tar.gz")
    with pytest.raises(NotFoundError, match=r"no output\.tar\.gz below s3://bucket/results/1/: is the job COMPLETED"):
        files("s3://bucket/results/1")


def test_several_archives_below_a_prefix_are_listed(bucket):
    bucket(*(f"results/{number:02}/output.tar.gz" for number in range(12)))
    with pytest.raises(PredictionsError, match=r"(?s)12 archives lie at .*s3://bucket/results/09/output.*and 2 more"):
        files("s3://bucket/results")


@pytest.mark.parametrize(("target", "region"), [(ARN, "eu-west-1"), (JOB, None)])
def test_the_output_of_a_finished_job(bucket, target, region):
    bucket(KEY)
    session = Session(comprehend=Comprehend(JobStatus="COMPLETED"))
    assert files(target, session) == (f"s3://bucket/{KEY}", ["a.txt"])
    assert session.regions["comprehend"] == region


@pytest.mark.parametrize("status", ["SUBMITTED", "IN_PROGRESS"])
def test_a_job_that_is_not_finished(status):
    with pytest.raises(JobNotFinishedError, match=f"is {status} and has no predictions yet: try again"):
        files(ARN, Session(comprehend=Comprehend(JobStatus=status)))


def test_a_failed_job_reports_the_message_of_the_service():
    job = Comprehend(JobStatus="FAILED", Message="NO_READ_ACCESS_TO_INPUT: no read access.")
    with pytest.raises(PredictionsError, match="is FAILED and has no predictions: NO_READ_ACCESS_TO_INPUT"):
        files(ARN, Session(comprehend=job))


def test_a_stopped_job_without_a_message():
    with pytest.raises(PredictionsError, match="is STOPPED and has no predictions: the service gave no reason"):
        files(ARN, Session(comprehend=Comprehend(JobStatus="STOPPED")))


def test_an_unknown_job():
    fault = refused("ResourceNotFoundException", "Could not find it.", "DescribeDocumentClassificationJob")
    with pytest.raises(NotFoundError, match=r"Could not find it\. Check the job id, the account and the Region"):
        files(JOB, Session(comprehend=Comprehend(fault)))


def test_an_unknown_job_of_another_implementation_of_the_service():
    with mock_aws(), pytest.raises(NotFoundError, match="Check the job id"):
        files(JOB)


def test_nothing_was_started():
    with pytest.raises(NotFoundError, match="started no job, since its input was empty"):
        files("NOT_STARTED")


@pytest.mark.parametrize("key", [KEY, "results"])
def test_a_missing_bucket(key):
    with mock_aws(), pytest.raises(NotFoundError, match="The specified bucket does not exist"):
        files(f"s3://no-such-bucket/{key}")


def test_a_missing_object(bucket):
    bucket("other")
    with pytest.raises(NotFoundError, match=r"The specified key does not exist\. The job may not be COMPLETED"):
        files(f"s3://bucket/{KEY}")


def test_denied_access_names_the_call_and_the_grants():
    session = Session(s3=S3(refused("AccessDenied", "kms:Decrypt is missing.")))
    with pytest.raises(AccessError, match=r"GetObject was denied: kms:Decrypt is missing.*grant_read_results"):
        files("s3://bucket/output.tar.gz", session)


def test_another_refusal_keeps_the_words_of_the_service():
    with pytest.raises(PredictionsError, match="GetObject failed: ExpiredToken: The token has expired"):
        files("s3://bucket/output.tar.gz", Session(s3=S3(refused("ExpiredToken", "The token has expired"))))


def test_missing_credentials():
    with pytest.raises(AccessError, match="no AWS credentials: set AWS_PROFILE"):
        files("s3://bucket/output.tar.gz", Session(s3=S3(NoCredentialsError())))


def test_a_missing_region(monkeypatch, tmp_path):
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(PredictionsError, match="no Region is set: set AWS_REGION, or give the JobArn"):
        files(JOB, boto3.Session())


def test_an_endpoint_that_does_not_answer():
    fault = EndpointConnectionError(endpoint_url="https://localhost:1")
    with pytest.raises(PredictionsError, match=r"cannot read .*Could not connect to the endpoint"):
        files("s3://bucket/output.tar.gz", Session(s3=S3(fault)))


def test_a_connection_that_breaks_while_reading_is_reported_and_closed():
    body = Body(ReadTimeoutError(endpoint_url="https://localhost:1"))
    with pytest.raises(PredictionsError, match=r"cannot read .*Read timeout"):
        files("s3://bucket/output.tar.gz", Session(s3=S3(body=body)))
    assert body.closed


@pytest.mark.parametrize("target", ["arn:aws:sns:us-east-1:123456789012:topic", "s3://", "not a job", "x" * 33, ""])
def test_a_target_of_no_known_kind(target):
    with pytest.raises(PredictionsError, match="give a JobArn, a job id, an s3:// URI or a local output"):
        files(target)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(NotFoundError, match=r"there is no file .*output\.tar\.gz"):
        files(str(tmp_path / "output.tar.gz"))
    with pytest.raises(PredictionsError, match=r"is a folder without the output of a job: give"):
        files(str(tmp_path))
