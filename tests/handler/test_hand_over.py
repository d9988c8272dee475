"""Waits longer than a Lambda lives go on in a fresh run."""

import json
from typing import get_type_hints

import pytest
from classification_job.progress import Progress, from_payload
from handler.world import EPOCH, Crash, World, error, properties

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


@pytest.mark.parametrize("timeout", ["300", "600", "780"])
@pytest.mark.parametrize("milestone", ["COMPLETED", "IN_PROGRESS"])
def test_a_function_that_lives_a_minute_hands_over_once_in_its_life(world, timeout, milestone):
    world.life, world.comprehend.work = 60, int(timeout) - 100
    world.faults[START] = [error("TooManyRequestsException")] * (4 if milestone == "IN_PROGRESS" else 0)
    before = world.now
    assert world.create(properties(Timeout=timeout, WaitFor=milestone))["Status"] == "SUCCESS"
    assert 1 <= len(payloads(world)) <= (world.now - before) / 56
    assert world.violations == []


@pytest.fixture
def recursive(monkeypatch):
    """What the template says to a function that is too short-lived."""
    monkeypatch.setenv("RECURSIVE_LOOP", "Allow")


@pytest.mark.usefixtures("recursive")
@pytest.mark.parametrize("life", [10, 60, 240])
def test_a_short_lived_function_that_may_call_itself_waits_for_an_hour(world, life):
    world.life, world.comprehend.work = life, 3400
    before = world.now
    assert world.create(LONG)["Data"]["JobStatus"] == "COMPLETED"
    assert 14 < len(payloads(world)) <= (world.now - before) / (life - life / 15)
    assert world.violations == []


@pytest.mark.usefixtures("recursive")
def test_a_delete_by_a_short_lived_function_waits_as_long_as_the_timeout_says(world):
    world.stack.create(properties(Timeout="3600"))
    world.life, world.comprehend.work = 60, 3000
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.comprehend.all[0].status(world.now) == "COMPLETED"
    assert world.violations == []


@pytest.mark.usefixtures("recursive")
def test_hand_overs_are_bounded_also_where_the_function_may_call_itself(world):
    world.life, world.comprehend.work = 60, 1e6
    event = world.event("Create", LONG)
    event["HandOver"] = Progress(began=world.now, hand_overs=14 + 64).to_payload()
    answer = world.send(event)
    assert answer["Status"] == "FAILED"
    assert "79 runs of 60 s" in answer["Reason"]


@pytest.mark.parametrize("life", [3, 10, 60])
@pytest.mark.parametrize("stuck", ["the quota", "the job", "the stack"])
def test_beyond_the_bound_of_hand_overs_cloudformation_is_answered(world, life, stuck):
    world.life, world.comprehend.work = life, 1e6
    quota, stack = error("TooManyRequestsException"), error("Throttling", "the stack")
    world.faults = {START: [quota] * 999} if stuck == "the quota" else {}
    world.faults |= {"describe_stacks": [stack] * 999} if stuck == "the stack" else {}
    before = world.now
    answer = world.create(LONG)
    assert answer["Status"] == "FAILED"
    assert f"15 runs of {life} s" in answer["Reason"]
    assert "Raise the function's timeout" in answer["Reason"]
    named = {"the quota": "L-E65FE76A", "the job": "document-classification-job/", "the stack": "the stack"}
    assert named[stuck] in answer["Reason"]
    assert len(payloads(world)) == 14
    assert 13 * life < world.now - before <= 15 * life
    assert world.violations == []


@pytest.mark.parametrize("kind", ["Delete", "Update"])
def test_beyond_the_bound_of_hand_overs_a_delete_and_an_update_that_wait_succeed(world, kind):
    world.stack.create(properties(Timeout="3600"))
    world.life, world.comprehend.work, world.stack.strict = 10, 1e6, False
    if kind == "Delete":
        assert world.stack.delete()["Status"] == "SUCCESS"
    else:
        assert world.stack.update(properties(Timeout="3600", Rights="2"))["Status"] == "SUCCESS"
    assert len(payloads(world)) == 14


@pytest.mark.parametrize("service_timeout", ["1", "30", "60", "3600"])
def test_cloudformation_is_answered_before_it_gives_up(world, service_timeout):
    world.comprehend.work = 1e6
    props = LONG | {"ServiceTimeout": service_timeout}
    assert world.send(world.event("Create", props))["Status"] == "FAILED"


def payload(**changes):
    world = World()
    event = world.event("Create", LONG)
    progress = Progress(began=EPOCH).to_payload() | changes
    return event | {"HandOver": {name: value for name, value in progress.items() if value is not MISSING}}


MISSING = ...


@pytest.mark.parametrize(
    "changes",
    [
        {"more": 1},
        {"began": MISSING},
        {"began": None},
        {"began": "now"},
        {"began": True},
        {"attempt": 1.5},
        {"attempt": "1"},
        {"job_arn": 7},
        {"documents_seen": "true"},
        {"refusals": []},
        {"refusals": {"start": "3"}},
    ],
    ids=str,
)
def test_a_hand_over_that_is_not_ours_is_refused_by_name(world, changes):
    world.invoke(payload(**changes), retries=0)
    world.pass_time(2000)
    assert next(iter(changes)) in str(world.outcomes[0])
    assert "SECRET" not in str(world.outcomes[0])
    assert (world.calls, world.answers) == ([], {})


@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_a_hand_over_of_another_shape_is_refused(world, value):
    world.invoke(payload() | {"HandOver": value}, retries=0)
    world.pass_time(2000)
    assert "HandOver" in str(world.outcomes[0])
    assert (world.calls, world.answers) == ([], {})


def test_all_that_a_run_hands_over_is_read_by_the_next():
    values = {"str": "text", "int": 7, "float": 7.5, "bool": True}
    kinds = get_type_hints(Progress)
    progress = Progress(**{name: values.get(kind.__name__, {"start": 3}) for name, kind in kinds.items()})
    assert from_payload(json.loads(json.dumps(progress.to_payload()))) == progress


def test_a_hand_over_that_is_refused_names_the_job_that_runs(world):
    world.life, world.comprehend.queue = 60, 500
    world.faults["invoke"] = [error("TooManyRequestsException", "Rate exceeded")] * 9
    answer = world.create(properties(WaitFor="COMPLETED", Timeout="3600"))
    (job,) = world.comprehend.all
    assert "Rate exceeded" in answer["Reason"]
    assert f"{job.arn} runs on" in answer["Reason"]
