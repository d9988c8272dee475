"""The boto3 session of a local AWS: for code that takes a session."""

from botocore.config import Config


def test_its_clients_reach_the_local_aws_whatever_the_environment_says(local_aws, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:9")
    session = local_aws.session()
    assert session.client("sts").get_caller_identity()["Account"] == local_aws.account
    assert session.region_name == local_aws.region


def test_it_acts_as_whom_it_is_made_for(local_aws):
    arn = local_aws.session(local_aws.deployer).client("sts").get_caller_identity()["Arn"]
    assert arn.endswith("user/deployer")


def test_what_a_caller_asks_of_a_client_wins(local_aws):
    client = local_aws.session().client("s3", config=Config(retries={"total_max_attempts": 7}))
    assert client.meta.config.retries["total_max_attempts"] == 7
    assert client.meta.config.s3["addressing_style"] == "path"


def test_resources_reach_it_too(local_aws, unique_name):
    bucket = local_aws.session().resource("s3").create_bucket(Bucket=unique_name)
    bucket.put_object(Key="mail.txt", Body=b"Dear Sirs")
    assert [found.key for found in bucket.objects.all()] == ["mail.txt"]
