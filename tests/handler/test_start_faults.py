"""Each fault of the start call has its own hint and retry rule."""

import pytest
from handler.world import error, properties, timeout

START = "start_document_classification_job"


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("InvalidRequestException", "bad format", "Request"),
        ("ResourceNotFoundException", "no model", "Region"),
        ("TooManyTagsException", "51 tags", "50 tags"),
        ("ResourceInUseException", "name taken", "JobName"),
        ("SomethingNewException", "who knows", "SomethingNewException"),
    ],
)
def test_a_fault_that_time_does_not_cure_fails_at_once(world, code, message, hint):
    world.faults[START] = [error(code, message)]
    before = world.now
    answer = world.create()
    assert answer["Status"] == "FAILED"
    assert all(text in answer["Reason"] for text in (code, message, hint))
    assert answer["PhysicalResourceId"] == "not-started/r1"
    assert world.now - before < 1
    assert world.comprehend.all == []


@pytest.mark.parametrize(
    "fault",
    [
        error("TooManyRequestsException", status=429),
        error("ThrottlingException"),
        error("ResourceUnavailableException"),
        error("KmsKeyValidationException"),
        error("InternalServerException", status=500),
        error("ServiceUnavailable", status=503),
        error("AccessDeniedException"),
        error("UnrecognizedClientException"),
        error("InvalidRequestException", "The role cannot be assumed"),
        timeout(),
    ],
    ids=str,
)
def test_a_fault_that_time_may_cure_is_tried_again(world, fault):
    world.faults[START] = [fault, fault]
    assert world.create()["Status"] == "SUCCESS"
    assert len(world.comprehend.all) == 1


@pytest.mark.parametrize("code", ["AccessDeniedException", "KmsKeyValidationException"])
def test_permissions_that_never_come_are_given_up_after_minutes(world, code):
    world.faults[START] = [error(code, "not allowed")] * 100
    before = world.now
    answer = world.create(properties(Timeout="3600"))
    assert code in answer["Reason"]
    assert 250 < world.now - before < 400


def test_a_quota_that_stays_full_is_named_at_the_deadline(world):
    world.faults[START] = [error("TooManyRequestsException", status=429)] * 100
    before = world.now
    answer = world.create(properties(Timeout="600"))
    assert "L-E65FE76A" in answer["Reason"]
    assert "TooManyRequestsException" in answer["Reason"]
    assert world.now - before == pytest.approx(600, abs=5)


def test_the_refusals_of_a_start_do_not_slow_the_calls_after_it(world):
    world.faults[START] = [error("TooManyRequestsException")] * 5
    world.faults["describe_document_classification_job"] = [error("ThrottlingException")]
    world.create(properties(Timeout="3600"))
    first, second = [at for at, operation in world.times if operation.startswith("describe_doc")][:2]
    assert second - first < 5


def test_a_start_that_answers_too_late_is_found_by_its_token(world):
    world.after[START] = [timeout(), timeout()]
    assert world.create()["Status"] == "SUCCESS"
    assert len(world.comprehend.all) == 1


def test_a_timeout_of_a_second_still_starts_the_job(world):
    event = world.event("Create", properties(Timeout="1", WaitFor="SUBMITTED"))
    assert world.send(event, deliveries=(3.0,))["Status"] == "SUCCESS"
