"""S3: properties CloudFormation forgets, conditions and tags of copies, and KMS."""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from ministack.core import iam_actions, router
from ministack.core.responses import get_account_id, get_region
from ministack.services import kms, s3
from ministack.services.cloudformation import provisioners

from constructs_lib.local.hooks.iam import denial
from constructs_lib.local.hooks.kms import key_arn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.local.hooks.shapes import Response


def complete_bucket_properties() -> None:
    """`BucketEncryption` and `Tags` of AWS::S3::Bucket, which stock MiniStack drops."""

    def encryption_xml(value: Mapping[str, Any]) -> bytes:
        rules = ""
        for rule in value.get("ServerSideEncryptionConfiguration", []):
            default = rule.get("ServerSideEncryptionByDefault", {})
            inner = "".join(
                f"<{name}>{escape(str(default[name]))}</{name}>"
                for name in ("SSEAlgorithm", "KMSMasterKeyID")
                if name in default
            )
            rules += (
                f"<Rule><ApplyServerSideEncryptionByDefault>{inner}</ApplyServerSideEncryptionByDefault>"
                f"<BucketKeyEnabled>{str(rule.get('BucketKeyEnabled', False)).lower()}</BucketKeyEnabled></Rule>"
            )
        return f"<ServerSideEncryptionConfiguration>{rules}</ServerSideEncryptionConfiguration>".encode()

    def tags_xml(value: list[Mapping[str, Any]]) -> bytes:
        tags = "".join(
            f"<Tag><Key>{escape(tag['Key'])}</Key><Value>{escape(str(tag['Value']))}</Value></Tag>" for tag in value
        )
        return f"<Tagging><TagSet>{tags}</TagSet></Tagging>".encode()

    provisioners._S3_BUCKET_CONFIGURATIONS += (
        ("BucketEncryption", encryption_xml, s3._put_bucket_encryption, s3._delete_bucket_encryption),
        ("Tags", tags_xml, s3._put_bucket_tagging, s3._delete_bucket_tagging),
    )


def keep_buckets_with_objects() -> None:
    """A stack does not delete a bucket that holds objects, versions or delete markers."""
    handler = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    delete = handler["delete"]

    def delete_if_empty(physical_id: str, *args: Any) -> None:
        bucket = s3._buckets.get(physical_id) or {}
        if bucket.get("objects") or s3._bucket_has_versions(physical_id):
            raise ValueError(
                "The bucket you tried to delete is not empty. You must delete all versions in the bucket. "
                f"(Service: S3, Status Code: 409, Error Code: BucketNotEmpty): {physical_id}"
            )
        delete(physical_id, *args)

    handler["delete"] = delete_if_empty


def judge_conditions_of_copies() -> None:
    """`IfNoneMatch` and `IfMatch` of CopyObject are about what lies at its destination, as those of PutObject are."""
    copy = s3._copy_object

    def copy_object(bucket_name: str, key: str, headers: dict[str, str]) -> Any:
        objects = (s3._ensure_bucket(bucket_name) or {}).get("objects", {})
        return s3._check_put_preconditions(headers, objects.get(key)) or copy(bucket_name, key, headers)

    s3._copy_object = copy_object


def check_tags_of_copies() -> None:
    """Copying an object that has tags needs s3:GetObjectTagging there and s3:PutObjectTagging here."""
    original = iam_actions.s3_additional_checks

    def additional_checks(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> list[tuple[str, str]]:
        checks: list[tuple[str, str]] = original(method, path, headers, body, query)
        source = iam_actions._s3_source_object(headers)
        if source and "partNumber" not in query and headers.get("x-amz-tagging-directive") != "REPLACE":
            bucket, _, key = source[0].removeprefix("arn:aws:s3:::").partition("/")
            stored = (s3._buckets.get(bucket) or {}).get("objects", {}).get(key, {})
            if s3._object_tags.get((bucket, key, stored.get("version_id"))):
                copy = f"arn:aws:s3:::{path.strip('/')}"
                checks += [("s3:GetObjectTagging", source[0]), ("s3:PutObjectTagging", copy)]
        return checks

    iam_actions.s3_additional_checks = additional_checks


def check_kms() -> None:
    """Writing under a KMS key needs kms:GenerateDataKey, reading needs kms:Decrypt, as the caller and through S3."""
    original, encryption_of_write = s3.handle_request, s3._resolve_sse_write_headers

    def resolve_sse_write_headers(headers: dict[str, str], bucket: str) -> Any:
        algorithm, key = "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"
        if headers.get(algorithm) == "aws:kms" and not headers.get(key):
            return {algorithm: "aws:kms"}, None  # the key aws/s3, which every caller in the account may use
        return encryption_of_write(headers, bucket)

    s3._resolve_sse_write_headers = resolve_sse_write_headers

    async def handle_request(
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, Any],
        *args: Any,
        **kwargs: Any,
    ) -> Response:
        denied = None if kwargs.get("internal") else _kms_denial(method, path, headers, query)
        return denied or await original(method, path, headers, body, query, *args, **kwargs)

    s3.handle_request = handle_request


_SUBRESOURCES = {"acl", "tagging", "retention", "legal-hold", "attributes", "torrent", "partNumber", "uploadId"}


def _kms_denial(method: str, path: str, headers: dict[str, str], query: dict[str, Any]) -> Response | None:
    bucket, key = s3._parse_bucket_key(path, headers)
    caller = router.extract_access_key_id(headers, query)
    if not key or not caller or _SUBRESOURCES & query.keys():
        return None
    if method == "GET":
        checks = [("kms:Decrypt", _stored_key(bucket, key), bucket, key)]
    elif method == "PUT" or (method == "POST" and "uploads" in query):
        encryption, _ = s3._resolve_sse_write_headers(headers, bucket)
        checks = [("kms:GenerateDataKey", _key_id(encryption or {}), bucket, key)]
        if source := iam_actions._s3_source_object(headers):
            source_bucket, _, source_key = source[0].removeprefix("arn:aws:s3:::").partition("/")
            checks.append(("kms:Decrypt", _stored_key(source_bucket, source_key), source_bucket, source_key))
    else:
        return None
    for action, key_id, where, name in checks:
        if key_id and (response := _key_denial(caller, action, key_id, f"arn:aws:s3:::{where}/{name}")):
            return response
    return None


def _key_id(encryption: Mapping[str, str]) -> str | None:
    return encryption.get("x-amz-server-side-encryption-aws-kms-key-id")


def _stored_key(bucket: str, key: str) -> str | None:
    stored = (s3._buckets.get(bucket) or {}).get("objects", {}).get(key)
    return _key_id(s3._stored_sse_headers(stored)) if stored else None


def _key_denial(caller: str, action: str, key_id: str, object_arn: str) -> Response | None:
    arn = key_arn(key_id)
    if arn is None:
        error = (
            f"<Error><Code>KMS.NotFoundException</Code><Message>Key '{escape(key_id)}' does not exist</Message></Error>"
        )
        return 400, {"Content-Type": "application/xml"}, error.encode()
    context = {
        "kms:ViaService": f"s3.{get_region()}.amazonaws.com",
        "kms:CallerAccount": get_account_id(),
        "kms:EncryptionContext:aws:s3:arn": object_arn,
        "kms:EncryptionContextKeys": ["aws:s3:arn"],
        "kms:ResourceAliases": [
            alias.rpartition(":")[2] for alias, target in kms._aliases.items() if target == arn.rpartition("/")[2]
        ],
    }
    return denial(caller, action, arn, context)
