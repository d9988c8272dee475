"""Reads the options of a job and collects every problem that the checks find in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from constructs_lib import validation
from constructs_lib._core.buckets import BucketFacts
from constructs_lib._core.tokens import is_known
from constructs_lib.errors import problem
from constructs_lib.keys import Key, alias_target, is_alias
from constructs_lib.milestones import EmptyInput, JobMilestone
from constructs_lib.model import ModelKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_s3 as s3

    from constructs_lib._core.arns import Environment
    from constructs_lib.documents import Documents
    from constructs_lib.model import ClassificationModel
    from constructs_lib.network import ClassificationNetwork
    from constructs_lib.results import Results


def check_job_options(
    environment: Environment,
    *,
    model: ClassificationModel,
    documents: Documents | None,
    results: Results | None,
    data_access_role: iam.IRole | None,
    volume_encryption_key: Key | None,
    network: ClassificationNetwork | None,
    job_name: str | None,
    tags: Mapping[str, str] | None,
    run_id: str | None,
    wait_for: JobMilestone,
    timeout: cdk.Duration | None,
    when_empty: EmptyInput,
) -> list[str]:
    """Check every option of a job; what only the deployment knows passes.

    Args:
        environment: Where the job runs.
        model: As of `DocumentClassificationJob`, like all others.
        documents: None when a pipeline is going to make the bucket.
        results: None when a pipeline is going to make the bucket.
        data_access_role: The role.
        volume_encryption_key: The key.
        network: The network.
        job_name: The name.
        tags: The tags.
        run_id: The run.
        wait_for: The milestone.
        timeout: The time.
        when_empty: The choice.

    Returns:
        All problems; none when the job can be defined.
    """
    found: list[str] = []
    if is_known(model.arn):
        found += validation.check_model_arn(model.arn, flywheel=model.kind == ModelKind.FLYWHEEL)
        found += _check_place("model", model.arn, environment)
    if documents is not None:
        found += _check_documents(documents, environment)
    if results is not None:
        found += _check_results(results, environment)
    found += _check_apart(documents, results)
    found += _check_role(data_access_role, environment)
    if volume_encryption_key is not None:
        found += check_key_option("volume_encryption_key", volume_encryption_key, environment, aliases=False)
    if network is not None:
        found += validation.check_network(len(network.subnets), len(network.security_groups))
    found += _check_labels(job_name, tags or {}, run_id)
    if timeout is not None and not timeout.is_unresolved():
        found += validation.check_timeout(timeout.to_milliseconds() / 1000)
    found += validation.check_choice("wait_for", wait_for, JobMilestone, "JobMilestone")
    found += validation.check_choice("when_empty", when_empty, EmptyInput, "EmptyInput")
    return found


def check_key_option(option: str, key: Key, environment: Environment, *, aliases: bool) -> list[str]:
    """Check a key in any of its forms.

    Args:
        option: The option that has it.
        key: The key.
        environment: Where the job runs.
        aliases: Whether the API field takes aliases.

    Returns:
        Problems.
    """
    if isinstance(key, str):
        if not is_known(key):
            return []
        return validation.check_key(option, key, aliases=aliases) or _check_place(option, key, environment)
    if not aliases and is_alias(key):
        if alias_target(key) is not None:
            return []
        return [
            problem(
                option,
                key.alias_name,
                "a key, or an alias that knows its key",
                "the API takes no alias here, and one imported by name does not know its key; import the key",
            )
        ]
    return _check_place(option, key.key_arn, environment) if is_known(key.key_arn) else []


def _check_role(role: iam.IRole | None, environment: Environment) -> list[str]:
    if role is None or not is_known(arn := role.role_arn):
        return []
    return validation.check_role_arn(arn, environment.known_account)


def _check_labels(job_name: str | None, tags: Mapping[str, str], run_id: str | None) -> list[str]:
    found: list[str] = []
    if job_name is not None and is_known(job_name):
        found += validation.check_job_name(job_name)
    found += validation.check_tags(
        {key: value if is_known(value) else "" for key, value in tags.items() if is_known(key)}
    )
    if run_id is not None and is_known(run_id):
        found += validation.check_run_id(run_id)
    return found


def _check_documents(documents: Documents, environment: Environment) -> list[str]:
    input_format = str(documents.input_format)
    found = validation.check_reader(input_format, documents.reader)
    if documents.path is not None:
        found += validation.check_local_file(documents.path)
        found += validation.check_plain_text("documents", documents.path.name, input_format)
    if documents.bucket is not None:
        found += _check_bucket("documents", documents.bucket, documents.prefix, environment)
        if is_known(documents.prefix):
            found += validation.check_plain_text("documents", documents.prefix, input_format)
    return found


def _check_results(results: Results, environment: Environment) -> list[str]:
    found = _check_bucket("results", results.bucket, results.folder, environment)
    if results.encryption_key is not None:
        found += check_key_option("encryption_key", results.encryption_key, environment, aliases=True)
    return found


def _check_bucket(option: str, bucket: s3.IBucket, prefix: str, environment: Environment) -> list[str]:
    found: list[str] = []
    if is_known(prefix):
        name = BucketFacts.of(bucket).name
        found += validation.check_prefix(option, prefix, name if is_known(name) else None)
    region = environment.known_region
    if region and not cdk.Resource.is_owned_resource(bucket):
        bucket_region = bucket.env.region
        if is_known(bucket_region) and bucket_region != region:
            found.append(
                problem(
                    option,
                    f"a bucket in {bucket_region}",
                    f"a bucket in Region {region}, the stack's",
                    "use one of that Region; the service reads and writes across none",
                )
            )
    return found


def _check_apart(documents: Documents | None, results: Results | None) -> list[str]:
    if documents is None or results is None:
        return []
    if documents.bucket is None or not (is_known(documents.prefix) and is_known(results.prefix)):
        return []
    if BucketFacts.of(documents.bucket).name != BucketFacts.of(results.bucket).name:
        return []
    return validation.check_apart(documents.prefix, results.folder)


def _check_place(option: str, arn: str, environment: Environment) -> list[str]:
    return validation.check_place(option, arn, region=environment.known_region, partition=environment.known_partition)
