"""Waits longer than a Lambda lives go on in a fresh run."""

import copy

import pytest
from handler.world import Crash, error, properties

LONG = properties(Timeout="3600", WaitFor="COMPLETED")
START = "start_document_classification_job"


def payloads(world):
    return world.services["lambda"].payloads


def test_an_hour_of_waiting_takes_at_most_five_hand_overs(world):
    world.comprehend.work, world.latency = 3400, 3
    assert world.create(LONG)["Data"]["JobStatus"] == "COMPLETED"
    assert 1 <= len(payloads(world)) <= 5
    assert len(world.comprehend.all) == 1
    assert world.violations == []


def test_an_hour_of_waiting_asks_for_the_job_every_twenty_seconds_or_so(world):
    world.comprehend.work = 3400
    world.create(LONG)
    asked = [operation for operation, _ in world.calls].count("describe_document_classification_job")
    assert 150 < asked < 250


def test_a_run_hands_over_a_minute_before_its_lambda_ends(world):
    world.comprehend.work = 3400
    began = world.now
    world.create(LONG)
    assert 800 < world.services["lambda"].times[0] - began <= 840


def test_the_deadline_holds_across_runs_and_before_cloudformation_gives_up(world):
    world.comprehend.work = 99_999
    began = world.now
    answer = world.create(LONG)
    assert "after 3600 s" in answer["Reason"]
    assert world.now - began == pytest.approx(3540, abs=5)


def test_every_event_is_answered_once_by_the_chain_of_its_runs(world):
    world.comprehend.work = 3000
    event = world.event("Create", LONG)
    world.send(event)
    world.pass_time(4000)
    assert len(world.answers[event["ResponseURL"]]) == 1


def test_a_later_run_that_crashes_loses_nothing(world):
    world.comprehend.work = 2500
    crashed = []

    def chaos(operation):
        if world.now > 1_800_001_200 and not crashed:
            crashed.append(operation)
            raise Crash

    world.chaos = chaos
    assert world.create(LONG)["Data"]["JobStatus"] == "COMPLETED"
    assert crashed
    assert len(world.comprehend.all) == 1


def test_a_later_run_goes_on_with_the_job_and_without_a_start(world):
    world.comprehend.work = 2500
    world.create(LONG)
    assert [operation for operation, _ in world.calls].count(START) == 1


def test_a_pause_is_sat_out_across_runs(world):
    world.faults[START] = [error("TooManyRequestsException")] * 8
    assert world.create(properties(Timeout="3600"))["Status"] == "SUCCESS"
    assert [operation for operation, _ in world.calls].count(START) == 9
    assert len(payloads(world)) >= 1


def test_a_hand_over_that_fails_is_reported(world):
    world.comprehend.work = 2500
    world.faults["invoke"] = [error("AccessDeniedException", "lambda:InvokeFunction")]
    answer = world.create(LONG)
    assert answer["Status"] == "FAILED"
    assert "lambda:InvokeFunction" in answer["Reason"]


def test_a_wait_that_a_run_cannot_finish_is_finished_by_the_next_one(world):
    faults = world.faults[START] = [error("TooManyRequestsException", status=429)] * 12
    world.create(properties(Timeout="3600"))
    handed = [payload["HandOver"]["resume_at"] for payload in payloads(world)]
    starts = [at for at, operation in world.times if operation == START]
    assert faults == []
    assert handed
    assert all(until in starts for until in handed)


@pytest.mark.parametrize(("name", "value"), [("more", 1), ("began", None)])
def test_a_hand_over_that_is_not_ours_is_refused(world, name, value):
    world.comprehend.work = 1500
    world.create(LONG)
    payload = copy.deepcopy(payloads(world)[0])
    payload["HandOver"][name] = value
    if value is None:
        del payload["HandOver"][name]
    world.calls.clear()
    world.outcomes.clear()
    world.invoke(payload, retries=0)
    world.pass_time(2000)
    assert name in str(world.outcomes[0])
    assert world.calls == []
