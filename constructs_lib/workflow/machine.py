"""The state machine of a workflow with its role, its log and its permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from constructs_lib._iam import run_statements as say
from constructs_lib._iam.findings import acknowledge
from constructs_lib._iam.principals import own_service
from constructs_lib._iam.role_policy import RolePolicy
from constructs_lib.workflow.definition import Parts, definition

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from constructs_lib._core.arns import Environment
    from constructs_lib._iam.statements import Statement


class RunsMachine(Construct):
    """The state machine whose executions are the runs of a workflow.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        parts: What its definition refers to.
        statements: What it may do.
        late: What tags make necessary.
        environment: Where it is.
        removal_policy: What becomes of its log.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        parts: Parts,
        statements: Callable[[], Sequence[Statement]],
        late: Callable[[], Sequence[Statement]],
        environment: Environment,
        removal_policy: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, id)
        self.log_group = logs.LogGroup(
            self, "Log", retention=logs.RetentionDays.ONE_YEAR, removal_policy=removal_policy
        )
        acknowledge(self.log_group, "CloudWatchLogGroupEncrypted")
        role = iam.Role(
            self,
            "Role",
            assumed_by=own_service("states.amazonaws.com", environment, f"{environment.arn('states')}:stateMachine:*"),
            description="Starts and follows document classification jobs",
        )
        policy = RolePolicy(
            self,
            "Policy",
            role=role,
            statements=statements,
            late=late,
        )
        stack = cdk.Stack.of(self)
        self.machine = sfn.StateMachine(
            self,
            "Resource",
            comment="Classifies documents with one Amazon Comprehend job a run",
            # As text, so that what is reviewed is what runs.
            definition_body=sfn.DefinitionBody.from_string(stack.to_json_string(definition(parts))),
            logs=sfn.LogOptions(destination=self.log_group, level=sfn.LogLevel.ALL, include_execution_data=True),
            role=role.without_policy_updates(),
            state_machine_type=sfn.StateMachineType.STANDARD,
            tracing_enabled=True,
        )
        # The service looks at the log's permissions when it makes the state machine.
        self.machine.node.add_dependency(policy)
        executions = stack.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{self.machine.state_machine_name}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        # Apart, as it names the state machine, which waits for the other one.
        self.own_runs = RolePolicy(
            self,
            "OwnRunsPolicy",
            role=role,
            statements=lambda: [
                *say.look_for_other_runs(self.machine.state_machine_arn, executions),
                say.start_next_run(self.machine.state_machine_arn),
            ],
        )
