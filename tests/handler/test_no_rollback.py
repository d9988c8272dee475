"""Updates after one that failed and was left as it is; which properties CloudFormation then calls old is open."""

import pytest
from handler.world import error, properties, request

TAGS = [{"Key": "team", "Value": "mail"}, {"Key": "stage", "Value": "dev"}]
TOO_LARGE = "INPUT_TOO_LARGE: too large"


@pytest.fixture(params=[False, True], ids=["deployed", "tried"])
def stack(world, request):
    """A stack with a job; CloudFormation calls old what was deployed, or what was tried."""
    world.stack.calls_tried_old = request.param
    world.stack.create(wanted(tags=TAGS))
    return world.stack


def wanted(run_id="1", *, tags=TAGS, **more):
    return properties(request(Tags=tags), RunId=run_id, **more)


def fail(world, props):
    """Deploy without rollback what cannot work."""
    world.comprehend.fails = TOO_LARGE
    world.stack.update(props, rollback=False)
    world.comprehend.fails = ""
    assert world.stack.status == "UPDATE_FAILED"


@pytest.mark.parametrize("tells", [True, False])
def test_the_same_configuration_again_starts_its_job(world, stack, tells):
    stack.events_tell = tells
    old = stack.physical_id
    fail(world, wanted("2"))
    stack.update(wanted("2"))
    assert stack.status == "UPDATE_COMPLETE"
    assert stack.physical_id == world.comprehend.all[-1].arn != old
    assert len(world.comprehend.all) == 3


def test_the_same_configuration_a_third_time_starts_its_job(world, stack):
    fail(world, wanted("2"))
    fail(world, wanted("2"))
    stack.update(wanted("2"))
    assert stack.physical_id == world.comprehend.all[-1].arn
    assert len(world.comprehend.all) == 4


def test_the_configuration_that_was_deployed_needs_no_other_job(world, stack):
    old = stack.physical_id
    fail(world, wanted("2"))
    stack.update(wanted())
    assert stack.status == "UPDATE_COMPLETE"
    assert stack.physical_id == old
    assert len(world.comprehend.all) == 2


@pytest.mark.parametrize("tells", [True, False])
def test_a_job_that_another_resource_failed_beside_is_kept(world, stack, tells):
    stack.events_tell = tells
    stack.update(wanted("2"), other_fails=True, rollback=False)
    kept = stack.physical_id
    stack.update(wanted("2", Timeout="901"))
    assert stack.physical_id == kept
    assert len(world.comprehend.all) == 2


def test_a_job_that_came_after_a_failure_beside_another_one_is_kept(world, stack):
    fail(world, wanted("2"))
    stack.update(wanted("3"), other_fails=True, rollback=False)
    kept = stack.physical_id
    stack.update(wanted("3", Timeout="901"))
    assert stack.physical_id == kept
    assert len(world.comprehend.all) == 3


def test_the_job_that_was_kept_beside_a_failure_is_the_deployed_one_at_the_next(world, stack):
    stack.update(wanted("2"), other_fails=True, rollback=False)
    kept = stack.physical_id
    fail(world, wanted("3"))
    stack.update(wanted("2"))
    assert stack.physical_id == kept
    assert len(world.comprehend.all) == 3


def test_where_events_cannot_be_read_the_word_of_cloudformation_counts(world):
    world.stack.create(wanted())
    old = world.stack.physical_id
    fail(world, wanted("2"))
    world.faults["describe_stack_events"] = [error("ValidationError")] * 9
    world.stack.update(wanted(Timeout="901"))
    assert world.stack.physical_id == old
    assert len(world.comprehend.all) == 2


def test_after_tags_that_were_set_in_part_the_next_ones_are_set_in_full(world, stack):
    job = world.comprehend.all[0]
    job.tags["cost"] = "of somebody else"
    world.faults["tag_resource"] = [error("InvalidRequestException")]
    stack.update(wanted(tags=[{"Key": "team", "Value": "letters"}, {"Key": "new", "Value": "1"}]), rollback=False)
    assert stack.status == "UPDATE_FAILED"
    assert job.tags == {"team": "mail", "cost": "of somebody else"}
    stack.update(wanted(tags=TAGS, Timeout="901"))
    assert job.tags == {"team": "mail", "stage": "dev", "cost": "of somebody else"}
    assert len(world.comprehend.all) == 1


