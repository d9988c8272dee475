"""One deployment ends at one running job, however often and brokenly its event arrives."""

import pytest
from handler.world import NO_READ, Crash, error, properties, request, timeout

START = "start_document_classification_job"
DESCRIBE = "describe_document_classification_job"


@pytest.mark.parametrize("deliveries", [(0, 0), (0, 0, 0), (0, 0.3, 1.7), (0, 500), (0, 70, 130)])
def test_an_event_delivered_more_than_once_starts_one_job(world, deliveries):
    world.latency = 0.5
    event = world.event("Create", properties())
    answer = world.send(event, deliveries)
    world.pass_time(3000)
    assert answer["PhysicalResourceId"] == world.comprehend.all[0].arn
    assert len(world.comprehend.all) == 1
    later = world.answers[event["ResponseURL"]][1:]
    assert all(each["Status"] == "SUCCESS" or "does not wait" in each["Reason"] for each in later)


@pytest.mark.parametrize(
    "when", [{"faults": {DESCRIBE: [Crash()]}}, {"after": {START: [Crash()]}}, {"faults": {"put": [Crash()]}}]
)
def test_a_run_that_dies_between_start_and_answer_is_repeated_and_finds_its_job(world, when):
    for name, plan in when.items():
        setattr(world, name, plan)
    answer = world.create()
    assert answer["Status"] == "SUCCESS"
    assert len(world.comprehend.all) == 1


@pytest.mark.parametrize("deliveries", [(0, 0, 0), (0, 40), (0, 400), (0, 1500)])
def test_duplicates_walk_the_same_chain_of_restarts(world, deliveries):
    world.comprehend.access_from = world.now + 60
    world.latency = 0.5
    event = world.event("Create", properties())
    assert world.send(event, deliveries)["Status"] == "SUCCESS"
    started = len(world.comprehend.all)
    world.pass_time(3000)
    assert len(world.comprehend.all) == started
    assert [job for job in world.comprehend.all if not job.fails] == [world.comprehend.all[-1]]


@pytest.mark.parametrize("late", [30, 400, 2000])
def test_a_duplicate_after_a_failure_was_answered_starts_nothing(world, late):
    world.comprehend.fails = NO_READ
    event = world.event("Create", properties())
    assert world.send(event)["Status"] == "FAILED"
    started = len(world.comprehend.all)
    world.comprehend.fails = ""
    world.send(event | {"ResponseURL": event["ResponseURL"] + "&again"}, deliveries=(late,), wait=5000)
    assert len(world.comprehend.all) == started


def test_a_failed_job_of_an_earlier_deployment_under_the_same_request_id_is_passed_by(world):
    world.comprehend.fails = "INPUT_TOO_LARGE: too large"
    assert world.create(request_id="same")["Status"] == "FAILED"
    world.pass_time(120)
    world.comprehend.fails = ""
    answer = world.create(request_id="same")
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == world.comprehend.all[1].arn


def test_a_request_id_can_be_used_by_many_deployments_that_fail(world):
    for _ in range(4):
        world.comprehend.fails = NO_READ
        assert world.create(request_id="same")["Status"] == "FAILED"
        world.pass_time(60)
    world.comprehend.fails = ""
    assert world.create(properties(Timeout="1800"), request_id="same")["Status"] == "SUCCESS"
    assert len(world.comprehend.running()) == 1


def test_a_running_job_of_an_earlier_deployment_under_the_same_request_id_is_kept(world):
    world.comprehend.work = 5000
    assert world.create(properties(Timeout="60", WaitFor="COMPLETED"), request_id="same")["Status"] == "FAILED"
    world.pass_time(60)
    answer = world.create(properties(), request_id="same")
    assert answer["Status"] == "SUCCESS"
    assert [job.arn for job in world.comprehend.all] == [answer["PhysicalResourceId"]]


