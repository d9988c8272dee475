"""No documents: nothing is started, and the stack says so."""

import pytest
from handler.world import EPOCH, MODEL, error, properties, request


@pytest.fixture
def empty(world):
    world.s3.buckets["documents"] = {"in/": 0, "elsewhere/a.txt": 5}
    return world


def test_fail_names_the_uri(empty):
    answer = empty.create()
    assert answer["Status"] == "FAILED"
    assert "s3://documents/in/" in answer["Reason"]
    assert answer["PhysicalResourceId"] == "not-started/r1"
    assert empty.comprehend.all == []


def test_skip_is_green_and_says_that_nothing_was_started(empty):
    answer = empty.create(properties(WhenEmpty="SKIP"))
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == "not-started/r1"
    assert answer["Data"] == {
        "JobArn": "NOT_STARTED",
        "JobId": "NOT_STARTED",
        "JobName": "UNNAMED",
        "JobStatus": "SKIPPED_EMPTY_INPUT",
        "DocumentClassifierArn": MODEL,
        "OutputS3Uri": "NOT_STARTED",
    }


def test_the_next_run_id_starts_the_job_that_was_skipped(empty):
    empty.stack.create(properties(WhenEmpty="SKIP"))
    empty.s3.buckets["documents"]["in/a.txt"] = 7
    empty.stack.update(properties(WhenEmpty="SKIP", RunId="2"))
    assert empty.stack.data["JobStatus"] == "IN_PROGRESS"
    assert empty.stack.physical_id == empty.comprehend.all[0].arn


def test_an_update_of_a_skipped_job_that_changes_nothing_starts_nothing(empty):
    empty.stack.create(properties(WhenEmpty="SKIP"))
    empty.s3.buckets["documents"]["in/a.txt"] = 7
    empty.stack.update(properties(WhenEmpty="SKIP", WaitFor="SUBMITTED"))
    assert empty.stack.data["JobStatus"] == "SKIPPED_EMPTY_INPUT"
    assert empty.comprehend.all == []


def test_the_listing_stops_at_the_first_document(world):
    world.s3.buckets["documents"] = {f"in/{n:04}": n for n in range(100)}
    world.s3.page = 10
    assert world.create()["Status"] == "SUCCESS"
    assert world.s3.pages == 1


def test_the_listing_goes_on_past_empty_objects(world):
    world.s3.buckets["documents"] = {f"in/{n:04}": 0 for n in range(30)} | {"in/9999": 1}
    world.s3.page = 10
    assert world.create()["Status"] == "SUCCESS"


def test_pages_of_empty_objects_are_no_documents(world):
    world.s3.buckets["documents"] = {f"in/{n:04}": 0 for n in range(30)}
    world.s3.page = 10
    assert "s3://documents/in/" in world.create()["Reason"]
    assert world.s3.pages == 3
    assert world.comprehend.all == []


def test_a_whole_bucket_is_an_input(world):
    world.s3.buckets["documents"] = {"a": 1}
    given = request(InputDataConfig={"S3Uri": "s3://documents", "InputFormat": "ONE_DOC_PER_FILE"})
    assert world.create(properties(given))["Status"] == "SUCCESS"


def test_a_bucket_that_does_not_exist_is_an_error_of_its_own(world):
    world.s3.buckets.clear()
    answer = world.create(properties(WhenEmpty="SKIP"))
    assert "does not exist" in answer["Reason"]
    assert "s3://documents/in/" in answer["Reason"]


def test_a_bucket_that_may_not_be_listed_is_left_to_the_service(world):
    world.faults["list_objects_v2"] = [error("AccessDenied", status=403)] * 50
    assert world.create()["Data"]["JobArn"] == world.comprehend.all[0].arn


def test_an_empty_bucket_is_skipped_although_the_functions_role_is_seconds_old(empty):
    empty.faults["list_objects_v2"] = [error("AccessDenied", status=403)] * 2
    assert empty.create(properties(WhenEmpty="SKIP"))["Data"]["JobStatus"] == "SKIPPED_EMPTY_INPUT"


def test_a_listing_that_was_refused_does_not_slow_the_start(empty):
    empty.faults["list_objects_v2"] = [error("AccessDenied", status=403)] * 50
    empty.faults["start_document_classification_job"] = [error("TooManyRequestsException")]
    before = empty.now
    assert empty.create(properties(WhenEmpty="SKIP", WaitFor="SUBMITTED"))["Status"] == "SUCCESS"
    assert 300 < empty.now - before < 400


@pytest.mark.parametrize("seconds", [30, 60, 250])
@pytest.mark.parametrize("when_empty", ["SKIP", "FAIL"])
@pytest.mark.parametrize("deliveries", [(0,), (0, 20, 61)])
def test_an_empty_bucket_is_seen_however_long_the_functions_policy_takes(empty, seconds, when_empty, deliveries):
    empty.policy_from = empty.now + seconds
    answer = empty.send(empty.event("Create", properties(WhenEmpty=when_empty)), deliveries)
    assert (answer["Status"] == "SUCCESS") == (when_empty == "SKIP")
    empty.pass_time(3000)
    assert empty.comprehend.all == []


def test_ten_million_empty_objects_are_listed_by_one_chain_of_runs_until_time_is_up(world):
    class Endless(dict):
        def items(self):
            return ((f"in/{number:08}", 0) for number in range(10))

    world.s3.buckets["documents"], world.s3.page = Endless(), 10
    world.s3.endless, world.latency = True, 2
    event = world.event("Create", properties(Timeout="1800"))
    answer = world.send(event)
    assert "all empty" in answer["Reason"]
    assert "s3://documents/in/" in answer["Reason"]
    assert world.now - EPOCH < 1830
    assert world.services["lambda"].payloads
    assert world.outcomes == [None] * len(world.outcomes)
    assert world.comprehend.all == []


def test_a_listing_goes_on_where_the_run_before_stopped(world):
    world.s3.buckets["documents"] = {f"in/{n:04}": 0 for n in range(600)} | {"in/9999": 1}
    world.s3.page, world.latency, world.life = 2, 1, 60
    assert world.create(properties(WaitFor="SUBMITTED"))["Status"] == "SUCCESS"
    assert world.s3.pages == 301
    assert len(world.services["lambda"].payloads) >= 2


def test_a_listing_is_waited_for_from_the_event_and_not_from_its_delivery(world):
    world.faults["list_objects_v2"] = [error("AccessDenied", status=403)] * 500
    before = world.now
    assert world.send(world.event("Create", properties(WaitFor="SUBMITTED")), deliveries=(200,))["Status"] == "SUCCESS"
    assert 300 <= world.now - before < 310
