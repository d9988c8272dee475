"""Delete always succeeds; it waits for a running job where what the job needs may go."""

import pytest
from classification_job import jobs
from handler.world import EPOCH, JOBS, LOST, NETWORK, ROOT, Crash, error, properties, request

DESCRIBE = "describe_document_classification_job"


@pytest.mark.parametrize(
    "physical_id",
    ["not-started/r1", "made-up-by-cfn", JOBS + "0" * 32, "", None, 17, "ü", "x" * 1024, "arn:aws:iam::1:role/a"],
)
@pytest.mark.parametrize("props", [properties(), {}, {"Request": 1}, None, "text"])
def test_an_id_that_names_no_job_is_deleted_at_once(world, physical_id, props):
    world.stack.status = "DELETE_IN_PROGRESS"
    before = world.now
    answer = world.send(world.event("Delete", props, PhysicalResourceId=physical_id), wait=60)
    assert answer["Status"] == "SUCCESS"
    assert world.now == before
    assert "start_document_classification_job" not in [operation for operation, _ in world.calls]


def test_a_running_job_keeps_what_it_needs_until_it_has_ended(world):
    world.stack.create(properties())
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert [job.status(world.now) for job in world.comprehend.all] == ["COMPLETED"]
    assert world.violations == []


def test_a_running_job_is_abandoned_where_that_is_wanted(world):
    world.stack.create(properties(AbandonOnDelete="true"))
    before = world.now
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.now == before
    assert [job.fails for job in world.comprehend.all] == [LOST]


def test_a_job_that_has_ended_is_deleted_at_once(world):
    world.stack.create(properties(WaitFor="COMPLETED"))
    before = world.now
    world.calls.clear()
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.now == before
    assert [operation for operation, _ in world.calls] == [DESCRIBE]


@pytest.mark.parametrize("changes", [{"RunId": "2"}, {"Request": request(JobName="other"), "Rights": "the first"}])
def test_a_job_that_a_successor_with_the_same_rights_replaces_is_not_waited_for(world, changes):
    world.stack.create(properties())
    before = world.now
    world.stack.update(properties() | changes)
    assert world.stack.status == "UPDATE_COMPLETE"
    assert world.now - before < 90
    assert len(world.comprehend.running()) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"OutputDataConfig": {"S3Uri": "s3://results/out-2/"}},
        {"InputDataConfig": {"S3Uri": "s3://documents/in/a", "InputFormat": "ONE_DOC_PER_LINE"}},
        {"DataAccessRoleArn": "arn:aws:iam::123456789012:role/other-role"},
        {"VolumeKmsKeyId": "1234abcd-12ab-34cd-56ef-1234567890ab"},
        {"VpcConfig": NETWORK},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_job_whose_successor_needs_something_else_keeps_its_rights_until_it_has_ended(world, changes):
    world.stack.create(properties())
    old = world.comprehend.all[0]
    world.stack.update(properties(request(**changes), RunId="2", Rights="the second"))
    assert world.stack.status == "UPDATE_COMPLETE"
    assert (old.status(world.now), old.fails) == ("COMPLETED", "")
    assert len(world.comprehend.running()) == 1
    cleaned = next(e for e in world.stack.history if e["ResourceStatus"] == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    assert cleaned["Timestamp"].timestamp() - EPOCH < 120  # the new job is answered for before the old one has ended
    assert world.violations == []


@pytest.mark.parametrize("results", ["s3://results/out", "s3://results/out/"])
def test_the_folder_of_a_job_is_no_other_place(world, results):
    world.stack.create(properties())
    before = world.now
    world.stack.update(properties(request(OutputDataConfig={"S3Uri": results}), RunId="2"))
    assert world.now - before < 90


def test_a_job_is_not_let_go_because_its_successor_was_skipped(world):
    world.stack.create(properties(WhenEmpty="SKIP"))
    world.s3.buckets["documents"] = {}
    world.stack.update(properties(WhenEmpty="SKIP", RunId="2"))
    assert [job.status(world.now) for job in world.comprehend.all] == ["COMPLETED"]


@pytest.mark.parametrize("names_new_id", [False, True])
def test_a_job_of_a_configuration_that_is_rolled_back_is_let_go_at_once(world, names_new_id):
    world.stack.create(properties(WaitFor="COMPLETED"))
    world.stack.rollback_names_new_id = names_new_id
    before = world.now
    world.stack.update(properties(request(OutputDataConfig={"S3Uri": "s3://results/2"}), Rights="2"), other_fails=True)
    assert world.stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert world.now - before < 90


def test_a_job_of_a_stack_that_could_not_be_created_is_let_go_at_once(world):
    before = world.now
    world.stack.create(properties(), other_fails=True)
    assert world.now - before < 90


@pytest.mark.parametrize(
    ("root", "seconds"),
    [
        ("ROLLBACK_IN_PROGRESS", 0),
        ("UPDATE_ROLLBACK_IN_PROGRESS", 0),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", 0),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", 900),
        ("DELETE_IN_PROGRESS", 900),
    ],
)
def test_a_job_of_a_nested_stack_that_goes_in_a_rollback_is_let_go_at_once(world, root, seconds):
    world.comprehend.work = 5000
    world.stack.create(properties())
    world.stack.root_status, world.stack.strict = root, False
    before = world.now
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.now - before == pytest.approx(seconds, abs=1)


