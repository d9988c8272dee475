"""What a job has to know about a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk

from constructs_lib._core.arns import Environment
from constructs_lib._core.memo import Memo, address_of, stack_of
from constructs_lib._core.tokens import is_known

if TYPE_CHECKING:
    from aws_cdk.aws_kms import IKey
    from aws_cdk.aws_s3 import IBucket


@dataclass(frozen=True)
class BucketFacts:
    """What stays the same for as long as a bucket is defined.

    Args:
        name: Its name, mostly a token.
        arn: Its ARN, mostly a token.
        encryption_key: Its customer managed key, if it has one.
        region: The Region it is in, if that is known.
        account: The account it is in, if that is known.
        construct: The bucket; None for one that only a URI names.
        is_owned: Whether an app defines it; otherwise it is imported.
        stack_address: The address of the stack that it is defined or imported in; None for one that a URI names.
    """

    name: str
    arn: str
    encryption_key: IKey | None = None
    region: str | None = None
    account: str | None = None
    construct: IBucket | None = None
    is_owned: bool = False
    stack_address: str | None = None

    @classmethod
    def of(cls, bucket: IBucket) -> BucketFacts:
        """Ask a bucket, once.

        Args:
            bucket: A defined or imported bucket.

        Returns:
            The facts.
        """
        return _FACTS.of(bucket, lambda: cls._ask(bucket))

    @classmethod
    def _ask(cls, bucket: IBucket) -> BucketFacts:
        is_owned = cdk.Resource.is_owned_resource(bucket)
        # What an app defines is where its stack is.
        env = Environment.of(bucket) if is_owned else bucket.env
        return cls(
            bucket.bucket_name,
            bucket.bucket_arn,
            bucket.encryption_key,
            region=env.region if is_known(env.region) else None,
            account=env.account if is_known(env.account) else None,
            construct=bucket,
            is_owned=is_owned,
            stack_address=address_of(stack_of(bucket)),
        )

    @classmethod
    def named(cls, name: str) -> BucketFacts:
        """Know a bucket by its name alone.

        Args:
            name: The name.

        Returns:
            The facts.
        """
        return cls(name, f"arn:{cdk.Aws.PARTITION}:s3:::{name}")


# Jobs share buckets, and each of these facts costs a call into the jsii kernel.
_FACTS: Memo[BucketFacts] = Memo()
