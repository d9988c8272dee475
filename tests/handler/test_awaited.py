"""A job is started only while CloudFormation waits for this very event."""

import pytest
from handler.world import NO_READ, World, error, properties, request

START = "start_document_classification_job"
LATE = [20, 200, 1200, 3500]


def deliver_again(world, given, after):
    """Deliver an event once more, so many seconds from now; the last answer."""
    world.invoke(given, after)
    world.pass_time(after + 400)
    return world.answers[given["ResponseURL"]][-1]


@pytest.fixture
def sent(world):
    """The events that the stack sends, as they come."""
    seen, send = [], world.send

    def listen(given, *rest, **more):
        seen.append(given)
        return send(given, *rest, **more)

    world.send = listen
    return seen


@pytest.mark.parametrize("after", LATE)
@pytest.mark.parametrize("signed", [True, False])
def test_a_late_delivery_after_no_documents_starts_nothing(world, after, signed):
    world.s3.buckets["documents"] = {}
    given = world.event("Create", properties(WhenEmpty="SKIP"), signed=signed)
    assert world.send(given)["Status"] == "SUCCESS"
    world.s3.buckets["documents"] = {"in/a.txt": 1}
    answer = deliver_again(world, given, after)
    assert "does not wait for this event" in answer["Reason"]
    assert world.comprehend.all == []


@pytest.mark.parametrize("after", LATE)
@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("code", ["AccessDeniedException", "InvalidRequestException", "TooManyRequestsException"])
def test_a_late_delivery_after_a_refused_start_starts_nothing(world, after, signed, code):
    world.faults[START] = [error(code)] * 99
    given = world.event("Create", properties(Timeout="300"), signed=signed)
    assert world.send(given)["Status"] == "FAILED"
    world.faults.clear()
    assert "does not wait for this event" in deliver_again(world, given, after)["Reason"]
    assert world.comprehend.all == []


@pytest.mark.parametrize("number", [12, 20, 50])
@pytest.mark.parametrize("cancelled", [2, 35])
def test_jobs_that_wait_for_a_slot_are_not_started_after_their_stack_rolled_back(number, cancelled):
    world = World(number)
    world.latency, world.comprehend.per_second, world.comprehend.active = 0.2, 1, 10
    events = [world.event("Create", properties(Timeout="3600"), f"r{n}", logical_id=f"Job{n}") for n in range(number)]
    for given in events:
        world.invoke(given)
    world.pass_time(cancelled)
    started = len(world.comprehend.all)
    world.stack.status = "ROLLBACK_IN_PROGRESS"
    for n in range(number):
        world.invoke(
            world.event("Delete", properties(), f"d{n}", logical_id=f"Job{n}", PhysicalResourceId=f"made-up-{n}")
        )
    world.pass_time(7200)
    assert len(world.comprehend.all) <= started + 1  # a call that was on its way
    assert world.violations == []


@pytest.mark.parametrize("rolls_back", [True, False])
def test_an_update_that_waits_for_a_slot_is_not_started_after_its_cancellation(world, rolls_back):
    stack = world.stack
    stack.create(properties())
    world.comprehend.active, stack.cancel_after = 1, 35
    stack.update(properties(RunId="2", Timeout="3600"), rollback=rolls_back)
    world.pass_time(4000)
    assert len(world.comprehend.all) == 1
    assert stack.physical_id == world.comprehend.all[0].arn


def test_a_waiting_run_of_an_earlier_operation_does_not_take_the_next_one_for_its_own(world):
    stack = world.stack
    stack.create(properties(AbandonOnDelete="true"))
    world.comprehend.active, stack.cancel_after = 1, 35
    stack.update(properties(RunId="2", Timeout="3600"), rollback=False)
    world.pass_time(20)
    stack.update(properties(RunId="3", Timeout="3600"))
    world.pass_time(4000)
    assert [job.url for job in world.comprehend.all] == [stack.urls[0], stack.urls[2]]
    assert world.violations == []


@pytest.mark.parametrize("after", [30, 1200])
@pytest.mark.parametrize("during", ["the next update", "afterwards"])
def test_the_update_of_a_rollback_that_comes_again_starts_nothing(world, sent, after, during):
    stack = world.stack
    stack.create(properties(RunId="1"))
    stack.update(properties(RunId="2"), other_fails=True)
    (back,) = [each for each in sent if each["RequestType"] == "Update" and each["ResourceProperties"]["RunId"] == "1"]
    world.invoke(back, after)
    world.pass_time(after - 15)
    if during == "the next update":
        world.comprehend.queue = 60
        stack.update(properties(RunId="3"))
    world.pass_time(600)
    assert len(world.comprehend.all) == 2 + (during == "the next update")
    assert "does not wait for this event" in world.answers[back["ResponseURL"]][-1]["Reason"]