def test_a_job_of_a_nested_stack_is_waited_for_where_the_outermost_stack_may_not_be_asked(world):
    world.comprehend.work = 5000
    world.stack.create(properties())
    world.stack.root_status, world.stack.strict = "ROLLBACK_IN_PROGRESS", False
    asked, describe = [], world.stack.describe_stacks

    def refused(StackName):  # noqa: N803
        if StackName == ROOT:
            asked.append(world.now)
            raise error("AccessDenied", status=403)
        return describe(StackName)

    world.stack.describe_stacks = refused
    before = world.now
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.now - before == pytest.approx(900, abs=1)
    assert 1 < len(asked) < 12


def test_waiting_ends_at_the_timeout(world):
    world.comprehend.work = 1e6
    world.stack.create(properties())
    before = world.now
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.now - before == pytest.approx(900, abs=20)


def test_waiting_goes_on_in_later_runs(world):
    world.comprehend.work = 2500
    world.stack.create(properties(Timeout="3600"))
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert [job.status(world.now) for job in world.comprehend.all] == ["COMPLETED"]
    assert world.services["lambda"].payloads


def test_waiting_ends_when_the_record_is_gone(world):
    world.stack.create(properties())
    world.comprehend.all[0].forgotten = True
    before = world.now
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.now == before


@pytest.mark.parametrize("operation", [DESCRIBE, "describe_stacks", "describe_stack_resource"])
@pytest.mark.parametrize(
    "fault", [error("AccessDenied", status=403), error("Throttling"), error("Boom", status=500), ZeroDivisionError()]
)
def test_no_fault_of_a_call_fails_a_delete(world, operation, fault):
    world.stack.create(properties())
    world.faults[operation] = [fault] * 500
    world.stack.strict = False
    assert world.stack.delete()["Status"] == "SUCCESS"


@pytest.mark.parametrize("operation", ["describe_stacks", "describe_stack_resource"])
def test_a_job_is_waited_for_where_the_stack_cannot_be_asked(world, operation):
    world.stack.create(properties())
    world.faults[operation] = [error("AccessDenied", status=403)] * 500
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.comprehend.running() == []


def test_a_delete_whose_run_crashes_is_repeated(world):
    world.stack.create(properties())
    world.faults[DESCRIBE] = [None, Crash()]
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.violations == []


@pytest.mark.parametrize("other", ["Rights", "RunId and Rights"])
def test_an_update_that_takes_rights_from_a_running_job_waits_for_its_end(world, other):
    world.stack.create(properties(RunId="1"))
    old = world.comprehend.all[0]
    world.stack.update(properties(RunId="1" if other == "Rights" else "2", Rights="the second"))
    assert world.stack.status == "UPDATE_COMPLETE"
    assert (old.status(world.now), old.fails) == ("COMPLETED", "")
    assert world.violations == []


def test_an_update_that_takes_rights_waits_until_the_timeout_and_no_longer(world):
    world.comprehend.work, world.stack.strict = 1e6, False
    world.stack.create(properties(Timeout="300"))
    before = world.now
    world.stack.update(properties(Timeout="300", Rights="the second"))
    assert world.stack.status == "UPDATE_COMPLETE"
    assert world.now - before == pytest.approx(300, abs=20)


@pytest.mark.parametrize("changes", [{"Rights": "2", "AbandonOnDelete": "true"}, {"WaitFor": "SUBMITTED"}])
def test_an_update_that_takes_nothing_or_may_abandon_the_job_does_not_wait(world, changes):
    world.stack.create(properties())
    before = world.now
    world.stack.update(properties(**changes))
    assert world.now == before
    assert world.stack.status == "UPDATE_COMPLETE"


def test_a_rollback_that_gives_rights_back_does_not_wait(world):
    world.comprehend.work = 100
    world.stack.create(properties(WaitFor="COMPLETED"))
    world.comprehend.work = 1e5
    world.stack.update(properties(RunId="2"))
    before = world.now
    world.stack.update(properties(RunId="2", Rights="2", AbandonOnDelete="true"), other_fails=True)
    assert world.stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert world.now - before < 5


def test_a_prefix_with_one_slash_more_is_another_place():
    given = request()
    first = given | {"OutputDataConfig": {"S3Uri": "s3://results/out/"}}
    second = given | {"OutputDataConfig": {"S3Uri": "s3://results/out//"}}
    views = [jobs._job({"OutputDataConfig": each["OutputDataConfig"]}, "arn", 0.0) for each in (first, second)]
    assert not views[0].has_the_needs_of(views[1])
    assert views[1].has_the_needs_of(jobs._job({"OutputDataConfig": {"S3Uri": "s3://results/out//"}}, "arn", 0.0))
