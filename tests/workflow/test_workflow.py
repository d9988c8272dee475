"""The construct: what it makes, what it gives away, what it refuses, and that it is at home in other people's apps."""

import json

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import assertions
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_notifications as s3_notifications
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from classification_runs import metrics
from support import CLASSIFIER_ARN, new_app

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DataAccessRole,
    DocumentClassificationPipeline,
    DocumentClassificationWorkflow,
    DocumentReader,
    Documents,
    InputFormat,
    PrivateBucket,
    Results,
    ValidationError,
)
from constructs_lib.workflow import watching
from constructs_lib.workflow.definition import LONGEST_FUNCTION, UNTOLD

MODEL = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN)
HOURLY = scheduler.ScheduleExpression.rate(cdk.Duration.hours(1))


def workflow(stack, id="Mails", **options):
    return DocumentClassificationWorkflow(
        stack, id, **{"model": MODEL, "network_isolation": False, "documents": inbox(stack), **options}
    )


def inbox(stack, prefix="inbox/", **options):
    bucket = stack.node.try_find_child("In") or s3.Bucket(stack, "In")
    return Documents.from_bucket(bucket, prefix, **{"input_format": InputFormat.ONE_DOC_PER_FILE, **options})


def template_of(stack):
    return assertions.Template.from_stack(stack)


def only(template, kind):
    (found,) = template.find_resources(kind).values()
    return found["Properties"]


def text_of(value):
    """The text of a joined value, references by their names."""
    if isinstance(value, str):
        return value
    ((operation, argument),) = value.items()
    if operation == "Fn::Join":
        return argument[0].join(map(text_of, argument[1]))
    return f"<{argument if isinstance(argument, str) else '.'.join(argument)}>"


def rules_of(template):
    """The rules of a template by the source of their events."""
    rules = [each["Properties"] for each in template.find_resources("AWS::Events::Rule").values()]
    return {source: [each for each in rules if each["EventPattern"]["source"] == [source]] for source in SOURCES}


SOURCES = ("aws.s3", "aws.states", "cdk-comprehend-classification")


def definition_of(template):
    return json.loads(text_of(only(template, "AWS::StepFunctions::StateMachine")["DefinitionString"]))


def statements_of(template, part):
    return {
        statement["Sid"]: statement
        for name, policy in template.find_resources("AWS::IAM::Policy").items()
        if part in name
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    }


# What it makes


def test_three_options_of_which_two_have_defaults_make_everything(stack, template_snapshot):
    DocumentClassificationWorkflow(stack, "Mails", model=MODEL, schedule=HOURLY)
    assert stack == template_snapshot


def test_a_workflow_with_what_it_can_have(stack, template_snapshot):
    found = workflow(
        stack, run_on_upload=True, tags={"team": "mail"}, job_name="mails", max_documents=10, event_bus=bus(stack)
    )
    found.add_schedule("Nightly", schedule=HOURLY, prefix="mails/%Y/%m/%d/", offset=cdk.Duration.days(1))
    found.add_alarms(actions.SnsAction(sns.Topic(stack, "Topic")), max_age=cdk.Duration.hours(6))
    found.add_dashboard()
    assert stack == template_snapshot


def bus(stack):
    return events.EventBus(stack, "Bus")


def test_the_outputs_say_how_to_use_it(stack):
    DocumentClassificationWorkflow(stack, "Mails", model=MODEL, network_isolation=False)
    outputs = template_of(stack).find_outputs("*")
    assert set(outputs) == {"MailsStateMachineArn", "MailsInboxUri", "MailsPredictionsTable"}
    assert text_of(outputs["MailsInboxUri"]["Value"]).endswith(">/inbox/")


def test_outputs_can_be_left_out_and_a_given_bucket_has_none(stack):
    workflow(stack, outputs=False)
    workflow(stack, "Other", documents=inbox(stack, "other/"))
    assert set(template_of(stack).find_outputs("*")) == {"OtherStateMachineArn", "OtherPredictionsTable"}


def test_without_a_table_there_is_none_and_nothing_is_unpacked(stack):
    found = workflow(stack, predictions_table=False)
    template = template_of(stack)
    template.resource_count_is("AWS::Glue::Table", 0)
    assert (found.database, found.table) == (None, None)
    assert "Unpack" not in definition_of(template)["States"]
    assert {"ReadArchives", "WritePredictions"}.isdisjoint(statements_of(template, "MailsFunction"))


