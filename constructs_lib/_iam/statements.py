"""Every IAM statement that the library writes: what it allows, why it is needed, and who says so."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from constructs_lib._core.tokens import is_known

if TYPE_CHECKING:
    from constructs_lib._core.arns import Environment
    from constructs_lib.keys import KeyReference

Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]

COMPREHEND = "comprehend.amazonaws.com"

# Above this many prefixes in one bucket a policy names what they have in common: IAM allows 10,240 characters a role.
MOST_PREFIXES = 20

_GUIDE = "Comprehend Developer Guide"
_ROLE_PAGE = f"{_GUIDE}, Identity-based policy examples, role-based permissions for asynchronous operations"
_VPC_PAGE = f"{_GUIDE}, Protect jobs by using an Amazon VPC"
_REFERENCE = "Service Authorization Reference, Amazon Comprehend"


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, with its reasons.

    Args:
        sid: Its name.
        actions: What it allows.
        resources: On what.
        why: Why a job needs it.
        source: Where AWS says so.
        conditions: Operators, condition keys and values.
        principal: Who, in a resource policy; None in a role's policy.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    why: str
    source: str
    conditions: Conditions = field(default_factory=dict)
    principal: str | None = None

    def render(self) -> dict[str, object]:
        """Write it as IAM reads it.

        Returns:
            The JSON object.
        """
        rendered: dict[str, object] = {"Sid": self.sid, "Effect": "Allow"}
        if self.principal:
            rendered["Principal"] = self.principal
        rendered["Action"] = _one_or_many(self.actions)
        rendered["Resource"] = _one_or_many(self.resources)
        if self.conditions:
            rendered["Condition"] = {operator: dict(keys) for operator, keys in self.conditions.items()}
        return rendered


def _one_or_many(values: Sequence[str]) -> str | list[str]:
    unique = list(dict.fromkeys(values))
    return unique[0] if len(unique) == 1 else unique


@dataclass(frozen=True)
class Place:
    """A prefix of a bucket."""

    bucket_arn: str
    prefix: str


@dataclass(frozen=True)
class JobNeeds:
    """What one job touches; every statement follows from it.

    Args:
        model_arn: The classifier or flywheel.
        role_arn: The data access role.
        documents: Where the documents are.
        results: Where the results go.
        documents_key: The key of the documents' bucket, if it has a customer managed one.
        results_key: The key of the results, if any.
        volume_key: The key of the service's storage volumes, if any.
        in_network: Whether the job runs in a VPC.
        network_arn: The VPC, when its subnets or groups go with the app.
        textract_action: The Textract action of the document reader, if any.
    """

    model_arn: str
    role_arn: str
    documents: Place
    results: Place
    documents_key: KeyReference | None = None
    results_key: KeyReference | None = None
    volume_key: KeyReference | None = None
    in_network: bool = False
    network_arn: str | None = None
    textract_action: str | None = None


def data_access_statements(jobs: Sequence[JobNeeds], environment: Environment) -> list[Statement]:
    """Say what the data access role of some jobs may do.

    Args:
        jobs: The jobs that use the role.
        environment: Where they run.

    Returns:
        The statements.
    """
    through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}}
    statements = [
        Statement(
            "ReadDocuments",
            ["s3:GetObject"],
            _objects(job.documents for job in jobs),
            "the service reads the documents with this role",
            _ROLE_PAGE,
        ),
        *_listings(
            "ListDocuments",
            [job.documents for job in jobs],
            "a URI is a prefix, so the service lists what is under it",
            _ROLE_PAGE,
        ),
        Statement(
            "WriteResults",
            ["s3:PutObject"],
            _objects(job.results for job in jobs),
            "the service writes output.tar.gz with this role",
            _ROLE_PAGE,
        ),
        *_keys(
            "DecryptDocuments",
            ["kms:Decrypt"],
            [job.documents_key for job in jobs],
            "the documents' bucket encrypts with this key",
            through_s3,
        ),
        *_keys(
            "EncryptResults",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            [job.results_key for job in jobs],
            "the results are encrypted with this key; a multipart upload decrypts its parts",
            through_s3,
        ),
        *_keys(
            "EncryptVolumes",
            ["kms:CreateGrant"],
            [job.volume_key for job in jobs],
            "the service's storage volumes use this key by a grant that this role makes",
            {},
        ),
    ]
    if any(job.in_network for job in jobs):
        statements.append(
            Statement(
                "UseNetwork",
                [
                    "ec2:CreateNetworkInterface",
                    "ec2:CreateNetworkInterfacePermission",
                    "ec2:DeleteNetworkInterface",
                    "ec2:DeleteNetworkInterfacePermission",
                    "ec2:DescribeDhcpOptions",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSecurityGroups",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeVpcs",
                ],
                ["*"],
                "the service puts network interfaces of its own into the VPC and removes them with this role",
                _VPC_PAGE,
            )
        )
    return [*statements, *_textract(jobs)]


def handler_statements(
    jobs: Sequence[JobNeeds],
    environment: Environment,
    *,
    function_arn: str,
    log_group_arn: str,
    stack_id: str,
    tags: bool,
) -> list[Statement]:
    """Say what the function that starts and follows the jobs of a stack may do.

    Args:
        jobs: The jobs of the stack.
        environment: Where they run.
        function_arn: The function itself.
        log_group_arn: Its log group and the streams in it, `arn:...:log-group:<name>:*`.
        stack_id: The stack.
        tags: Whether any of the jobs has tags.

    Returns:
        The statements.
    """
    every_job = f"{environment.arn('comprehend')}:document-classification-job/*"
    owned_networks = list(dict.fromkeys(job.network_arn for job in jobs if job.network_arn))
    statements = [
        Statement(
            "WriteLog",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [log_group_arn],
            "the function writes its log, to its own group only",
            "Lambda Developer Guide, Sending Lambda function logs to CloudWatch Logs",
        ),
        Statement(
            "StartJobs",
            ["comprehend:StartDocumentClassificationJob"],
            [*dict.fromkeys(job.model_arn for job in jobs), every_job],
            "a start is judged on the model and on the job, whose id is not known before",
            f"{_GUIDE}, Permissions required for a custom asynchronous analysis job; {_REFERENCE}",
        ),
        Statement(
            "FollowJobs",
            ["comprehend:DescribeDocumentClassificationJob"],
            [every_job],
            "a start proves nothing: access faults show in the job's status seconds later",
            _REFERENCE,
        ),
        Statement(
            "UntagJobs",
            ["comprehend:UntagResource"],
            [every_job],
            "an update may take away the last tag, when no statement about tags would be left",
            _REFERENCE,
        ),
        Statement(
            "PassDataAccessRoles",
            ["iam:PassRole"],
            list(dict.fromkeys(job.role_arn for job in jobs)),
            "whoever starts a job passes its data access role to the service",
            _REFERENCE,
            {"StringEquals": {"iam:PassedToService": COMPREHEND}},
        ),
        *_listings(
            "LookForDocuments",
            [job.documents for job in jobs],
            "a job without documents is not started; it would be paid for and fail",
            "Amazon S3 User Guide, Bucket policy examples using condition keys, s3:prefix",
            exact=True,
        ),
        Statement(
            "ContinueWaiting",
            ["lambda:InvokeFunction"],
            [function_arn],
            "a wait longer than one run goes on in a fresh run of the same function",
            "Lambda Developer Guide, Invoking a function asynchronously",
        ),
        Statement(
            "AskForStack",
            ["cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks"],
            [stack_id],
            "a rollback must start no job, and only the stack knows whether it is rolling back",
            "Service Authorization Reference, AWS CloudFormation",
        ),
        *_textract(jobs),
    ]
    if tags:
        statements.append(
            Statement(
                "TagJobs",
                ["comprehend:TagResource"],
                [every_job],
                "a start with tags needs it, and so do changed tags",
                _REFERENCE,
            )
        )
    if owned_networks:
        interfaces = f"{environment.arn('ec2')}:network-interface/*"
        statements += [
            Statement(
                "AskForSuccessor",
                ["cloudformation:DescribeStackResource"],
                [stack_id],
                "a job that was only replaced leaves the network in use by its successor",
                "Service Authorization Reference, AWS CloudFormation",
            ),
            Statement(
                "FindNetworkInterfaces",
                ["ec2:DescribeNetworkInterfaces"],
                ["*"],
                "interfaces that the service left behind keep subnets and groups from being deleted; EC2 lists no part",
                "Service Authorization Reference, Amazon EC2 (no resource level)",
            ),
            Statement(
                "DeleteNetworkInterfaces",
                ["ec2:DeleteNetworkInterface"],
                [interfaces],
                "a deleted stack takes its network with it, and the ids of interfaces in it are not known before",
                "Service Authorization Reference, Amazon EC2",
                {"ArnEquals": {"ec2:Vpc": _one_or_many(owned_networks)}},
            ),
        ]
    return statements


def endpoint_statements(places: Sequence[str], *, account: str | None) -> list[Statement]:
    """Say what passes through the S3 endpoint of a network.

    Args:
        places: The ARNs of the buckets that jobs use.
        account: The account, when jobs of other stacks use buckets that the network's template cannot name.

    Returns:
        The statements.
    """
    on_buckets = ["s3:GetBucketLocation", "s3:ListBucket"]
    on_objects = [
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
    ]
    why = "jobs reach the buckets of their documents and results, and no other"
    buckets = list(dict.fromkeys(places))
    if account is not None:
        condition = {"StringEquals": {"aws:ResourceAccount": account}}
        return [
            Statement(
                "UseBucketsOfThisAccount",
                [*on_buckets, *on_objects],
                ["*"],
                "jobs of other stacks share the network; their buckets are of this account",
                _VPC_PAGE,
                condition,
                principal="*",
            ),
        ]
    return [
        Statement("UseBuckets", on_buckets, buckets, why, _VPC_PAGE, principal="*"),
        Statement("UseObjects", on_objects, [f"{bucket}/*" for bucket in buckets], why, _VPC_PAGE, principal="*"),
    ]


def flow_log_statements(log_group_arn: str) -> list[Statement]:
    """Say what the role that writes the flow logs of a network may do.

    Args:
        log_group_arn: The log group and the streams in it, `arn:...:log-group:<name>:*`.

    Returns:
        The statements.
    """
    return [
        Statement(
            "WriteFlowLogs",
            ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [log_group_arn],
            "the VPC writes its flow logs, to their own group only",
            "VPC User Guide, IAM role for publishing flow logs to CloudWatch Logs",
        )
    ]


def _textract(jobs: Sequence[JobNeeds]) -> list[Statement]:
    actions = sorted({job.textract_action for job in jobs if job.textract_action})
    if not actions:
        return []
    return [
        Statement(
            "ExtractText",
            actions,
            ["*"],
            "the document reader uses Textract; the guide does not say with whose permissions, so both roles have it",
            f"{_GUIDE}, Running asynchronous jobs; Textract has no resource level",
        )
    ]


def _by_bucket(places: Iterable[Place]) -> dict[str, list[str]]:
    prefixes: dict[str, list[str]] = defaultdict(list)
    for place in places:
        if place.prefix not in prefixes[place.bucket_arn]:
            prefixes[place.bucket_arn].append(place.prefix)
    return prefixes


def _patterns(prefixes: Sequence[str]) -> list[str]:
    """Patterns of the keys under some prefixes, or under what many have in common, but never all of a bucket."""
    if len(prefixes) > MOST_PREFIXES and all(map(is_known, prefixes)):
        common = os.path.commonprefix(list(prefixes))  # noqa: RUF071 - S3 prefixes are text, not paths
        prefixes = [common] if common else prefixes
    return [f"{prefix}*" for prefix in prefixes]


def _objects(places: Iterable[Place]) -> list[str]:
    return [f"{bucket}/{pattern}" for bucket, prefixes in _by_bucket(places).items() for pattern in _patterns(prefixes)]


def _listings(sid: str, places: Sequence[Place], why: str, source: str, *, exact: bool = False) -> list[Statement]:
    statements = []
    for bucket, prefixes in _by_bucket(places).items():
        asked = _patterns(prefixes)
        if len(asked) == len(prefixes):
            # The guide does not say whether the service asks for `in/` or for `in`; the function asks for `in/`.
            slashless = [prefix[:-1] for prefix in prefixes if prefix.endswith("/")]
            asked = prefixes if exact else [*asked, *slashless]
        # A listing of the whole bucket names no prefix, which a condition on it would refuse.
        conditions: Conditions = {} if "" in prefixes else {"StringLike": {"s3:prefix": _one_or_many(asked)}}
        statements.append(Statement(sid, ["s3:ListBucket"], [bucket], why, source, conditions))
    return statements


def _keys(
    sid: str, actions: Sequence[str], keys: Iterable[KeyReference | None], why: str, conditions: Conditions
) -> list[Statement]:
    used = list(dict.fromkeys(key for key in keys if key))
    named = [key.resource for key in used if not key.alias]
    aliases: dict[str, list[str]] = defaultdict(list)
    for key in used:
        if key.alias:
            aliases[key.resource].append(key.alias)
    statements = [Statement(sid, actions, named, why, _ROLE_PAGE, conditions)] if named else []
    for resource, names in aliases.items():
        # A policy cannot name an alias; this condition holds for the key that the alias points at.
        by_alias = {**conditions, "ForAnyValue:StringEquals": {"kms:ResourceAliases": _one_or_many(names)}}
        statements.append(Statement(f"{sid}ByAlias", actions, [resource], why, _ROLE_PAGE, by_alias))
    return statements
