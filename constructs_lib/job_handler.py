"""The function that starts and follows the jobs of a stack, shared by all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct, DependencyGroup, IConstruct, IValidation

from constructs_lib._core.addresses import address
from constructs_lib._core.arns import Environment
from constructs_lib._core.choices import REMOVAL_POLICIES, is_removal_policy
from constructs_lib._core.environment_checks import check_region
from constructs_lib._core.l1 import l1
from constructs_lib._core.memo import Memo, address_of, node_of, stack_of
from constructs_lib._core.nesting import outermost_stack
from constructs_lib._core.objects import offers
from constructs_lib._core.subnets import Selected
from constructs_lib._core.tokens import is_known
from constructs_lib._iam import statements as say
from constructs_lib._iam.data_access import DataAccessPolicy, warn_of_wider_prefixes
from constructs_lib._iam.findings import acknowledge
from constructs_lib._iam.permissions import JobAccess, fitting, handler_base_statements, handler_start_statements
from constructs_lib._iam.role_policy import JOBS_OF_HANDLER, RolePolicy, in_order
from constructs_lib._iam.roles import check_role, role_name
from constructs_lib._job.companions import Companions
from constructs_lib._job.tags import check_tags
from constructs_lib.data_access_role import DataAccessRole
from constructs_lib.errors import ValidationError, problem
from constructs_lib.keys import Key, KeyReference, check_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_cloudwatch as cloudwatch
    from constructs import IDependable

    from constructs_lib._core.buckets import BucketFacts
    from constructs_lib._iam.statements import Statement

# As the CDK calls what it makes once a stack for custom resources.
_SINGLETON_ID = "Custom::DocumentClassificationJobHandler"
_PACKAGE = Path(__file__).resolve().parent

# Marks of the CDK, by which `custom_resources.CustomResourceConfig` finds what it configures.
_MARK = "aws:cdk:is-custom-resource-handler-"

# What the other policies of the role leave of the 10,240 characters that it may have.
_START_POLICY_LENGTH = 7_168

_INSIGHTS_LAYER = ":layer:LambdaInsightsExtension"
_MEMORY_MIB = (128, 10_240)


# Lambda ends a chain of sixteen runs of a function that calls itself; fifteen of these must do for an hour of waiting.
_LONG_ENOUGH = 270  # seconds


@jsii.implements(cdk.IStringProducer)
class _MayCallItself:
    """Allows more than sixteen runs in a row to a function whose timeout an aspect has made too short for an hour."""

    def __init__(self, function: lambda_.CfnFunction) -> None:
        self._function = function

    def produce(self, _context: cdk.IResolveContext) -> str | None:
        timeout = self._function.timeout
        return "Allow" if timeout is not None and is_known(timeout) and timeout < _LONG_ENOUGH else None


class ClassificationJobHandler(Construct):
    """The Lambda function that starts and follows the jobs of a stack, with its role, log group and policies.

    The first job of a stack makes one for all of them; give jobs another with their option `handler`.
    `custom_resources.CustomResourceConfig` sets its log retention, removal policy and runtime.

    Args:
        scope: Where it is defined, in the stack of its jobs.
        id: Its construct id.
        runtime: A Python runtime, 3.11 or newer. Default: Python 3.14.
        architecture: The processors. Default: ARM.
        memory_size: In MiB. Default: 256.
        log_group: Where it writes its log. Default: - a log group is made.
        log_retention: How long the log group that is made keeps events. Default: one year.
        removal_policy: What becomes of the log group that is made, with its stack. Default: - it is kept, unless all
            pipelines of the stack say otherwise.
        vpc: The VPC it runs in; it needs endpoints for Comprehend, CloudFormation, Lambda, CloudWatch Logs, S3 and EC2
            there, or a way to the internet. Default: - none.
        vpc_subnets: Which subnets of the VPC. Default: - its private subnets.
        security_groups: Its groups in the VPC. Default: - a group is made.
        environment: Further environment variables. Default: - none.
        environment_encryption: The key of the environment variables, with which the role may decrypt: `IKey`, an alias
            that knows its key, key id or key ARN. Default: - a key that AWS owns.
        role: Its role, which Lambda may assume; policies are added to it. Default: - a role is made.

    Raises:
        ValidationError: Options cannot work; lists all of them, before anything is defined.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        runtime: lambda_.Runtime | None = None,
        architecture: lambda_.Architecture | None = None,
        memory_size: int | None = None,
        log_group: logs.ILogGroup | logs.LogGroup | None = None,
        log_retention: logs.RetentionDays | None = None,
        removal_policy: cdk.RemovalPolicy | None = None,
        vpc: ec2.IVpc | ec2.Vpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup | ec2.SecurityGroup] | None = None,
        environment: Mapping[str, str] | None = None,
        environment_encryption: Key | None = None,
        role: iam.IRole | iam.Role | None = None,
    ) -> None:
        problems = _problems(
            runtime=runtime,
            architecture=architecture,
            memory_size=memory_size,
            log_group=log_group,
            log_retention=log_retention,
            removal_policy=removal_policy,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            security_groups=security_groups,
            environment=environment,
            role=role,
        )
        here = Environment.of(scope)
        if not problems:
            if vpc is not None:
                problems += check_region("vpc", f"one in {vpc.env.region}", vpc.env.region, here)
                problems += _subnet_problems(vpc, vpc_subnets)
            if role is not None:
                problems += check_role("role", role, here)
        if environment_encryption is not None:
            problems += check_key("environment_encryption", environment_encryption, here, aliases=False)
        if problems:
            raise ValidationError(problems, f"{scope.node.path}/{id}".lstrip("/"))
        super().__init__(scope, id)
        self._environment = here
        self._jobs: list[JobAccess] = []
        self._started: tuple[int, list[Statement]] = (0, [])
        self._tags: list[tuple[IConstruct, cdk.TagManager]] = []
        self._last_tags: list[Mapping[str, str]] | None = None
        self._groups: dict[tuple[object, ...], tuple[DependencyGroup, Companions]] = {}
        self._data_access_policies: Memo[DataAccessPolicy] = Memo()
        self._data_access_role: DataAccessRole | None = None
        self._log_group: logs.ILogGroup = log_group or self._make_log_group(log_retention, removal_policy)
        self._keeps_log = log_group is not None or removal_policy is not None
        self._role: iam.IRole = role or iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Starts and follows document classification jobs",
        )
        self._function = lambda_.Function(
            self,
            "Function",
            architecture=architecture or lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(
                str(handler_code()), exclude=["__pycache__", "*.pyc", ".*", "classification_runs"]
            ),
            description="Starts and follows document classification jobs for CloudFormation",
            environment={**(environment or {}), "STACK_ID": self._stack_id},
            handler="classification_job.handler.handle",
            log_group=self._log_group,
            # An event that waited longer finds a deployment that CloudFormation has given up.
            max_event_age=cdk.Duration.hours(1),
            memory_size=memory_size or 256,
            retry_attempts=2,
            role=self._role,
            runtime=runtime or lambda_.Runtime.PYTHON_3_14,
            security_groups=security_groups,
            timeout=cdk.Duration.minutes(15),
            vpc=vpc,
            vpc_subnets=vpc_subnets,
        )
        self._resource = l1(self._function, lambda_.CfnFunction)
        self._variables_key: KeyReference | None = None
        if environment_encryption is not None:
            self._variables_key = KeyReference.of(environment_encryption, here, aliases=False)
            self._resource.kms_key_arn = self._variables_key.resource
        may_call_itself = cdk.Lazy.uncached_string(_MayCallItself(self._resource))
        self._resource.recursive_loop = may_call_itself
        self._function.add_environment("RECURSIVE_LOOP", may_call_itself)
        node_of(self._function).add_metadata(f"{_MARK}runtime-family", self._function.runtime.family)
        acknowledge(
            self._function,
            "LambdaAsyncFailureDestination",
            "LambdaConcurrency",
            "LambdaDLQ",
            "LambdaInsideVPC",
            "LambdaTracing",
        )
        # Lambda checks these when it makes the function.
        node_of(self._function).add_dependency(
            RolePolicy(
                self,
                "HostPolicy",
                role=self._role,
                statements=self._host_statements,
                may_be_empty=True,
            )
        )
        self._base_policy = RolePolicy(
            self, "Policy", role=self._role, statements=lambda: self._base_statements, late=self._late_statements
        )
        node_of(self).add_validation(_TagsAreRight(self))

    @cached_property
    def _start_policy(self) -> RolePolicy:
        """What it may do to start jobs; a handler that only cleans up a network has no such policy."""
        policy = RolePolicy(
            self,
            "StartPolicy",
            role=self._role,
            statements=self._start_statements,
            budget=_START_POLICY_LENGTH,
            users=JOBS_OF_HANDLER,
        )
        node_of(policy).add_dependency(self._base_policy)
        return policy

    @classmethod
    def of(cls, scope: IConstruct) -> ClassificationJobHandler:
        """Find the handler that the jobs of a stack share, or make it.

        Args:
            scope: Any construct of the stack.

        Returns:
            The handler.
        """
        stack = stack_of(scope)
        return _SHARED.of(stack, lambda: cls(stack, _SINGLETON_ID))

    @property
    def function(self) -> lambda_.Function:
        """The function."""
        return self._function

    @property
    def role(self) -> iam.IRole | iam.Role:
        """The role of the function."""
        return self._role

    @property
    def log_group(self) -> logs.ILogGroup | logs.LogGroup:
        """Where the function writes its log."""
        return self._log_group

    def metric_errors(self) -> cloudwatch.Metric:
        """Count the runs of the function that ended in an error, which a failed job is not.

        Returns:
            The metric.
        """
        return self._function.metric_errors()

    @cached_property
    def _stack_id(self) -> str:
        return stack_of(self).stack_id

    @cached_property
    def addr(self) -> str:
        """The address of the stack that it serves."""
        return address_of(stack_of(self))

    @cached_property
    def service_token(self) -> str:
        """The ARN that CloudFormation sends events to."""
        return self._function.function_arn

    @property
    def dependable(self) -> IDependable:
        """What any resource that the function serves depends on."""
        return self._base_policy

    @property
    def default_data_access_role(self) -> DataAccessRole:
        """The role of every job that was given none."""
        if self._data_access_role is None:
            self._data_access_role = DataAccessRole(self, "DataAccessRole")
        return self._data_access_role

    def add_job(self, access: JobAccess, tags: cdk.TagManager, job: IConstruct) -> None:
        """Allow the function what a job needs.

        Args:
            access: What the job touches.
            tags: The job's tags, complete only at synthesis.
            job: The job.
        """
        self._jobs.append(access)
        self._tags.append((job, tags))

    def data_access_policy(self, role: iam.IRole, access: JobAccess, job: IConstruct) -> DataAccessPolicy:
        """Allow a data access role what a job needs.

        Args:
            role: The role.
            access: What the job touches.
            job: The job.

        Returns:
            The policy, which the job depends on so that it starts with these permissions.
        """
        policy = self._data_access_policies.of(
            role, lambda: DataAccessPolicy(self, f"DataAccess{address(role, stack_of(self))}", role=role)
        )
        policy.add_job(access, job)
        return policy

    def prerequisites(
        self,
        policy: DataAccessPolicy,
        buckets: Sequence[BucketFacts],
        keys: Sequence[KeyReference | None],
        further: IDependable | None,
        job: cdk.CfnResource,
    ) -> IDependable:
        """Gather what a job waits for; jobs that share it all share one group.

        Args:
            policy: What the data access role may do.
            buckets: Whose policies must be there, those included that are added later.
            keys: Whose aliases must be there.
            further: What else must be there.
            job: The job.

        Returns:
            What to depend on.
        """
        aliases = [key.alias for key in keys if key and key.alias]
        key = (id(policy), *(id(bucket) for bucket in buckets), *aliases, id(further))
        if key not in self._groups:
            roles = [role_name(policy.role), role_name(self._role)]
            names = [(stack_of(self), [*(bucket.name for bucket in buckets), *roles, *aliases])]
            # What another stack has of the job is the bucket only: the other names may not be known in its environment.
            names += [
                (stack_of(bucket.construct), [bucket.name])
                for bucket in dict.fromkeys(buckets)
                if bucket.construct and bucket.is_owned and bucket.stack_address != self.addr
            ]
            companions = Companions(names, lambda: self._base_policy.is_complete)
            parts: list[Any] = [self._start_policy, policy, companions.as_dependable(), *([further] if further else [])]
            self._groups[key] = DependencyGroup(*parts), companions
        group, companions = self._groups[key]
        companions.jobs.append(job)
        return group

    def keep_log(self, removal_policy: cdk.RemovalPolicy) -> None:
        """Say what should become of the log; it is kept when anybody wants that.

        Args:
            removal_policy: What a user of the handler wants.
        """
        if self._keeps_log:
            return
        self._log_group.apply_removal_policy(removal_policy)
        self._keeps_log = removal_policy != cdk.RemovalPolicy.DESTROY

    def tag_problems(self) -> list[str]:
        """Check the tags of every job, those of `Tags.of(...)` included, when the app is complete.

        Returns:
            Problems.
        """
        # No aspect comes after the checks, so that from here on nobody need be asked again.
        self._last_tags = [tags.tag_values() for _, tags in self._tags]
        return [
            f"{job.node.path}: {found}"
            for (job, _), tags in zip(self._tags, self._last_tags, strict=True)
            for found in check_tags(tags)
        ]

    def _has_tags(self) -> bool:
        if self._last_tags is not None:
            return any(self._last_tags)
        return any(tags.has_tags() for _, tags in self._tags)

    def _make_log_group(
        self, retention: logs.RetentionDays | None, removal_policy: cdk.RemovalPolicy | None
    ) -> logs.LogGroup:
        group = logs.LogGroup(
            self,
            "Log",
            retention=retention or logs.RetentionDays.ONE_YEAR,
            removal_policy=removal_policy or cdk.RemovalPolicy.RETAIN,
        )
        node_of(group).add_metadata(f"{_MARK}logGroup", True)  # noqa: FBT003 - as the CDK writes it
        acknowledge(group, "CloudWatchLogGroupEncrypted")
        return group

    @cached_property
    def _base_statements(self) -> list[Statement]:
        stack = stack_of(self)
        outermost = outermost_stack(stack)
        return handler_base_statements(
            self._environment,
            function_arn=self.service_token,
            log_group_arn=self._log_group.log_group_arn,
            stack_id=self._stack_id,
            outermost_id=None if outermost is stack else outermost.stack_id,
            tags=False,
        )

    def _late_statements(self) -> list[Statement]:
        return [say.tag_jobs(self._environment)] if self._has_tags() else []

    def _host_statements(self) -> list[Statement]:
        """What the VPC, and what injectors, aspects and escape hatches add to the function, make necessary."""
        found = [say.run_in_vpc()] if self._resource.vpc_config else []
        if self._variables_key:
            found.append(say.decrypt_variables(self._variables_key))
        given = stack_of(self).resolve(
            {
                "document": getattr(node_of(self._role).try_find_child("DefaultPolicy"), "document", None),
                "letters": self._resource.dead_letter_config,
                "layers": self._resource.layers,
            }
        )
        granted, letters = str(given.get("document")), given.get("letters")
        if self._resource.tracing_config and "xray:" not in granted:
            found.append(say.send_traces())
        if letters and "sqs:SendMessage" not in granted and "sns:Publish" not in granted:
            found.append(say.send_dead_letters(cdk.Token.as_string(letters["targetArn"])))
        if any(_INSIGHTS_LAYER in str(layer) for layer in given.get("layers") or []):
            found.append(say.send_insights(self._environment))
        return found

    def _start_statements(self) -> list[Statement]:
        count, statements = self._started
        if count != len(self._jobs):
            statements, wider = fitting(
                self._jobs,
                lambda jobs: in_order(self, handler_start_statements(jobs, self._environment)),
                lambda found: self._start_policy.length(found) <= self._start_policy.budget,
            )
            self._started = len(self._jobs), statements
            if wider:
                warn_of_wider_prefixes(self._start_policy, wider)
        return statements


