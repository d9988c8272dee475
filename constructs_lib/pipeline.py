"""A whole classification pipeline: buckets, keys, role, network and job, secure by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from constructs import Construct

from constructs_lib._core.arns import Environment
from constructs_lib._job.check import job_problems
from constructs_lib._job.settings import JobSettings
from constructs_lib._parts import Parts, add_output, check_output_names, parts_problems
from constructs_lib.documents import Documents
from constructs_lib.errors import ValidationError
from constructs_lib.job import DocumentClassificationJob
from constructs_lib.job_handler import ClassificationJobHandler
from constructs_lib.milestones import EmptyInput, JobMilestone
from constructs_lib.results import Results

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3

    from constructs_lib.keys import Key
    from constructs_lib.model import ClassificationModel
    from constructs_lib.network import ClassificationNetwork


class DocumentClassificationPipeline(Construct):
    """Everything that a classification job needs, and the job.

    A part that an option names is used; one that no option names is made.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        model: The classifier or flywheel.
        documents: What is classified. Default: - `Documents.in_new_bucket()`: a bucket is made, whose `documents/`
            takes one document a file; the first deployment finds it empty and starts nothing, a later one with a new
            `run_id` starts the job.
        results: Where results go. Default: - `Results.in_new_bucket()`: a bucket is made, and `results/` in it used.
        encryption_key: The key of the buckets that are made and of results without a key of their own: `IKey`,
            `IAlias`, key id, key ARN, alias name or alias ARN. Default: - a key with rotation is made if a bucket is.
        volume_encryption_key: The key of the service's storage volumes: `IKey`, an alias that knows its key, key id or
            key ARN. Default: - a key with rotation is made.
        data_access_role: The role the service reads and writes with; the job adds the statements that it needs.
            Default: - a `DataAccessRole` is made.
        network: The VPC, subnets and groups the job runs in. Default: - an isolated `ClassificationNetwork` is made.
        network_isolation: Whether the job runs in a VPC at all. Default: True.
        access_logs_bucket: Receives the access logs of the buckets that are made, of which there must be one.
            Default: - a bucket is made if one of the others is.
        removal_policy: What becomes of buckets, keys and log groups that are made, with their stack. A bucket that is
            destroyed must be empty. Default: `RemovalPolicy.RETAIN`.
        outputs: Whether the stack gets outputs. Default: True.
        job_name: As of `DocumentClassificationJob`, like all that follow. Default: - no name.
        tags: Tags of the job; they win over `Tags.of(...)`. Default: - the tags of `Tags.of(...)`.
        run_id: A new one starts a new job. Default: - none.
        wait_for: What the deployment waits for. Default: `JobMilestone.IN_PROGRESS`.
        timeout: How long it waits. Default: - 15 minutes, or 1 hour when it waits for `COMPLETED`.
        when_empty: What happens when no document is there. Default: - `EmptyInput.SKIP` where a bucket is made for
            documents, otherwise `EmptyInput.FAIL`.
        abandon_on_delete: Whether a job that still runs is let go at once when it is replaced or removed.
            Default: False.
        handler: The Lambda function that starts and follows the job, of the same stack. Default: - the one that jobs of
            the stack share.

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
        data_access_role: iam.IRole | iam.Role | None = None,
        network: ClassificationNetwork | None = None,
        network_isolation: bool = True,
        access_logs_bucket: s3.IBucket | s3.Bucket | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
        outputs: bool = True,
        job_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        run_id: str | None = None,
        wait_for: JobMilestone = JobMilestone.IN_PROGRESS,
        timeout: cdk.Duration | None = None,
        when_empty: EmptyInput | None = None,
        abandon_on_delete: bool = False,
        handler: ClassificationJobHandler | None = None,
    ) -> None:
        documents = Documents.in_new_bucket() if documents is None else documents
        results = Results.in_new_bucket() if results is None else results
        if when_empty is None:
            when_empty = EmptyInput.SKIP if getattr(documents, "in_new", False) else EmptyInput.FAIL
        settings = JobSettings(job_name, tags, run_id, wait_for, timeout, when_empty, abandon_on_delete)
        environment = Environment.of(scope)
        problems = job_problems(
            scope,
            environment,
            settings,
            model=model,
            documents=documents,
            results=results,
            data_access_role=data_access_role,
            volume_encryption_key=volume_encryption_key,
            network=network,
            handler=handler,
        )
        problems += parts_problems(
            environment,
            documents=documents,
            results=results,
            encryption_key=encryption_key,
            network=network,
            network_isolation=network_isolation,
            access_logs_bucket=access_logs_bucket,
            removal_policy=removal_policy,
            outputs=outputs,
        )
        if outputs is True:
            problems += check_output_names(scope, id, "JobArn")
        if problems:
            raise ValidationError(problems, f"{scope.node.path}/{id}".lstrip("/"))
        super().__init__(scope, id)

        self._parts = Parts(
            self,
            documents=documents,
            results=results,
            encryption_key=encryption_key,
            volume_encryption_key=volume_encryption_key,
            data_access_role=data_access_role,
            network=network,
            network_isolation=network_isolation,
            access_logs_bucket=access_logs_bucket,
            removal_policy=removal_policy,
        )
        self._job = DocumentClassificationJob(
            self,
            "Job",
            model=model,
            documents=self._parts.documents,
            results=self._parts.results,
            data_access_role=self._parts.data_access_role,
            volume_encryption_key=self._parts.volume_key,
            network=self._parts.network,
            handler=handler,
            **vars(settings),
        )
        if handler is None:
            ClassificationJobHandler.of(self).keep_log(removal_policy)
        if outputs:
            self._add_outputs()

    def _add_outputs(self) -> None:
        add_output(self, "JobArn", self._job.job_arn, "The classification job")
        add_output(self, "JobStatus", self._job.job_status, "The job's status when the deployment ended")
        add_output(self, "ResultsUri", self._job.output_s3_uri, "Where the results are once it is completed")
        if uri := self._parts.documents_uri:
            add_output(
                self, "DocumentsUri", uri, "Where documents are uploaded to; deploy with a new run id afterwards"
            )

    @property
    def job(self) -> DocumentClassificationJob:
        """The job."""
        return self._job

    @property
    def documents_bucket(self) -> s3.Bucket | None:
        """The bucket that was made for documents; None when documents came from outside."""
        return self._parts.documents_bucket

    @property
    def results_bucket(self) -> s3.IBucket | s3.Bucket:
        """The bucket that results go to."""
        return self._parts.results_bucket

    @property
    def encryption_key(self) -> kms.IKey | kms.Key | None:
        """The key of buckets and results; None when none was given and no bucket is made."""
        return self._parts.encryption_key

    @property
    def volume_encryption_key(self) -> kms.IKey | kms.Key:
        """The key of the service's storage volumes."""
        return self._parts.volume_encryption_key

    @property
    def data_access_role(self) -> iam.IRole | iam.Role:
        """The role the service reads and writes with."""
        return self._parts.data_access_role

    @property
    def network(self) -> ClassificationNetwork | None:
        """The network the job runs in; None without network isolation."""
        return self._parts.network