def test_the_attributes_are_what_was_given(stack):
    bucket, role = s3.Bucket(stack, "Out"), DataAccessRole(stack, "Role")
    network = ClassificationNetwork(stack, "Network")
    found = workflow(
        stack, results=Results.to_bucket(bucket, "r/"), data_access_role=role, network=network, network_isolation=True
    )
    assert (found.results_bucket, found.data_access_role, found.network) == (bucket, role, network)
    assert found.documents_bucket is stack.node.find_child("In")
    assert found.encryption_key is None
    assert found.volume_encryption_key is not None


def test_the_definition_refers_to_what_is_made(stack):
    DocumentClassificationWorkflow(stack, "Mails", model=MODEL)
    states = definition_of(template_of(stack))["States"]
    request = states["StartJob"]["Arguments"]
    assert request["InputDataConfig"]["S3Uri"].startswith("{% 's3://<MailsDocumentsBucket")
    assert set(request["VpcConfig"]) == {"SecurityGroupIds", "Subnets"}
    assert states["Collect"]["Arguments"]["FunctionName"].startswith("<MailsFunction")
    assert "<AWS::Partition>" in states["StartJob"]["Resource"]


def test_a_call_that_may_still_run_is_not_repeated_before_the_function_must_have_ended(stack):
    workflow(stack)
    template = template_of(stack)
    (timeout,) = {
        function["Properties"]["Timeout"]
        for function in template.find_resources("AWS::Lambda::Function").values()
        if function["Properties"]["Handler"].startswith("classification_runs")
    }
    assert timeout == LONGEST_FUNCTION
    for name in ("Collect", "Unpack", "Measure", "LookForMore"):
        state = definition_of(template)["States"][name]
        (uncertain,) = [retry for retry in state["Retry"] if "Lambda.SdkClientException" in retry["ErrorEquals"]]
        assert uncertain["IntervalSeconds"] >= timeout
        assert state["TimeoutSeconds"] > timeout


def test_metrics_and_their_dimension_are_those_that_the_function_writes(stack, capsys):
    metrics.emit(0, "Mails", {"Documents": 1})
    written = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"][0]
    assert (written["Namespace"], written["Dimensions"]) == (watching.NAMESPACE, [[watching.DIMENSION]])
    found = workflow(stack).metric_documents(period=cdk.Duration.minutes(5))
    assert (found.namespace, found.metric_name) == (watching.NAMESPACE, "Documents")
    assert found.period.to_minutes() == 5


# What it may do


def test_the_role_reads_the_inbox_the_batches_and_the_fixed_part_of_a_schedules_prefix(stack):
    found = workflow(stack)
    found.add_schedule("Nightly", schedule=HOURLY, prefix="mails/%Y/%m/%d/")
    template = template_of(stack)
    read = statements_of(template, "DataAccess")["ReadDocuments"]["Resource"]
    assert [text_of(each).partition(">")[2] for each in read] == ["/batches/inbox/*", "/inbox/*", "/mails/*"]
    (function,) = [
        each["Properties"]
        for each in template.find_resources("AWS::Lambda::Function").values()
        if "READABLE" in each["Properties"].get("Environment", {}).get("Variables", {})
    ]
    readable = function["Environment"]["Variables"]["READABLE"]
    assert json.loads(readable) == ["batches/inbox/", "inbox/", "mails/"]


def test_the_function_takes_from_the_inbox_and_writes_only_where_it_must(stack):
    workflow(stack)
    found = statements_of(template_of(stack), "MailsFunctionPolicy")
    writing = {
        text_of(statement["Resource"]).partition(">")[2]
        for statement in found.values()
        if "s3:PutObject" in statement["Action"] or "s3:DeleteObject" in statement["Action"]
    }
    assert writing == {"/inbox/*", "/batches/inbox/*", "/results/predictions/*"}
    assert not [action for each in found.values() for action in each["Action"] if str(action).startswith("comprehend")]


def test_tags_take_a_permission_and_no_tags_none(stack):
    workflow(stack)
    assert "TagJobs" not in statements_of(template_of(stack), "StateMachinePolicy")
    tagged = cdk.Stack(new_app(), "Tagged")
    cdk.Tags.of(workflow(tagged)).add("team", "mail")
    template = template_of(tagged)
    assert "TagJobs" in statements_of(template, "StateMachinePolicy")
    request = definition_of(template)["States"]["StartJob"]["Arguments"]
    assert request["Tags"] == [{"Key": "team", "Value": "mail"}]


