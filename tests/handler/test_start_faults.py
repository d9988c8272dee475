"""Each fault of the start call has its own hint and retry rule."""

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ParamValidationError,
)
from botocore.parsers import ResponseParserError
from handler.world import EPOCH, Crash, World, error, properties, timeout

START = "start_document_classification_job"


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("InvalidRequestException", "bad format", "Correct the options of the job"),
        ("ResourceNotFoundException", "no model", "Region"),
        ("TooManyTagsException", "51 tags", "50 tags"),
        ("ResourceInUseException", "name taken", "job_name"),
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


@pytest.mark.parametrize("said", ["no model", "no model."])
def test_what_the_service_said_is_a_sentence_without_the_sdks_asides(world, said):
    world.faults[START] = [error("ResourceNotFoundException", said, MaxAttemptsReached=True, RetryAttempts=0)]
    reason = world.create()["Reason"]
    assert "no model. The model must exist in this account and Region." in reason
    assert "max retries" not in reason


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


@pytest.mark.parametrize("life", [900, 60, 250])
@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("TooManyRequestsException", "L-E65FE76A"),
        ("ResourceUnavailableException", "TRAINED"),
        ("InternalServerException", "deploy again"),
    ],
)
def test_the_services_last_refusal_and_its_hint_are_said_whichever_run_gives_up(world, code, hint, life):
    world.life = life
    world.faults[START] = [error(code, "the last words")] * 999
    answer = world.create()
    assert all(text in answer["Reason"] for text in (code, "the last words", hint)), answer["Reason"]
    assert world.services["lambda"].payloads


def test_the_last_refusal_is_said_when_a_listing_took_all_the_time(world):
    world.faults["list_objects_v2"] = [error("AccessDenied", "no listing", status=403)] * 999
    answer = world.create(properties(Timeout="100"))
    assert "No job was started within 100 s" in answer["Reason"]
    assert "no listing" in answer["Reason"]


@pytest.mark.parametrize(
    "operation", [START, "describe_document_classification_job", "list_objects_v2", "describe_stacks"]
)
def test_what_the_sdk_itself_refuses_fails_at_once(world, operation):
    world.faults[operation] = [ParamValidationError(report="Invalid type for parameter Tags")]
    before = world.now
    answer = world.create()
    assert "Invalid type for parameter Tags" in answer["Reason"]
    assert world.now - before < 2
    assert world.faults[operation] == []


@pytest.mark.parametrize(
    "fault",
    [
        EndpointConnectionError(endpoint_url="x"),
        ConnectTimeoutError(endpoint_url="x"),
        ConnectionClosedError(endpoint_url="x"),
        HTTPClientError(error="x"),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
        ResponseParserError("x"),
    ],
    ids=lambda fault: type(fault).__name__,
)
@pytest.mark.parametrize("operation", [START, "describe_document_classification_job"])
def test_a_call_whose_answer_is_lost_is_made_again(world, operation, fault):
    world.after[operation] = [fault]
    assert world.create()["Status"] == "SUCCESS"
    assert len(world.comprehend.all) == 1


def test_a_start_whose_answer_names_only_the_id_is_followed(world):
    service = world.comprehend
    start = service.start_document_classification_job
    service.start_document_classification_job = lambda **given: {"JobId": start(**given)["JobId"]}
    assert world.create()["PhysicalResourceId"] == world.comprehend.all[0].arn


def test_refusals_are_counted_anew_after_a_success(world):
    world.faults["describe_document_classification_job"] = [error("ThrottlingException"), None] * 6
    world.comprehend.queue, world.comprehend.work = 1, 1
    world.create(properties(WaitFor="COMPLETED"))
    world.faults["describe_document_classification_job"] = [error("ThrottlingException"), None] * 6
    world.comprehend.work = 300
    world.create(properties(WaitFor="COMPLETED"), request_id="r2")
    asked = [at for at, operation in world.times if operation.startswith("describe_doc")]
    assert asked[-1] - asked[0] < 420
    refused = [later - at for at, later in zip(asked[2::2], asked[3::2], strict=False)][:5]
    assert max(refused) < 4


def test_a_job_whose_run_died_is_found_though_the_timeout_is_over(world):
    world.faults["describe_document_classification_job"] = [None, None, Crash()]
    answer = world.create(properties(Timeout="30", ServiceTimeout="300"))
    (job,) = world.comprehend.all
    assert answer["PhysicalResourceId"] == job.arn


def last_try(world, timeout):
    """Seconds at which a start is tried last that meets nothing but the quota."""
    world.faults[START] = [error("TooManyRequestsException")] * 99
    assert world.create(properties(Timeout=str(timeout)))["Status"] == "FAILED"
    return max(at for at, operation in world.times if operation == START) - EPOCH


def test_a_job_whose_starts_answer_was_lost_at_the_last_moment_is_found(world):
    at = last_try(World(), 900)
    lost = []

    def chaos(operation):
        if operation == START and world.now - EPOCH < at:
            raise error("TooManyRequestsException")
        if operation == START and not lost:
            lost.append(world.now)
            return timeout()
        return None

    world.chaos = chaos
    answer = world.create(properties(Timeout=str(int(at) + 1)))
    (job,) = world.comprehend.all
    assert lost
    assert answer["PhysicalResourceId"] == job.arn


def test_no_job_is_started_at_the_deadline_when_the_quota_was_full_until_then(world):
    def chaos(operation):
        if operation == START and world.now - EPOCH < 900:
            raise error("TooManyRequestsException")

    world.chaos = chaos
    assert "L-E65FE76A" in world.create()["Reason"]
    assert world.comprehend.all == []


def test_what_others_refuse_does_not_hide_why_the_service_refused_a_start(world):
    world.faults[START] = [error("TooManyRequestsException", "ten run")] * 99
    world.faults["describe_stacks"] = [None] * 9 + [error("Throttling", "slower")] * 999
    answer = world.create(properties(Timeout="300"))
    assert "ten run" in answer["Reason"]
