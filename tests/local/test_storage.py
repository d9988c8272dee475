"""S3 as the deployed template asks for it: encryption and tags of buckets, and KMS behind them."""

import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from local.bench import ACCOUNT, REGION, allow


@pytest.fixture
def key(bench):
    return bench.client("kms").create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def vault(bench, key):
    """A bucket made by CloudFormation that encrypts under a key of its own."""
    name = f"{bench.name}-vault"
    rule = {
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        "BucketKeyEnabled": True,
    }
    properties = {
        "BucketName": name,
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [rule]},
        "Tags": [{"Key": "a<b", "Value": "c&d"}],
    }
    assert bench.create_stack({"Vault": {"Type": "AWS::S3::Bucket", "Properties": properties}}) == "CREATE_COMPLETE"
    return name


def test_a_bucket_made_by_cloudformation_has_its_encryption_and_tags(bench, vault, key):
    s3 = bench.client("s3")
    rules = s3.get_bucket_encryption(Bucket=vault)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert rules[0]["BucketKeyEnabled"] is True
    assert s3.get_bucket_tagging(Bucket=vault)["TagSet"] == [{"Key": "a<b", "Value": "c&d"}]


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        (allow("kms:Decrypt"), False),
        (allow("kms:GenerateDataKey"), True),
        (
            allow(
                "kms:GenerateDataKey",
                Condition={
                    "StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com", "kms:CallerAccount": ACCOUNT}
                },
            ),
            True,
        ),
        (allow("kms:GenerateDataKey", Condition={"StringEquals": {"kms:ViaService": "sqs.amazonaws.com"}}), False),
        (
            allow(
                "kms:GenerateDataKey",
                Condition={"StringLike": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::other-bucket/*"}},
            ),
            False,
        ),
    ],
)
def test_writing_to_an_encrypted_bucket_needs_a_data_key_through_s3(bench, vault, statement, allowed):
    s3 = bench.client("s3", bench.user(allow("s3:*"), statement))
    if allowed:
        assert s3.put_object(Bucket=vault, Key="k", Body=b"x")["ServerSideEncryption"] == "aws:kms"
    else:
        with pytest.raises(ClientError, match="kms:GenerateDataKey"):
            s3.put_object(Bucket=vault, Key="k", Body=b"x")


def test_reading_what_is_encrypted_needs_decrypt(bench, vault):
    bench.client("s3").put_object(Bucket=vault, Key="k", Body=b"x")
    with pytest.raises(ClientError, match="kms:Decrypt"):
        bench.client("s3", bench.user(allow("s3:*"), suffix="blind")).get_object(Bucket=vault, Key="k")
    reader = bench.client("s3", bench.user(allow("s3:*"), allow("kms:Decrypt"), suffix="reader"))
    assert reader.get_object(Bucket=vault, Key="k")["Body"].read() == b"x"


def test_copying_what_is_encrypted_needs_decrypt_too(bench, vault):
    bench.client("s3").put_object(Bucket=vault, Key="k", Body=b"x")
    s3 = bench.client("s3", bench.user(allow("s3:*"), allow("kms:GenerateDataKey")))
    with pytest.raises(ClientError, match="kms:Decrypt"):
        s3.copy_object(Bucket=bench.bucket, Key="copy", CopySource={"Bucket": vault, "Key": "k"})


def test_a_key_that_does_not_exist_is_not_found(bench):
    missing = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
    with pytest.raises(ClientError, match="does not exist"):
        bench.write("k", "x", ServerSideEncryption="aws:kms", SSEKMSKeyId=missing)


def test_the_key_that_aws_manages_needs_no_permission(bench):
    s3 = bench.client("s3", bench.user(allow("s3:*")))
    s3.put_object(Bucket=bench.bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms")
    assert s3.get_object(Bucket=bench.bucket, Key="k")["ServerSideEncryption"] == "aws:kms"


def test_plain_http_is_not_served(bench):
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        urllib.request.urlopen(bench.aws.endpoint_url.replace("https", "http"), timeout=5)  # noqa: S310 - loopback


WRITTEN = {"put_object": {"Body": b"new"}, "copy_object": {"CopySource": "{bucket}/source"}, "delete_object": {}}


@pytest.mark.parametrize("versioned", [False, True])
@pytest.mark.parametrize(
    ("operation", "condition", "code"),
    [
        ("copy_object", {"IfNoneMatch": "*"}, "PreconditionFailed"),
        ("copy_object", {"IfMatch": "{etag}"}, None),
        ("copy_object", {"IfMatch": '"0"'}, "PreconditionFailed"),
        ("copy_object", {"CopySourceIfMatch": '"0"'}, "PreconditionFailed"),
        ("put_object", {"IfNoneMatch": "*"}, "PreconditionFailed"),
        ("put_object", {"IfMatch": '"0"'}, "PreconditionFailed"),
        ("put_object", {"IfMatch": "{etag}"}, None),
        ("delete_object", {"IfMatch": '"0"'}, "PreconditionFailed"),
        ("delete_object", {"IfMatch": "{etag}"}, None),
    ],
)
def test_a_write_under_a_condition_happens_only_as_the_object_is(bench, operation, condition, code, versioned):
    s3 = bench.client("s3")
    if versioned:
        s3.put_bucket_versioning(Bucket=bench.bucket, VersioningConfiguration={"Status": "Enabled"})
    bench.write("source", "copied")
    bench.write("there", "old")
    etag = s3.head_object(Bucket=bench.bucket, Key="there")["ETag"]
    given = {
        name: value.format(bucket=bench.bucket, etag=etag) if isinstance(value, str) else value
        for name, value in (WRITTEN[operation] | condition).items()
    }
    call = getattr(s3, operation)
    if code is None:
        call(Bucket=bench.bucket, Key="there", **given)
        found = s3.list_objects_v2(Bucket=bench.bucket, Prefix="there").get("Contents", [])
        assert [each["ETag"] for each in found] != [etag]
        return
    with pytest.raises(ClientError, match=code):
        call(Bucket=bench.bucket, Key="there", **given)
    assert s3.get_object(Bucket=bench.bucket, Key="there")["Body"].read() == b"old"


def test_a_copy_to_where_nothing_lies_is_made_once(bench):
    s3 = bench.client("s3")
    bench.write("source", "copied")
    copy = {"Bucket": bench.bucket, "Key": "new", "CopySource": f"{bench.bucket}/source", "IfNoneMatch": "*"}
    s3.copy_object(**copy)
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.copy_object(**copy)
    s3.delete_object(Bucket=bench.bucket, Key="new")
    s3.copy_object(**copy)


@pytest.mark.parametrize("missing", ["s3:GetObjectTagging", "s3:PutObjectTagging"])
def test_tags_are_copied_by_who_may_read_and_write_them(bench, missing):
    bench.write("in/a.txt", "x", Tagging="team=mail")
    bench.write("in/plain.txt", "x")
    tags = [allow(action) for action in ("s3:GetObjectTagging", "s3:PutObjectTagging") if action != missing]
    s3 = bench.client("s3", bench.user(allow("s3:GetObject", "s3:PutObject"), *tags))

    def copy(name, **options):
        source = {"Bucket": bench.bucket, "Key": f"in/{name}"}
        return s3.copy_object(Bucket=bench.bucket, Key=f"out/{name}", CopySource=source, **options)

    with pytest.raises(ClientError, match=missing):
        copy("a.txt")
    assert copy("a.txt", TaggingDirective="REPLACE")
    assert copy("plain.txt")
