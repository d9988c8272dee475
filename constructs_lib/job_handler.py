"""The function that starts and follows the jobs of a stack, shared by all of them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct, IConstruct, IValidation

from constructs_lib._core.arns import Environment
from constructs_lib._iam.findings import acknowledge
from constructs_lib._iam.role_policy import RolePolicy
from constructs_lib._iam.statements import JobNeeds, Statement, data_access_statements, handler_statements
from constructs_lib.data_access_role import DataAccessRole
from constructs_lib.validation import check_tag_count

if TYPE_CHECKING:
    from aws_cdk.aws_s3 import IBucket
    from constructs import IDependable, Node

_SINGLETON_ID = "DocumentClassificationJobs"
_PACKAGE = Path(__file__).resolve().parent


class JobHandler(Construct):
    """The handler function of a stack with its role, log group and policies; made by the first job.

    Args:
        scope: The stack.
        id: Its construct id.
    """

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self._environment = Environment.of(self)
        self._needs: list[JobNeeds] = []
        self._tags: list[tuple[Node, cdk.TagManager]] = []
        self._buckets: list[tuple[Node, tuple[IBucket, IBucket]]] = []
        self._data_access_role: DataAccessRole | None = None
        self._data_access_policies: dict[iam.IRole, DataAccessPolicy] = {}
        self._log_group = logs.LogGroup(self, "Log", retention=logs.RetentionDays.ONE_YEAR)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Starts and follows document classification jobs",
        )
        self._function = lambda_.Function(
            self,
            "Function",
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(str(handler_code()), exclude=["__pycache__", "*.pyc", ".*"]),
            description="Starts and follows document classification jobs for CloudFormation",
            handler="classification_job.handler.handle",
            log_group=self._log_group,
            # An event that waited longer finds a deployment that CloudFormation has given up.
            max_event_age=cdk.Duration.hours(1),
            memory_size=256,
            retry_attempts=2,
            role=role.without_policy_updates(),
            runtime=lambda_.Runtime.PYTHON_3_14,
            timeout=cdk.Duration.minutes(15),
        )
        acknowledge(self._log_group, "CloudWatchLogGroupEncrypted")
        acknowledge(
            self._function,
            "LambdaAsyncFailureDestination",
            "LambdaConcurrency",
            "LambdaDLQ",
            "LambdaInsideVPC",
            "LambdaTracing",
        )
        self._policy = RolePolicy(self, "Policy", role=role, statements=self._statements)
        self.node.add_validation(_TagsFit(self._tags))
        cdk.Aspects.of(self).add(_WaitsForBucketPolicies(self, self._buckets))

    @classmethod
    def of(cls, scope: IConstruct) -> JobHandler:
        """Find the handler of a stack, or make it.

        Args:
            scope: Any construct of the stack.

        Returns:
            The handler.
        """
        stack = cdk.Stack.of(scope)
        if stack not in _HANDLERS:
            _HANDLERS[stack] = cls(stack, _SINGLETON_ID)
        return _HANDLERS[stack]

    @cached_property
    def service_token(self) -> str:
        """The ARN that CloudFormation sends a job's events to."""
        return self._function.function_arn

    @property
    def ready(self) -> IDependable:
        """What a job depends on so that the function has its permissions."""
        return self._policy

    @property
    def default_data_access_role(self) -> DataAccessRole:
        """The role of every job of the stack that was given none."""
        if self._data_access_role is None:
            self._data_access_role = DataAccessRole(self, "DataAccessRole")
        return self._data_access_role

    def serve(self, needs: JobNeeds, tags: cdk.TagManager, node: Node, buckets: tuple[IBucket, IBucket]) -> None:
        """Allow the function what a job needs, and let the job wait for the policies of its buckets.

        Args:
            needs: What the job touches.
            tags: The job's tags, complete only at synthesis.
            node: The job's place in the app.
            buckets: Where documents and results are.
        """
        self._needs.append(needs)
        self._tags.append((node, tags))
        self._buckets.append((node, buckets))

    def data_access_policy(self, role: iam.IRole, needs: JobNeeds) -> DataAccessPolicy:
        """Allow a data access role what a job needs.

        Args:
            role: The role.
            needs: What the job touches.

        Returns:
            The policy, which the job depends on so that it starts with these permissions.
        """
        if role not in self._data_access_policies:
            id = f"DataAccess{role.node.addr[-8:]}"
            self._data_access_policies[role] = DataAccessPolicy(self, id, role=role)
        self._data_access_policies[role].serve(needs)
        return self._data_access_policies[role]

    def _statements(self) -> list[Statement]:
        return handler_statements(
            self._needs,
            self._environment,
            function_arn=self._function.function_arn,
            log_group_arn=self._log_group.log_group_arn,
            stack_id=cdk.Stack.of(self).stack_id,
            tags=any(tags.has_tags() for _, tags in self._tags),
        )


# The jsii kernel would be asked twice for each job.
_HANDLERS: WeakKeyDictionary[cdk.Stack, JobHandler] = WeakKeyDictionary()


class DataAccessPolicy(RolePolicy):
    """What the jobs of one stack need of one data access role.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        role: The role.
    """

    def __init__(self, scope: Construct, id: str, *, role: iam.IRole) -> None:
        self._needs: list[JobNeeds] = []
        environment = Environment.of(scope)
        super().__init__(scope, id, role=role, statements=lambda: data_access_statements(self._needs, environment))

    def serve(self, needs: JobNeeds) -> None:
        """Allow what a job needs.

        Args:
            needs: What the job touches.
        """
        self._needs.append(needs)


@jsii.implements(IValidation)
class _TagsFit:
    """Counts the tags of every job, those of `Tags.of(...)` included, when the app is complete."""

    def __init__(self, tags: list[tuple[Node, cdk.TagManager]]) -> None:
        self._tags = tags

    def validate(self) -> list[str]:
        return [
            f"{node.path}: {found}"
            for node, tags in self._tags
            for found in check_tag_count("tags", len(tags.tag_values()))
        ]


@jsii.implements(cdk.IAspect)
class _WaitsForBucketPolicies:
    """Lets jobs wait for the policies of their buckets, those included that were added after the job."""

    def __init__(self, handler: JobHandler, buckets: list[tuple[Node, tuple[IBucket, IBucket]]]) -> None:
        self._handler = handler
        self._buckets = buckets

    def visit(self, node: IConstruct) -> None:
        if node is not self._handler:
            return
        policies = {bucket: bucket.policy for _, buckets in self._buckets for bucket in set(buckets)}
        for job, buckets in self._buckets:
            job.add_dependency(*(policy for bucket in set(buckets) if (policy := policies[bucket]) is not None))


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
