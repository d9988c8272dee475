"""Findings of cdk-nag that stay open on purpose, each with its reason.

Wildcards in policies are not in this table: their reason is the `why` of the statement, in `statements.py`.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

from constructs_lib._core.memo import node_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import IConstruct

    from constructs_lib._iam.statements import Statement

_HIPAA, _NIST, _PCI, _SERVERLESS = "HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321", "Serverless"

# Rule: the packs that have it, and why the construct is as it is.
REASONS: Mapping[str, tuple[Sequence[str], str]] = {
    "CloudWatchLogGroupEncrypted": (
        (_HIPAA, _NIST, _PCI),
        (
            "It holds no text of documents, and CloudWatch Logs encrypts it; a key of the stack would have to let that "
            "service in, which no other key of it does."
        ),
    ),
    "EC2RestrictedCommonPorts": (
        (_HIPAA, _NIST, _PCI),
        "It lets in its own members only: the instances of a job, which Comprehend wants to reach each other.",
    ),
    "IAMNoInlinePolicy": (
        (_HIPAA, _NIST, _PCI),
        (
            "It belongs to one role and goes with it; a managed policy could be attached to others, and a role that "
            "may not be changed could not refuse it."
        ),
    ),
    "LambdaAsyncFailureDestination": (
        (_SERVERLESS,),
        (
            "An event holds the URL that answers for the stack, which must not be kept in a queue; a lost event ends "
            "at ServiceTimeout."
        ),
    ),
    "LambdaConcurrency": (
        (_HIPAA, _NIST),
        (
            "A deployment invokes it once for each job; reserved concurrency would be taken from the account's other "
            "functions, and accounts with a small quota could not deploy."
        ),
    ),
    "LambdaDLQ": (
        (_HIPAA, _NIST, _SERVERLESS),
        (
            "An event holds the URL that answers for the stack, which must not be kept in a queue; a lost event ends "
            "at ServiceTimeout."
        ),
    ),
    "LambdaInsideVPC": (
        (_HIPAA, _NIST, _PCI),
        "It calls AWS APIs only and reads no document; in an isolated VPC it would need a paid endpoint for each API.",
    ),
    "LambdaTracing": (
        (_SERVERLESS,),
        "Its log says what it did; traces take permissions on all resources.",
    ),
    "S3BucketReplicationEnabled": (
        (_HIPAA, _NIST, _PCI),
        "Whether documents may leave their Region is for their owner to decide.",
    ),
    "S3DefaultEncryptionKMS": (
        (_HIPAA, _NIST, _PCI),
        "S3 delivers access logs only to buckets that are encrypted with SSE-S3.",
    ),
    "SQS3": (
        ("AwsSolutions",),
        "It is where starts go that could not be made: a dead-letter queue itself, of a schedule's or rule's target.",
    ),
    "SQSRedrivePolicy": (
        (_SERVERLESS,),
        "It is where starts go that could not be made: a dead-letter queue itself, of a schedule's or rule's target.",
    ),
    "VPCDefaultSecurityGroupClosed": (
        (_HIPAA, _NIST, _PCI),
        "Nothing is in that group; emptying it takes a further function that may change security groups.",
    ),
}

# The CDK's own check of ARNs in policies.
_ARN_FORM = "CloudFormation-Validate::E3510"


def acknowledge(construct: IConstruct, *rules: str, because: str | None = None) -> None:
    """Acknowledge findings of a construct, for hosts that use cdk-nag; for others nothing changes.

    Args:
        construct: What the rules find fault with.
        rules: Keys of `REASONS`.
        because: The reason. Default: - that of `REASONS`.
    """
    cdk.Validations.of(construct).acknowledge(
        *(
            cdk.Acknowledgment(id=f"{pack}-{rule}", reason=because or reason)
            for rule in rules
            for packs, reason in [REASONS[rule]]
            for pack in packs
        )
    )


def acknowledge_wildcards(
    policy: IConstruct, statements: Sequence[Statement], rendered: Sequence[Mapping[str, Any]]
) -> None:
    """Acknowledge the resources of a policy that end in a wildcard, with the reason of their statement.

    Args:
        policy: The policy.
        statements: Its statements.
        rendered: The same as they stand in the template.
    """
    reasons = {
        f"AwsSolutions-IAM5[Resource::{text}]": statement.why
        for statement, written in zip(statements, rendered, strict=True)
        for resource in _each(written["Resource"])
        if "*" in (text := _flat(resource))
    }
    if "${?}" in json.dumps([written["Resource"] for written in rendered]):
        reasons[_ARN_FORM] = "In IAM, ${?} is a question mark; the check knows variables of CloudFormation only."
    if reasons:
        # As Validations.acknowledge does it: before 2.262 it refuses ids that hold `::` twice, as those with a
        # pseudo parameter do.
        node_of(policy).add_metadata(_acknowledged(), reasons)


@cache
def _acknowledged() -> str:
    return cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY


def _each(values: object) -> Sequence[object]:
    return values if isinstance(values, list) else [values]


def _flat(value: object) -> str:
    """Write a resolved value as cdk-nag does in the ids of its findings."""
    match value:
        case str():
            return value.replace("${", "<").replace("}", ">")
        case {"Fn::Join": [delimiter, items]}:
            return str(delimiter).join(map(_flat, items))
        case {"Fn::Sub": inner} | {"Fn::ImportValue": inner}:
            return _flat(inner)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{_flat(resource)}.{_flat(attribute)}>"
        case {"Ref": name}:
            return f"<{_flat(name)}>"
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
