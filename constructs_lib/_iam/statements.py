"""Every IAM statement that the library writes, one function each: what it allows, why, and who says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from constructs_lib._core.arns import Environment
    from constructs_lib.keys import KeyReference

Conditions = Mapping[str, Mapping[str, str | Sequence[str]]]

COMPREHEND = "comprehend.amazonaws.com"

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
        effect: `Allow`, or `Deny`.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    why: str
    source: str
    conditions: Conditions = field(default_factory=dict)
    principal: str | Mapping[str, str] | None = None
    effect: str = "Allow"

    def render(self) -> dict[str, object]:
        """Write it as IAM reads it.

        Returns:
            The JSON object.
        """
        rendered: dict[str, object] = {"Sid": self.sid, "Effect": self.effect}
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
class S3Location:
    """A prefix of a bucket, or what several prefixes have in common.

    Args:
        bucket_arn: The bucket.
        prefix: What keys begin with.
        is_common: Whether several longer prefixes begin with it, any of which may be asked for.
    """

    bucket_arn: str
    prefix: str
    is_common: bool = False


def read_documents(places: Iterable[S3Location]) -> Statement:
    """The data access role reads documents."""
    why = "the service reads the documents with this role"
    return Statement("ReadDocuments", ["s3:GetObject"], _objects(places), why, _ROLE_PAGE)


def list_documents(places: Iterable[S3Location]) -> list[Statement]:
    """The data access role lists documents, a statement a bucket."""
    why = "a URI is a prefix, so the service lists what is under it"
    # The guide does not say whether the service asks for `in/` or for `in`.
    return _listings("ListDocuments", places, why, _ROLE_PAGE, slashless=True)


def write_results(places: Iterable[S3Location]) -> Statement:
    """The data access role writes results."""
    why = "the service writes output.tar.gz with this role"
    return Statement("WriteResults", ["s3:PutObject"], _objects(places), why, _ROLE_PAGE)


def decrypt_documents(keys: Iterable[KeyReference | None], environment: Environment) -> list[Statement]:
    """The data access role decrypts documents."""
    why = "the documents' bucket encrypts with this key"
    return _keys("DecryptDocuments", ["kms:Decrypt"], keys, why, _through_s3(environment))


def encrypt_results(keys: Iterable[KeyReference | None], environment: Environment) -> list[Statement]:
    """The data access role encrypts results."""
    why = "the results are encrypted with this key; a multipart upload decrypts its parts"
    return _keys("EncryptResults", ["kms:Decrypt", "kms:GenerateDataKey"], keys, why, _through_s3(environment))


def encrypt_volumes(keys: Iterable[KeyReference | None]) -> list[Statement]:
    """The data access role lets the service's volumes use a key."""
    why = (
        "the service's storage volumes use this key by a grant that this role makes; no condition "
        "kms:GrantIsForAWSResource, which the guide's policy has not and no page says that the service satisfies"
    )
    return _keys("EncryptVolumes", ["kms:CreateGrant"], keys, why, {})


