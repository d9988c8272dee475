"""The function of a workflow, with the code that reads results beside it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from constructs_lib._iam.findings import acknowledge
from constructs_lib._iam.role_policy import SCHEDULES, RolePolicy
from constructs_lib.job_handler import handler_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from constructs_lib._iam.statements import Statement

_READING = Path(__file__).resolve().parents[1] / "predictions" / "reading"
_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", ".*")

# A CPU of its own comes with 1,769 MB; a move is mostly waiting for S3, with a little work around it.
_MEMORY = 1769
_TIMEOUT = cdk.Duration.minutes(15)


class RunsFunction(Construct):
    """Measures, collects and unpacks for the runs of one workflow.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        environment: What it is told.
        statements: What it may do; `write_log` is asked for with its log group.
        removal_policy: What becomes of its log.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        environment: Mapping[str, str],
        statements: Callable[[str], Sequence[Statement]],
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, id)
        self.log_group = logs.LogGroup(
            self, "Log", retention=logs.RetentionDays.ONE_YEAR, removal_policy=removal_policy
        )
        acknowledge(self.log_group, "CloudWatchLogGroupEncrypted")
        self.role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Collects documents for classification jobs and unpacks their results",
        )
        self.function = lambda_.Function(
            self,
            "Function",
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(staged_code()),
            description="Collects documents for classification jobs and unpacks their results",
            environment=dict(environment),
            handler="classification_runs.handler.handle",
            log_group=self.log_group,
            memory_size=_MEMORY,
            role=self.role.without_policy_updates(),
            runtime=lambda_.Runtime.PYTHON_3_14,
            timeout=_TIMEOUT,
        )
        acknowledge(self.function, "LambdaInsideVPC", "LambdaTracing")
        acknowledge(
            self.function,
            "LambdaDLQ",
            because="The state machine calls it and waits for the answer; nothing is queued that could be lost.",
        )
        acknowledge(
            self.function,
            "LambdaConcurrency",
            because="One run of the inbox is active at a time, so that it is called once or a few times an hour.",
        )
        self.policy = RolePolicy(
            self,
            "Policy",
            role=self.role,
            statements=lambda: statements(self.log_group.log_group_arn),
            users=SCHEDULES,
        )


@cache
def staged_code() -> str:
    """Put the function's code together, once a process.

    Returns:
        A folder with `classification_runs` and `reading`, of which the CDK makes one asset.
    """
    folder = tempfile.mkdtemp(prefix="classification-runs-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for source in (handler_code() / "classification_runs", _READING):
        shutil.copytree(source, Path(folder) / source.name, ignore=_IGNORED)
    return folder
