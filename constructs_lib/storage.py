"""The buckets and keys that a pipeline makes: encrypted, private, logged, kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from constructs_lib._core.arns import Environment
from constructs_lib._core.l1 import l1
from constructs_lib._iam.findings import acknowledge

if TYPE_CHECKING:
    from aws_cdk import RemovalPolicy
    from constructs import Construct


class AccessLogsBucket(s3.Bucket):
    """A bucket for the access logs of other buckets.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        removal_policy: What becomes of it with its stack.

    Source: Amazon S3 User Guide, "Enabling Amazon S3 server access logging" (SSE-S3 is the only encryption that log
    delivery supports).
    """

    def __init__(self, scope: Construct, id: str, *, removal_policy: RemovalPolicy) -> None:
        super().__init__(
            scope,
            id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
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
        encryption_key: Encrypts every object.
        access_logs_bucket: Receives the access logs.
        access_logs_prefix: The key prefix of the logs.
        removal_policy: What becomes of it with its stack. A bucket that is destroyed must be empty.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        encryption_key: kms.IKey,
        access_logs_bucket: s3.IBucket,
        access_logs_prefix: str,
        removal_policy: RemovalPolicy,
    ) -> None:
        super().__init__(
            scope,
            id,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            bucket_key_enabled=True,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=encryption_key,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=removal_policy,
            versioned=True,
        )
        acknowledge(self, "S3BucketReplicationEnabled")
        # The bucket's own property for this chooses between a policy and an ACL by a feature flag of the host app, and
        # an ACL cannot be had with a bucket whose owner owns every object.
        l1(self, s3.CfnBucket).logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=access_logs_bucket.bucket_name, log_file_prefix=access_logs_prefix
        )
        access_logs_bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=f"Receive{id}Logs",
                principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[access_logs_bucket.arn_for_objects(f"{access_logs_prefix}*")],
                conditions={
                    "ArnLike": {"aws:SourceArn": self.bucket_arn},
                    "StringEquals": {"aws:SourceAccount": Environment.of(self).account},
                },
            )
        )


class RotatedKey(kms.Key):
    """A symmetric customer managed key that KMS rotates every year.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        description: What it encrypts.
        removal_policy: What becomes of it with its stack.
    """

    def __init__(self, scope: Construct, id: str, *, description: str, removal_policy: RemovalPolicy) -> None:
        super().__init__(scope, id, description=description, enable_key_rotation=True, removal_policy=removal_policy)