def test_a_state_machine_waits_for_its_permissions(stack):
    workflow(stack)
    (machine,) = template_of(stack).find_resources("AWS::StepFunctions::StateMachine").values()
    assert any("StateMachinePolicy" in name for name in machine["DependsOn"])
    assert any("DataAccess" in name for name in machine["DependsOn"])


def test_whoever_is_granted_it_may_start_runs_and_query(stack):
    found = workflow(stack)
    user = iam.Role(stack, "User", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    found.grant_start(user)
    found.grant_read_predictions(user)
    template = template_of(stack)
    granted = statements_of(template, "StartRuns") | statements_of(template, "ReadPredictions")
    assert granted["StartRuns"]["Action"] == "states:StartExecution"
    assert "athena:StartQueryExecution" in granted["QueryTable"]["Action"]
    assert text_of(granted["ReadResults"]["Resource"]).endswith("/results/predictions/*")


def test_a_reader_of_another_account_reads_through_the_policies_of_bucket_and_key():
    env = cdk.Environment(account="111122223333", region="us-east-1")
    stack = cdk.Stack(new_app(), "Stack", env=env)
    found = DocumentClassificationWorkflow(stack, "Mails", model=MODEL, network_isolation=False)
    found.grant_read_predictions(iam.ArnPrincipal("arn:aws:iam::444455556666:role/reader"))
    template = template_of(stack)
    (on_key,) = [
        statement
        for key in template.find_resources("AWS::KMS::Key").values()
        for statement in key["Properties"]["KeyPolicy"]["Statement"]
        if "444455556666" in json.dumps(statement["Principal"])
    ]
    assert (on_key["Action"], on_key["Resource"]) == ("kms:Decrypt", "*"), "a key policy cannot name its key"


def test_a_role_that_cannot_be_changed_is_told_what_it_must_have(stack):
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/access", mutable=False)
    workflow(stack, data_access_role=role)
    (warning,) = warnings_of(stack, "dataAccessRoleIsImmutable")
    assert "/batches/inbox/*" in warning


def warnings_of(stack, name):
    found = assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value())
    return [str(each.entry.data) for each in found if name in str(each.entry.data)]


def test_another_account_is_told_what_jobs_and_the_function_must_be_allowed():
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))
    key = kms.Key.from_key_arn(
        stack, "Key", "arn:aws:kms:us-east-1:999988887777:key/11111111-2222-3333-4444-555555555555"
    )
    bucket = s3.Bucket.from_bucket_attributes(
        stack, "Theirs", bucket_name="theirs", account="999988887777", region="us-east-1", encryption_key=key
    )
    documents = Documents.from_bucket(bucket, "inbox/", input_format=InputFormat.ONE_DOC_PER_FILE)
    found = workflow(stack, documents=documents)
    found.add_schedule("Nightly", schedule=HOURLY, prefix="mails/%Y/")
    *_, about_bucket = warnings_of(stack, "bucketOfAnotherAccount")
    for words in ("MailsDataAccessRole", "MailsFunctionRole", "/batches/inbox/*", "/mails/*", "s3:DeleteObject"):
        assert words in about_bucket
    (about_key,) = warnings_of(stack, "keyOfAnotherAccount")
    for words in ("MailsDataAccessRole", "MailsFunctionRole", "kms:GenerateDataKey"):
        assert words in about_key


# What starts runs


def test_a_schedule_starts_runs_of_the_inbox(stack):
    workflow(stack, schedule=HOURLY)
    found = only(template_of(stack), "AWS::Scheduler::Schedule")
    assert (found["ScheduleExpression"], found["Target"]["Input"]) == ("rate(1 hour)", "{}")
    assert "DeadLetterConfig" in found["Target"]


def test_a_dated_schedule_sends_its_prefix_and_the_time_that_it_was_due(stack):
    workflow(stack).add_schedule("N", schedule=HOURLY, prefix="mails/%Y/", offset=cdk.Duration.days(2))
    given = json.loads(only(template_of(stack), "AWS::Scheduler::Schedule")["Target"]["Input"])
    due = "<aws.scheduler.scheduled-time>"
    assert given == {"Schedule": {"Prefix": "mails/%Y/", "Time": due, "Offset": 172800}}


