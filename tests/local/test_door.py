"""Who gets into the local AWS: nobody but those whom it knows, by a signature."""

import json
import ssl
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from local.bench import ACCOUNT, allow, events

from constructs_lib.local.control import Control
from constructs_lib.local.endpoint import Endpoint

CALLS = {
    "cloudformation": lambda client: client.list_stacks(),
    "cognito-idp": lambda client: client.list_user_pools(MaxResults=1),
    "comprehend": lambda client: client.list_document_classification_jobs(),
    "ec2": lambda client: client.describe_vpcs(),
    "iam": lambda client: client.list_roles(),
    "kms": lambda client: client.list_keys(),
    "lambda": lambda client: client.list_functions(),
    "logs": lambda client: client.describe_log_groups(),
    "s3": lambda client: client.list_buckets(),
    "stepfunctions": lambda client: client.list_state_machines(),
    "sts": lambda client: client.get_caller_identity(),
}


def keys(access_key, secret, **more):
    return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret, **more}


def code_of(error):
    return error.value.response["Error"]["Code"]


@pytest.mark.parametrize("service", CALLS)
def test_a_key_that_is_not_known_is_refused_whatever_its_secret(local_aws, service):
    for access_key in ("test", ACCOUNT, "AKIAIOSFODNN7EXAMPLE"):
        with pytest.raises(ClientError) as error:
            CALLS[service](local_aws.client(service, keys(access_key, "any")))
        assert code_of(error) == "UnrecognizedClientException"


@pytest.mark.parametrize("service", CALLS)
def test_the_root_user_needs_the_secret_of_this_run(local_aws, service):
    CALLS[service](local_aws.client(service))
    root = local_aws.endpoint.root["AWS_ACCESS_KEY_ID"]
    stranger = Endpoint(local_aws.endpoint_url, local_aws.ca_bundle, ACCOUNT, "us-east-1", keys(root, "guessed"))
    from constructs_lib.local.clients import Clients  # noqa: PLC0415 - clients of its own: the key id is known already

    with pytest.raises(ClientError) as error:
        CALLS[service](Clients(stranger).client(service))
    assert code_of(error) == "SignatureDoesNotMatch"


def fetch(aws, path, method="GET", body=None, headers=None):
    request = urllib.request.Request(aws.endpoint_url + path, body, headers or {}, method=method)  # noqa: S310 - loopback
    context = ssl.create_default_context(cafile=aws.ca_bundle)
    try:
        with urllib.request.urlopen(request, context=context, timeout=10) as response:  # noqa: S310
            return response.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/health"),
        ("GET", "/_ministack/health"),
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/lambda-code/recorder"),
        ("GET", "/_localstack/health"),
        ("POST", "/_local/settings"),
        ("POST", "/_local/faults"),
        ("GET", "/oauth2/authorize"),
        ("PUT", "/some-bucket/key"),
        ("GET", "/?Action=ListRoles&Version=2010-05-08"),
        ("POST", "/2015-03-31/functions/recorder/invocations"),
    ],
)
def test_what_is_not_signed_is_refused(local_aws, method, path):
    assert fetch(local_aws, path, method, b"{}" if method != "GET" else None) == 403


def test_a_key_without_a_signature_is_refused(local_aws):
    root = local_aws.endpoint.root["AWS_ACCESS_KEY_ID"]
    header = f"AWS4-HMAC-SHA256 Credential={root}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
    assert fetch(local_aws, "/", headers={"authorization": header}) == 403
    assert fetch(local_aws, f"/?X-Amz-Credential={root}/20260101/us-east-1/s3/aws4_request") == 403


def test_presigned_urls_work_and_changed_ones_do_not(bench):
    bench.write("k", "x")
    url = bench.client("s3").generate_presigned_url("get_object", Params={"Bucket": bench.bucket, "Key": "k"})
    path = url.removeprefix(bench.aws.endpoint_url)
    assert fetch(bench.aws, path) == 200
    assert fetch(bench.aws, path.replace("/k?", "/l?")) == 403


def test_the_control_path_is_the_root_users(bench):
    administrator = bench.user(allow("*"))
    endpoint = bench.aws.endpoint
    control = Control(Endpoint(endpoint.url, endpoint.ca_bundle, ACCOUNT, "us-east-1", administrator))
    with pytest.raises(urllib.error.HTTPError, match="403"):
        control.configure({"job_seconds": 9})
    assert bench.aws.configure()["job_seconds"] != 9


def test_a_function_does_not_know_the_root_user_and_may_answer_here_alone(bench, resource):
    secret = bench.aws.endpoint.root["AWS_SECRET_ACCESS_KEY"]
    assert bench.create_stack({"One": resource(Secret=secret)}) == "CREATE_COMPLETE"
    (created,) = events(bench)
    assert created["Seen"]["Knows"] is False
    assert created["Seen"]["ResponseUrlHosts"] == urlsplit(created["ResponseURL"]).netloc


def test_everything_that_the_server_writes_is_in_the_folder_of_its_run(bench):
    before = {path.name for path in bench.aws.directory.iterdir()}
    assert {"server.log", "tmp"} <= before
    pool = bench.client("cognito-idp").create_user_pool(PoolName=bench.name)["UserPool"]["Id"]
    bench.client("cognito-idp").create_user_pool_client(UserPoolId=pool, ClientName="c")
    assert json.dumps(bench.aws.log()).count("/tmp/ministack-state") == 0  # noqa: S108 - where it must not be
    assert (bench.aws.directory / "state").is_dir()
