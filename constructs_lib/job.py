"""One classification job as a CloudFormation resource."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets

from constructs_lib._core.arns import Environment
from constructs_lib._core.buckets import BucketFacts
from constructs_lib._core.objects import offers
from constructs_lib._core.overlaps import UsedPrefix, warn_of_overlaps
from constructs_lib._core.tokens import settled
from constructs_lib._iam import statements as say
from constructs_lib._iam.grants import Granted, grant, principal_of, reading
from constructs_lib._iam.permissions import JobAccess, data_access_statements
from constructs_lib._iam.role_policy import policy_document
from constructs_lib._iam.roles import role_arn
from constructs_lib._iam.statements import S3Location
from constructs_lib._job import warnings
from constructs_lib._job.attributes import attribute
from constructs_lib._job.check import job_problems
from constructs_lib._job.request import job_request, textract_action, without_none
from constructs_lib._job.settings import JobSettings
from constructs_lib._job.tags import RESOURCE_TYPE, tags_of_job
from constructs_lib.errors import ValidationError, problem
from constructs_lib.job_handler import ClassificationJobHandler
from constructs_lib.keys import Key, KeyReference
from constructs_lib.milestones import EmptyInput, JobMilestone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from constructs_lib.documents import Documents
    from constructs_lib.model import ClassificationModel
    from constructs_lib.network import ClassificationNetwork
    from constructs_lib.results import Results


@jsii.implements(cdk.ITaggableV2)
class DocumentClassificationJob(cdk.Resource):
    """A job that CloudFormation starts, watches and reports, one resource a job.

    A changed request (tags aside) or a changed `run_id` starts a new job; changed tags re-tag the running one; nothing
    else starts anything. A running job cannot be stopped: the service has no call for it.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        model: The classifier or flywheel.
        documents: What is classified.
        results: Where results go.
        data_access_role: The role the service reads and writes with; the job adds the statements that it needs.
            Default: - a `DataAccessRole` that jobs of the stack without one share.
        volume_encryption_key: A symmetric key for the storage volumes of the service's instances: `IKey`, an alias
            that knows its key, key id or key ARN. Default: - a key that AWS owns.
        network: The VPC, subnets and groups the job runs in. Default: - the service's own network.
        job_name: 1 to 256 letters, numbers, spaces or `_.:/=+-%@`. Default: - no name.
        tags: Up to 50 tags of the job; they win over `Tags.of(...)`. Default: - the tags of `Tags.of(...)`.
        run_id: Any text of 1 to 256 characters; a new one starts a new job although nothing else has changed.
            Default: - none.
        wait_for: How far the job must come for the deployment to succeed. Default: `JobMilestone.IN_PROGRESS`.
        timeout: How long a deployment waits, 1 second to 1 hour. Default: - 15 minutes, or 1 hour when it waits for
            `COMPLETED`.
        when_empty: What happens when no document is there. Default: `EmptyInput.FAIL`.
        abandon_on_delete: Whether a job that still runs is let go at once when it is replaced or removed, though it
            then may lose its role, keys and network, and fail. Otherwise the deployment waits for its end, up to
            `timeout`. Default: False.
        handler: The Lambda function that starts and follows the job, of the same stack. Default: - the one that jobs of
            the stack share.

    Raises:
        ValidationError: Options cannot work; lists all of them, before anything is defined.

    Source: `StartDocumentClassificationJob`.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        model: ClassificationModel,
        documents: Documents,
        results: Results,
        data_access_role: iam.IRole | iam.Role | None = None,
        volume_encryption_key: Key | None = None,
        network: ClassificationNetwork | None = None,
        job_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        run_id: str | None = None,
        wait_for: JobMilestone = JobMilestone.IN_PROGRESS,
        timeout: cdk.Duration | None = None,
        when_empty: EmptyInput = EmptyInput.FAIL,
        abandon_on_delete: bool = False,
        handler: ClassificationJobHandler | None = None,
    ) -> None:
        environment = Environment.of(scope)
        settings = JobSettings(job_name, tags, run_id, wait_for, timeout, when_empty, abandon_on_delete)
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
        problems += [
            problem(option, "a bucket that is still to be made", "a bucket", "give it to a pipeline or a workflow")
            for option, value in {"documents": documents, "results": results}.items()
            if getattr(value, "in_new", False)
        ]
        if problems:
            raise ValidationError(problems, f"{scope.node.path}/{id}".lstrip("/"))
        super().__init__(scope, id)

        self._environment = environment
        self._tag_manager = tags_of_job(tags)

        handler = handler or ClassificationJobHandler.of(scope)
        role = self._data_access_role = data_access_role or handler.default_data_access_role
        source, prefix, documents_key = self._locate(documents)
        target = self._results_bucket = results.location or BucketFacts.named("")
        self._results_folder = results.folder
        self._results_key = results.encryption_key or target.encryption_key
        results_key = KeyReference.of(self._results_key, environment) if self._results_key else None
        volume_key = (
            KeyReference.of(volume_encryption_key, environment, aliases=False) if volume_encryption_key else None
        )
        access = JobAccess(
            model_arn=model.resource(environment),
            role_arn=role_arn(role),
            documents=S3Location(source.arn, prefix),
            results=S3Location(target.arn, results.folder),
            documents_key=KeyReference.of(documents_key, environment) if documents_key else None,
            results_key=results_key,
            volume_key=volume_key,
            in_network=network is not None,
            textract_action=textract_action(documents.reader),
        )
        binding = network.bind(self, [source, target], handler) if network else None
        handler.add_job(access, self._tag_manager, self)
        policy = handler.data_access_policy(role, access, self)

        seconds, service_timeout = settings.timeouts
        self._resource = cdk.CfnResource(
            self,
            "Resource",
            type=RESOURCE_TYPE,
            properties=without_none(
                ServiceToken=handler.service_token,
                ServiceTimeout=service_timeout,
                Request=job_request(
                    model=model,
                    documents_uri=f"s3://{source.name}/{prefix}",
                    input_format=documents.input_format,
                    reader=documents.reader,
                    results_uri=f"s3://{target.name}/{results.folder}",
                    results_key=results_key,
                    role_arn=access.role_arn,
                    volume_key=volume_key,
                    vpc_config=binding.vpc_config if binding else None,
                    job_name=job_name,
                    tags=self._tag_manager.rendered_tags,
                ),
                RunId=run_id,
                WaitFor=str(wait_for),
                Timeout=seconds,
                WhenEmpty=str(when_empty),
                AbandonOnDelete="true" if abandon_on_delete else None,
                Rights=_fingerprint(handler, access, environment),
            ),
        )
        self._resource.node.add_dependency(
            handler.prerequisites(
                policy, [source, target], access.keys, binding.dependable if binding else None, self._resource
            )
        )
        roles = {access.role_arn: data_access_statements([access], environment)}
        warnings.warn_of_foreign_keys(self, roles, environment, access.keys)
        warnings.warn_of_foreign_buckets(self, roles, environment, [source, target])
        warnings.warn_of_region(self, environment)
        warnings.warn_of_role_path(policy.first_user or self, role, access.role_arn)
        warn_of_overlaps(
            scope,
            UsedPrefix(self, "the documents", source.name, prefix),
            UsedPrefix(self, "the results", target.name, results.folder),
        )
        if documents.wants_textract:
            warnings.warn_of_unread_images(self)

    @property
    def cdk_tag_manager(self) -> cdk.TagManager:
        """Where `Tags.of(...)` leaves its tags."""
        return self._tag_manager

    @property
    def data_access_role(self) -> iam.IRole | iam.Role:
        """The role the service reads and writes with."""
        return self._data_access_role

    @property
    def job_arn(self) -> str:
        """The job's ARN, or `NOT_STARTED` when there was nothing to classify."""
        return attribute(self._resource, "JobArn")

    @property
    def job_id(self) -> str:
        """The job's id, or `NOT_STARTED` when there was nothing to classify."""
        return attribute(self._resource, "JobId")

    @property
    def job_name(self) -> str:
        """The job's name, or `UNNAMED`."""
        return attribute(self._resource, "JobName")

    @property
    def job_status(self) -> str:
        """The job's status when the deployment ended, or `SKIPPED_EMPTY_INPUT` when there was nothing to classify."""
        return attribute(self._resource, "JobStatus")

    @property
    def document_classifier_arn(self) -> str:
        """The classifier the job uses, with a flywheel its active version; `NOT_STARTED` when that is not known."""
        return attribute(self._resource, "DocumentClassifierArn")

    @property
    def output_s3_uri(self) -> str:
        """Where `output.tar.gz` is once the job is completed, or `NOT_STARTED` when there was nothing to classify."""
        return attribute(self._resource, "OutputS3Uri")

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody ask for the status of this job; somebody of another stack, for that of any.

        Args:
            grantee: Who.

        Returns:
            The grant; without success, and with a warning, for whom this app cannot change.
        """
        return grant(
            self,
            "DescribeJob",
            grantee,
            [
                Granted(
                    [say.describe_job(self._id_for(grantee), self._environment)],
                    account=self._environment.known_account,
                )
            ],
        )

    def grant_read_results(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody read the results of this job, and decrypt them; somebody of another stack, those of any.

        Args:
            grantee: Who. For one of another account, or one that this app cannot change, the policies of bucket and
                key are changed where they are the app's.

        Returns:
            The grant; a warning has the statements that are missing.
        """
        parts = reading(
            self._results_bucket,
            self._results_key,
            self._environment,
            mine=self._results_of(self._id_for(grantee)),
            anyones=self._results_of("*"),
        )
        return grant(self, "ReadResults", grantee, parts)

    def _results_of(self, job_id: str) -> str:
        return f"{self._results_folder}{self._environment.account}-CLN-{job_id}/"

    def _id_for(self, grantee: iam.IGrantable) -> str:
        """The id that a policy of the grantee may name: exports to other stacks cannot change while in use."""
        principal = cast("Any", principal_of(self, grantee))
        is_near = offers(principal, "node") and cdk.Stack.of(principal).node.path == self.stack.node.path
        return self.job_id if is_near else "*"

    def _locate(self, documents: Documents) -> tuple[BucketFacts, str, Key | None]:
        if documents.location is not None:
            bucket, prefix = documents.location
            return bucket, prefix, bucket.encryption_key
        asset = s3_assets.Asset(self, "Documents", path=str(documents.file))
        return BucketFacts.of(asset.bucket), asset.s3_object_key, documents.encryption_key


def _fingerprint(scope: Construct, access: JobAccess, environment: Environment) -> str:
    """What tells whether a job may still do all that it could when it started."""
    document = policy_document(data_access_statements([access], environment))
    return hashlib.sha256(settled(scope, document).encode()).hexdigest()