def test_another_request_under_the_same_request_id_is_another_job(world):
    world.create(properties(RunId="1"), request_id="same")
    world.create(properties(RunId="2"), request_id="same")
    assert len(world.comprehend.all) == 2


def test_the_order_of_a_requests_members_is_nobodys_business(world):
    event = world.event("Create", properties())
    again = event | {"ResourceProperties": properties(dict(reversed(request().items())))}
    world.invoke(again, delay=5)
    assert world.send(event)["Status"] == "SUCCESS"
    assert len(world.comprehend.all) == 1


def test_two_resources_of_a_stack_do_not_share_a_job(world):
    world.create(logical_id="One")
    world.create(logical_id="Two")
    assert len(world.comprehend.all) == 2


def test_without_a_time_in_the_url_a_failed_job_is_never_taken_for_an_earlier_deployments(world):
    world.comprehend.fails = "INPUT_TOO_LARGE: too large"
    assert world.create(request_id="same", signed=False)["Status"] == "FAILED"
    world.pass_time(120)
    world.comprehend.fails = ""
    answer = world.create(request_id="same", signed=False)
    assert answer["Status"] == "FAILED"
    assert "another run_id" in answer["Reason"]
    assert len(world.comprehend.all) == 1


def test_a_lost_start_answer_and_throttling_in_a_row_still_end_at_one_job(world):
    world.after[START] = [error("InternalServerException", status=500)]
    world.faults[START] = [None, error("ThrottlingException"), error("InternalServerException", status=500)]
    assert world.create()["Status"] == "SUCCESS"
    assert len(world.comprehend.all) == 1


@pytest.mark.parametrize("late", [40, 200, 500])
def test_a_duplicate_does_not_restart_what_a_submitted_milestone_was_answered_for(world, late):
    world.comprehend.access_from = float("inf")
    event = world.event("Create", properties(WaitFor="SUBMITTED"))
    assert world.send(event, deliveries=(0, late))["Status"] == "SUCCESS"
    world.pass_time(1000)
    assert len(world.comprehend.all) == 1


@pytest.mark.parametrize("late", [200, 500])
def test_a_duplicate_does_not_restart_a_job_that_failed_after_the_milestone(world, late):
    world.comprehend.queue = 20
    event = world.event("Create", properties())
    world.invoke(event, delay=late)
    assert world.send(event)["Status"] == "SUCCESS"
    job = world.comprehend.all[0]
    job.fails, job.queue = NO_READ, world.now - job.submitted + 1
    world.pass_time(1000)
    assert len(world.comprehend.all) == 1


def test_the_chain_of_earlier_deployments_ends_at_the_deadline(world):
    world.comprehend.fails = "INPUT_TOO_LARGE: too large"
    for _ in range(12):
        assert world.create(request_id="same")["Status"] == "FAILED"
        world.pass_time(10)
    started, world.latency = len(world.comprehend.all), 4
    assert "No job was started within 60 s" in world.create(properties(Timeout="60"), request_id="same")["Reason"]
    assert len(world.comprehend.all) == started


def test_a_stack_that_is_deleted_and_created_again_gets_a_job_of_its_own(world):
    world.create(request_id="r1")
    world.create(request_id="r2")
    assert len(world.comprehend.all) == 2


def test_without_a_time_in_the_url_no_job_is_started_again(world):
    world.comprehend.access_from = world.now + 40
    answer = world.create(signed=False)
    assert answer["Status"] == "FAILED"
    assert "NO_READ_ACCESS_TO_INPUT" in answer["Reason"]
    assert len(world.comprehend.all) == 1


@pytest.mark.parametrize("timeout", range(40, 140, 10))
def test_duplicates_decide_alike_whether_time_is_left_for_another_start(world, timeout):
    world.comprehend.access_from = float("inf")
    world.latency = 3
    event = world.event("Create", properties(Timeout=str(timeout)))
    assert world.send(event, deliveries=(0, 1, 20))["Status"] == "FAILED"
    started = len(world.comprehend.all)
    world.pass_time(600)
    assert len(world.comprehend.all) == started


