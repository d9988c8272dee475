"""What a pipeline or a workflow makes where it was not given: buckets, keys, role, network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from constructs_lib._core.memo import Memo, stack_of
from constructs_lib._core.objects import is_text
from constructs_lib._core.prefixes import split_uri
from constructs_lib._core.tokens import is_known
from constructs_lib._job.settings import check_flag
from constructs_lib.data_access_role import DataAccessRole
from constructs_lib.documents import Documents
from constructs_lib.errors import problem
from constructs_lib.keys import Key, as_key, check_key
from constructs_lib.network import ClassificationNetwork, check_removal_policy
from constructs_lib.results import Results
from constructs_lib.storage import AccessLogsBucket, PrivateBucket, RotatedKey, check_access_logs_bucket

if TYPE_CHECKING:
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from constructs import Construct

    from constructs_lib._core.arns import Environment


def parts_problems(
    environment: Environment,
    *,
    documents: object,
    results: object,
    encryption_key: object,
    network: object,
    network_isolation: object,
    access_logs_bucket: Any,  # noqa: ANN401 - anything may have been given
    removal_policy: object,
    outputs: object,
) -> list[str]:
    """Check the options that a pipeline or a workflow has beside those of a job.

    Args:
        environment: Where it is deployed.
        documents: As of `DocumentClassificationPipeline`, like all others.
        results: The results.
        encryption_key: The key.
        network: The network.
        network_isolation: Whether there is one.
        access_logs_bucket: The bucket.
        removal_policy: The policy.
        outputs: Whether there are outputs.

    Returns:
        Problems.
    """
    found = [] if encryption_key is None else check_key("encryption_key", encryption_key, environment, aliases=True)
    found += check_flag("network_isolation", network_isolation)
    if network is not None and network_isolation is False:
        allowed = "True with a network"
        found.append(problem("network_isolation", network_isolation, allowed, "leave out one of the two options"))
    found += check_access_logs_bucket(access_logs_bucket, environment)
    if isinstance(documents, Documents) and isinstance(results, Results):
        found += _check_effects(documents, results, encryption_key, access_logs_bucket)
    found += check_removal_policy(removal_policy)
    return found + check_flag("outputs", outputs)


def _check_effects(
    documents: Documents, results: Results, encryption_key: object, access_logs_bucket: object
) -> list[str]:
    """Refuse options that have no effect on what documents and results are."""
    if documents.in_new or results.in_new:
        return []
    found = []
    if access_logs_bucket is not None:
        allowed = "it where a bucket is made for documents or results"
        advice = "leave it out; a given bucket is logged as it says itself"
        found.append(problem("access_logs_bucket", access_logs_bucket, allowed, advice))
    if encryption_key is not None and results.encryption_key is not None:
        allowed = "one key for results, as no bucket is made"
        found.append(problem("encryption_key", encryption_key, allowed, "leave it out, or that of the results"))
    return found


class Parts:
    """What is given, and what was made in the place of what is not.

    Args:
        scope: Where it is made.
        documents: What is classified.
        results: Where results go.
        encryption_key: As of `DocumentClassificationPipeline`, like all others; already checked.
        volume_encryption_key: The key of volumes.
        data_access_role: The role.
        network: The network.
        network_isolation: Whether there is one.
        access_logs_bucket: The bucket.
        removal_policy: The policy.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        documents: Documents,
        results: Results,
        encryption_key: Key | None,
        volume_encryption_key: Key | None,
        data_access_role: iam.IRole | None,
        network: ClassificationNetwork | None,
        network_isolation: bool,
        access_logs_bucket: s3.IBucket | None,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        self._scope = scope
        self._removal_policy = removal_policy
        self._access_logs_bucket = access_logs_bucket
        self.encryption_key: kms.IKey | None = None
        if encryption_key is not None:
            self.encryption_key = as_key(scope, "EncryptionKeyImport", encryption_key)
        elif documents.in_new or results.in_new:
            self.encryption_key = self._make_key("EncryptionKey", "Documents and results of classification jobs")
        self.volume_encryption_key: kms.IKey = (
            self._make_key("VolumeKey", "Storage volumes of classification jobs")
            if volume_encryption_key is None
            else as_key(scope, "VolumeKeyImport", volume_encryption_key)
        )
        # As the user wrote it: the request then says the same.
        self.volume_key: Key = volume_encryption_key or self.volume_encryption_key
        self.data_access_role = data_access_role or DataAccessRole(scope, "DataAccessRole")
        self.network = network
        if network is None and network_isolation:
            self.network = ClassificationNetwork(scope, "Network", removal_policy=removal_policy)
        self.documents_bucket: PrivateBucket | None = None
        if documents.in_new:
            self.documents_bucket = self._make_bucket("DocumentsBucket", documents)
            documents = documents.placed_in(self.documents_bucket)
        self.documents = documents
        if results.in_new:
            results = results.placed_in(self._make_bucket("ResultsBucket", results))
        self.results = results if encryption_key is None else results.encrypted_with(encryption_key)
        self.results_bucket: s3.IBucket | s3.Bucket = results.bucket or self._imported(results)

    @property
    def documents_uri(self) -> str | None:
        """Where documents are put, if a bucket was made for them."""
        if self.documents_bucket is None:
            return None
        return f"s3://{self.documents_bucket.bucket_name}/{self.documents.prefix}"

    def _imported(self, results: Results) -> s3.IBucket:
        """The bucket that only a URI names."""
        name, _ = split_uri(results.uri or "") or ("", "")
        return s3.Bucket.from_bucket_name(self._scope, "ResultsBucketImport", name)

    def _make_key(self, id: str, description: str) -> RotatedKey:
        return RotatedKey(self._scope, id, description=description, removal_policy=self._removal_policy)

    def _make_bucket(self, id: str, contents: Documents | Results) -> PrivateBucket:
        if self._access_logs_bucket is None:
            self._access_logs_bucket = AccessLogsBucket(
                self._scope, "AccessLogsBucket", removal_policy=self._removal_policy
            )
        return PrivateBucket(
            self._scope,
            id,
            encryption_key=self.encryption_key,
            access_logs_bucket=self._access_logs_bucket,
            removal_policy=self._removal_policy,
            lifecycle_rules=contents.lifecycle_rules,
        )


