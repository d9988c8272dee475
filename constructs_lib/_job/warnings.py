"""What a user is told about a job that may work, but not by this app alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import aws_cdk as cdk

from constructs_lib._core.memo import Memo
from constructs_lib._core.tokens import is_known
from constructs_lib._core.warn import warn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aws_cdk import aws_iam as iam
    from constructs import IConstruct

    from constructs_lib._core.arns import Environment
    from constructs_lib._core.buckets import BucketFacts
    from constructs_lib._iam.statements import Statement
    from constructs_lib.keys import KeyReference

# Developer Guide, "Guidelines and quotas", and the endpoints that the SDKs know; a test compares them.
REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-west-1",
        "eu-west-2",
        "us-east-1",
        "us-east-2",
        "us-gov-west-1",
        "us-iso-east-1",
        "us-isof-east-1",
        "us-isof-south-1",
        "us-west-2",
    }
)


def warn_of_foreign_keys(
    job: IConstruct,
    roles: Mapping[str, Sequence[Statement]],
    environment: Environment,
    keys: Iterable[KeyReference | None],
) -> None:
    """Say what the key policy of another account must have.

    Args:
        job: The job, or the workflow.
        roles: What is allowed to each role that uses the keys, by the role's ARN.
        environment: Where it runs.
        keys: The keys.
    """
    account = environment.known_account
    foreign = {key.resource: key.owner for key in keys if key and key.owner not in (None, account)}
    if account is None or not foreign:
        return
    statements = [
        {**statement.render(), "Principal": {"AWS": role_arn}, "Resource": "*"}
        for role_arn, allowed in roles.items()
        for statement in allowed
        if any(action.startswith("kms:") for action in statement.actions) and foreign.keys() & set(statement.resources)
    ]
    owners = ", ".join(sorted({str(owner) for owner in foreign.values()}))
    warn(
        job,
        "keyOfAnotherAccount",
        f"the key policy of the key in account {owners} must have these statements, or the job "
        f"fails: {json.dumps(cdk.Stack.of(job).resolve(statements))}",
    )


def warn_of_foreign_buckets(
    job: IConstruct, roles: Mapping[str, Sequence[Statement]], environment: Environment, buckets: Iterable[BucketFacts]
) -> None:
    """Say what the bucket policy of another account must have.

    Args:
        job: The job, or the workflow.
        roles: What is allowed to each role that uses the buckets, by the role's ARN.
        environment: Where it runs.
        buckets: The buckets.
    """
    account = environment.known_account
    foreign = {bucket.arn: bucket.account for bucket in buckets if account and bucket.account not in (None, account)}
    for arn, owner in foreign.items():
        statements = [
            {**statement.render(), "Principal": {"AWS": role_arn}}
            for role_arn, allowed in roles.items()
            for statement in allowed
            if any(resource == arn or resource.startswith(f"{arn}/") for resource in statement.resources)
        ]
        warn(
            job,
            "bucketOfAnotherAccount",
            f"the policy of the bucket in account {owner} must have these statements, or the job fails: "
            f"{json.dumps(cdk.Stack.of(job).resolve(statements))}",
        )


def warn_of_region(job: IConstruct, environment: Environment) -> None:
    """Say that a Region was not known to have Comprehend.

    Args:
        job: The job.
        environment: Where it runs.
    """
    region = environment.known_region
    if region and region not in REGIONS:
        warn(
            cdk.Stack.of(job),
            "regionUnknown",
            f"Region {region} was not known to have Amazon Comprehend when this version was released; known: "
            f"{', '.join(sorted(REGIONS))}",
        )


def warn_of_unread_images(job: IConstruct) -> None:
    """Say that Textract may be needed, which nobody has allowed.

    Args:
        job: The job.
    """
    warn(
        job,
        "readerMissing",
        "documents has no reader, but the name of an image or PDF, which the service may read with Amazon Textract; "
        "without permission for that the job fails with TEXTRACT_ACCESS_DENIED: pass reader=DocumentReader."
        "service_default(), or .detect_text() or .analyze(...) to choose how it is read",
    )


def warn_of_role_path(user: IConstruct, role: iam.IRole, arn: str) -> None:
    """Say that a policy may go to another role than was meant.

    Args:
        user: The first job that uses it.
        role: The role.
        arn: Its ARN.
    """
    if is_known(arn) or not _NAME_IS_CUT.of(role, lambda: _name_is_cut(role)):
        return
    warn(
        user,
        "roleNameFromArn",
        "data_access_role was imported by an ARN that only the deployment knows; its name is taken to be what follows "
        "the first slash, so that for an ARN with a path, such as role/service-role/X, the statements go to another "
        "role: import such a role with iam.Role.from_role_name, or with an ARN that is known at synthesis",
    )


_NAME_IS_CUT: Memo[bool] = Memo()


def _name_is_cut(role: iam.IRole) -> bool:
    if cdk.Resource.is_owned_resource(role):
        return False
    return "Fn::Split" in json.dumps(cdk.Stack.of(role).resolve(role.role_name))
