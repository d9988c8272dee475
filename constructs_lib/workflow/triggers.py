"""What starts runs by itself: schedules, uploads; and where starts go that cannot be made."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import aws_cdk as cdk
import jsii
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IValidation

from constructs_lib._core.l1 import l1
from constructs_lib._core.prefixes import check_prefix
from constructs_lib._core.warn import warn
from constructs_lib._iam import run_statements as say
from constructs_lib._iam.findings import acknowledge
from constructs_lib._iam.principals import own_service
from constructs_lib._iam.role_policy import RolePolicy
from constructs_lib.errors import problem
from constructs_lib.workflow.definition import UNTOLD
from constructs_lib.workflow.limits import check_schedule, is_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import IConstruct, IDependable

    from constructs_lib._core.arns import Environment
    from constructs_lib._core.buckets import BucketFacts

_DIRECTIVES = "YmdH"
_LONGEST_RETENTION = cdk.Duration.days(14)


class Triggers(Construct):
    """The schedules and rules of a workflow, with the queue of starts that could not be made.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        machine_arn: What they start.
        depends_on: What must be there before the first run starts.
        environment: Where they are.
    """

    def __init__(
        self, scope: Construct, id: str, *, machine_arn: str, depends_on: IDependable, environment: Environment
    ) -> None:
        super().__init__(scope, id)
        self._dependencies = depends_on
        self._machine_arn = machine_arn
        self._environment = environment
        self._scheduler: iam.Role | None = None
        self._policy: RolePolicy | None = None
        self._rules: tuple[iam.Role, RolePolicy] | None = None
        self.undelivered = sqs.Queue(
            self,
            "Undelivered",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=_LONGEST_RETENTION,
        )
        acknowledge(self.undelivered, "SQS3", "SQSRedrivePolicy")

    def add_schedule(
        self, id: str, schedule: scheduler.ScheduleExpression, given: Mapping[str, object]
    ) -> scheduler.CfnSchedule:
        """Start runs by the clock.

        Args:
            id: The schedule's construct id.
            schedule: When.
            given: The input of the runs.

        Returns:
            The schedule.
        """
        if self._scheduler is None:
            self._scheduler, self._policy = self._scheduler_role()
        zone = schedule.time_zone
        found = scheduler.CfnSchedule(
            self,
            id,
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            schedule_expression=schedule.expression_string,
            schedule_expression_timezone=zone.timezone_name if zone else None,
            target=scheduler.CfnSchedule.TargetProperty(
                arn=self._machine_arn,
                role_arn=self._scheduler.role_arn,
                input=json.dumps(given),
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=self.undelivered.queue_arn),
            ),
        )
        found.node.add_dependency(self._dependencies, *([self._policy] if self._policy else []))
        return found

    def run_on_upload(self, bucket: BucketFacts, inbox: str, made: s3.Bucket | None) -> None:
        """Start a run for each upload; a burst becomes one batch.

        Args:
            bucket: Where documents arrive.
            inbox: Under which prefix.
            made: The bucket when it is the workflow's own, which is told to send events.
        """
        if made is not None:
            # The L2's own option takes a custom resource with permissions on all buckets for this one property.
            l1(made, s3.CfnBucket).notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
                event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
            )
            self.node.add_validation(_EventsStayOn(made))
        elif not _sends_events(bucket):
            warn(
                self,
                "bucketMustSendEvents",
                "run_on_upload starts runs only when the documents' bucket sends its events to EventBridge: pass "
                "event_bridge_enabled=True where the bucket is defined, or switch on Amazon EventBridge in the "
                "bucket's properties",
            )
        self._add_rule(
            "Uploads",
            "Starts a run of a document classification workflow when documents arrive",
            {
                "source": ["aws.s3"],
                "detail-type": ["Object Created"],
                "detail": {
                    "bucket": {"name": [bucket.name]},
                    "object": {"key": [{"prefix": inbox}], "size": [{"numeric": [">", 0]}]},
                },
            },
            input=json.dumps({"Trigger": "UPLOAD"}),
        )

    def tell_of_ends(self) -> None:
        """Start a run that tells of another one which ended without a word: aborted, out of time, or by its engine."""
        self._add_rule(
            "Ends",
            "Tells of runs of a document classification workflow that could not tell of their end",
            {
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {
                    "stateMachineArn": [self._machine_arn],
                    "$or": [{"status": ["ABORTED", "TIMED_OUT"]}, {"status": ["FAILED"], "error": UNTOLD}],
                },
            },
            input_transformer=events.CfnRule.InputTransformerProperty(
                input_paths_map={"run": "$.detail.executionArn"}, input_template='{"Ended": <run>}'
            ),
        )

    def _add_rule(
        self,
        id: str,
        description: str,
        pattern: Mapping[str, object],
        *,
        input: str | None = None,
        input_transformer: events.CfnRule.InputTransformerProperty | None = None,
    ) -> None:
        if self._rules is None:
            self._rules = self._rule_role()
        role, policy = self._rules
        rule = events.CfnRule(
            self,
            id,
            description=description,
            event_pattern=pattern,
            targets=[
                events.CfnRule.TargetProperty(
                    id="Run",
                    arn=self._machine_arn,
                    role_arn=role.role_arn,
                    input=input,
                    input_transformer=input_transformer,
                    dead_letter_config=events.CfnRule.DeadLetterConfigProperty(arn=self.undelivered.queue_arn),
                )
            ],
        )
        rule.node.add_dependency(policy, self._dependencies)
        statement = say.receive_undelivered(self.undelivered.queue_arn, rule.attr_arn).render()
        self.undelivered.add_to_resource_policy(
            iam.PolicyStatement.from_json({**statement, "Sid": f"{statement['Sid']}Of{id}"})
        )

    def _rule_role(self) -> tuple[iam.Role, RolePolicy]:
        role = iam.Role(
            self,
            "RuleRole",
            assumed_by=own_service(
                "events.amazonaws.com", self._environment, f"{self._environment.arn('events')}:rule/*"
            ),
            description="Starts runs of a document classification workflow on events",
        )
        policy = RolePolicy(self, "RulePolicy", role=role, statements=lambda: [say.start_runs(self._machine_arn)])
        return role, policy

    def _scheduler_role(self) -> tuple[iam.Role, RolePolicy]:
        role = iam.Role(
            self,
            "SchedulerRole",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={
                    "StringEquals": {
                        "aws:SourceAccount": self._environment.account,
                        # The page on confused deputies names the group here, not the schedule.
                        "aws:SourceArn": f"{self._environment.arn('scheduler')}:schedule-group/default",
                    }
                },
            ),
            description="Starts runs of a document classification workflow by the clock",
        )
        policy = RolePolicy(
            self,
            "SchedulerPolicy",
            role=role,
            statements=lambda: say.scheduler_statements(self._machine_arn, self.undelivered.queue_arn),
        )
        return role, policy


def _sends_events(bucket: BucketFacts) -> bool:
    """Say whether this app makes the bucket send its events; of an imported one nobody knows."""
    if bucket.construct is None or not bucket.is_owned:
        return False
    found = bucket.construct.node.default_child
    own = found.notification_configuration if isinstance(found, s3.CfnBucket) else None
    told = cdk.Stack.of(bucket.construct).resolve([own, _notifications(bucket.construct)])
    return "eventbridgeconfiguration" in json.dumps(told).lower()


def _notifications(bucket: IConstruct) -> Mapping[str, object]:
    """What the CDK's custom resource writes over the notifications of a bucket, or nothing."""
    found = bucket.node.try_find_child("Notifications")
    resource = found.node.try_find_child("Resource") if found else None
    if not isinstance(resource, cdk.CfnResource):
        return {}
    properties: Mapping[str, object] = cdk.Stack.of(bucket).resolve(resource._cfn_properties)  # noqa: SLF001 - protected in jsii, and there is no other way to see them
    return properties


