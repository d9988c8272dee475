"""Schedules and rules start state machines as the role of their target."""

import json

import pytest
from local.bench import allow, until


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
    role = bench.role(*statements, service="scheduler.amazonaws.com", suffix="scheduler")
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


def test_a_start_that_the_target_may_not_make_is_a_dead_letter(bench, machine):
    sqs = bench.client("sqs")
    queue = sqs.create_queue(QueueName=bench.name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    schedule(bench, machine, Input='{"a": 1}', DeadLetterConfig={"Arn": arn})
    (letter,) = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages", []), len, patience=90)
    assert json.loads(letter["Body"]) == {"a": 1}
    assert executions(bench, machine) == []


def test_a_rule_starts_a_run_as_its_role(bench, machine):
    events = bench.client("events")
    events.put_rule(Name=bench.name, EventPattern=json.dumps({"source": [bench.name]}))
    role = bench.role(allow("states:StartExecution", on=machine), service="events.amazonaws.com", suffix="rule")
    target = {"Id": "1", "Arn": machine, "RoleArn": role, "Input": '{"Trigger": "UPLOAD"}'}
    events.put_targets(Rule=bench.name, Targets=[target])
    events.put_events(Entries=[{"Source": bench.name, "DetailType": "x", "Detail": "{}"}])
    (run,) = until(lambda: executions(bench, machine), len)
    assert json.loads(run["input"]) == {"Trigger": "UPLOAD"}