def test_uploads_into_a_bucket_that_is_made_start_runs_without_a_custom_resource(stack):
    workflow(stack, documents=None, run_on_upload=True)
    template = template_of(stack)
    template.resource_count_is("Custom::S3BucketNotifications", 0)
    template.has_resource_properties(
        "AWS::S3::Bucket", {"NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}}
    )
    (rule,) = rules_of(template)["aws.s3"]
    assert rule["EventPattern"]["detail"]["object"]["key"] == [{"prefix": "inbox/"}]
    assert json.loads(rule["Targets"][0]["Input"]) == {"Trigger": "UPLOAD"}
    assert "DeadLetterConfig" in rule["Targets"][0]


def must_send_events(stack):
    """Whether a warning says that the bucket must send its events."""
    warnings = assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value())
    return any("event_bridge_enabled=True" in str(warning.entry.data) for warning in warnings)


def tell_a_topic(bucket):
    topic = sns.Topic(cdk.Stack.of(bucket), "Topic")
    bucket.add_event_notification(s3.EventType.OBJECT_REMOVED, s3_notifications.SnsDestination(topic))


def test_a_given_bucket_must_send_events_by_itself(stack):
    workflow(stack, run_on_upload=True)
    assert must_send_events(stack)


def test_a_given_bucket_that_tells_only_others_must_send_events_by_itself(stack):
    tell_a_topic(s3.Bucket(stack, "In"))
    workflow(stack, run_on_upload=True)
    assert must_send_events(stack)


def test_of_an_imported_bucket_nobody_knows_whether_it_sends_events(stack):
    bucket = s3.Bucket.from_bucket_name(stack, "Theirs", "mails-of-others")
    given = Documents.from_bucket(bucket, "inbox/", input_format=InputFormat.ONE_DOC_PER_FILE)
    workflow(stack, documents=given, run_on_upload=True)
    assert must_send_events(stack)


def test_a_bucket_that_the_app_makes_send_its_events_needs_no_warning(stack):
    s3.Bucket(stack, "In", event_bridge_enabled=True)
    workflow(stack, run_on_upload=True)
    first = workflow(stack, "First", documents=None, run_on_upload=True)
    shared = Documents.from_bucket(first.documents_bucket, "more/", input_format=InputFormat.ONE_DOC_PER_FILE)
    workflow(stack, "Second", documents=shared, run_on_upload=True)
    assert not must_send_events(stack)


def test_notifications_that_would_switch_off_the_events_of_uploads_are_refused(stack):
    bucket = workflow(stack, documents=None, run_on_upload=True).documents_bucket
    tell_a_topic(bucket)
    with pytest.raises(RuntimeError, match="notifications switch off the events that run_on_upload needs"):
        stack.node.root.synth()
    bucket.enable_event_bridge_notification()
    stack.node.root.synth()


# What tells of runs


def test_rules_listen_to_this_workflow_only(stack):
    found = workflow(stack)
    topic = sns.Topic(stack, "Topic")
    found.on_failed("Failed", target=targets.SnsTopic(topic), description="mail it")
    found.on_completed("Completed", event_pattern=events.EventPattern(account=["111122223333"]))
    found.on_state_change("Any", rule_name="any")
    rules = {
        rule.get("Description", rule.get("Name", "completed")): rule
        for rule in rules_of(template_of(stack))["cdk-comprehend-classification"]
    }
    name = rules["any"]["EventPattern"]["detail"]["workflow"]
    assert rules["mail it"]["EventPattern"]["detail"] == {"workflow": name, "status": ["FAILED"]}
    assert rules["completed"]["EventPattern"]["account"] == ["111122223333"]
    assert "status" not in rules["any"]["EventPattern"]["detail"]
    text = json.dumps(definition_of(template_of(stack)))
    assert f"'workflow': \\\"{name[0]}\\\"" in text


def test_notices_and_rules_use_the_bus_that_was_given(stack):
    workflow(stack, event_bus=bus(stack)).on_failed("Failed")
    template = template_of(stack)
    (rule,) = rules_of(template)["cdk-comprehend-classification"]
    assert rule["EventBusName"] == {"Ref": "BusEA82B648"}
    assert "Bus" in text_of(statements_of(template, "StateMachinePolicy")["GiveNotice"]["Resource"])


def test_ends_that_a_run_cannot_tell_of_start_a_run_that_tells(stack):
    workflow(stack, event_bus=bus(stack))
    template = template_of(stack)
    (rule,) = rules_of(template)["aws.states"]
    assert "EventBusName" not in rule  # Step Functions tells the default bus
    (machine,) = template.find_resources("AWS::StepFunctions::StateMachine")
    assert rule["EventPattern"]["detail"] == {
        "stateMachineArn": [{"Ref": machine}],
        "$or": [{"status": ["ABORTED", "TIMED_OUT"]}, {"status": ["FAILED"], "error": UNTOLD}],
    }
    (target,) = rule["Targets"]
    assert target["InputTransformer"]["InputTemplate"] == '{"Ended": <run>}'
    assert "DeadLetterConfig" in target
    template.resource_count_is("AWS::SQS::QueuePolicy", 1)