def add_output(scope: Construct, name: str, value: str, description: str) -> None:
    """Define an output, named after its construct alone where that stands directly in a stack.

    Args:
        scope: The pipeline or workflow.
        name: What the output tells, such as `JobArn`.
        value: Its value.
        description: What it is.
    """
    output = cdk.CfnOutput(scope, name, value=value, description=description)
    parent, own = scope.node.scope, scope.node.id
    logical_id = _output_id(own, name)
    if logical_id.isascii() and is_known(own) and cdk.Stack.is_stack(parent):
        output.override_logical_id(logical_id)
        _NAMED.of(stack_of(scope), dict)[logical_id] = own


# Whose the outputs of a stack are that are named after their constructs alone.
_NAMED: Memo[dict[str, str]] = Memo()


def check_output_names(scope: Construct, id: str, name: str) -> list[str]:
    """Check that outputs would be named like those of no other pipeline or workflow of the stack.

    Args:
        scope: Where the pipeline or workflow is going to be.
        id: Its construct id.
        name: The first of its outputs.

    Returns:
        Problems.
    """
    if not (isinstance(scope, cdk.Stack) and is_text(id)):
        return []
    logical_id = _output_id(id, name)
    other = _NAMED.of(scope, dict).get(logical_id, id)
    if other == id:  # The CDK refuses the same id twice by itself.
        return []
    allowed = f"names that {other!r} of this stack has not"
    advice = "choose ids that differ in letters or digits, or pass outputs=False and define outputs of your own"
    return [problem("outputs", logical_id, allowed, advice)]


def _output_id(id: str, name: str) -> str:
    return f"{''.join(filter(str.isalnum, id))}{name}"
