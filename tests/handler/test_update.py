"""Update: what starts a job, what re-tags one, and what a rollback leaves behind."""

import pytest
from handler.world import ACCOUNT, JOBS, Crash, error, properties, request

TAGS = [{"Key": "team", "Value": "mail"}, {"Key": "stage", "Value": "dev"}]


@pytest.fixture
def stack(world):
    world.stack.create(properties(request(Tags=TAGS), RunId="1"))
    return world.stack


def tagged(*tags, **changes):
    return properties(request(Tags=list(tags)), **({"RunId": "1"} | changes))


@pytest.mark.parametrize(
    "changed",
    [
        properties(request(Tags=TAGS), RunId="2"),
        properties(request(Tags=TAGS)),
        properties(request(Tags=TAGS, JobName="other"), RunId="1"),
        properties(
            request(Tags=TAGS, InputDataConfig={"S3Uri": "s3://documents/in/a", "InputFormat": "ONE_DOC_PER_FILE"}),
            RunId="1",
        ),
    ],
)
def test_a_changed_request_or_run_id_starts_a_job_and_replaces_the_resource(world, stack, changed):
    old = stack.physical_id
    stack.update(changed)
    assert len(world.comprehend.all) == 2
    assert stack.physical_id == world.comprehend.all[1].arn != old
    assert stack.data["JobArn"] == stack.physical_id


@pytest.mark.parametrize(
    "changed",
    [
        {"WaitFor": "COMPLETED"},
        {"Timeout": "1800"},
        {"WhenEmpty": "SKIP"},
        {"ServiceToken": "arn:aws:lambda:other"},
        {"AbandonOnDelete": "true"},
    ],
)
def test_anything_else_starts_nothing_and_keeps_the_attributes(world, stack, changed):
    before = stack.data
    stack.update(properties(request(Tags=TAGS), RunId="1", **changed))
    assert len(world.comprehend.all) == 1
    assert stack.data == before
    assert stack.status == "UPDATE_COMPLETE"


def test_changed_tags_retag_the_running_job_and_leave_those_of_others(world, stack):
    job = world.comprehend.all[0]
    job.tags["cost"] = "put there by somebody else"
    stack.update(tagged({"Key": "team", "Value": "letters"}, {"Key": "new", "Value": ""}))
    assert job.tags == {"team": "letters", "new": "", "cost": "put there by somebody else"}
    assert len(world.comprehend.all) == 1
    assert stack.physical_id == job.arn


def test_fifty_tags_can_be_changed_for_fifty_others(world, stack):
    stack.update(tagged(*({"Key": f"a{n}", "Value": "x"} for n in range(50))))
    stack.update(tagged(*({"Key": f"b{n}", "Value": "x"} for n in range(50))))
    operations = [operation for operation, _ in world.calls if operation.endswith("tag_resource")]
    assert operations == ["untag_resource", "tag_resource"] * 2


def test_a_job_whose_record_is_gone_keeps_its_attributes(world, stack):
    before = stack.data
    world.comprehend.all[0].forgotten = True
    stack.update(tagged(*TAGS, WaitFor="SUBMITTED"))
    assert stack.data == before | {"JobStatus": "UNKNOWN"}
    assert stack.data["OutputS3Uri"].startswith(f"s3://results/out/{ACCOUNT}-CLN-{before['JobId']}/")


def test_new_tags_for_a_job_whose_record_is_gone_are_no_failure(world, stack):
    world.comprehend.all[0].forgotten = True
    stack.update(tagged())
    assert stack.status == "UPDATE_COMPLETE"
    assert stack.data["JobStatus"] == "UNKNOWN"


def test_new_tags_are_set_although_the_job_cannot_be_described(world, stack):
    world.faults["describe_document_classification_job"] = [error("ThrottlingException")] * 30
    stack.update(tagged({"Key": "team", "Value": "letters"}))
    assert world.comprehend.all[0].tags == {"team": "letters"}


def test_a_tag_without_a_value_is_an_empty_one(world, stack):
    stack.update(tagged({"Key": "team"}))
    assert world.comprehend.all[0].tags == {"team": ""}


def test_an_update_that_starts_nothing_does_not_fail_when_the_job_cannot_be_described(world, stack):
    world.faults["describe_document_classification_job"] = [error("ThrottlingException")] * 30
    stack.update(tagged(*TAGS, WaitFor="SUBMITTED"))
    assert stack.status == "UPDATE_COMPLETE"
    assert stack.data["JobArn"] == world.comprehend.all[0].arn


def test_an_update_that_fails_keeps_the_old_id_and_the_rollback_starts_nothing(world, stack):
    before, old = stack.data, stack.physical_id
    world.comprehend.fails = "INPUT_TOO_LARGE: too large"
    answer = stack.update(properties(RunId="2"))
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", old)
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert (stack.data, stack.physical_id) == (before, old)
    assert len(world.comprehend.all) == 2


@pytest.mark.parametrize("names_new_id", [False, True])
@pytest.mark.parametrize("history", [0, 3])
def test_a_rollback_after_another_resource_failed_ends_at_the_earlier_job(world, stack, names_new_id, history):
    for number in range(history):
        stack.update(properties(RunId=f"before-{number}"))
    before, old = stack.data, stack.physical_id
    stack.rollback_names_new_id = names_new_id
    stack.update(properties(RunId="2"), other_fails=True)
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.physical_id == old
    assert stack.data["JobArn"] == before["JobArn"]
    assert len(world.comprehend.all) == history + 2