def test_uploads_and_ends_share_a_role(stack):
    workflow(stack, run_on_upload=True)
    rules = rules_of(template_of(stack))
    (uploads,), (ends,) = rules["aws.s3"], rules["aws.states"]
    assert uploads["Targets"][0]["RoleArn"] == ends["Targets"][0]["RoleArn"]


def test_a_schedule_that_comes_after_the_alarms_makes_silence_a_fault(stack):
    found = workflow(stack)
    alarms = found.add_alarms(actions.SnsAction(sns.Topic(stack, "Topic")))
    assert len(alarms) == 5
    found.add_schedule("Dated", schedule=HOURLY, prefix="mails/%Y/")
    assert len(alarms) == 5
    for id in ("Hourly", "More"):
        found.add_schedule(id, schedule=HOURLY)
    assert len(alarms) == 6
    (silence,) = [
        alarm["Properties"]
        for alarm in template_of(stack).find_resources("AWS::CloudWatch::Alarm").values()
        if alarm["Properties"]["Statistic"] == "SampleCount"
    ]
    assert silence["AlarmActions"]


def test_alarms_watch_over_runs_starts_and_waiting_documents(stack):
    found = workflow(stack, schedule=HOURLY)
    alarms = found.add_alarms(actions.SnsAction(sns.Topic(stack, "Topic")), max_age=cdk.Duration.hours(2))
    assert len(alarms) == 6
    template = template_of(stack)
    everything = [alarm["Properties"] for alarm in template.find_resources("AWS::CloudWatch::Alarm").values()]
    by_metric = {alarm["MetricName"]: alarm for alarm in everything if alarm["Statistic"] != "SampleCount"}
    (silence,) = [alarm for alarm in everything if alarm["Statistic"] == "SampleCount"]
    assert set(by_metric) == {
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionsAborted",
        "ApproximateNumberOfMessagesVisible",
        "OldestDocument",
    }
    assert all(alarm["AlarmActions"] for alarm in everything)
    # One run that finds an old document is enough, however many hours are silent or find none.
    assert by_metric["OldestDocument"]["Threshold"] == 7200
    assert by_metric["OldestDocument"]["EvaluationPeriods"] == 1
    assert by_metric["OldestDocument"]["TreatMissingData"] == "notBreaching"
    assert (silence["EvaluationPeriods"], silence["TreatMissingData"]) == (24, "breaching")


def test_silence_is_no_fault_without_a_schedule(stack):
    workflow(stack).add_alarms()
    template_of(stack).has_resource_properties(
        "AWS::CloudWatch::Alarm", {"MetricName": "OldestDocument", "TreatMissingData": "notBreaching"}
    )


# What it refuses


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_documents": 0}, "max_documents: got 0; allowed: 1 to 1,000,000, an int"),
        ({"max_documents": True}, "max_documents: got True"),
        ({"max_documents": 1_000_001}, "max_documents: got 1000001"),
        ({"max_input_size": 5}, "max_input_size: got 5; allowed: a cdk.Size"),
        ({"max_input_size": cdk.Size.gibibytes(6)}, "allowed: up to 5 GiB"),
        ({"max_input_size": cdk.Size.bytes(cdk.Token.as_number({"Ref": "Most"}))}, "that is known at synthesis"),
        ({"timeout": cdk.Duration.minutes(9)}, "timeout: got '540 s'; allowed: 10 minutes to 3 days"),
        ({"timeout": cdk.Duration.days(4)}, "timeout: got"),
        ({"timeout": 3600}, "timeout: got 3600"),
        ({"timeout": cdk.Duration.millis(600_001)}, "timeout: got '600001 ms'; allowed: 10 minutes to 3 days in whole"),
        ({"schedule": "rate(1 hour)"}, "schedule: got 'rate(1 hour)'; allowed: an aws_scheduler.ScheduleExpression"),
        ({"run_on_upload": "yes"}, "run_on_upload: got 'yes'"),
        ({"predictions_table": None}, "predictions_table: got None"),
        ({"event_bus": "default"}, "event_bus: got 'default'"),
        ({"model": None}, "model"),
        ({"job_name": "a'b"}, "job_name"),
        ({"network_isolation": 1}, "network_isolation"),
    ],
)
def test_a_mistake_is_told_before_anything_is_defined(stack, options, words):
    with pytest.raises(ValidationError) as caught:
        workflow(stack, **options)
    assert words in str(caught.value)
    assert stack.node.try_find_child("Mails") is None


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        (lambda _: Documents.from_asset(__file__), "documents: got 'a local file'; allowed: a bucket and a prefix"),
        (lambda stack: inbox(stack, ""), "documents: got ''; allowed: a prefix such as 'inbox/'"),
        (lambda stack: inbox(stack, "b"), "documents: got 'b'; allowed: a prefix that 'batches/' does not begin with"),
        (lambda _: None, None),
        (lambda _: "s3://bucket/inbox/", "documents: got 's3://bucket/inbox/'"),
    ],
)
def test_an_inbox_is_a_prefix_that_batches_can_lie_beside(stack, documents, words):
    if words is None:
        workflow(stack, documents=documents(stack))
        return
    with pytest.raises(ValidationError) as caught:
        workflow(stack, documents=documents(stack))
    assert words in str(caught.value)


