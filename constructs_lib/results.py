"""Where a job writes its results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_cdk.aws_s3 import IBucket

    from constructs_lib.keys import Key


@dataclass(frozen=True)
class Results:
    """The bucket and prefix that a job writes its results under.

    The service adds `<account>-CLN-<job id>/output/output.tar.gz` to the prefix.

    Args:
        bucket: The bucket.
        prefix: The key prefix.
        encryption_key: The key that encrypts the results.

    Source: `OutputDataConfig` of `StartDocumentClassificationJob`.
    """

    bucket: IBucket
    prefix: str = ""
    encryption_key: Key | None = None

    @classmethod
    def to_bucket(cls, bucket: IBucket, prefix: str = "", *, encryption_key: Key | None = None) -> Results:
        """Write under a prefix of a bucket.

        Args:
            bucket: The bucket, in the Region of the job.
            prefix: A key prefix without a slash in front; a slash is added at its end. Must not lie inside the prefix
                of the documents, or a later job would classify these results. Default: - the root of the bucket.
            encryption_key: A symmetric key: `IKey`, `IAlias`, key id, key ARN, alias name or alias ARN.
                Default: - the bucket's own customer managed key, if it has one.

        Returns:
            The results.
        """
        return cls(bucket, prefix, encryption_key)

    @property
    def folder(self) -> str:
        """The prefix as the request has it: empty, or ending with a slash."""
        return self.prefix if not self.prefix or self.prefix.endswith("/") else f"{self.prefix}/"