def test_tags_that_may_have_been_set_are_taken_away(world, stack):
    job = world.comprehend.all[0]
    world.after["tag_resource"] = [error("InvalidRequestException")]  # set, but not said so
    stack.update(wanted(tags=[*TAGS, {"Key": "new", "Value": "1"}]), rollback=False)
    assert job.tags.keys() == {"team", "stage", "new"}
    stack.update(wanted(Timeout="901"))
    assert job.tags == {"team": "mail", "stage": "dev"}


def test_fewer_rights_after_a_failure_wait_for_the_end_of_the_deployed_job(world, stack):
    world.comprehend.all[0].work = 3000
    fail(world, wanted("2", Rights="others"))
    stack.update(wanted(Rights="others", Timeout="3600"))
    assert world.comprehend.all[0].status(world.now) == "COMPLETED"
    assert world.violations == []


def test_a_rollback_puts_the_stable_jobs_tags_right_that_an_earlier_deployment_changed(world, stack):
    job = world.comprehend.all[0]
    job.tags["cost"] = "of somebody else"
    stack.update(
        wanted(tags=[{"Key": "team", "Value": "letters"}, {"Key": "new", "Value": "1"}]),
        other_fails=True,
        rollback=False,
    )
    fail(world, wanted("2", tags=[]))
    stack.roll_back()
    assert stack.physical_id == job.arn
    assert job.tags == {"team": "mail", "stage": "dev", "cost": "of somebody else"}


def test_a_rollback_leaves_tags_alone_where_events_cannot_be_read_and_the_job_is_another_resources(world, stack):
    world.create(wanted(), logical_id="Other", request_id="other")
    other = world.comprehend.all[1]
    stack._record_stack("UPDATE_ROLLBACK_IN_PROGRESS")
    world.faults["describe_stack_events"] = [error("ValidationError")] * 9
    event = world.event("Update", wanted(tags=[]), "r9", PhysicalResourceId=other.arn, OldResourceProperties=wanted())
    stack.resources["Job"].physical_id = stack.physical_id
    world.send(event)
    assert other.tags == {"team": "mail", "stage": "dev"}


def test_a_rollback_after_two_updates_that_failed_without_one_ends_at_the_last_stable_job(world, stack):
    before, old = stack.data, stack.physical_id
    stack.update(properties(RunId="2", AbandonOnDelete="true"), other_fails=True, rollback=False)
    stack.update(properties(RunId="3", AbandonOnDelete="true"), other_fails=True, rollback=False)
    stack.roll_back()
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.physical_id == old
    assert stack.data["JobArn"] == before["JobArn"]
    assert len(world.comprehend.all) == 3


def test_a_rollback_to_a_request_that_a_failed_update_had_asked_for_again_ends_at_the_last_stable_job(stack):
    stable, old = stack.props, stack.physical_id
    stack.update(properties(RunId="2"), other_fails=True, rollback=False)
    stack.update(stable | {"WaitFor": "SUBMITTED"}, other_fails=True, rollback=False)
    stack.roll_back()
    assert stack.physical_id == old


def test_an_update_that_ends_stable_after_one_that_failed_is_what_a_rollback_returns_to(stack):
    stack.update(properties(RunId="2"), other_fails=True, rollback=False)
    stack.update(properties(RunId="3"))
    wanted = stack.physical_id
    stack.update(properties(RunId="4"), other_fails=True)
    assert stack.physical_id == wanted


def test_a_rollback_to_another_job_puts_no_tags_on_the_one_that_failed(world, stack):
    stable = stack.props
    stack.update(properties(RunId="2"), other_fails=True, rollback=False)
    stack.update(stable | {"Request": request(Tags=[])}, other_fails=True, rollback=False)
    world.calls.clear()
    stack.roll_back()
    assert [operation for operation, _ in world.calls if "tag" in operation] == []


@pytest.mark.parametrize("names_new_id", [False, True])
def test_a_nested_stack_that_ended_well_and_is_rolled_back_ends_at_its_earlier_job(world, stack, names_new_id):
    old = stack.physical_id
    stack.update(wanted("2"), other_fails=True, rollback=False)
    stack._record_stack("UPDATE_COMPLETE")  # the stack that it is nested in fails later
    stack.roll_back(named=old if not names_new_id else None)
    assert stack.physical_id == old
    assert len(world.comprehend.all) == 2


@pytest.mark.parametrize("last", ["IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"])
def test_an_import_of_other_resources_is_no_deployment_of_the_job(world, stack, last):
    old = stack.physical_id
    stack._record_stack("IMPORT_IN_PROGRESS")
    stack._record_stack(last)
    stack.update(wanted("2"), other_fails=True)
    assert stack.physical_id == old
    stack.update(wanted(Timeout="901"))
    assert stack.physical_id == old
    assert len(world.comprehend.all) == 2
