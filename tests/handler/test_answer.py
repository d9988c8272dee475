"""The answer reaches CloudFormation once, small and useful; the log keeps secrets."""

import json
import urllib.error
from http.client import BadStatusLine, IncompleteRead

import pytest
from handler.world import JOBS, Crash, error, properties, request


def test_an_answer_that_is_refused_is_sent_again(world):
    world.faults["put"] = [OSError("x"), urllib.error.URLError("x"), TimeoutError()]
    assert world.create()["Status"] == "SUCCESS"


def test_an_answer_is_sent_again_after_longer_and_longer_pauses(world):
    world.faults["put"] = [OSError("x")] * 4
    world.create(properties(WaitFor="SUBMITTED"))
    assert 20 < world.now - world.comprehend.all[0].submitted < 50


def test_a_message_that_is_no_unicode_is_answered(world):
    world.comprehend.fails = "BROKEN_INPUT: half a letter: \ud800"
    assert "half a letter: ?" in world.create()["Reason"]


def test_an_answer_that_cannot_be_delivered_makes_lambda_repeat_the_event(world, capsys):
    world.faults["put"] = [OSError("https://answers.example/?X-Amz-Signature=SECRET")] * 5
    assert world.create()["Status"] == "SUCCESS"
    failure, fine = world.outcomes
    assert isinstance(failure, ConnectionError)
    assert fine is None
    assert "SECRET" not in f"{failure} {failure.__cause__} {failure.__context__} {capsys.readouterr().out}"
    assert len(world.comprehend.all) == 1


@pytest.mark.parametrize("letter", ["x", "ü", "\U0001f4ec", "\n"])
def test_a_long_reason_keeps_its_beginning_and_its_hint_in_4096_bytes(world, letter):
    world.comprehend.fails = "FIRST_WORDS " + letter * 9000
    answer = world.create()
    assert len(json.dumps(answer, ensure_ascii=False).encode()) <= 4096
    assert "FIRST_WORDS" in answer["Reason"]
    assert answer["Reason"].endswith("run_id.")


@pytest.mark.parametrize("name", [{}, {"JobName": "字" * 256}])
@pytest.mark.parametrize(("letter", "count"), [("\U0001f4ec", 900), ("字", 950), ("字", 1000), ("x", 1000)])
def test_a_job_whose_attributes_would_not_fit_is_not_started(world, letter, count, name):
    given = request(OutputDataConfig={"S3Uri": f"s3://results/{letter * count}"}, **name)
    answer = world.create(properties(given))
    assert (answer["Status"] == "SUCCESS") == bool(world.comprehend.all)
    assert "S3Uri" in answer.get("Reason", "S3Uri")
    assert (answer["Status"] == "FAILED") == (letter == "\U0001f4ec" or (letter == "字" and bool(name)))


def test_attributes_that_the_service_made_too_long_are_a_failure_with_a_reason(world):
    world.comprehend.output = f"s3://results/{'x' * 5000}/output.tar.gz"
    assert "attributes are too long" in world.create()["Reason"]


@pytest.mark.parametrize("problem", [BadStatusLine("x"), IncompleteRead(b"x"), ValueError("x")])
def test_an_answer_that_the_server_receives_strangely_is_sent_again(world, problem):
    world.faults["put"] = [problem]
    assert world.create()["Status"] == "SUCCESS"
    assert world.outcomes == [None]


def test_an_id_that_no_answer_can_repeat_is_answered(world):
    answer = world.send(world.event("Delete", properties(), PhysicalResourceId="x" * 5000), wait=60)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "not-started/r1")


def test_an_answer_is_not_slept_for_beyond_the_life_of_the_run(world):
    world.life = 20
    world.faults["put"] = [OSError("no")] * 5
    world.comprehend.queue = world.comprehend.work = 8
    assert world.create(properties(WaitFor="COMPLETED"))["Status"] == "SUCCESS"
    assert world.violations == []


@pytest.mark.parametrize("queue", range(1, 25, 3))
def test_an_answer_that_is_refused_as_the_run_ends_is_sent_again_by_the_next_one(world, queue):
    world.life, world.comprehend.queue = 60, queue
    world.faults["put"] = [OSError("no")] * 4
    event = world.event("Create", properties())
    world.invoke(event, retries=0)  # Lambda has repeated the event already.
    world.pass_time(300)
    assert world.answers[event["ResponseURL"]][0]["Status"] == "SUCCESS"
    assert len(world.comprehend.all) == 1
    assert world.violations == []


def test_the_longest_plain_attributes_fit(world):
    uri = "s3://results/" + "x" * 1000
    answer = world.create(properties(request(JobName="ü" * 256, OutputDataConfig={"S3Uri": uri})))
    assert answer["Status"] == "SUCCESS"


def test_an_unexpected_exception_is_answered_with_its_type(world):
    world.faults["start_document_classification_job"] = [ZeroDivisionError("by zero")]
    answer = world.create()
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("ZeroDivisionError: by zero")
    assert "Traceback" not in answer["Reason"]


def test_a_success_has_no_reason_and_a_failure_no_data(world):
    assert "Reason" not in world.create()
    world.s3.buckets.clear()
    assert "Data" not in world.create(request_id="r2")


def test_the_log_is_json_lines_with_job_status_request_and_attempt_and_without_secrets(world, capsys):
    world.faults["put"] = [OSError("no")]
    world.faults["describe_document_classification_job"] = [error("ThrottlingException")]
    world.create()
    world.faults["start_document_classification_job"] = [ZeroDivisionError("by zero"), Crash()]
    world.create(request_id="r2")
    out = capsys.readouterr().out
    lines = [json.loads(line) for line in out.splitlines()]
    started = next(line for line in lines if line["message"] == "status")
    job_id = world.comprehend.all[0].arn.removeprefix(JOBS)
    seen = [started[name] for name in ("job", "status", "RequestId", "attempt")]
    assert seen == [job_id, "SUBMITTED", "r1", 0]
    assert any("ZeroDivisionError" in line.get("reason", "") and 'caller.py", line' in line["trace"] for line in lines)
    assert "SECRET" not in out
    assert "custom-resource-response" not in out


def test_a_run_keeps_time_to_answer_before_its_lambda_ends(world):
    world.life = 120
    world.comprehend.work = 300
    world.faults["put"] = [OSError("no")] * 4
    answer = world.create(properties(WaitFor="COMPLETED"))
    assert answer["Status"] == "SUCCESS"
    assert world.violations == []


def test_a_flywheels_classifier_is_reckoned_with_before_a_job_is_started(world):
    given = request(JobName="n" * 230) | {"FlywheelArn": "arn:aws:comprehend:us-east-1:123456789012:flywheel/mails"}
    del given["DocumentClassifierArn"]
    given["OutputDataConfig"] = {"S3Uri": "s3://results/" + "\u65e5" * 1010}
    answer = world.create(properties(given))
    assert answer["Status"] == "FAILED"
    assert world.comprehend.all == []
