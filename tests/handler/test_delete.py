"""Delete always succeeds; it waits only where the job's network goes too."""

import pytest
from handler.world import JOBS, Crash, error, properties, request

VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
OWNED = properties(request(VpcConfig=VPC), DeleteNetworkInterfaces="true")


@pytest.mark.parametrize(
    "physical_id",
    ["not-started/r1", "made-up-by-cfn", JOBS + "0" * 32, "", None, 17, "x" * 1024, "arn:aws:iam::1:role/a"],
)
@pytest.mark.parametrize("props", [properties(), OWNED, {}, {"Request": 1}])
def test_an_id_that_names_no_job_is_deleted_at_once(world, physical_id, props):
    world.stack.status = "DELETE_IN_PROGRESS"
    answer = world.send(world.event("Delete", props, PhysicalResourceId=physical_id))
    assert answer["Status"] == "SUCCESS"
    assert "start_document_classification_job" not in [operation for operation, _ in world.calls]


def test_a_running_job_is_left_to_finish(world):
    world.stack.create(properties(request(VpcConfig=VPC)))
    before = world.now
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.now - before < 1
    assert len(world.comprehend.running()) == 1


def test_a_network_that_goes_too_is_freed_after_the_job(world):
    world.stack.create(OWNED)
    world.ec2.add("eni-1")
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.comprehend.running() == []
    assert world.ec2.interfaces == {}


def test_interfaces_of_others_stay(world):
    world.stack.create(OWNED)
    world.ec2.add("eni-lambda", job="function")
    world.ec2.add("eni-elsewhere", subnet="subnet-9")
    world.stack.delete()
    assert set(world.ec2.interfaces) == {"eni-lambda", "eni-elsewhere"}


def test_interfaces_in_use_are_waited_for_until_they_are_free(world):
    world.stack.create(OWNED)
    world.pass_time(1000)
    world.ec2.add("eni-1", status="in-use")
    world.scheduler.spawn(200, lambda: world.ec2.interfaces["eni-1"].update(Status="available"))
    before = world.now
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.ec2.interfaces == {}
    assert 200 <= world.now - before < 230


def test_interfaces_in_use_are_never_taken_away(world):
    world.stack.create(OWNED)
    world.pass_time(1000)
    world.ec2.add("eni-other-job", status="in-use")
    world.ec2.add("eni-1")
    before = world.now
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert set(world.ec2.interfaces) == {"eni-other-job"}
    assert 600 <= world.now - before < 640


def test_a_job_that_was_only_replaced_is_not_waited_for(world):
    world.stack.create(OWNED)
    before = world.now
    world.stack.update(OWNED | {"RunId": "2"})
    assert world.stack.status == "UPDATE_COMPLETE"
    assert world.now - before < 60
    assert len(world.comprehend.running()) == 2


def test_a_job_replaced_together_with_its_network_is_waited_for(world):
    world.stack.create(OWNED)
    other = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-2"]}
    old = world.comprehend.all[0]
    world.stack.update(properties(request(VpcConfig=other), DeleteNetworkInterfaces="true"))
    assert old.status(world.now) == "COMPLETED"


def test_waiting_ends_at_the_timeout(world):
    world.comprehend.work = 1e6
    world.stack.create(OWNED)
    before = world.now
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.now - before == pytest.approx(900, abs=20)


def test_waiting_goes_on_in_later_runs(world):
    world.comprehend.work = 2500
    props = properties(request(VpcConfig=VPC), DeleteNetworkInterfaces="true", Timeout="3600")
    world.stack.create(props)
    world.pass_time(30)
    world.ec2.add("eni-1")
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.ec2.interfaces == {}
    assert world.services["lambda"].payloads


@pytest.mark.parametrize(
    "operation",
    [
        "describe_document_classification_job",
        "describe_network_interfaces",
        "describe_stack_resource",
        "delete_network_interface",
    ],
)
@pytest.mark.parametrize(
    "fault", [error("UnauthorizedOperation", status=403), error("Throttling"), error("Boom", status=500)]
)
def test_no_fault_of_a_call_fails_a_delete(world, operation, fault):
    world.stack.create(OWNED)
    world.ec2.add("eni-1")
    world.ec2.add("eni-2", status="in-use")
    world.faults[operation] = [fault] * 500
    assert world.stack.delete()["Status"] == "SUCCESS"


def test_a_delete_whose_run_crashes_is_repeated(world):
    world.stack.create(OWNED)
    world.ec2.add("eni-1")
    world.faults["describe_network_interfaces"] = [Crash()]
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.ec2.interfaces == {}


def test_an_interface_that_cannot_be_removed_is_given_up_after_minutes(world):
    world.stack.create(properties(request(VpcConfig=VPC), DeleteNetworkInterfaces="true", Timeout="3600"))
    world.pass_time(1000)
    world.ec2.add("eni-1")
    world.faults["delete_network_interface"] = [error("UnauthorizedOperation", status=403)] * 500
    before = world.now
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert 600 <= world.now - before < 700


def test_a_failed_job_needs_no_wait(world):
    world.comprehend.fails = "INPUT_TOO_LARGE: too large"
    world.stack.create(OWNED)
    assert world.stack.status == "ROLLBACK_COMPLETE"
    assert world.now - world.comprehend.all[0].submitted < 60


def test_a_create_that_failed_with_a_running_job_frees_its_network_in_the_rollback(world):
    world.comprehend.work = 300
    world.stack.create(OWNED, other_fails=True)
    assert world.comprehend.running() == []


def test_a_resource_that_is_taken_out_of_the_template_frees_its_network(world):
    world.stack.create(OWNED)
    world.stack.status = "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    world.send(world.event("Delete", OWNED, PhysicalResourceId=world.stack.physical_id))
    assert world.comprehend.running() == []


def test_a_resource_that_cloudformation_no_longer_knows_frees_its_network(world):
    world.stack.create(OWNED)
    world.ec2.add("eni-1")
    world.faults["describe_stack_resource"] = [error("ValidationError", "Resource Job does not exist for stack")]
    assert world.stack.delete()["Status"] == "SUCCESS"
    assert world.ec2.interfaces == {}
