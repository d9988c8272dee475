"""Schedules and rules start state machines as the role of their target."""

import json

import pytest
from local.bench import ACCOUNT, REGION, allow, policy, until


@pytest.fixture
def machine(bench):
    return bench.client("stepfunctions").create_state_machine(
        name=bench.name,
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}),
        roleArn=bench.role(service="states.amazonaws.com", suffix="machine"),
    )["stateMachineArn"]


def executions(bench, machine):
    client = bench.client("stepfunctions")
    found = client.list_executions(stateMachineArn=machine)["executions"]
    return [client.describe_execution(executionArn=each["executionArn"]) for each in found]


def schedule(bench, machine, *statements, **target):
    group = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/default"
    only = {"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": group}}
    role = bench.role(*statements, service="scheduler.amazonaws.com", suffix="scheduler", condition=only)
    bench.client("scheduler").create_schedule(
        Name=bench.name,
        ScheduleExpression="at(2026-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": role, **target},
    )


def test_a_schedule_starts_a_run_with_its_words_filled_in(bench, machine):
    given = json.dumps({"Time": "<aws.scheduler.scheduled-time>", "Name": "<aws.scheduler.schedule-arn>"})
    schedule(bench, machine, allow("states:StartExecution", on=machine), Input=given)
    (run,) = until(lambda: executions(bench, machine), len, patience=90)
    told = json.loads(run["input"])
    assert told["Time"][:2] == "20"
    assert told["Time"].endswith("Z")
    assert told["Name"].endswith(f"/{bench.name}")


@pytest.fixture
def queue(bench):
    """URL and ARN of a queue for starts that cannot be made, which refuses clear text."""
    sqs = bench.client("sqs")
    url = sqs.create_queue(QueueName=bench.name)["QueueUrl"]
    secure = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    policed = policy({**secure, "Condition": {"Bool": {"aws:SecureTransport": "false"}}})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policed})
    return url, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def letters(bench, queue):
    found = bench.client("sqs").receive_message(QueueUrl=queue[0]).get("Messages", [])
    return [json.loads(each["Body"]) for each in found]


def test_a_start_that_a_schedule_may_not_make_is_a_dead_letter(bench, machine, queue):
    allowed = allow("sqs:SendMessage", on=queue[1])
    schedule(bench, machine, allowed, Input='{"a": 1}', DeadLetterConfig={"Arn": queue[1]})
    assert until(lambda: letters(bench, queue), len, patience=90) == [{"a": 1}]
    assert executions(bench, machine) == []


def test_a_schedule_whose_role_may_not_send_loses_its_dead_letter(bench, machine, queue):
    schedule(bench, machine, DeadLetterConfig={"Arn": queue[1]})
    until(bench.aws.log, lambda log: any(machine in line and "kept: nowhere" in line for line in log.splitlines()), 90)
    assert letters(bench, queue) == []


def broken_rule(bench, machine, queue):
    """A rule whose role may start nothing, with a dead-letter queue; its ARN."""
    events = bench.client("events")
    arn = events.put_rule(Name=bench.name, EventPattern=json.dumps({"source": [bench.name]}))["RuleArn"]
    role = bench.role(service="events.amazonaws.com", suffix="rule")
    target = {"Id": "1", "Arn": machine, "RoleArn": role, "Input": '{"a": 1}', "DeadLetterConfig": {"Arn": queue[1]}}
    events.put_targets(Rule=bench.name, Targets=[target])
    return arn


def let(bench, queue, rule):
    """Let one rule send to the queue."""
    condition = {"ArnEquals": {"aws:SourceArn": rule}}
    statement = allow(
        "sqs:SendMessage", on=queue[1], Principal={"Service": "events.amazonaws.com"}, Condition=condition
    )
    bench.client("sqs").set_queue_attributes(QueueUrl=queue[0], Attributes={"Policy": policy(statement)})


def test_a_start_that_a_rule_cannot_make_is_a_dead_letter_where_the_queue_lets_it(bench, machine, queue):
    rule = broken_rule(bench, machine, queue)
    let(bench, queue, f"{rule}-other")
    bench.client("events").put_events(Entries=[{"Source": bench.name, "DetailType": "x", "Detail": "{}"}])
    until(bench.aws.log, lambda log: any(machine in line and "kept: nowhere" in line for line in log.splitlines()))
    let(bench, queue, rule)
    bench.client("events").put_events(Entries=[{"Source": bench.name, "DetailType": "x", "Detail": "{}"}])
    assert until(lambda: letters(bench, queue), len) == [{"a": 1}]


def test_a_rule_starts_a_run_as_its_role(bench, machine):
    events = bench.client("events")
    events.put_rule(Name=bench.name, EventPattern=json.dumps({"source": [bench.name]}))
    role = bench.role(allow("states:StartExecution", on=machine), service="events.amazonaws.com", suffix="rule")
    target = {"Id": "1", "Arn": machine, "RoleArn": role, "Input": '{"Trigger": "UPLOAD"}'}
    events.put_targets(Rule=bench.name, Targets=[target])
    events.put_events(Entries=[{"Source": bench.name, "DetailType": "x", "Detail": "{}"}])
    (run,) = until(lambda: executions(bench, machine), len)
    assert json.loads(run["input"]) == {"Trigger": "UPLOAD"}
