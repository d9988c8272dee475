"""Alarms and a dashboard of a workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from constructs_lib._core.environment_checks import check_arn_environment
from constructs_lib._core.l1 import l1
from constructs_lib._core.objects import may_stand_for, offers
from constructs_lib.errors import problem
from constructs_lib.workflow.limits import is_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_logs as logs
    from aws_cdk import aws_sqs as sqs
    from aws_cdk import aws_stepfunctions as sfn

    from constructs_lib._core.arns import Environment

# Of lambda_src/classification_runs/metrics.py; a test compares them.
NAMESPACE = "DocumentClassification"
DIMENSION = "Workflow"


def metric(workflow: str, name: str, statistic: str, label: str | None = None) -> cloudwatch.Metric:
    """Refer to a metric that the workflow's function writes.

    Args:
        workflow: The value of the dimension.
        name: The metric.
        statistic: How values are summed up.
        label: What a graph calls it; alarms take none.

    Returns:
        The metric, an hour a point.
    """
    return cloudwatch.Metric(
        namespace=NAMESPACE,
        metric_name=name,
        dimensions_map={DIMENSION: workflow},
        statistic=statistic,
        label=label,
        period=cdk.Duration.hours(1),
    )


def alarm_problems(actions: Sequence[object], max_age: object) -> list[str]:
    """Check the options of alarms.

    Args:
        actions: What is done.
        max_age: From which age on somebody should look, or None.

    Returns:
        Problems.
    """
    found = [
        problem("actions", action, "a cloudwatch.IAlarmAction", "use one of aws_cloudwatch_actions, such as SnsAction")
        for action in actions
        if not (offers(action, "bind") and may_stand_for(action, cloudwatch.IAlarmAction))
    ]
    if max_age is not None and not (
        isinstance(max_age, cdk.Duration)
        and not max_age.is_unresolved()
        and max_age.to_milliseconds() > 0
        and is_whole(max_age)
    ):
        allowed = "a cdk.Duration of whole seconds above zero that is known at synthesis"
        found.append(problem("max_age", max_age, allowed, "use cdk.Duration.hours(...)"))
    return found


class Alarms(Construct):
    """The alarms of a workflow.

    Args:
        scope: Where they are defined.
        id: Their construct id.
        machine: Whose runs are watched.
        undelivered: The queue of starts that could not be made.
        oldest: The age of the oldest document.
        max_age: From which age on somebody should look.
        actions: What is done.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        machine: sfn.StateMachine,
        undelivered: sqs.IQueue,
        oldest: cloudwatch.Metric,
        max_age: cdk.Duration,
        actions: Sequence[cloudwatch.IAlarmAction],
    ) -> None:
        super().__init__(scope, id)
        period = cdk.Duration.minutes(5)
        ended_badly = {
            "RunsFailed": (machine.metric_failed(period=period, statistic="Sum"), "failed"),
            "RunsTimedOut": (machine.metric_timed_out(period=period, statistic="Sum"), "took too long"),
            "RunsAborted": (machine.metric_aborted(period=period, statistic="Sum"), "was aborted"),
        }
        self.alarms = [
            found.create_alarm(
                self,
                name,
                alarm_description=f"A run of a document classification workflow {what}; its execution has the cause",
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                evaluation_periods=1,
                threshold=1,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
            for name, (found, what) in ended_badly.items()
        ]
        self.alarms.append(
            undelivered.metric_approximate_number_of_messages_visible(period=period, statistic="Maximum").create_alarm(
                self,
                "Undelivered",
                alarm_description="A schedule or an upload could not start a run; the queue has the messages",
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
                evaluation_periods=1,
                threshold=1,
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
        )
        self.alarms.append(
            oldest.create_alarm(
                self,
                "DocumentsWait",
                alarm_description="A document has waited too long for its run",
                comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
                evaluation_periods=1,
                threshold=max_age.to_seconds(),
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            )
        )
        self._oldest, self._actions = oldest, actions
        for alarm in self.alarms:
            alarm.add_alarm_action(*actions)

    def problems(self, environment: Environment) -> list[str]:
        """Check where the actions lead.

        Args:
            environment: Where the alarms are.

        Returns:
            Problems.
        """
        alarm = self.alarms[0]
        arns = cdk.Stack.of(alarm).resolve(l1(alarm, cloudwatch.CfnAlarm).alarm_actions) or ()
        return [
            found
            for arn in arns
            if isinstance(arn, str)
            for found in check_arn_environment("actions", arn, environment)
        ]

    def hear_silence(self) -> None:
        """Watch over runs that are due by the clock: the age is reported regularly then, and silence is a fault."""
        if self.node.try_find_child("Silence"):
            return
        silence = self._oldest.with_(statistic="SampleCount").create_alarm(
            self,
            "Silence",
            alarm_description="No run has looked into the inbox for a day",
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            # Longer than a day's schedule is silent.
            evaluation_periods=24,
            threshold=1,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )
        silence.add_alarm_action(*self._actions)
        self.alarms.append(silence)


def dashboard(
    scope: Construct, id: str, *, workflow: str, machine: sfn.StateMachine, log_group: logs.ILogGroup
) -> cloudwatch.Dashboard:
    """Define a dashboard.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        workflow: The value of the dimension.
        machine: Whose runs it shows.
        log_group: The log of the workflow's function.

    Returns:
        The dashboard.
    """
    hour = cdk.Duration.hours(1)
    board = cloudwatch.Dashboard(scope, id, default_interval=cdk.Duration.days(7))
    board.add_widgets(
        cloudwatch.GraphWidget(
            title="Runs",
            width=12,
            stacked=True,
            left=[
                machine.metric_succeeded(label="succeeded", period=hour, statistic="Sum"),
                machine.metric_failed(label="failed", period=hour, statistic="Sum"),
                machine.metric_timed_out(label="timed out", period=hour, statistic="Sum"),
                machine.metric_aborted(label="aborted", period=hour, statistic="Sum"),
            ],
        ),
        cloudwatch.GraphWidget(
            title="Documents",
            width=12,
            left=[
                metric(workflow, "Documents", "Sum", "classified"),
                metric(workflow, "Errors", "Sum", "with errors"),
                metric(workflow, "Refused", "Sum", "that cannot be moved"),
            ],
        ),
    )
    board.add_widgets(
        cloudwatch.GraphWidget(
            title="Time of jobs (s)",
            width=12,
            left=[
                metric(workflow, "JobTime", "p50", "median"),
                metric(workflow, "JobTime", "Maximum", "longest"),
            ],
        ),
        cloudwatch.GraphWidget(
            title="Oldest document that was found waiting (s)",
            width=12,
            left=[metric(workflow, "OldestDocument", "Maximum", "oldest")],
        ),
    )
    board.add_widgets(
        cloudwatch.LogQueryWidget(
            title="Classes",
            width=24,
            view=cloudwatch.LogQueryVisualizationType.BAR,
            log_group_names=[log_group.log_group_name],
            query_lines=[
                'filter message = "class"',
                "stats sum(count) as documents by className",
                "sort documents desc",
                "limit 25",
            ],
        )
    )
    return board
