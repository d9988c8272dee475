"""One classification job as a CloudFormation resource."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from constructs_lib._core.arns import Arn, Environment
from constructs_lib._core.buckets import BucketFacts
from constructs_lib._core.tokens import is_known
from constructs_lib._iam.role_policy import policy_document
from constructs_lib._iam.statements import JobNeeds, Place, data_access_statements
from constructs_lib._job.settings import check_job_options
from constructs_lib.errors import ValidationError
from constructs_lib.job_handler import JobHandler
from constructs_lib.keys import Key, KeyReference
from constructs_lib.milestones import EmptyInput, JobMilestone
from constructs_lib.validation import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import IDependable

    from constructs_lib.documents import DocumentReader, Documents
    from constructs_lib.model import ClassificationModel
    from constructs_lib.network import ClassificationNetwork
    from constructs_lib.results import Results

RESOURCE_TYPE = "Custom::DocumentClassificationJob"

# CloudFormation's own clock starts before the function's and must not run out first; an hour is its limit.
_SERVICE_TIMEOUT_MARGIN = 120
_LONGEST_SERVICE_TIMEOUT = 3600

# Explicit tags win over those of Tags.of(...), whatever priority those were given.
_EXPLICIT = 1_000_000


@jsii.implements(cdk.ITaggableV2)
class DocumentClassificationJob(Construct):
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
        data_access_role: iam.IRole | None = None,
        volume_encryption_key: Key | None = None,
        network: ClassificationNetwork | None = None,
        job_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        run_id: str | None = None,
        wait_for: JobMilestone = JobMilestone.IN_PROGRESS,
        timeout: cdk.Duration | None = None,
        when_empty: EmptyInput = EmptyInput.FAIL,
    ) -> None:
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
        if problems:
            raise ValidationError(problems, f"{scope.node.path}/{id}".lstrip("/"))
        super().__init__(scope, id)

        self._environment = environment
        self._results = results
        self._cdk_tag_manager = cdk.TagManager(cdk.TagType.KEY_VALUE, RESOURCE_TYPE)
        for key, value in (tags or {}).items():
            self._cdk_tag_manager.set_tag(key, value, _EXPLICIT)

        handler = JobHandler.of(self)
        self._data_access_role = data_access_role or handler.default_data_access_role
        bucket, prefix = self._locate(documents)
        self._results_key = _results_key(results, environment)
        volume_key = volume_encryption_key and KeyReference.of(volume_encryption_key, environment, aliases=False)
        source, target = BucketFacts.of(bucket), BucketFacts.of(results.bucket)
        role_arn = self._data_access_role.role_arn
        needs = JobNeeds(
            model_arn=model.arn,
            role_arn=role_arn,
            documents=Place(source.arn, prefix),
            results=Place(target.arn, results.folder),
            documents_key=KeyReference.of(source.encryption_key, environment) if source.encryption_key else None,
            results_key=self._results_key,
            volume_key=volume_key or None,
            in_network=network is not None,
            network_arn=network.vpc.vpc_arn if network and network.goes_with_app else None,
            textract_action=_TEXTRACT[documents.reader.action] if documents.reader else None,
        )
        node = self.node
        handler.serve(needs, self._cdk_tag_manager, node, (bucket, results.bucket))

        seconds, service_timeout = _timeouts(timeout, wait_for)
        self._resource = cdk.CfnResource(
            self,
            "Resource",
            type=RESOURCE_TYPE,
            properties=_without_none(
                ServiceToken=handler.service_token,
                ServiceTimeout=service_timeout,
                Request=_without_none(
                    JobName=job_name,
                    **{model.kind.value: model.arn},
                    InputDataConfig=_without_none(
                        S3Uri=f"s3://{source.name}/{prefix}",
                        InputFormat=str(documents.input_format),
                        DocumentReaderConfig=documents.reader and _reader_config(documents.reader),
                    ),
                    OutputDataConfig=_without_none(
                        S3Uri=f"s3://{target.name}/{results.folder}",
                        KmsKeyId=self._results_key and self._results_key.identifier,
                    ),
                    DataAccessRoleArn=role_arn,
                    VolumeKmsKeyId=volume_key and volume_key.identifier,
                    VpcConfig=network
                    and {
                        "SecurityGroupIds": [group.security_group_id for group in network.security_groups],
                        "Subnets": [subnet.subnet_id for subnet in network.subnets],
                    },
                    Tags=self._cdk_tag_manager.rendered_tags,
                ),
                RunId=run_id,
                WaitFor=str(wait_for),
                Timeout=seconds,
                WhenEmpty=str(when_empty),
                DeleteNetworkInterfaces="true" if needs.network_arn else None,
            ),
        )

        policy = handler.data_access_policy(self._data_access_role, needs)
        prerequisites: list[IDependable] = [handler.ready]
        if policy.is_attached:
            prerequisites.append(policy)
        else:
            self._warn_about_missing_statements(needs)
        self._warn_about_foreign_keys(needs)
        if network:
            network.admit(bucket, results.bucket)
            prerequisites.append(network.ready)
        node.add_dependency(*prerequisites)
        self._warn_about_region()

    @property
    def cdk_tag_manager(self) -> cdk.TagManager:
        """Where `Tags.of(...)` leaves its tags."""
        return self._cdk_tag_manager

    @property
    def data_access_role(self) -> iam.IRole:
        """The role the service reads and writes with."""
        return self._data_access_role

    @property
    def job_arn(self) -> str:
        """The job's ARN, or `NOT_STARTED` when there was nothing to classify."""
        return self._attribute("JobArn")

    @property
    def job_id(self) -> str:
        """The job's id, or `NOT_STARTED` when there was nothing to classify."""
        return self._attribute("JobId")

    @property
    def job_name(self) -> str:
        """The job's name, or `UNNAMED`."""
        return self._attribute("JobName")

    @property
    def job_status(self) -> str:
        """The job's status when the deployment ended, or `SKIPPED_EMPTY_INPUT` when there was nothing to classify."""
        return self._attribute("JobStatus")

    @property
    def document_classifier_arn(self) -> str:
        """The classifier the job uses, with a flywheel its active version; `NOT_STARTED` when that is not known."""
        return self._attribute("DocumentClassifierArn")

    @property
    def output_s3_uri(self) -> str:
        """Where `output.tar.gz` is once the job is completed, or `NOT_STARTED` when there was nothing to classify."""
        return self._attribute("OutputS3Uri")

    def _attribute(self, name: str) -> str:
        return self._resource.get_att(name).to_string()

    def grant_describe(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody ask for the status of this job.

        Args:
            grantee: Who.

        Returns:
            The grant.
        """
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["comprehend:DescribeDocumentClassificationJob"],
            # From the id, not the ARN: what was not started has no ARN, and IAM refuses a policy with anything else.
            resource_arns=[f"{self._environment.arn('comprehend')}:document-classification-job/{self.job_id}"],
        )

    def grant_read_results(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody read the results of this job, and decrypt them.

        Args:
            grantee: Who.

        Returns:
            The grant.
        """
        bucket, folder = self._results.bucket, f"{self._results.folder}{self._environment.account}-CLN-{self.job_id}/"
        grants = [
            iam.Grant.add_to_principal(
                grantee=grantee,
                actions=["s3:GetObject"],
                resource_arns=[f"{bucket.bucket_arn}/{folder}*"],
            ),
            iam.Grant.add_to_principal(
                grantee=grantee,
                actions=["s3:ListBucket"],
                resource_arns=[bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": f"{folder}*"}},
            ),
        ]
        if key := self._results_key:
            through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{self._environment.region}.amazonaws.com"}}
            by_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": key.alias}} if key.alias else {}
            grants.append(
                iam.Grant.add_to_principal(
                    grantee=grantee,
                    actions=["kms:Decrypt"],
                    resource_arns=[key.resource],
                    conditions={**through_s3, **by_alias},
                )
            )
        combined, *others = grants
        for other in others:
            combined = combined.combine(other)
        return combined

    def _locate(self, documents: Documents) -> tuple[s3.IBucket, str]:
        if documents.path is not None:
            asset = s3_assets.Asset(self, "Documents", path=str(documents.path))
            return asset.bucket, asset.s3_object_key
        if documents.bucket is None:
            raise ValidationError(
                ["documents: got neither bucket nor path; use Documents.from_bucket or Documents.from_asset"],
                self.node.path,
            )
        return documents.bucket, documents.prefix

    def _warn_about_missing_statements(self, needs: JobNeeds) -> None:
        document = cdk.Stack.of(self).resolve(policy_document(data_access_statements([needs], self._environment)))
        cdk.Annotations.of(self).add_warning_v2(
            "cdk-comprehend-classification:dataAccessRoleIsImmutable",
            "data_access_role cannot be changed by this app, so the job fails unless the role already has these "
            f"statements: {json.dumps(document['Statement'])}",
        )

    def _warn_about_foreign_keys(self, needs: JobNeeds) -> None:
        account = self._environment.known_account
        keys = {key.resource for key in (needs.documents_key, needs.results_key, needs.volume_key) if key}
        foreign = {arn.account for key in keys if (arn := Arn.parse(key)) and is_known(arn.account)} - {account}
        if account is None or not foreign:
            return
        statements = [
            {**statement.render(), "Principal": {"AWS": needs.role_arn}, "Resource": "*"}
            for statement in data_access_statements([needs], self._environment)
            if any(action.startswith("kms:") for action in statement.actions)
            and foreign & {arn.account for resource in statement.resources if (arn := Arn.parse(resource))}
        ]
        cdk.Annotations.of(self).add_warning_v2(
            "cdk-comprehend-classification:keyOfAnotherAccount",
            f"the key policy of the key in account {', '.join(sorted(foreign))} must have these statements, or the job "
            f"fails: {json.dumps(cdk.Stack.of(self).resolve(statements))}",
        )

    def _warn_about_region(self) -> None:
        region = self._environment.known_region
        if region and region not in REGIONS:
            cdk.Annotations.of(self).add_warning_v2(
                "cdk-comprehend-classification:regionUnknown",
                f"Region {region} was not known to have Amazon Comprehend when this version was released; known: "
                f"{', '.join(sorted(REGIONS))}",
            )


_TEXTRACT = {
    "TEXTRACT_DETECT_DOCUMENT_TEXT": "textract:DetectDocumentText",
    "TEXTRACT_ANALYZE_DOCUMENT": "textract:AnalyzeDocument",
}


def _reader_config(reader: DocumentReader) -> dict[str, object]:
    return _without_none(
        DocumentReadAction=str(reader.action),
        DocumentReadMode=str(reader.mode) if reader.mode else None,
        FeatureTypes=[str(feature) for feature in reader.features] or None,
    )


def _results_key(results: Results, environment: Environment) -> KeyReference | None:
    key = results.encryption_key or BucketFacts.of(results.bucket).encryption_key
    return KeyReference.of(key, environment) if key else None


def _timeouts(timeout: cdk.Duration | None, wait_for: JobMilestone) -> tuple[str, int]:
    """The seconds that the job has, and those that CloudFormation waits."""
    if timeout is None:
        seconds = 3600 if wait_for == JobMilestone.COMPLETED else 900
    elif timeout.is_unresolved():
        return cdk.Tokenization.stringify_number(timeout.to_seconds()), _LONGEST_SERVICE_TIMEOUT
    else:
        seconds = math.ceil(timeout.to_milliseconds() / 1000)
    return str(seconds), min(seconds + _SERVICE_TIMEOUT_MARGIN, _LONGEST_SERVICE_TIMEOUT)


def _without_none(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}