@pytest.mark.parametrize("late", [30, 400])
def test_a_duplicate_whose_url_has_no_time_starts_nothing(world, late):
    world.comprehend.fails = "INPUT_TOO_LARGE: too large"
    world.stack.signed, world.stack.deliveries = False, [(0, late)]
    assert world.stack.create(properties())["Status"] == "FAILED"
    world.pass_time(1000)
    assert len(world.comprehend.all) == 1


@pytest.mark.parametrize("ahead", [6, 20, 300])
@pytest.mark.parametrize("dates", [True, False])
@pytest.mark.parametrize("fails", ["INPUT_TOO_LARGE: too large", NO_READ])
def test_own_failures_are_never_taken_for_an_earlier_deployments(world, ahead, dates, fails):
    world.stack.clock, world.dates = ahead, dates
    world.comprehend.fails = fails
    assert world.create()["Status"] == "FAILED"
    assert len(world.comprehend.all) <= (1 if fails != NO_READ else 7)


def test_a_job_that_fails_before_it_is_described_is_not_passed_by(world):
    world.stack.clock = 60
    world.comprehend.fails = "INPUT_TOO_LARGE: too large"
    world.faults[DESCRIBE] = [error("ThrottlingException")] * 4
    assert world.create()["Status"] == "FAILED"
    assert len(world.comprehend.all) == 1


def test_the_earlier_deployments_that_are_passed_by_are_bounded(world):
    world.comprehend.fails = "INPUT_TOO_LARGE: too large"
    for _ in range(55):
        world.create(request_id="same")
        world.pass_time(60)
    assert world.create(request_id="same")["Status"] == "FAILED"
    assert len(world.comprehend.all) == 51


def test_a_job_whose_start_was_not_heard_and_that_failed_meanwhile_is_not_passed_by(world):
    world.stack.clock, world.life, world.comprehend.fails = 60, 60, "INPUT_TOO_LARGE: too large"
    world.after[START] = [timeout()]
    world.faults[START] = [None, *[error("TooManyRequestsException")] * 4]
    assert "INPUT_TOO_LARGE" in world.create()["Reason"]
    assert len(world.comprehend.all) == 1
    assert world.services["lambda"].payloads


def test_a_running_job_of_an_earlier_deployment_that_fails_later_is_not_passed_by(world):
    world.comprehend.work = 5000
    assert world.create(properties(Timeout="60", WaitFor="COMPLETED"), request_id="same")["Status"] == "FAILED"
    world.pass_time(60)

    def fail():
        job = world.comprehend.all[0]
        job.fails, job.queue = "INPUT_TOO_LARGE: too large", 100

    world.scheduler.spawn(50, fail)
    assert "INPUT_TOO_LARGE" in world.create(properties(WaitFor="COMPLETED"), request_id="same")["Reason"]
    assert len(world.comprehend.all) == 1


def test_a_run_after_one_that_died_knows_its_job_although_clocks_differ(world):
    world.stack.clock, world.comprehend.fails = 9, "INPUT_TOO_LARGE: too large"
    world.after[START] = [Crash()]
    assert "INPUT_TOO_LARGE" in world.create()["Reason"]
    assert len(world.comprehend.all) == 1


def test_a_milestone_that_proves_nothing_starts_nothing_again(world):
    world.comprehend.fails = NO_READ
    world.after[START] = [Crash()]
    assert NO_READ in world.create(properties(WaitFor="SUBMITTED"))["Reason"]
    assert len(world.comprehend.all) == 1


def test_a_job_that_loses_its_access_while_it_works_is_not_started_again(world):
    world.invoke(world.event("Create", properties(WaitFor="COMPLETED")))
    world.pass_time(100)
    job = world.comprehend.all[0]
    job.lost, job.fails, job.queue = world.now, NO_READ, 100
    world.pass_time(800)
    assert len(world.comprehend.all) == 1