def test_a_rollback_after_a_rollback_still_finds_the_earlier_job(world, stack):
    old = stack.physical_id
    stack.rollback_names_new_id = True
    stack.update(properties(RunId="2"), other_fails=True)
    stack.update(properties(RunId="3"), other_fails=True)
    assert stack.physical_id == old
    assert len(world.comprehend.all) == 3


def test_a_job_deleted_by_a_rollback_without_an_update_is_not_taken_for_the_earlier_one(world):
    stack = world.stack

    def entry(status, physical_id, name="Job"):
        return {"LogicalResourceId": name, "PhysicalResourceId": physical_id, "ResourceStatus": status}

    one, two, three = (JOBS + name * 32 for name in "abc")
    stack.history = [
        entry("CREATE_COMPLETE", one),
        entry("UPDATE_IN_PROGRESS", stack.history[0]["PhysicalResourceId"], "example"),
        entry("UPDATE_COMPLETE", two),
        entry("DELETE_COMPLETE", two),
        entry("UPDATE_ROLLBACK_COMPLETE", stack.history[0]["PhysicalResourceId"], "example"),
        entry("UPDATE_IN_PROGRESS", stack.history[0]["PhysicalResourceId"], "example"),
        entry("UPDATE_COMPLETE", three),
        entry("UPDATE_ROLLBACK_IN_PROGRESS", stack.history[0]["PhysicalResourceId"], "example"),
    ]
    stack.status = "UPDATE_ROLLBACK_IN_PROGRESS"
    event = world.event("Update", properties(), PhysicalResourceId=three, OldResourceProperties=properties(RunId="3"))
    assert world.send(event)["PhysicalResourceId"] == one


def test_a_rollback_without_a_readable_history_keeps_the_id_of_the_event(world, stack):
    old = stack.physical_id
    world.comprehend.fails = "INPUT_TOO_LARGE: too large"
    world.faults["describe_stack_events"] = [error("AccessDenied", status=403)] * 99
    stack.update(properties(RunId="2"))
    assert stack.physical_id == old
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_rollback_waits_out_a_history_that_is_throttled(world, stack):
    old = stack.physical_id
    stack.rollback_names_new_id = True
    world.faults["describe_stack_events"] = [error("ThrottlingException")] * 3
    stack.update(properties(RunId="2"), other_fails=True)
    assert stack.physical_id == old


def test_a_rollback_of_tags_gives_the_job_its_earlier_tags(world, stack):
    stack.update(tagged({"Key": "team", "Value": "letters"}), other_fails=True)
    assert world.comprehend.all[0].tags == {"team": "mail", "stage": "dev"}


def test_a_rollback_to_a_skipped_job_starts_nothing(world):
    world.s3.buckets["documents"] = {}
    world.stack.create(properties(WhenEmpty="SKIP"))
    world.s3.buckets["documents"] = {"in/a.txt": 3}
    world.stack.update(properties(RunId="2"), other_fails=True)
    assert world.stack.data["JobStatus"] == "SKIPPED_EMPTY_INPUT"
    assert len(world.comprehend.all) == 1


def test_a_rollback_from_broken_properties_ends_at_the_earlier_job(world, stack):
    before = stack.data
    stack.update(properties(request(Nonsense="1")))
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.data == before
    assert len(world.comprehend.all) == 1


def test_an_update_whose_run_crashes_finds_its_job(world, stack):
    world.after["start_document_classification_job"] = [Crash()]
    stack.update(properties(RunId="2"))
    assert stack.status == "UPDATE_COMPLETE"
    assert len(world.comprehend.all) == 2


def test_an_update_starts_nothing_when_the_stack_cannot_be_asked(world, stack):
    world.faults["describe_stacks"] = [error("ValidationError", "no stack")]
    answer = stack.update(properties(RunId="2"))
    assert answer["Status"] == "FAILED"
    assert len(world.comprehend.all) == 1


def test_tags_of_a_job_that_was_never_started_are_nobodys(world):
    world.s3.buckets["documents"] = {}
    world.stack.create(properties(request(Tags=TAGS), WhenEmpty="SKIP"))
    world.stack.update(properties(request(), WhenEmpty="SKIP"))
    assert world.stack.status == "UPDATE_COMPLETE"
    assert [operation for operation, _ in world.calls if "tag" in operation] == []


@pytest.mark.usefixtures("stack")
def test_tags_of_a_job_that_is_not_the_resources_are_nobodys_to_change(world):
    world.create(properties(request(Tags=TAGS)), logical_id="Other", request_id="other")
    other = world.comprehend.all[1]
    event = world.event("Update", tagged(), "r9", PhysicalResourceId=other.arn, OldResourceProperties=tagged(*TAGS))
    world.send(event)
    assert other.tags == {"team": "mail", "stage": "dev"}


def test_a_tag_is_not_taken_away_after_its_update_was_cancelled(world, stack):
    world.faults["untag_resource"] = [error("ThrottlingException")] * 3
    world.stack.cancel_after = 15
    stack.update(tagged({"Key": "team", "Value": "mail"}))
    world.pass_time(1000)
    assert world.comprehend.all[0].tags == {"team": "mail", "stage": "dev"}


def test_a_rollback_does_not_take_another_resources_id(world, stack):
    old = stack.physical_id
    world.create(logical_id="Other", request_id="other")
    stack._append("Other", world.comprehend.all[1].arn, "CREATE_COMPLETE")
    stack._record_stack("UPDATE_COMPLETE")
    stack.rollback_names_new_id = True
    stack.update(properties(RunId="2"), other_fails=True)
    assert stack.physical_id == old