def test_tags_of_an_earlier_update_that_comes_again_are_not_set(world, sent):
    def tagged(value):
        return properties(request(Tags=[{"Key": "team", "Value": value}]))

    for value in ("one", "two", "three"):
        world.stack.create(tagged(value)) if value == "one" else world.stack.update(tagged(value))
        world.pass_time(60)
    deliver_again(world, sent[1], 5)
    assert world.comprehend.all[0].tags == {"team": "three"}


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS", "UPDATE_FAILED"])
def test_nothing_is_started_in_a_stack_that_deploys_nothing(world, status):
    given = world.event("Create", properties())
    world.stack.status = status
    answer = world.send(given)
    assert status in answer["Reason"]
    assert world.comprehend.all == []


def test_no_create_is_served_in_a_rollback(world):
    given = world.event("Create", properties())
    world.stack.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    assert "rolls back" in world.send(given)["Reason"]
    assert world.comprehend.all == []


def test_nothing_is_started_for_a_resource_that_the_stack_does_not_know(world):
    given = world.event("Create", properties())
    world.stack.resources.clear()
    assert "unknown to the stack" in world.send(given)["Reason"]
    assert world.comprehend.all == []


def test_a_stack_that_tells_a_moment_late_is_asked_again(world):
    given = world.event("Create", properties())
    resource = world.stack.resources.pop("Job")
    world.scheduler.spawn(5, lambda: world.stack.resources.update(Job=resource))
    assert world.send(given)["Status"] == "SUCCESS"


@pytest.mark.parametrize(("ahead", "awaited"), [(-60, False), (-12, False), (-9, True), (0, True), (60, True)])
def test_an_event_may_be_older_than_its_operation_by_what_clocks_differ(world, ahead, awaited):
    given = world.event("Create", properties())
    world.stack.resources["Job"].since = world.now - ahead
    answer = world.send(given)
    assert (answer["Status"] == "SUCCESS") == awaited
    assert awaited or "older than the operation" in answer["Reason"]
    assert bool(world.comprehend.all) == awaited


@pytest.mark.parametrize(
    ("late", "awaited"), [(-20, False), (-5, False), (0, True), (30, True), (59, True), (62, False)]
)
def test_an_event_without_a_date_is_served_only_at_the_beginning_of_an_operation(world, late, awaited):
    given = world.event("Create", properties(), signed=False)
    world.stack.resources["Job"].since = world.now - late
    answer = world.send(given)
    assert (answer["Status"] == "SUCCESS") == awaited
    assert bool(world.comprehend.all) == awaited


@pytest.mark.parametrize("ahead", [-10, 10])
def test_the_age_of_an_event_without_a_date_is_told_on_the_stacks_own_clock(world, ahead):
    world.function_clock = lambda: ahead
    given = world.event("Create", properties(), signed=False)
    world.stack.resources["Job"].since = world.now - 1
    assert world.send(given)["Status"] == "SUCCESS"


def test_an_event_without_a_date_waits_for_a_slot_beyond_the_beginning(world):
    world.faults[START] = [error("TooManyRequestsException")] * 6
    assert world.send(world.event("Create", properties(Timeout="3600"), signed=False))["Status"] == "SUCCESS"


def test_an_event_without_a_date_does_not_grow_old_while_its_stack_is_asked(world):
    world.random.random = lambda: 1.0  # waits of 3 and 12 seconds, then of 3 again
    world.faults["describe_stacks"] = [error("Throttling"), error("Throttling"), None, error("Throttling")]
    assert world.send(world.event("Create", properties(), signed=False))["Status"] == "SUCCESS"


@pytest.mark.parametrize("operation", ["describe_stacks", "describe_stack_resource"])
@pytest.mark.parametrize("fault", [error("Throttling"), error("AccessDenied", status=403), error("X", status=500)])
def test_a_stack_that_cannot_be_asked_is_waited_for(world, operation, fault):
    world.faults[operation] = [fault] * 8
    assert world.create()["Status"] == "SUCCESS"


@pytest.mark.parametrize("operation", ["describe_stacks", "describe_stack_resource"])
@pytest.mark.parametrize("fault", [error("Throttling"), error("AccessDenied", status=403), error("X", status=500)])
def test_nothing_is_started_where_the_stack_can_never_be_asked(world, operation, fault):
    world.faults[operation] = [fault] * 5000
    before = world.now
    answer = world.create()
    assert fault.response["Error"]["Code"] in answer["Reason"]
    assert world.comprehend.all == []
    assert 900 <= world.now - before <= 1020


def test_a_rollback_has_the_time_that_cloudformation_has_and_not_the_users_timeout(world):
    stack = world.stack
    stack.create(properties(Timeout="60"))
    old = stack.physical_id
    world.comprehend.fails = "INPUT_TOO_LARGE: too large"
    world.faults["describe_stacks"] = [None, None] + [error("Throttling")] * 6
    stack.update(properties(RunId="2", Timeout="60"))
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.physical_id == old


def test_the_stack_is_asked_before_every_try(world):
    world.faults[START] = [error("TooManyRequestsException")] * 4
    world.create()
    operations = [operation for operation, _ in world.calls]
    before = [operations[index - 2 : index] for index, name in enumerate(operations) if name == START]
    assert before == [["describe_stack_resource", "describe_stacks"]] * 5