@jsii.implements(IValidation)
class _EventsStayOn:
    """Checks, when the app is complete, that notifications of the bucket do not switch its events off."""

    def __init__(self, bucket: s3.Bucket) -> None:
        self._bucket = bucket

    def validate(self) -> list[str]:
        written = _notifications(self._bucket)
        if not written or "EventBridgeConfiguration" in json.dumps(written):
            return []
        advice = "call documents_bucket.enable_event_bridge_notification(), too"
        return [f"the bucket's notifications switch off the events that run_on_upload needs; {advice}"]


def fixed_part(prefix: str) -> str:
    """Say what every prefix of a schedule begins with."""
    return prefix.partition("%")[0]


def schedule_problems(schedule: object, prefix: object, offset: object) -> list[str]:
    """Check the options of a schedule.

    Args:
        schedule: When.
        prefix: A prefix with dates, or None.
        offset: How far back the dates lie, or None.

    Returns:
        Problems.
    """
    found = check_schedule("schedule", schedule)
    if prefix is not None:
        found += _check_dated_prefix(prefix)
    if offset is None:
        return found
    if not isinstance(offset, cdk.Duration) or offset.is_unresolved() or not is_whole(offset):
        allowed = "a cdk.Duration of whole seconds"
        found.append(problem("offset", offset, allowed, "use cdk.Duration.days(1) for yesterday's documents"))
    elif prefix is None:
        allowed = "it with a prefix that has dates"
        found.append(problem("offset", "an offset without prefix", allowed, "an inbox is emptied whatever the time"))
    return found


def _check_dated_prefix(prefix: object) -> list[str]:
    allowed = "a key prefix with %Y, %m, %d, %H"
    if not isinstance(prefix, str) or cdk.Token.is_unresolved(prefix):
        return [problem("prefix", prefix, allowed, "write it as text, such as 'mails/%Y/%m/%d/'")]
    found = check_prefix("prefix", prefix, None)
    if wrong := re.findall(rf"%(?![{_DIRECTIVES}]).?", prefix):
        found.append(problem("prefix", prefix, allowed, f"leave out {', '.join(sorted(set(wrong)))}"))
    if not fixed_part(prefix):
        allowed = "a prefix that begins with fixed text"
        found.append(problem("prefix", prefix, allowed, "the data access role may read what begins so, not all"))
    return found
