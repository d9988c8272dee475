"""Step Functions' SDK integration of Comprehend, under the state machine's role."""

import json

from local.bench import allow, until


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
