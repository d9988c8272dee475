"""A whole classification pipeline: buckets, keys, role, network and job, secure by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from constructs import Construct

from constructs_lib._core.arns import Environment
from constructs_lib._job.settings import check_job_options, check_key_option
from constructs_lib.data_access_role import DataAccessRole
from constructs_lib.documents import Documents, InputFormat
from constructs_lib.errors import ValidationError, problem
from constructs_lib.job import DocumentClassificationJob
from constructs_lib.keys import Key, as_key
from constructs_lib.milestones import EmptyInput, JobMilestone
from constructs_lib.network import ClassificationNetwork
from constructs_lib.results import Results
from constructs_lib.storage import AccessLogsBucket, PrivateBucket, RotatedKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3

    from constructs_lib.model import ClassificationModel

_DOCUMENTS_PREFIX = "documents/"
_RESULTS_PREFIX = "results/"


class DocumentClassificationPipeline(Construct):
    """Everything that a classification job needs, and the job.

    Whatever is given is used; whatever is not is made.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        model: The classifier or flywheel.
        documents: What is classified. Default: - a bucket is made, whose `documents/` takes one document a file; the
            first deployment finds it empty and starts nothing, a later one with a new `run_id` starts the job.
        results: Where results go. Default: - a bucket is made, and `results/` in it used.
        encryption_key: The key of the buckets that are made and of the results: `IKey`, `IAlias`, key id, key ARN,
            alias name or alias ARN. Default: - a key with rotation is made if a bucket is made.
        volume_encryption_key: The key of the service's storage volumes: `IKey`, an alias that knows its key, key id or
            key ARN. Default: - a key with rotation is made.
        data_access_role: The role the service reads and writes with; the job adds the statements that it needs.
            Default: - a `DataAccessRole` is made.
        network: The VPC, subnets and groups the job runs in. Default: - an isolated `ClassificationNetwork` is made.
        network_isolation: Whether the job runs in a VPC at all. Default: True.
        access_logs_bucket: Receives the access logs of the buckets that are made. Default: - a bucket is made if one
            of the others is.
        removal_policy: What becomes of buckets and keys that are made, with their stack. A bucket that is destroyed
            must be empty. Default: `RemovalPolicy.RETAIN`.
        job_name: As of `DocumentClassificationJob`, like all that follow. Default: - no name.
        tags: Tags of the job; they win over `Tags.of(...)`. Default: - the tags of `Tags.of(...)`.
        run_id: A new one starts a new job. Default: - none.
        wait_for: What the deployment waits for. Default: `JobMilestone.IN_PROGRESS`.
        timeout: How long it waits. Default: - 15 minutes, or 1 hour when it waits for `COMPLETED`.

    Raises:
        ValidationError: Options cannot work; lists all of them, before anything is defined.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        model: ClassificationModel,
        documents: Documents | None = None,
        results: Results | None = None,
        encryption_key: Key | None = None,
        volume_encryption_key: Key | None = None,
        data_access_role: iam.IRole | None = None,
        network: ClassificationNetwork | None = None,
        network_isolation: bool = True,
        access_logs_bucket: s3.IBucket | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
        job_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        run_id: str | None = None,
        wait_for: JobMilestone = JobMilestone.IN_PROGRESS,
        timeout: cdk.Duration | None = None,
    ) -> None:
        when_empty = EmptyInput.SKIP if documents is None else EmptyInput.FAIL
        environment = Environment.of(scope)
        problems = check_job_options(
            environment,
            model=model,
            documents=documents,
            results=results,
            data_access_role=data_access_role,
            volume_encryption_key=volume_encryption_key,
            network=network,
            job_name=job_name,
            tags=tags,
            run_id=run_id,
            wait_for=wait_for,
            timeout=timeout,
            when_empty=when_empty,
        )
        if encryption_key is not None:
            problems += check_key_option("encryption_key", encryption_key, environment, aliases=True)
        if network is not None and not network_isolation:
            problems.append(
                problem(
                    "network_isolation", network_isolation, "True with a network", "leave out one of the two options"
                )
            )
        if problems:
            raise ValidationError(problems, f"{scope.node.path}/{id}".lstrip("/"))
        super().__init__(scope, id)

        self._removal_policy = removal_policy
        self._access_logs_bucket = access_logs_bucket
        self._given_key = encryption_key
        self._encryption_key = self._key(makes_bucket=documents is None or results is None)
        self._volume_encryption_key = (
            self._make_key("VolumeKey", "Storage volumes of classification jobs")
            if volume_encryption_key is None
            else as_key(self, "VolumeKeyImport", volume_encryption_key)
        )
        self._data_access_role = data_access_role or DataAccessRole(self, "DataAccessRole")
        self._network = network or (ClassificationNetwork(self, "Network") if network_isolation else None)

        self._documents_bucket: s3.IBucket | None = None
        if documents is None:
            self._documents_bucket = self._make_bucket("DocumentsBucket", "documents-bucket/")
            documents = Documents.from_bucket(
                self._documents_bucket, _DOCUMENTS_PREFIX, input_format=InputFormat.ONE_DOC_PER_FILE
            )
        if results is None:
            results = Results.to_bucket(
                self._make_bucket("ResultsBucket", "results-bucket/"), _RESULTS_PREFIX, encryption_key=encryption_key
            )
        elif results.encryption_key is None and encryption_key is not None:
            results = Results.to_bucket(results.bucket, results.prefix, encryption_key=encryption_key)
        self._results_bucket = results.bucket

        self._job = DocumentClassificationJob(
            self,
            "Job",
            model=model,
            documents=documents,
            results=results,
            data_access_role=self._data_access_role,
            volume_encryption_key=volume_encryption_key or self._volume_encryption_key,
            network=self._network,
            job_name=job_name,
            tags=tags,
            run_id=run_id,
            wait_for=wait_for,
            timeout=timeout,
            when_empty=when_empty,
        )
        cdk.CfnOutput(self, "JobArn", value=self._job.job_arn, description="The classification job")
        cdk.CfnOutput(
            self, "JobStatus", value=self._job.job_status, description="The job's status when the deployment ended"
        )
        cdk.CfnOutput(
            self, "ResultsUri", value=self._job.output_s3_uri, description="Where the results are once it is completed"
        )
        if self._documents_bucket is not None:
            cdk.CfnOutput(
                self,
                "DocumentsUri",
                value=f"s3://{self._documents_bucket.bucket_name}/{_DOCUMENTS_PREFIX}",
                description="Where documents are uploaded to; deploy with a new run id afterwards",
            )

    @property
    def job(self) -> DocumentClassificationJob:
        """The job."""
        return self._job

    @property
    def documents_bucket(self) -> s3.IBucket | None:
        """The bucket that was made for documents; None when documents came from outside."""
        return self._documents_bucket

    @property
    def results_bucket(self) -> s3.IBucket:
        """The bucket that results go to."""
        return self._results_bucket

    @property
    def encryption_key(self) -> kms.IKey | None:
        """The key of buckets and results; None when none was given and no bucket is made."""
        return self._encryption_key

    @property
    def volume_encryption_key(self) -> kms.IKey:
        """The key of the service's storage volumes."""
        return self._volume_encryption_key

    @property
    def data_access_role(self) -> iam.IRole:
        """The role the service reads and writes with."""
        return self._data_access_role

    @property
    def network(self) -> ClassificationNetwork | None:
        """The network the job runs in; None without network isolation."""
        return self._network

    def _key(self, *, makes_bucket: bool) -> kms.IKey | None:
        if self._given_key is not None:
            return as_key(self, "EncryptionKeyImport", self._given_key)
        return self._make_key("EncryptionKey", "Documents and results of classification jobs") if makes_bucket else None

    def _make_key(self, id: str, description: str) -> kms.IKey:
        return RotatedKey(self, id, description=description, removal_policy=self._removal_policy)

    def _make_bucket(self, id: str, access_logs_prefix: str) -> s3.IBucket:
        if self._encryption_key is None:
            raise TypeError("a bucket is made, so there must be a key")
        if self._access_logs_bucket is None:
            self._access_logs_bucket = AccessLogsBucket(self, "AccessLogsBucket", removal_policy=self._removal_policy)
        return PrivateBucket(
            self,
            id,
            encryption_key=self._encryption_key,
            access_logs_bucket=self._access_logs_bucket,
            access_logs_prefix=access_logs_prefix,
            removal_policy=self._removal_policy,
        )