_SHARED: Memo[ClassificationJobHandler] = Memo()


@jsii.implements(IValidation)
class _TagsAreRight:
    def __init__(self, handler: ClassificationJobHandler) -> None:
        self._handler = handler

    def validate(self) -> list[str]:
        return self._handler.tag_problems()


_Check: TypeAlias = tuple[Callable[[Any], bool], str]


def _is_list_of(*attributes: str) -> Callable[[Any], bool]:
    return lambda value: (
        isinstance(value, list | tuple) and bool(value) and all(offers(each, *attributes) for each in value)
    )


def _wrong_variables(environment: Mapping[Any, Any]) -> list[object]:
    """Name the variables that Lambda does not take; what they hold may be secret."""
    return [
        name
        for name, text in environment.items()
        if not isinstance(name, str)
        or not isinstance(text, str)
        or (is_known(name) and (not _VARIABLE.fullmatch(name) or name in _RESERVED))
    ]


def _is_runtime(value: Any) -> bool:  # noqa: ANN401 - anything may have been given
    if not isinstance(value, lambda_.Runtime):
        return False
    python = _PYTHON.fullmatch(value.name)
    return not is_known(value.name) or (python is not None and int(python[1]) >= _OLDEST_PYTHON)


# API Reference of Lambda, "Environment"; Developer Guide, "Defined runtime environment variables"; two are ours.
_VARIABLES = (
    "a mapping of texts to texts, names of two characters or more, of letters, digits and _, a letter first, none of "
    "Lambda's, STACK_ID or RECURSIVE_LOOP"
)
_VARIABLE = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
_RESERVED = frozenset(
    {
        "STACK_ID",
        "RECURSIVE_LOOP",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
_PYTHON = re.compile(r"python3\.(\d+)")
_OLDEST_PYTHON = 11


_ADVICE = "pass such an object, or leave it out"
# What each option must be.
_KINDS: Mapping[str, _Check] = {
    "runtime": (_is_runtime, f"a lambda_.Runtime of Python 3.{_OLDEST_PYTHON} or newer"),
    "architecture": (lambda value: isinstance(value, lambda_.Architecture), "a lambda_.Architecture"),
    "memory_size": (
        lambda value: type(value) is int and _MEMORY_MIB[0] <= value <= _MEMORY_MIB[1],
        f"{_MEMORY_MIB[0]} to {_MEMORY_MIB[1]:,} MiB, an int",
    ),
    "log_group": (lambda value: offers(value, "log_group_arn", "log_group_name", "add_stream"), "a logs.LogGroup"),
    "log_retention": (lambda value: isinstance(value, logs.RetentionDays), "a logs.RetentionDays"),
    "removal_policy": (is_removal_policy, REMOVAL_POLICIES),
    "vpc": (lambda value: offers(value, "vpc_id", "select_subnets"), "an ec2.Vpc"),
    "vpc_subnets": (lambda value: isinstance(value, ec2.SubnetSelection), "an ec2.SubnetSelection"),
    "security_groups": (
        _is_list_of("security_group_id", "add_egress_rule"),
        "a list of one ec2.SecurityGroup or more",
    ),
    "environment": (lambda value: isinstance(value, Mapping), _VARIABLES),
    "role": (lambda value: offers(value, "role_arn", "attach_inline_policy"), "an iam.Role"),
}


def _problems(**given: object) -> list[str]:
    found = [
        problem(option, value, allowed, _ADVICE)
        for option, value in given.items()
        for fits, allowed in [_KINDS[option]]
        if value is not None and not fits(value)
    ]
    environment = given["environment"]
    if isinstance(environment, Mapping) and (wrong := _wrong_variables(environment)):
        found.append(problem("environment", wrong, _VARIABLES, _ADVICE))
    if given["log_group"] is not None:
        found += [
            problem(option, given[option], "it without log_group only", "leave out one of the two")
            for option in ("log_retention", "removal_policy")
            if given[option] is not None
        ]
    if given["vpc"] is None:
        found += [
            problem(option, given[option], "it with vpc only", "pass the VPC, too")
            for option in ("vpc_subnets", "security_groups")
            if given[option] is not None
        ]
    return found


def _subnet_problems(vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> list[str]:
    selected = Selected.of(vpc, selection)
    if not selected.has_public:
        return selected.problems()
    allowed = "subnets that are not public"
    advice = "a function has no public address, and reaches nothing from there; select private or isolated subnets"
    return [problem("vpc_subnets", "public subnets", allowed, advice)]


def handler_code() -> Path:
    """Find the code of the function.

    Returns:
        The folder: inside the package once it is installed, beside it in a checkout.

    Raises:
        FileNotFoundError: It is in neither place.
    """
    places = (_PACKAGE / "_lambda_src", _PACKAGE.parent / "lambda_src")
    for place in places:
        if (place / "classification_job").is_dir():
            return place
    raise FileNotFoundError(
        f"the handler's code is missing: looked for {places[0]} (installed) and {places[1]} (checkout); reinstall "
        "cdk-comprehend-classification"
    )
