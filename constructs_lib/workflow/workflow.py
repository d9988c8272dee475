"""Jobs again and again: a state machine, an execution of which is a run, a run at most one job."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import aws_cdk as cdk
import jsii
from aws_cdk import aws_events as events
from constructs import Construct, IValidation

from constructs_lib._core.arns import Environment
from constructs_lib._core.buckets import BucketFacts
from constructs_lib._core.objects import may_stand_for, offers
from constructs_lib._core.overlaps import UsedPrefix, warn_of_overlaps
from constructs_lib._core.tokens import is_known
from constructs_lib._core.warn import warn
from constructs_lib._iam import run_statements as say
from constructs_lib._iam import statements as say_of_jobs
from constructs_lib._iam.data_access import DataAccessPolicy
from constructs_lib._iam.grants import Granted, grant, reading
from constructs_lib._iam.permissions import JobAccess, data_access_statements
from constructs_lib._iam.role_policy import SCHEDULES
from constructs_lib._iam.roles import role_arn
from constructs_lib._iam.statements import S3Location
from constructs_lib._job import warnings
from constructs_lib._job.check import job_problems
from constructs_lib._job.request import job_request, textract_action
from constructs_lib._job.settings import JobSettings
from constructs_lib._job.tags import check_tags, tags_of_job
from constructs_lib._parts import Parts, add_output, check_output_names, parts_problems
from constructs_lib.documents import Documents
from constructs_lib.errors import ValidationError, problem
from constructs_lib.keys import KeyReference
from constructs_lib.results import Results
from constructs_lib.workflow import watching
from constructs_lib.workflow.definition import EVENT_SOURCE, EVENT_TYPE
from constructs_lib.workflow.definition import Parts as DefinitionParts
from constructs_lib.workflow.function import RunsFunction
from constructs_lib.workflow.limits import RunLimits, batches_beside, where_bus_is
from constructs_lib.workflow.machine import RunsMachine
from constructs_lib.workflow.table import PredictionsTable
from constructs_lib.workflow.triggers import Triggers, fixed_part, schedule_problems

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aws_cdk import aws_cloudwatch as cloudwatch
    from aws_cdk import aws_glue as glue
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_scheduler as scheduler
    from aws_cdk import aws_stepfunctions as sfn

    from constructs_lib._iam.statements import Statement
    from constructs_lib.keys import Key
    from constructs_lib.model import ClassificationModel
    from constructs_lib.network import ClassificationNetwork

Made = TypeVar("Made")


@jsii.implements(cdk.ITaggableV2)
class DocumentClassificationWorkflow(Construct):
    """Classifies documents as they arrive: whatever waits in the inbox becomes one job, and the next when that is done.

    A run moves what it classifies from the inbox to `batches/<inbox>/<run>/` in the same bucket, starts a job, follows
    it to its end, writes its predictions as rows of a table, and tells on the event bus what has become of it.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        model: The classifier or flywheel.
        documents: Where documents arrive: a bucket and a prefix; no local file. Default: - a bucket is made, in which
            documents arrive under `inbox/`.
        results: Where results go. Default: - a bucket is made.
        schedule: When runs of the inbox start. Default: - runs start only when asked for.
        run_on_upload: Whether uploads into the inbox start runs, a minute later. Default: False.
        max_documents: The most files of a run, 1 to 1,000,000, with a reader 500; with one document per file only. A
            run of the inbox leaves the rest to the next one; a run of a prefix fails before it costs anything.
            Default: - what the service takes.
        max_input_size: The most bytes of a run, up to 5 GiB, used like `max_documents`. Default: - 5 GB.
        timeout: How long a run may start and follow its job, 10 minutes to 3 days. Default: 1 day.
        predictions_table: Whether predictions become rows of a table that Athena queries. Default: True.
        event_bus: Where notices go. Default: - the default bus of the account.
        encryption_key: Encrypts buckets that are made, and results. Default: - a key is made where a bucket is.
        volume_encryption_key: Encrypts the storage volumes of the service's instances. Default: - a key is made.
        data_access_role: The role the service reads and writes with. Default: - a role is made.
        network: The network jobs run in. Default: - an isolated network is made.
        network_isolation: Whether jobs run in a network of yours. Default: True.
        access_logs_bucket: Receives the access logs of buckets that are made. Default: - a bucket is made.
        removal_policy: What becomes of all that is made and holds data. Default: `RemovalPolicy.RETAIN`.
        outputs: Whether stack outputs are made. Default: True.
        job_name: What the names of jobs begin with; the name of the run follows. Default: - jobs have no name.
        tags: Up to 50 tags of the jobs; they win over `Tags.of(...)`. Default: - the tags of `Tags.of(...)`.

    Raises:
        ValidationError: Options cannot work; lists all of them, before anything is defined.

    Source: `StartDocumentClassificationJob`; Step Functions Developer Guide.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        model: ClassificationModel,
        documents: Documents | None = None,
        results: Results | None = None,
        schedule: scheduler.ScheduleExpression | None = None,
        run_on_upload: bool = False,
        max_documents: int | None = None,
        max_input_size: cdk.Size | None = None,
        timeout: cdk.Duration | None = None,
        predictions_table: bool = True,
        event_bus: events.IEventBus | events.EventBus | None = None,
        encryption_key: Key | None = None,
        volume_encryption_key: Key | None = None,
        data_access_role: iam.IRole | iam.Role | None = None,
        network: ClassificationNetwork | None = None,
        network_isolation: bool = True,
        access_logs_bucket: s3.IBucket | s3.Bucket | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
        outputs: bool = True,
        job_name: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        documents = Documents.in_new_bucket("inbox/") if documents is None else documents
        results = Results.in_new_bucket() if results is None else results
        environment = Environment.of(scope)
        limits = RunLimits(
            schedule=schedule,
            run_on_upload=run_on_upload,
            max_documents=max_documents,
            max_input_size=max_input_size,
            timeout=cdk.Duration.days(1) if timeout is None else timeout,
            predictions_table=predictions_table,
            event_bus=event_bus,
        )
        problems = job_problems(
            scope,
            environment,
            JobSettings(job_name=job_name, tags=tags),
            model=model,
            documents=documents,
            results=results,
            data_access_role=data_access_role,
            volume_encryption_key=volume_encryption_key,
            network=network,
            handler=None,
        )
        problems += limits.problems(environment, documents, results)
        problems += parts_problems(
            environment,
            documents=documents,
            results=results,
            encryption_key=encryption_key,
            network=network,
            network_isolation=network_isolation,
            access_logs_bucket=access_logs_bucket,
            removal_policy=removal_policy,
            outputs=outputs,
        )
        if outputs is True:
            problems += check_output_names(scope, id, "StateMachineArn")
        if problems:
            raise ValidationError(problems, f"{scope.node.path}/{id}".lstrip("/"))
        super().__init__(scope, id)

        self._environment = environment
        self._limits = limits
        self._name = cdk.Names.unique_resource_name(self, max_length=64)
        self._event_bus = event_bus
        self._is_scheduled = False
        self._alarms: watching.Alarms | None = None
        self._tag_manager = tags_of_job(tags)
        self.node.add_validation(_TagsAreRight(self._tag_manager))
        self._parts = Parts(
            self,
            documents=documents,
            results=results,
            encryption_key=encryption_key,
            volume_encryption_key=volume_encryption_key,
            data_access_role=data_access_role,
            network=network,
            network_isolation=network_isolation,
            access_logs_bucket=access_logs_bucket,
            removal_policy=removal_policy,
        )
        self._inbox = self._parts.documents.prefix
        self._prefixes = [self._inbox, batches_beside(self._inbox)]
        self._source, _ = self._parts.documents.location or (BucketFacts.named(""), "")
        self._target = self._parts.results.location or BucketFacts.named("")
        self._predictions = f"{self._parts.results.folder}predictions/"
        self._results_key = self._parts.results.encryption_key or self._target.encryption_key
        self._jobs = self._job_needs(model)
        self._data_access = DataAccessPolicy(self, "DataAccess", role=self._parts.data_access_role, users=SCHEDULES)
        for prefix in self._prefixes:
            self._allow_reading(prefix)
        warnings.warn_of_role_path(self, self._parts.data_access_role, self._jobs.role_arn)
        warnings.warn_of_region(self, environment)
        warn_of_overlaps(
            self,
            UsedPrefix(self, "the inbox", self._source.name, self._inbox, is_inbox=True),
            UsedPrefix(self, "the batches", self._source.name, batches_beside(self._inbox)),
            UsedPrefix(self, "the results", self._target.name, self._parts.results.folder),
        )

        self._function = RunsFunction(
            self,
            "Function",
            environment=self._function_environment(),
            statements=self._function_statements,
            removal_policy=removal_policy,
        )
        self._warn_of_rights()
        self._runs = self._make_machine(model, job_name, removal_policy)
        if event_bus is not None:
            self._warn_of_bus(event_bus)
        self._triggers = Triggers(
            self,
            "Triggers",
            machine_arn=self.state_machine.state_machine_arn,
            depends_on=self._runs.own_runs,
            environment=environment,
        )
        self._table: PredictionsTable | None = None
        if predictions_table:
            location = f"s3://{self._target.name}/{self._predictions}"
            self._table = PredictionsTable(self, "Table", location=location, environment=environment)
        self._triggers.tell_of_ends()
        if schedule is not None:
            self.add_schedule("Schedule", schedule=schedule)
        if run_on_upload:
            self._triggers.run_on_upload(self._source, self._inbox, self._parts.documents_bucket)
        if outputs:
            self._add_outputs()

    @property
    def cdk_tag_manager(self) -> cdk.TagManager:
        """Where `Tags.of(...)` leaves the tags of jobs."""
        return self._tag_manager

    @property
    def state_machine(self) -> sfn.StateMachine:
        """The state machine; an execution of it is a run."""
        return self._runs.machine

    @property
    def documents_bucket(self) -> s3.IBucket | s3.Bucket | None:
        """The bucket that documents arrive in; None when only a URI names it."""
        return self._parts.documents_bucket or self._source.construct

    @property
    def results_bucket(self) -> s3.IBucket | s3.Bucket:
        """The bucket that results and predictions go to."""
        return self._parts.results_bucket

    @property
    def data_access_role(self) -> iam.IRole | iam.Role:
        """The role the service reads and writes with."""
        return self._parts.data_access_role

    @property
    def network(self) -> ClassificationNetwork | None:
        """The network jobs run in; None without network isolation."""
        return self._parts.network

    @property
    def encryption_key(self) -> kms.IKey | kms.Key | None:
        """The key of buckets and results; None when none was given and no bucket is made."""
        return self._parts.encryption_key

    @property
    def volume_encryption_key(self) -> kms.IKey | kms.Key:
        """The key of the service's storage volumes."""
        return self._parts.volume_encryption_key

    @property
    def database(self) -> glue.CfnDatabase | None:
        """The database of the table; None without a table."""
        return self._table.database if self._table else None

    @property
    def table(self) -> glue.CfnTable | None:
        """The table of predictions; None without a table."""
        return self._table.table if self._table else None

    def add_schedule(
        self,
        id: str,
        *,
        schedule: scheduler.ScheduleExpression,
        prefix: str | None = None,
        offset: cdk.Duration | None = None,
    ) -> scheduler.CfnSchedule:
        """Start runs by the clock.

        Args:
            id: The schedule's construct id.
            schedule: When.
            prefix: Classify what lies under this prefix of the documents' bucket, and leave it there. `%Y`, `%m`,
                `%d` and `%H` stand for the time the run was due, in UTC. What arrives later is missed; an inbox has no
                such gap. Default: - the inbox.
            offset: How long before that time the documents' time lies. Default: - none.

        Returns:
            The schedule.

        Raises:
            ValidationError: Options cannot work; lists all of them.

        Source: EventBridge Scheduler User Guide, "Adding context attributes".
        """
        if problems := schedule_problems(schedule, prefix, offset):
            raise ValidationError(problems, f"{self.node.path}.add_schedule({id!r})")
        if prefix is None:
            self._is_scheduled = True
            self._hear_silence()
            return self._start_by_the_clock(id, schedule, {})
        if (fixed := fixed_part(prefix)) not in self._prefixes:
            self._prefixes.append(fixed)
            self._allow_reading(fixed)
            self._warn_of_rights()
        warn_of_overlaps(self, UsedPrefix(self, "the documents of a schedule", self._source.name, fixed))
        given = {
            "Schedule": {
                "Prefix": prefix,
                "Time": "<aws.scheduler.scheduled-time>",
                "Offset": int(offset.to_seconds()) if offset else 0,
            }
        }
        return self._start_by_the_clock(id, schedule, given)

    def on_completed(self, id: str, *, target: events.IRuleTarget | None = None, **options: Any) -> events.Rule:  # noqa: ANN401
        """Do something when a run has classified its documents.

        Args:
            id: The rule's construct id.
            target: What is done. Default: - nothing; add targets to the rule.
            options: As of `events.OnEventOptions`: `description`, `event_pattern`, `rule_name`.

        Returns:
            The rule.
        """
        return self._on(id, ["COMPLETED"], target, options)

    def on_failed(self, id: str, *, target: events.IRuleTarget | None = None, **options: Any) -> events.Rule:  # noqa: ANN401
        """Do something when a run has failed.

        Args:
            id: The rule's construct id.
            target: What is done. Default: - nothing; add targets to the rule.
            options: As of `events.OnEventOptions`: `description`, `event_pattern`, `rule_name`.

        Returns:
            The rule.
        """
        return self._on(id, ["FAILED"], target, options)

    def on_state_change(self, id: str, *, target: events.IRuleTarget | None = None, **options: Any) -> events.Rule:  # noqa: ANN401
        """Do something whenever a run tells of itself: started, completed, failed, or empty.

        Args:
            id: The rule's construct id.
            target: What is done. Default: - nothing; add targets to the rule.
            options: As of `events.OnEventOptions`: `description`, `event_pattern`, `rule_name`.

        Returns:
            The rule.
        """
        return self._on(id, None, target, options)

    def add_alarms(
        self, *actions: cloudwatch.IAlarmAction, max_age: cdk.Duration | None = None
    ) -> list[cloudwatch.Alarm]:
        """Watch over the runs: failed, timed out, aborted, not started, or documents that wait too long.

        Args:
            actions: What the alarms do.
            max_age: How old a document may be when a run finds it. Default: - 1 day.

        Returns:
            The alarms; the one on silence joins them when a schedule is added later.

        Raises:
            ValidationError: Options cannot work; lists all of them.
        """
        problems = watching.alarm_problems(actions, max_age)
        if self._alarms:
            problems.append("the workflow has its alarms already; pass all actions to one call")
        if problems:
            raise ValidationError(problems, f"{self.node.path}.add_alarms")
        try:
            alarms = self._make_alarms(actions, max_age or cdk.Duration.days(1))
        except ValidationError:
            # The next call may have others.
            self.node.try_remove_child("Alarms")
            raise
        self._alarms = alarms
        self._hear_silence()
        return self._alarms.alarms

    def add_dashboard(self) -> cloudwatch.Dashboard:
        """Define a dashboard: runs by outcome, documents and errors, classes, job time, the oldest document.

        Returns:
            The dashboard.

        Raises:
            ValidationError: The workflow has its dashboard already.
        """
        if self.node.try_find_child("Dashboard"):
            raise ValidationError(
                ["the workflow has its dashboard already; keep what the first call returned"],
                f"{self.node.path}.add_dashboard",
            )
        return watching.dashboard(
            self,
            "Dashboard",
            workflow=self._name,
            machine=self.state_machine,
            log_group=self._function.log_group,
        )

    def grant_start(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody start runs.

        Args:
            grantee: Who.

        Returns:
            The grant.
        """
        statements = [say.start_runs(self.state_machine.state_machine_arn)]
        return grant(self, "StartRuns", grantee, [Granted(statements, account=self._environment.known_account)])

    def grant_read_predictions(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let somebody query the table, and read and decrypt the predictions behind it.

        Accounts that use Lake Formation must grant the table there, too.

        Args:
            grantee: Who. Where answers of queries are written is theirs to allow.

        Returns:
            The grant; a warning has the statements that are missing.
        """
        parts = reading(
            self._target, self._results_key, self._environment, mine=self._predictions, anyones=self._predictions
        )
        if self._table:
            queries = say.query_table(self._environment, self._table.database.ref, self._table.table.ref)
            parts.append(Granted(queries, account=self._environment.known_account))
        return grant(self, "ReadPredictions", grantee, parts)

    def metric_runs_succeeded(self, **options: Any) -> cloudwatch.Metric:  # noqa: ANN401
        """Count runs that ended well, also those that found nothing to do.

        Args:
            options: As of `cloudwatch.MetricOptions`.

        Returns:
            The metric.
        """
        return self._as_the_cdk_takes(
            "metric_runs_succeeded", options, lambda: self.state_machine.metric_succeeded(**options)
        )

    def metric_runs_failed(self, **options: Any) -> cloudwatch.Metric:  # noqa: ANN401
        """Count runs that failed.

        Args:
            options: As of `cloudwatch.MetricOptions`.

        Returns:
            The metric.
        """
        return self._as_the_cdk_takes(
            "metric_runs_failed", options, lambda: self.state_machine.metric_failed(**options)
        )

    def metric_documents(self, **options: Any) -> cloudwatch.Metric:  # noqa: ANN401
        """Count classified documents.

        Args:
            options: As of `cloudwatch.MetricOptions`.

        Returns:
            The metric.
        """
        found = watching.metric(self._name, "Documents", "Sum")
        return self._as_the_cdk_takes("metric_documents", options, lambda: found.with_(**options))

    def _as_the_cdk_takes(self, method: str, options: Mapping[str, Any], make: Callable[[], Made]) -> Made:
        """Tell what the CDK says of options that are passed on to it."""
        try:
            # A number that is none, anywhere in them, would end the process that the CDK runs in.
            json.dumps(options, allow_nan=False, skipkeys=True, default=lambda _: None)
            return make()
        except (AttributeError, TypeError, ValueError, RuntimeError) as error:
            raise ValidationError([f"options: {error}"], f"{self.node.path}.{method}") from error

    def _start_by_the_clock(
        self, id: str, schedule: scheduler.ScheduleExpression, given: Mapping[str, object]
    ) -> scheduler.CfnSchedule:
        return self._as_the_cdk_takes(
            f"add_schedule({id!r})", given, lambda: self._triggers.add_schedule(id, schedule, given)
        )

    def _on(
        self,
        id: str,
        statuses: Sequence[str] | None,
        target: events.IRuleTarget | None,
        options: Mapping[str, Any],
    ) -> events.Rule:
        more = dict(options)
        further = more.pop("event_pattern", None)
        if problems := _rule_problems(target, further):
            raise ValidationError(problems, f"{self.node.path}: {id}")
        detail: dict[str, list[str]] = {"workflow": [self._name]}
        pattern = events.EventPattern(
            source=[EVENT_SOURCE],
            detail_type=[EVENT_TYPE],
            detail=detail if statuses is None else {**detail, "status": list(statuses)},
        )
        targets = [target] if target is not None else None
        rule = self._as_the_cdk_takes(
            id,
            more,
            lambda: events.Rule(self, id, event_bus=self._event_bus, event_pattern=pattern, targets=targets, **more),
        )
        if further is not None:
            rule.add_event_pattern(**{name: value for name, value in further._values.items() if value is not None})  # noqa: SLF001 - a struct of jsii has no other list
        return rule

    def _job_needs(self, model: ClassificationModel) -> JobAccess:
        parts, environment = self._parts, self._environment
        documents_key = self._source.encryption_key
        return JobAccess(
            model_arn=model.arn,
            role_arn=role_arn(parts.data_access_role),
            documents=S3Location(self._source.arn, self._inbox),
            results=S3Location(self._target.arn, parts.results.folder),
            documents_key=KeyReference.of(documents_key, environment) if documents_key else None,
            results_key=KeyReference.of(self._results_key, environment) if self._results_key else None,
            volume_key=KeyReference.of(parts.volume_key, environment, aliases=False),
            in_network=parts.network is not None,
            textract_action=textract_action(parts.documents.reader),
        )

    def _reading(self, prefix: str) -> JobAccess:
        return replace(self._jobs, documents=S3Location(self._source.arn, prefix))

    def _allow_reading(self, prefix: str) -> None:
        self._data_access.add_job(self._reading(prefix), self)

    def _warn_of_rights(self) -> None:
        """Say what the keys and buckets of other accounts must allow."""
        environment, function = self._environment, self._function
        roles = {
            self._jobs.role_arn: data_access_statements(list(map(self._reading, self._prefixes)), environment),
            function.role.role_arn: self._function_statements(function.log_group.log_group_arn),
        }
        warnings.warn_of_foreign_keys(self, roles, environment, self._jobs.keys)
        warnings.warn_of_foreign_buckets(self, roles, environment, [self._source, self._target])

    def _warn_of_bus(self, bus: events.IEventBus) -> None:
        """Say what the bus of another account must allow."""
        (_, owner), account = where_bus_is(bus), self._environment.known_account
        if account is None or not is_known(owner) or owner == account:
            return
        statement = {
            **say.give_notice(bus.event_bus_arn).render(),
            "Principal": {"AWS": self.state_machine.role.role_arn},
        }
        warn(
            self,
            "busOfAnotherAccount",
            f"the policy of the event bus in account {owner} must have this statement, or runs fail: "
            f"{json.dumps(cdk.Stack.of(self).resolve(statement))}",
        )

    def _function_environment(self) -> dict[str, str]:
        given = self._parts.results.encryption_key
        key = KeyReference.of(given, self._environment).identifier if given else ""
        return {
            "WORKFLOW": self._name,
            "DOCUMENTS_BUCKET": self._source.name,
            "INBOX": self._inbox,
            "BATCHES": batches_beside(self._inbox),
            # Schedules may still bring prefixes of their own.
            "READABLE": cdk.Lazy.string(_Json(lambda: sorted(self._prefixes))),
            "RESULTS_BUCKET": self._target.name,
            "RESULTS_KEY": key,
            "PREDICTIONS": self._predictions,
            "MAX_DOCUMENTS": str(self._limits.documents_of(self._parts.documents)),
            "MAX_BYTES": str(self._limits.bytes),
        }

    def _function_statements(self, log_group_arn: str) -> list[Statement]:
        access = say.RunNeeds(
            self._jobs,
            batches_beside(self._inbox),
            sorted(self._prefixes),
            self._predictions if self._limits.predictions_table else None,
        )
        return say.function_statements(access, self._environment, log_group_arn=log_group_arn)

    def _make_machine(
        self, model: ClassificationModel, job_name: str | None, removal_policy: cdk.RemovalPolicy
    ) -> RunsMachine:
        parts, access, environment = self._parts, self._jobs, self._environment
        binding = parts.network.bind(self, [self._source, self._target]) if parts.network else None
        bus = self._event_bus.event_bus_arn if self._event_bus else f"{environment.arn('events')}:event-bus/default"
        function_arn = self._function.function.function_arn
        machine = RunsMachine(
            self,
            "StateMachine",
            parts=DefinitionParts(
                partition=environment.partition,
                function_arn=function_arn,
                request=job_request(
                    model=model,
                    documents_uri=f"s3://{self._source.name}/",
                    input_format=parts.documents.input_format,
                    reader=parts.documents.reader,
                    results_uri=f"s3://{self._target.name}/{parts.results.folder}",
                    results_key=access.results_key,
                    role_arn=access.role_arn,
                    volume_key=access.volume_key,
                    vpc_config=binding.vpc_config if binding else None,
                    job_name=None,
                    tags=self._tag_manager.rendered_tags,
                ),
                bucket_uri=f"s3://{self._source.name}/",
                job_name=job_name,
                bus_arn=bus,
                batches=batches_beside(self._inbox),
                workflow=self._name,
                timeout=int(self._limits.timeout.to_seconds()),
                table=self._limits.predictions_table,
            ),
            statements=lambda: say.machine_statements(access, environment, function_arn=function_arn, bus_arn=bus),
            late=lambda: [say_of_jobs.tag_jobs(environment)] if self._tag_manager.has_tags() else [],
            environment=environment,
            removal_policy=removal_policy,
        )
        machine.machine.node.add_dependency(
            self._data_access, self._function.policy, *([binding.dependable] if binding else [])
        )
        return machine

    def _make_alarms(self, actions: Sequence[cloudwatch.IAlarmAction], max_age: cdk.Duration) -> watching.Alarms:
        def make() -> tuple[watching.Alarms, list[str]]:
            alarms = watching.Alarms(
                self,
                "Alarms",
                machine=self.state_machine,
                undelivered=self._triggers.undelivered,
                oldest=watching.metric(self._name, "OldestDocument", "Maximum"),
                max_age=max_age,
                actions=actions,
            )
            # An action says only when it is bound to an alarm where it leads.
            return alarms, alarms.problems(self._environment)

        alarms, problems = self._as_the_cdk_takes("add_alarms", {}, make)
        if problems:
            raise ValidationError(problems, f"{self.node.path}.add_alarms")
        return alarms

    def _hear_silence(self) -> None:
        if self._is_scheduled and self._alarms:
            self._alarms.hear_silence()

    def _add_outputs(self) -> None:
        arn = self.state_machine.state_machine_arn
        add_output(self, "StateMachineArn", arn, "Start an execution of it to classify what waits in the inbox")
        if uri := self._parts.documents_uri:
            add_output(self, "InboxUri", uri, "Where documents are uploaded to")
        if self._table:
            name = f"{self._table.database.ref}.{self._table.table.ref}"
            add_output(self, "PredictionsTable", name, "Database and table of the predictions")


def _rule_problems(target: object, pattern: object) -> list[str]:
    found = []
    if target is not None and not (offers(target, "bind") and may_stand_for(target, events.IRuleTarget)):
        allowed = "an events.IRuleTarget"
        found.append(problem("target", target, allowed, "use one of aws_events_targets, such as targets.SnsTopic"))
    if pattern is not None and not isinstance(pattern, events.EventPattern):
        found.append(problem("event_pattern", pattern, "an events.EventPattern", "pass events.EventPattern(...)"))
    return found


@jsii.implements(cdk.IStableStringProducer)
class _Json:
    """Writes a list when the template is written."""

    def __init__(self, values: Callable[[], Sequence[str]]) -> None:
        self._values = values

    def produce(self) -> str:
        return json.dumps(self._values())


@jsii.implements(IValidation)
class _TagsAreRight:
    """Checks the tags of jobs, those of `Tags.of(...)` included, when the app is complete."""

    def __init__(self, tags: cdk.TagManager) -> None:
        self._tags = tags

    def validate(self) -> list[str]:
        return check_tags(self._tags.tag_values())