def test_the_stack_is_asked_before_every_restart(world):
    world.comprehend.access_from = world.now + 40
    world.create()
    operations = [operation for operation, _ in world.calls]
    before = [operations[index - 2 : index] for index, name in enumerate(operations) if name == START]
    assert len(before) > 1
    assert before == [["describe_stack_resource", "describe_stacks"]] * len(before)


def test_no_restart_follows_a_cancellation(world):
    world.comprehend.access_from, world.stack.cancel_after = world.now + 100, 20
    world.stack.create(properties())
    world.pass_time(2000)
    assert [job.fails for job in world.comprehend.all] == [NO_READ]


@pytest.mark.parametrize("code", ["AccessDeniedException", "KmsKeyValidationException"])
def test_all_deliveries_give_up_a_start_at_the_same_moment(world, code):
    world.latency = 0.3
    world.scheduler.spawn(302, world.faults.clear)
    world.faults[START] = [error(code)] * 500
    given = world.event("Create", properties())
    assert world.send(given, deliveries=(0, 60, 200))["Status"] == "FAILED"
    world.pass_time(1000)
    assert world.comprehend.all == []


def test_a_quota_is_waited_for_until_the_same_moment_by_all_deliveries(world):
    world.faults[START] = [error("TooManyRequestsException")] * 500
    world.scheduler.spawn(301, world.faults.clear)
    given = world.event("Create", properties(Timeout="300"))
    assert world.send(given, deliveries=(0, 55))["Status"] == "FAILED"
    world.pass_time(1000)
    assert world.comprehend.all == []


def test_a_refusal_is_waited_out_from_the_event_and_not_from_its_delivery(world):
    world.faults[START] = [error("AccessDeniedException")] * 500
    before = world.now
    assert world.send(world.event("Create", properties()), deliveries=(200,))["Status"] == "FAILED"
    assert 300 <= world.now - before < 310


def test_a_stack_that_does_not_say_since_when_is_not_trusted(world):
    given = world.event("Create", properties())
    world.stack.resources["Job"].since = None
    assert "does not say since when" in world.send(given)["Reason"]
    assert world.comprehend.all == []


def test_an_answer_about_the_resource_is_not_taken_together_with_a_later_one_about_the_stack(world):
    """Between the two the operation is cancelled, and the next one begins."""
    world.faults["describe_stacks"] = [None, *[error("Throttling")] * 4]
    world.stack.cancel_after = 2
    world.stack.create(properties())
    world.pass_time(15)
    world.comprehend.queue = 60
    world.stack.create(properties(RunId="2"))
    world.pass_time(100)
    assert [job.url for job in world.comprehend.all] == [world.stack.urls[2]]
    assert world.violations == []


@pytest.mark.parametrize("seconds", [3, 7])
def test_an_event_of_the_operation_before_starts_nothing_in_the_next_one_however_soon(world, seconds):
    world.stack.create(properties())
    world.s3.buckets["documents"] = {}
    late = world.event("Update", properties(RunId="2"), "r2", OldResourceProperties=properties())
    world.stack._append("Job", "", "UPDATE_IN_PROGRESS")
    assert world.send(late)["Status"] == "FAILED"
    world.stack._append("Job", "", "UPDATE_FAILED")
    world.s3.buckets["documents"] = {"in/a.txt": 1}
    world.pass_time(seconds)
    world.event("Update", properties(RunId="3"), "r3", OldResourceProperties=properties())
    world.stack._append("Job", "", "UPDATE_IN_PROGRESS")
    world.invoke(late, 1)
    world.pass_time(400)
    assert len(world.comprehend.all) == 1


def test_an_update_that_takes_a_failure_back_while_the_stack_still_updates_starts_nothing(world):
    stack = world.stack
    stack.create(properties())
    (job,) = world.comprehend.all
    stack._record_stack("UPDATE_IN_PROGRESS")
    world.faults[START] = [error("ResourceNotFoundException")]
    _, fine, _ = stack._send(
        "Update", properties(RunId="2"), PhysicalResourceId=job.arn, OldResourceProperties=properties()
    )
    assert not fine
    answer, _, _ = stack._send(
        "Update", properties(), PhysicalResourceId=job.arn, OldResourceProperties=properties(RunId="2")
    )
    assert answer["PhysicalResourceId"] == job.arn
    assert len(world.comprehend.all) == 1


def test_a_rollback_names_the_job_before_also_when_the_stacks_events_no_longer_tell_of_it(world):
    stack = world.stack
    stack.create(properties())
    (job,) = world.comprehend.all
    stack.history.clear()
    stack._record_stack("UPDATE_IN_PROGRESS")
    _, fine, second = stack._send(
        "Update", properties(RunId="2"), PhysicalResourceId=job.arn, OldResourceProperties=properties()
    )
    assert fine
    stack._record_stack("UPDATE_ROLLBACK_IN_PROGRESS")
    answer, _, _ = stack._send(
        "Update", properties(), PhysicalResourceId=second, OldResourceProperties=properties(RunId="2")
    )
    assert answer["PhysicalResourceId"] == job.arn