def test_results_do_not_lie_among_batches(stack):
    bucket = s3.Bucket(stack, "In")
    with pytest.raises(ValidationError, match="a prefix apart from 'batches/inbox/'"):
        workflow(stack, results=Results.to_bucket(bucket, "batches/inbox/results/"))


def test_lines_are_not_counted(stack):
    documents = inbox(stack, input_format=InputFormat.ONE_DOC_PER_LINE)
    with pytest.raises(ValidationError, match="lines are not counted before a job starts"):
        workflow(stack, documents=documents, max_documents=10)


def test_a_reader_takes_five_hundred_files(stack):
    documents = inbox(stack, reader=DocumentReader.detect_text())
    with pytest.raises(ValidationError, match="1 to 500"):
        workflow(stack, documents=documents, max_documents=501)
    workflow(stack, documents=documents)
    assert "500" in json.dumps(template_of(stack).to_json())


def test_all_mistakes_are_told_at_once(stack):
    with pytest.raises(ValidationError) as caught:
        workflow(stack, max_documents=-1, timeout=1, schedule=1, model="m", outputs=2, tags={"aws:x": "y"})
    assert len(caught.value.problems) == 6


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prefix": "%Y/%m/"}, "prefix: got '%Y/%m/'; allowed: a prefix that begins with fixed text"),
        ({"prefix": "a/%j/%Y"}, "leave out %j"),
        ({"prefix": "a/%"}, "leave out %"),
        ({"prefix": "/a/%Y"}, "does not begin with a slash"),
        ({"prefix": 5}, "prefix: got 5"),
        ({"offset": cdk.Duration.days(1)}, "offset: got 'an offset without prefix'"),
        ({"prefix": "a/%Y", "offset": 1}, "offset: got 1; allowed: a cdk.Duration"),
        ({"prefix": "a/%Y", "offset": cdk.Duration.millis(1500)}, "allowed: a cdk.Duration of whole seconds"),
        ({"schedule": None}, "schedule: got None"),
    ],
)
def test_a_schedule_that_cannot_work_is_refused(stack, options, words):
    found = workflow(stack)
    with pytest.raises(ValidationError) as caught:
        found.add_schedule("Nightly", **{"schedule": HOURLY, **options})
    assert words in str(caught.value)


@pytest.mark.parametrize("id", ["Schedule", "Uploads", "Undelivered", 7, ""])
def test_an_id_that_a_schedule_cannot_have_is_refused_in_words(stack, id):
    found = workflow(stack, schedule=HOURLY, run_on_upload=True)
    with pytest.raises(ValidationError, match=r"Mails\.add_schedule\("):
        found.add_schedule(id, schedule=HOURLY)


def test_a_second_set_of_alarms_or_a_second_dashboard_is_refused_in_words(stack):
    found = workflow(stack)
    found.add_alarms()
    found.add_dashboard()
    with pytest.raises(ValidationError, match="pass all actions to one call"):
        found.add_alarms()
    with pytest.raises(ValidationError, match="keep what the first call returned"):
        found.add_dashboard()


def test_an_age_of_parts_of_a_second_is_refused(stack):
    with pytest.raises(ValidationError, match=r"max_age: .* whole seconds"):
        workflow(stack).add_alarms(max_age=cdk.Duration.millis(1500))


IRELAND = "eu-west-1:111122223333"