def use_network() -> Statement:
    """The data access role gives the service its network interfaces."""
    return Statement(
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


def extract_text(actions: Iterable[str | None]) -> list[Statement]:
    """Textract reads documents for whoever may: the guide does not say who."""
    used = sorted({action for action in actions if action})
    if not used:
        return []
    why = "the document reader uses Textract; the guide does not say with whose permissions, so both roles have it"
    source = f"{_GUIDE}, Running asynchronous jobs; Textract has no resource level"
    return [Statement("ExtractText", used, ["*"], why, source)]


def write_log(log_group_arn: str) -> Statement:
    """The handler writes its log."""
    return Statement(
        "WriteLog",
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        [log_group_arn],
        "the function writes its log, to its own group only",
        "Lambda Developer Guide, Sending Lambda function logs to CloudWatch Logs",
    )


def start_jobs(models: Iterable[str], environment: Environment) -> Statement:
    """The handler starts jobs."""
    return Statement(
        "StartJobs",
        ["comprehend:StartDocumentClassificationJob"],
        [*dict.fromkeys(models), every_job(environment)],
        "a start is judged on the model and on the job, whose id is not known before",
        f"{_GUIDE}, Permissions required for a custom asynchronous analysis job; {_REFERENCE}",
    )


def follow_jobs(environment: Environment) -> Statement:
    """The handler asks for the status of jobs."""
    return Statement(
        "FollowJobs",
        ["comprehend:DescribeDocumentClassificationJob"],
        [every_job(environment)],
        "a start proves nothing: access faults show in the job's status seconds later",
        _REFERENCE,
    )


def tag_jobs(environment: Environment) -> Statement:
    """The handler tags jobs."""
    why = "a start with tags needs it, and so do changed tags"
    return Statement("TagJobs", ["comprehend:TagResource"], [every_job(environment)], why, _REFERENCE)


def untag_jobs(environment: Environment) -> Statement:
    """The handler removes tags of jobs."""
    return Statement(
        "UntagJobs",
        ["comprehend:UntagResource"],
        [every_job(environment)],
        "an update may take away the last tag, when no statement about tags would be left",
        _REFERENCE,
    )


def pass_data_access_roles(roles: Iterable[str]) -> Statement:
    """The handler passes data access roles to the service."""
    return Statement(
        "PassDataAccessRoles",
        ["iam:PassRole"],
        list(dict.fromkeys(roles)),
        "whoever starts a job passes its data access role to the service",
        _REFERENCE,
        {"StringEquals": {"iam:PassedToService": COMPREHEND}},
    )


def look_for_documents(places: Iterable[S3Location]) -> list[Statement]:
    """The handler lists documents, a statement a bucket."""
    why = "a job without documents is not started; it would be paid for and fail"
    source = "Amazon S3 User Guide, Bucket policy examples using condition keys, s3:prefix"
    return _listings("LookForDocuments", places, why, source, exact=True)


def continue_waiting(function_arn: str) -> Statement:
    """The handler invokes itself."""
    return Statement(
        "ContinueWaiting",
        ["lambda:InvokeFunction"],
        [function_arn],
        "a wait longer than one run goes on in a fresh run of the same function",
        "Lambda Developer Guide, Invoking a function asynchronously",
    )


def ask_for_stack(stack_id: str) -> Statement:
    """The handler asks what the stack is doing."""
    return Statement(
        "AskForStack",
        [
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStackResource",
            "cloudformation:DescribeStacks",
        ],
        [stack_id],
        "a job starts only while CloudFormation waits for it, and only the stack knows that, and a job's successor",
        "Service Authorization Reference, AWS CloudFormation",
    )


def ask_for_outermost_stack(stack_id: str) -> Statement:
    """The handler of a nested stack asks whether the outermost one rolls back."""
    return Statement(
        "AskForOutermostStack",
        ["cloudformation:DescribeStacks"],
        [stack_id],
        "a rollback deletes a nested stack that it had created, and then lets its jobs go without a wait for their end",
        "Service Authorization Reference, AWS CloudFormation",
    )


def run_in_vpc() -> Statement:
    """The handler has network interfaces of its own, where the host has put it into a VPC."""
    return Statement(
        "RunInVpc",
        [
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
        ],
        ["*"],
        "Lambda puts network interfaces of the function into the VPC that the host has given it",
        "Lambda Developer Guide, Giving Lambda functions access to resources in an Amazon VPC (no resource level)",
    )


def decrypt_variables(key: KeyReference) -> Statement:
    """The handler reads its environment variables, where the host has given them a key."""
    return Statement(
        "DecryptVariables",
        ["kms:Decrypt"],
        [key.resource],
        "the app that hosts the jobs has given the environment variables of this function a key",
        "Lambda Developer Guide, Securing Lambda environment variables",
    )


def send_traces() -> Statement:
    """The handler sends traces, where the host has switched them on."""
    return Statement(
        "SendTraces",
        ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
        ["*"],
        "the app that hosts the jobs has switched tracing on for this function",
        "Lambda Developer Guide, Visualize function invocations using X-Ray (no resource level)",
    )


def send_dead_letters(target_arn: str) -> Statement:
    """The handler's failed events go to a queue or topic of the host."""
    return Statement(
        "SendDeadLetters",
        ["sns:Publish", "sqs:SendMessage"],
        [target_arn],
        "the app that hosts the jobs has given this function a dead-letter target",
        "Lambda Developer Guide, Adding a dead-letter queue",
    )


def send_insights(environment: Environment) -> Statement:
    """The handler's metrics go to Lambda Insights, where the host has added its layer."""
    return Statement(
        "SendInsights",
        ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        [f"{environment.arn('logs')}:log-group:/aws/lambda-insights:*"],
        "the app that hosts the jobs has added the layer of Lambda Insights to this function",
        "CloudWatch User Guide, Lambda Insights (CloudWatchLambdaInsightsExecutionRolePolicy)",
    )


def find_network_interfaces() -> Statement:
    """The handler looks for interfaces that the service left behind."""
    return Statement(
        "FindNetworkInterfaces",
        ["ec2:DescribeNetworkInterfaces"],
        ["*"],
        "interfaces that the service left behind keep subnets and groups from being deleted; EC2 lists no part",
        "Service Authorization Reference, Amazon EC2 (no resource level)",
    )


def find_active_jobs() -> Statement:
    """The handler looks for jobs that still use a network, and for other work of Comprehend that does."""
    return Statement(
        "FindActiveJobs",
        [
            "comprehend:ListDocumentClassificationJobs",
            "comprehend:ListDocumentClassifiers",
            "comprehend:ListDominantLanguageDetectionJobs",
            "comprehend:ListEntitiesDetectionJobs",
            "comprehend:ListEntityRecognizers",
            "comprehend:ListKeyPhrasesDetectionJobs",
            "comprehend:ListSentimentDetectionJobs",
            "comprehend:ListTargetedSentimentDetectionJobs",
            "comprehend:ListTopicsDetectionJobs",
        ],
        ["*"],
        "interfaces are removed only when no active job uses the network, and detached only when nothing else of "
        "Comprehend does; it lists no part",
        f"{_REFERENCE} (no resource level)",
    )


def remove_network_interfaces(vpc_arn: str, environment: Environment) -> Statement:
    """The handler removes interfaces that the service left behind."""
    return Statement(
        "RemoveNetworkInterfaces",
        ["ec2:DeleteNetworkInterface", "ec2:DetachNetworkInterface"],
        [f"{environment.arn('ec2')}:network-interface/*"],
        "a network that goes takes its interfaces with it, and their ids are not known before",
        "Service Authorization Reference, Amazon EC2",
        {"ArnEquals": {"ec2:Vpc": vpc_arn}},
    )


def detach_from_instances(environment: Environment) -> Statement:
    """The handler takes interfaces that the service left behind away from the instances of the service."""
    return Statement(
        "DetachFromInstances",
        ["ec2:DetachNetworkInterface"],
        [f"arn:{environment.partition}:ec2:{environment.region}:*:instance/*"],
        "a detachment is judged on the interface, which must be of the network, and on the instance, which is the "
        "service's own, of an account that no page names",
        "Service Authorization Reference, Amazon EC2",
    )


_ON_BUCKETS = ["s3:GetBucketLocation", "s3:ListBucket"]
_ON_OBJECTS = [
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:GetObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
]
_NO_OTHER = "jobs reach the buckets of their documents and results, and no other"


def use_buckets(buckets: Iterable[str]) -> Statement:
    """Buckets pass through the endpoint of a network."""
    return Statement("UseBuckets", _ON_BUCKETS, list(dict.fromkeys(buckets)), _NO_OTHER, _VPC_PAGE, principal="*")


def use_objects(buckets: Iterable[str]) -> Statement:
    """Objects pass through the endpoint of a network."""
    objects = [f"{bucket}/*" for bucket in dict.fromkeys(buckets)]
    return Statement("UseObjects", _ON_OBJECTS, objects, _NO_OTHER, _VPC_PAGE, principal="*")


def use_buckets_of_account(account: str) -> Statement:
    """All buckets of an account pass through the endpoint of a network."""
    return Statement(
        "UseBucketsOfThisAccount",
        [*_ON_BUCKETS, *_ON_OBJECTS],
        ["*"],
        "only where jobs of other stacks use the network with buckets of theirs: to name these would make two stacks "
        "depend on each other",
        _VPC_PAGE,
        {"StringEquals": {"aws:ResourceAccount": account}},
        principal="*",
    )


def use_nothing() -> Statement:
    """Nothing passes through the endpoint of a network that no job uses."""
    why = "no job uses the network yet, and an endpoint without a policy would be open to all buckets"
    return Statement("UseNothing", ["*"], ["*"], why, _VPC_PAGE, principal="*", effect="Deny")


def write_flow_logs(log_group_arn: str) -> Statement:
    """The VPC writes its flow logs."""
    return Statement(
        "WriteFlowLogs",
        ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        [log_group_arn],
        "the VPC writes its flow logs, to their own group only",
        "VPC User Guide, IAM role for publishing flow logs to CloudWatch Logs",
    )


def read_results(bucket_arn: str, folder: str) -> list[Statement]:
    """A reader gets results, and lists them."""
    why, source = "whoever was granted it reads the results", "Amazon S3 User Guide, Policies and permissions"
    return [
        Statement("ReadResults", ["s3:GetObject"], [f"{bucket_arn}/{_literal(folder)}*"], why, source),
        Statement(
            "ListResults",
            ["s3:ListBucket"],
            [bucket_arn],
            why,
            source,
            {"StringLike": {"s3:prefix": f"{_literal(folder)}*"}},
        ),
    ]


def decrypt_results(key: KeyReference | None, environment: Environment) -> list[Statement]:
    """A reader decrypts results."""
    why = "whoever was granted it decrypts the results"
    return _keys("DecryptResults", ["kms:Decrypt"], [key], why, _through_s3(environment))


def describe_job(job_id: str, environment: Environment) -> Statement:
    """Somebody asks for the status of a job."""
    return Statement(
        "DescribeJob",
        ["comprehend:DescribeDocumentClassificationJob"],
        # From the id, not the ARN: what was not started has no ARN, and IAM refuses a policy with anything else.
        [f"{environment.arn('comprehend')}:document-classification-job/{job_id}"],
        "whoever was granted it asks for the status",
        _REFERENCE,
    )


def receive_access_logs(sid: str, logs_arn: str, prefix: str, account: str, bucket_arn: str | None) -> Statement:
    """S3 delivers the access logs of a bucket."""
    conditions: dict[str, dict[str, str]] = {"StringEquals": {"aws:SourceAccount": account}}
    if bucket_arn is not None:
        conditions["ArnLike"] = {"aws:SourceArn": bucket_arn}
    return Statement(
        sid,
        ["s3:PutObject"],
        [f"{logs_arn}/{prefix}*"],
        "S3 delivers the access logs of the bucket there",
        "Amazon S3 User Guide, Enabling Amazon S3 server access logging",
        conditions,
        principal={"Service": "logging.s3.amazonaws.com"},
    )


def every_job(environment: Environment) -> str:
    """Write the ARN of every classification job of an account and Region."""
    return f"{environment.arn('comprehend')}:document-classification-job/*"


def _through_s3(environment: Environment) -> Conditions:
    return {"StringEquals": {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}}


def _literal(prefix: str) -> str:
    """Keep a question mark in a key from matching any character (IAM User Guide, policy variables)."""
    return prefix.replace("?", "${?}")


def _by_bucket(places: Iterable[S3Location]) -> dict[str, list[str]]:
    prefixes: dict[str, list[str]] = defaultdict(list)
    for place in places:
        if place.prefix not in prefixes[place.bucket_arn]:
            prefixes[place.bucket_arn].append(place.prefix)
    return prefixes


def _objects(places: Iterable[S3Location]) -> list[str]:
    return list(dict.fromkeys(f"{place.bucket_arn}/{_literal(place.prefix)}*" for place in places))


def _listings(
    sid: str, places: Iterable[S3Location], why: str, source: str, *, exact: bool = False, slashless: bool = False
) -> list[Statement]:
    statements = []
    places = list(places)
    common = {place.prefix for place in places if place.is_common}
    for bucket, prefixes in _by_bucket(places).items():
        patterns = [
            _literal(prefix) if exact and prefix not in common else f"{_literal(prefix)}*" for prefix in prefixes
        ]
        folders = [_literal(prefix[:-1]) for prefix in prefixes if prefix.endswith("/")] if slashless else []
        # A listing of the whole bucket names no prefix, which a condition on it would refuse.
        conditions: Conditions = (
            {} if "" in prefixes else {"StringLike": {"s3:prefix": _one_or_many([*patterns, *folders])}}
        )
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
