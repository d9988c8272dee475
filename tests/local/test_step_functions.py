"""Step Functions' SDK integration of Comprehend, under the state machine's role."""

import json
import time

import pytest
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.timebox import Timebox
from local.bench import allow, until

from constructs_lib.local.hooks import step_functions


def execution(bench, role, *statements, retry=None):
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:comprehend:startDocumentClassificationJob",
        "Parameters": bench.request(role),
        "End": True,
        **({"Retry": [retry]} if retry else {}),
    }
    machine = bench.client("stepfunctions").create_state_machine(
        name=bench.name,
        definition=json.dumps({"StartAt": "Start", "States": {"Start": state}}),
        roleArn=bench.role(*statements, service="states.amazonaws.com", suffix="machine"),
    )
    started = bench.client("stepfunctions").start_execution(stateMachineArn=machine["stateMachineArn"])
    return until(
        lambda: bench.client("stepfunctions").describe_execution(executionArn=started["executionArn"]),
        lambda found: found["status"] != "RUNNING",
    )


def test_a_state_machine_starts_a_job_with_its_own_permissions(bench, role):
    start = allow("comprehend:StartDocumentClassificationJob")
    ended = execution(bench, role, start, allow("iam:PassRole", on=role))
    assert ended["status"] == "SUCCEEDED"
    assert bench.finished(json.loads(ended["output"]))["JobStatus"] == "COMPLETED"


def test_a_state_machine_without_pass_role_fails_with_the_error_of_the_service(bench, role):
    ended = execution(bench, role, allow("comprehend:StartDocumentClassificationJob"))
    assert ended["status"] == "FAILED"
    assert ended["error"].startswith("Comprehend.")
    assert "iam:PassRole" in ended["cause"]


def test_a_state_machine_can_retry_by_the_name_of_the_error(bench, role):
    fault = {"operation": "StartDocumentClassificationJob", "code": "TooManyRequestsException", "count": 2}
    bench.aws.set_faults({**fault, "status": 429})
    retry = {"ErrorEquals": ["Comprehend.TooManyRequestsException"], "IntervalSeconds": 1, "MaxAttempts": 5}
    ended = execution(bench, role, allow("comprehend:*"), allow("iam:PassRole"), retry=retry)
    assert ended["status"] == "SUCCEEDED"


def test_throttling_that_the_api_does_not_declare_has_the_services_general_name(bench, role):
    fault = {"operation": "StartDocumentClassificationJob", "code": "ThrottlingException", "message": "Rate exceeded"}
    bench.aws.set_faults({**fault, "status": 400})
    ended = execution(bench, role, allow("comprehend:*"), allow("iam:PassRole"))
    assert ended["error"] == "Comprehend.ComprehendException"
    assert ended["cause"].startswith("Rate exceeded (Service: Comprehend, Status Code: 400, Request ID: ")


def task(resource, arguments):
    return {"Type": "Task", "QueryLanguage": "JSONata", "Resource": resource, "Arguments": arguments, "End": True}


def outcome(bench, state, *statements, suffix="task"):
    machine = bench.client("stepfunctions").create_state_machine(
        name=f"{bench.name}-{suffix}",
        definition=json.dumps({"StartAt": "Do", "States": {"Do": state}}),
        roleArn=bench.role(*statements, service="states.amazonaws.com", suffix=suffix),
    )["stateMachineArn"]
    started = bench.client("stepfunctions").start_execution(stateMachineArn=machine)
    return until(
        lambda: bench.client("stepfunctions").describe_execution(executionArn=started["executionArn"]),
        lambda found: found["status"] != "RUNNING",
    )


def test_what_the_sdk_answers_keeps_its_types(bench):
    bench.write("in/a.txt", "12345")
    state = task("arn:aws:states:::aws-sdk:s3:listObjectsV2", {"Bucket": bench.bucket, "Prefix": "in/"})
    ended = outcome(bench, state, allow("s3:ListBucket"))
    (found,) = json.loads(ended["output"])["Contents"]
    assert (found["Key"], found["Size"]) == ("in/a.txt", 5)
    assert found["LastModified"].endswith("Z")


def test_conditions_of_a_call_reach_the_service(bench):
    bench.write("in/a.txt", "12345")
    arguments = {"Bucket": bench.bucket, "Key": "in/a.txt", "IfMatch": '"0000"'}
    ended = outcome(bench, task("arn:aws:states:::aws-sdk:s3:deleteObject", arguments), allow("s3:*"))
    assert (ended["status"], ended["error"]) == ("FAILED", "S3.S3Exception")


ASKED = {
    "arn:aws:states:::aws-sdk:s3:listObjectsV2": {"Bucket": "{bucket}"},
    "arn:aws:states:::aws-sdk:sfn:listStateMachines": {},
    "arn:aws:states:::events:putEvents": {"Entries": [{"Source": "a", "DetailType": "b", "Detail": {}}]},
    "arn:aws:states:::lambda:invoke": {"FunctionName": "any", "Payload": {}},
    "arn:aws:states:::states:startExecution": {"StateMachineArn": "{machine}", "Input": {}},
    "arn:aws:states:::states:startExecution.sync:2": {"StateMachineArn": "{machine}", "Input": {}},
}


@pytest.mark.parametrize("resource", ASKED)
def test_no_call_is_made_that_the_machines_role_may_not_make(bench, resource):
    machine = f"arn:aws:states:us-east-1:000000000000:stateMachine:{bench.name}-other"
    arguments = json.loads(json.dumps(ASKED[resource]).replace("{bucket}", bench.bucket).replace("{machine}", machine))
    ended = outcome(bench, task(resource, arguments))
    assert ended["status"] == "FAILED"
    assert "is not authorized to perform" in ended["cause"]


def test_a_machine_runs_another_one_and_gets_its_output(bench):
    inner = bench.client("stepfunctions").create_state_machine(
        name=f"{bench.name}-inner",
        definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"x": 1}, "End": True}}}),
        roleArn=bench.role(service="states.amazonaws.com", suffix="inner"),
    )["stateMachineArn"]
    state = task("arn:aws:states:::states:startExecution.sync:2", {"StateMachineArn": inner, "Input": {}})
    ended = outcome(bench, state, allow("states:StartExecution", "states:DescribeExecution"))
    assert json.loads(ended["output"])["Output"] == {"x": 1}


def test_an_operation_that_does_not_exist_is_said_to_be_so(bench):
    ended = outcome(bench, task("arn:aws:states:::aws-sdk:s3:singSong", {}))
    assert (ended["error"], ended["cause"]) == ("States.Runtime", "s3 has no operation singSong")


def test_an_expression_is_timed_by_the_processor_and_not_by_the_clock(monkeypatch):
    monkeypatch.setattr(Timebox, "current_milli_time", Timebox.current_milli_time)
    step_functions.time_expressions_by_the_processor()
    patient = Jsonata.jsonata("1 + 1", timeout=50)
    time.sleep(0.1)
    assert patient.evaluate(None) == 2
    with pytest.raises(JException, match="50 milliseconds"):
        Jsonata.jsonata("($again := function() { $again() }; $again())", timeout=50).evaluate(None)
