"""The buckets and keys that a pipeline makes: encrypted, private, logged, kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from constructs_lib._core.arns import Environment
from constructs_lib._core.environment_checks import check_environment
from constructs_lib._core.l1 import l1
from constructs_lib._core.objects import offers
from constructs_lib._core.warn import warn
from constructs_lib._iam.findings import acknowledge
from constructs_lib._iam.statements import receive_access_logs
from constructs_lib.documents import check_lifecycle_rules
from constructs_lib.errors import ValidationError, problem
from constructs_lib.keys import Key, as_key, check_key
from constructs_lib.network import check_removal_policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import Construct

# Uploads that nobody will complete are paid for and seen by nobody.
_UNFINISHED_UPLOADS = cdk.Duration.days(7)


class AccessLogsBucket(s3.Bucket):
    """A bucket for the access logs of other buckets.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        removal_policy: What becomes of it with its stack.

    Source: Amazon S3 User Guide, "Enabling Amazon S3 server access logging" (SSE-S3 is the only encryption that log
    delivery supports).
    """

    def __init__(self, scope: Construct, id: str, *, removal_policy: cdk.RemovalPolicy) -> None:
        super().__init__(
            scope,
            id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            lifecycle_rules=lifecycle(None),
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=removal_policy,
            versioned=True,
        )
        acknowledge(self, "S3BucketReplicationEnabled", "S3DefaultEncryptionKMS")


class PrivateBucket(s3.Bucket):
    """A bucket for documents or results: encrypted with a customer managed key, TLS only, versioned, access-logged.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        encryption_key: Encrypts every object. Default: - a key with rotation is made.
        access_logs_bucket: Receives the access logs, under a prefix of this bucket's own. Default: - a bucket is made.
        removal_policy: What becomes of it, and of what it makes, with its stack. A bucket that is destroyed must be
            empty. Default: `RemovalPolicy.RETAIN`.
        lifecycle_rules: Its lifecycle rules. Default: - uploads that were not completed are removed after 7 days.

    Raises:
        ValidationError: Options cannot work; lists all of them, before anything is defined.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        encryption_key: Key | None = None,
        access_logs_bucket: s3.IBucket | s3.Bucket | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
        lifecycle_rules: Sequence[s3.LifecycleRule] | None = None,
    ) -> None:
        problems = [
            *check_removal_policy(removal_policy),
            *check_lifecycle_rules("lifecycle_rules", lifecycle_rules),
            *check_access_logs_bucket(access_logs_bucket, Environment.of(scope)),
        ]
        if encryption_key is not None:
            problems += check_key("encryption_key", encryption_key, Environment.of(scope), aliases=True)
        if problems:
            raise ValidationError(problems, f"{scope.node.path}/{id}".lstrip("/"))
        super().__init__(
            scope,
            id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            bucket_key_enabled=True,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=None if encryption_key is None else as_key(scope, f"{id}KeyImport", encryption_key),
            enforce_ssl=True,
            lifecycle_rules=lifecycle(lifecycle_rules),
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=removal_policy,
            versioned=True,
        )
        acknowledge(self, "S3BucketReplicationEnabled")
        if encryption_key is None and (made := self.encryption_key):
            l1(made, kms.CfnKey).enable_key_rotation = True
            made.apply_removal_policy(removal_policy)
        self._log_to(access_logs_bucket or AccessLogsBucket(self, "AccessLogsBucket", removal_policy=removal_policy))

    def _log_to(self, logs: s3.IBucket) -> None:
        # The names of other buckets and stacks that log to the same bucket differ.
        name = cdk.Names.unique_resource_name(self, max_length=100)
        prefix = f"{name}/"
        # The bucket's own property for this chooses between a policy and an ACL by a feature flag of the host app, and
        # an ACL cannot be had with a bucket whose owner owns every object.
        l1(self, s3.CfnBucket).logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=logs.bucket_name, log_file_prefix=prefix
        )
        # A policy of another stack cannot name this bucket: the two stacks would depend on each other.
        is_near = cdk.Stack.of(logs).node.path == cdk.Stack.of(self).node.path
        statement = receive_access_logs(
            f"Receive{name}Logs",
            logs.bucket_arn,
            prefix,
            Environment.of(self).account,
            self.bucket_arn if is_near else None,
        ).render()
        added = logs.add_to_resource_policy(iam.PolicyStatement.from_json(statement)).statement_added
        if not added:
            warn(
                self,
                "accessLogsBucketIsImported",
                "access_logs_bucket is not of this app, so that no access logs arrive unless its policy already has "
                f"this statement: {json.dumps(cdk.Stack.of(self).resolve(statement))}",
            )
        if _has_kms_key(logs):
            warn(
                self,
                "accessLogsBucketHasKey",
                "access_logs_bucket is encrypted with a KMS key, and S3 delivers access logs only to buckets that are "
                "encrypted with SSE-S3; use another bucket",
            )
        if _has_object_lock(logs):
            warn(
                self,
                "accessLogsBucketHasLock",
                "access_logs_bucket has S3 Object Lock, and S3 delivers access logs to no such bucket; use another one",
            )


def _has_kms_key(bucket: s3.IBucket) -> bool:
    if bucket.encryption_key is not None:
        return True
    # The key that AWS manages for S3 stands in the resource only.
    resource = bucket.node.default_child
    return isinstance(resource, s3.CfnBucket) and "aws:kms" in json.dumps(
        cdk.Stack.of(bucket).resolve(resource.bucket_encryption)
    )


def _has_object_lock(bucket: s3.IBucket) -> bool:
    resource = bucket.node.default_child
    return isinstance(resource, s3.CfnBucket) and bool(
        resource.object_lock_enabled or resource.object_lock_configuration
    )


class RotatedKey(kms.Key):
    """A symmetric customer managed key that KMS rotates every year.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        description: What it encrypts.
        removal_policy: What becomes of it with its stack.
    """

    def __init__(self, scope: Construct, id: str, *, description: str, removal_policy: cdk.RemovalPolicy) -> None:
        super().__init__(scope, id, description=description, enable_key_rotation=True, removal_policy=removal_policy)


def lifecycle(rules: Sequence[s3.LifecycleRule] | None) -> Sequence[s3.LifecycleRule]:
    """Complete the lifecycle rules of a bucket.

    Args:
        rules: The user's, or None.

    Returns:
        The user's; without any, the rule that removes uploads that were not completed.
    """
    if rules is not None:
        return list(rules)
    return [s3.LifecycleRule(id="UnfinishedUploads", abort_incomplete_multipart_upload_after=_UNFINISHED_UPLOADS)]


def check_access_logs_bucket(bucket: Any, environment: Environment) -> list[str]:  # noqa: ANN401 - as given
    """Check what was given to receive access logs.

    Args:
        bucket: Anything; None when a bucket is to be made.
        environment: Where the logged buckets are.

    Returns:
        Problems.
    """
    option = "access_logs_bucket"
    if bucket is None:
        return []
    if not offers(bucket, "bucket_arn", "bucket_name"):
        return [problem(option, bucket, "an s3.Bucket", "import it with s3.Bucket.from_bucket_name(...)")]
    env = bucket.env
    return check_environment(option, "a bucket", env.region, env.account, environment)