@pytest.fixture
def virginia():
    return cdk.Stack(new_app(), "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))


def test_an_event_bus_of_another_region_or_partition_is_refused(virginia):
    ireland = cdk.Stack(virginia.node.root, "I", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    imported = events.EventBus.from_event_bus_arn
    for found, words in (
        (imported(virginia, "Theirs", f"arn:aws:events:{IRELAND}:event-bus/x"), f"'arn:aws:events:{IRELAND}"),
        (
            imported(virginia, "China", "arn:aws-cn:events:cn-north-1:111122223333:event-bus/x"),
            "allowed: partition aws",
        ),
        (events.EventBus(ireland, "Ours"), "got 'an event bus in eu-west-1'; allowed: Region us-east-1"),
    ):
        with pytest.raises(ValidationError, match="event_bus: got") as caught:
            workflow(virginia, event_bus=found)
        assert words in str(caught.value)


def test_an_event_bus_of_this_region_or_of_none_that_is_known_is_taken(virginia, stack):
    workflow(virginia, event_bus=events.EventBus.from_event_bus_name(virginia, "Named", "x"))
    workflow(stack, event_bus=events.EventBus.from_event_bus_arn(stack, "B", f"arn:aws:events:{IRELAND}:event-bus/x"))


def test_a_bus_of_another_account_is_told_what_it_must_allow(virginia):
    theirs = events.EventBus.from_event_bus_arn(
        virginia, "Theirs", "arn:aws:events:us-east-1:999988887777:event-bus/theirs"
    )
    workflow(virginia, event_bus=theirs)
    workflow(virginia, "Other", event_bus=bus(virginia), documents=inbox(virginia, "other/"))
    (warning,) = warnings_of(virginia, "busOfAnotherAccount")
    for words in ("account 999988887777", "events:PutEvents", "MailsStateMachineRole", "event-bus/theirs", "Principal"):
        assert words in warning


def test_an_action_of_another_region_is_refused_and_the_next_call_may_have_others(virginia):
    found = workflow(virginia)
    topic = sns.Topic.from_topic_arn(virginia, "Theirs", f"arn:aws:sns:{IRELAND}:theirs")
    ireland = cdk.Stack(virginia.node.root, "I", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    for theirs in (topic, sns.Topic(ireland, "Topic"), sns.Topic(ireland, "Named", topic_name="named")):
        with pytest.raises(ValidationError, match=r"Mails\.add_alarms: 1 problem\n  - (actions|options): "):
            found.add_alarms(actions.SnsAction(theirs))
    assert len(found.add_alarms(actions.SnsAction(sns.Topic(virginia, "Ours")))) == 5


def test_targets_of_rules_and_actions_of_alarms_are_told_apart(stack):
    found, topic = workflow(stack), sns.Topic(stack, "Topic")
    with pytest.raises(
        ValidationError, match=r"target: got an object of type SnsAction; allowed: an events.IRuleTarget"
    ):
        found.on_failed("Failed", target=actions.SnsAction(topic))
    with pytest.raises(ValidationError, match=r"actions: got an object of type SnsTopic; allowed: a cloudwatch.IAlarm"):
        found.add_alarms(targets.SnsTopic(topic))
    found.on_failed("Mine", target=Mine())


@jsii.implements(events.IRuleTarget)
class Mine:
    """A target that no package has."""

    def bind(self, _rule, _id=None):
        return events.RuleTargetConfig(arn="arn:aws:sns:us-east-1:111122223333:mine")


def test_targets_of_another_region_are_refused_by_the_cdk_in_its_own_words(virginia):
    topic = sns.Topic.from_topic_arn(virginia, "Theirs", f"arn:aws:sns:{IRELAND}:theirs")
    with pytest.raises(ValidationError, match="cross-region rule"):
        workflow(virginia).on_failed("Failed", target=targets.SnsTopic(topic))


def test_schedules_that_share_no_fixed_text_are_told_what_helps_and_it_helps(stack):
    for id, prefix in (("Apart", "{}-team-mails/%Y/%m/%d/"), ("Together", "mails/%Y/%m/%d/{}-team/")):
        found = workflow(stack, id, documents=inbox(stack, f"{id}/"))
        for number in range(40):
            found.add_schedule(f"S{number}", schedule=HOURLY, prefix=prefix.format(number))
    with pytest.raises(RuntimeError) as caught:
        stack.node.root.synth()
    (problem,) = [line for line in str(caught.value).splitlines() if "characters" in line]
    assert "Stack/Apart/DataAccess" in problem
    assert "the schedules of this workflow need a policy of about" in problem
    assert "write dates before what differs, such as 'mails/%Y/%m/%d/team-1/'" in problem
    assert "job" not in problem


# At home in other people's apps


def test_several_workflows_of_a_stack_keep_apart(stack):
    names = ("Invoices", "Orders")
    for name in names:
        workflow(stack, name, documents=inbox(stack, f"{name.lower()}/"), schedule=HOURLY)
    template = template_of(stack)
    template.resource_count_is("AWS::StepFunctions::StateMachine", 2)
    databases = [each["Properties"]["DatabaseName"] for each in template.find_resources("AWS::Glue::Database").values()]
    assert len(set(databases)) == 2
    for name in names:
        read = statements_of(template, f"{name}DataAccess")["ReadDocuments"]["Resource"]
        assert {text_of(each).rpartition(">")[2] for each in read} == {
            f"/{name.lower()}/*",
            f"/batches/{name.lower()}/*",
        }


def test_a_workflow_and_a_pipeline_share_a_bucket(stack):
    bucket = PrivateBucket(stack, "Bucket")
    documents = Documents.from_bucket(bucket, "documents/", input_format=InputFormat.ONE_DOC_PER_FILE)
    results = Results.to_bucket(bucket, "results/")
    network = ClassificationNetwork(stack, "Network")
    DocumentClassificationPipeline(
        stack, "Pipeline", model=MODEL, documents=documents, results=results, network=network
    )
    DocumentClassificationWorkflow(
        stack,
        "Mails",
        model=MODEL,
        documents=Documents.from_bucket(bucket, "inbox/", input_format=InputFormat.ONE_DOC_PER_FILE),
        results=Results.to_bucket(bucket, "runs/"),
        network=network,
    )
    template_of(stack).resource_count_is("AWS::StepFunctions::StateMachine", 1)


def test_a_nested_stack_and_a_stage_take_a_workflow():
    app = new_app()
    stage = cdk.Stage(app, "Stage", env=cdk.Environment(account="111122223333", region="us-east-1"))
    stack = cdk.Stack(stage, "Stack")
    nested = cdk.NestedStack(stack, "Nested")
    workflow(nested, schedule=HOURLY, run_on_upload=True, documents=None)
    template_of(nested).resource_count_is("AWS::StepFunctions::StateMachine", 1)
    app.synth()


def test_parts_may_come_from_another_stack():
    app = new_app()
    parts, runs = cdk.Stack(app, "Parts"), cdk.Stack(app, "Runs")
    bucket = PrivateBucket(parts, "Bucket")
    network = ClassificationNetwork(parts, "Network")
    DocumentClassificationWorkflow(
        runs,
        "Mails",
        model=MODEL,
        documents=Documents.from_bucket(bucket, "inbox/", input_format=InputFormat.ONE_DOC_PER_FILE),
        results=Results.to_bucket(bucket, "results/"),
        network=network,
    )
    app.synth()


def test_buckets_may_be_known_by_their_uris_alone(stack):
    found = DocumentClassificationWorkflow(
        stack,
        "Mails",
        model=MODEL,
        documents=Documents.from_uri("s3://in-bucket/inbox/", input_format=InputFormat.ONE_DOC_PER_FILE),
        results=Results.to_uri("s3://out-bucket/results/", encryption_key="alias/results"),
        network_isolation=False,
    )
    template = template_of(stack)
    assert found.documents_bucket is None
    (function,) = [
        each["Properties"]["Environment"]["Variables"]
        for each in template.find_resources("AWS::Lambda::Function").values()
        if "Environment" in each["Properties"] and "INBOX" in each["Properties"]["Environment"]["Variables"]
    ]
    assert (function["DOCUMENTS_BUCKET"], function["RESULTS_KEY"]) == ("in-bucket", "alias/results")


def test_another_partition_is_nowhere_assumed():
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(account="111122223333", region="us-gov-west-1"))
    model = ClassificationModel.from_classifier_arn(
        "arn:aws-us-gov:comprehend:us-gov-west-1:111122223333:document-classifier/mails"
    )
    DocumentClassificationWorkflow(stack, "Mails", model=model, schedule=HOURLY, run_on_upload=True)
    assert "arn:aws:" not in json.dumps(template_of(stack).to_json())


def test_the_policy_of_removal_is_that_of_all_that_holds_data(stack):
    DocumentClassificationWorkflow(stack, "Mails", model=MODEL, removal_policy=cdk.RemovalPolicy.DESTROY)
    kept = [
        name
        for name, resource in template_of(stack).to_json()["Resources"].items()
        if resource.get("DeletionPolicy") == "Retain" and name.startswith("Mails")
    ]
    assert kept == []
