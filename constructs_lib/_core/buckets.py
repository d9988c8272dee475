"""What a job has to know about a bucket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

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
    """

    name: str
    arn: str
    encryption_key: IKey | None

    @classmethod
    def of(cls, bucket: IBucket) -> BucketFacts:
        """Ask a bucket, once.

        Args:
            bucket: A defined or imported bucket.

        Returns:
            The facts.
        """
        if bucket not in _FACTS:
            _FACTS[bucket] = cls(bucket.bucket_name, bucket.bucket_arn, bucket.encryption_key)
        return _FACTS[bucket]


# Jobs share buckets, and each of these facts costs a call into the jsii kernel.
_FACTS: WeakKeyDictionary[IBucket, BucketFacts] = WeakKeyDictionary()
