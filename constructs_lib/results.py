"""Where a job writes its results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from constructs_lib._core.buckets import BucketFacts
from constructs_lib._core.objects import given_or, is_text
from constructs_lib._core.prefixes import check_bucket, check_prefix, check_uri, split_uri
from constructs_lib._core.values import MadeByMethods
from constructs_lib.documents import check_lifecycle_rules
from constructs_lib.errors import problem
from constructs_lib.keys import Key, check_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_s3 as s3

    from constructs_lib._core.arns import Environment


@dataclass(frozen=True)
class Results(metaclass=MadeByMethods):
    """The bucket and prefix that a job writes its results under.

    The service adds `<account>-CLN-<job id>/output/output.tar.gz` to the prefix. Make them with `to_bucket`, `to_uri`
    or `in_new_bucket`. The job that gets them checks them.

    Args:
        bucket: The bucket, of `to_bucket`.
        uri: The URI, of `to_uri`.
        prefix: The key prefix.
        encryption_key: The key that encrypts the results.
        in_new: Whether the bucket is still to be made.
        lifecycle_rules: Of the bucket that is still to be made.

    Source: `OutputDataConfig` of `StartDocumentClassificationJob`.
    """

    bucket: s3.IBucket | s3.Bucket | None = None
    uri: str | None = None
    prefix: str = ""
    encryption_key: Key | None = None
    in_new: bool = False
    lifecycle_rules: Sequence[s3.LifecycleRule] | None = None

    @classmethod
    def to_bucket(
        cls, bucket: s3.IBucket | s3.Bucket, prefix: str = "", *, encryption_key: Key | None = None
    ) -> Results:
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
        # None in the place of the bucket must not pass for results that go elsewhere.
        return cls._make(bucket=given_or(bucket, "no bucket"), prefix=prefix, encryption_key=encryption_key)

    @classmethod
    def to_uri(cls, uri: str, *, encryption_key: Key | None = None) -> Results:
        """Write under a URI.

        Args:
            uri: `s3://<bucket>/<prefix>`, in the Region of the job; a slash is added at its end.
            encryption_key: A symmetric key: `IKey`, `IAlias`, key id, key ARN, alias name or alias ARN.
                Default: - what the bucket encrypts with by itself.

        Returns:
            The results.
        """
        parts = split_uri(uri) if is_text(uri) else None
        return cls._make(uri=given_or(uri, "no URI"), prefix=parts[1] if parts else "", encryption_key=encryption_key)

    @classmethod
    def in_new_bucket(
        cls, prefix: str = "results/", *, lifecycle_rules: Sequence[s3.LifecycleRule] | None = None
    ) -> Results:
        """Let a pipeline or a workflow make the bucket, encrypted with its `encryption_key`.

        Args:
            prefix: A key prefix without a slash in front; a slash is added at its end. Default: `results/`.
            lifecycle_rules: Of the bucket. Default: - uploads that were not completed are removed after 7 days.

        Returns:
            The results.
        """
        return cls._make(prefix=prefix, in_new=True, lifecycle_rules=lifecycle_rules)

    def placed_in(self, bucket: s3.IBucket | s3.Bucket) -> Results:
        """Put results of a bucket that was still to be made into it.

        Args:
            bucket: The bucket, now made.

        Returns:
            The results.
        """
        return Results.to_bucket(bucket, self.prefix)

    def encrypted_with(self, key: Key) -> Results:
        """Encrypt results that have no key of their own.

        Args:
            key: The key.

        Returns:
            The results.
        """
        if self.encryption_key is not None:
            return self
        return Results._make(**{**vars(self), "encryption_key": key})

    @property
    def folder(self) -> str:
        """The prefix as the request has it: empty, or ending with a slash."""
        return self.prefix if not self.prefix or self.prefix.endswith("/") else f"{self.prefix}/"

    @property
    def location(self) -> BucketFacts | None:
        """The bucket; None for one that is still to be made."""
        if self.bucket is not None:
            return BucketFacts.of(self.bucket)
        parts = split_uri(self.uri) if is_text(self.uri) else None
        return BucketFacts.named(parts[0]) if parts else None

    def problems(self, environment: Environment) -> list[str]:
        """Check the results.

        Args:
            environment: Where the job runs.

        Returns:
            What is wrong; nothing for what only the deployment knows.
        """
        prefix = self.folder if is_text(self.prefix) else self.prefix
        if self.uri is not None:
            found = check_uri("results", self.uri)
        elif self.in_new:
            found = check_prefix("results", prefix, None) + check_lifecycle_rules("results", self.lifecycle_rules)
        else:
            found = check_bucket("results", self.bucket, prefix, environment)
        if self.encryption_key is not None:
            found += check_key("encryption_key", self.encryption_key, environment, aliases=True)
        return found


def check_results(results: object, environment: Environment) -> list[str]:
    """Check what was given as results.

    Args:
        results: Anything.
        environment: Where the job runs.

    Returns:
        Problems.
    """
    if isinstance(results, Results):
        return results.problems(environment)
    return [problem("results", results, "a Results", "use Results.to_bucket(...) or Results.to_uri(...)")]
