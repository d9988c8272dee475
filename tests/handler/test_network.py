"""When a network goes, the service's interfaces in it are removed, but never from under a running job."""

import pytest
from botocore import xform_name
from botocore.session import get_session
from classification_job.network_use import ALL
from handler.world import NETWORK, Crash, Resource, error, network_properties, properties, request

VPC = network_properties(NETWORK)
IN_NETWORK = properties(request(VpcConfig=NETWORK))
OTHER = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-2"]}


@pytest.fixture
def gone(world):
    """Delete a network; the seconds that it took."""

    def delete(props=None):
        before = world.now
        event = world.event("Delete", props or VPC, logical_id="Network", PhysicalResourceId="network-interfaces/1")
        assert world.send(event)["Status"] == "SUCCESS"
        assert world.violations == []
        return world.now - before

    return delete


def make(world, kind, props, **more):
    world.pass_time(1)
    return world.send(world.event(kind, props, logical_id="Network", **more), wait=60)


def test_a_network_is_named_after_its_subnets_and_groups(world):
    one = make(world, "Create", VPC)
    swapped = VPC | {"SubnetIds": ["b", "a"]}
    ordered = VPC | {"SubnetIds": ["a", "b"]}
    ids = [
        make(world, "Update", props, PhysicalResourceId="x")["PhysicalResourceId"] for props in (VPC, ordered, swapped)
    ]
    assert one["Status"] == "SUCCESS"
    assert ids[0] == one["PhysicalResourceId"]
    assert ids[1] == ids[2] != ids[0]
    assert world.calls == []


@pytest.mark.parametrize("props", [None, "text", {}, VPC | {"SubnetIds": []}, VPC | {"SecurityGroupIds": "sg-1"}])
def test_a_network_without_subnets_or_groups_cannot_be_made_and_goes_at_once(world, props):
    assert "SubnetIds and SecurityGroupIds" in make(world, "Create", props)["Reason"]
    assert make(world, "Delete", props, PhysicalResourceId="x")["Status"] == "SUCCESS"
    assert world.calls == []


def test_a_network_that_nothing_uses_goes_at_once(gone):
    assert gone() == 0


@pytest.mark.parametrize("leaves", [None, "available", "in-use"])
def test_a_network_waits_for_its_jobs_and_removes_what_they_leave(world, gone, leaves):
    world.comprehend.leaves = leaves
    world.create(IN_NETWORK)
    world.ec2.add("eni-old")
    assert 300 < gone() < 560
    assert world.ec2.interfaces == {}


def test_a_network_waits_for_a_job_of_another_stack(world, gone):
    world.create(properties(request(VpcConfig=NETWORK, JobName="other")), logical_id="Other")
    gone()
    assert world.comprehend.running() == []


@pytest.mark.parametrize("elsewhere", [OTHER, {"SecurityGroupIds": ["sg-2"], "Subnets": ["subnet-1"]}])
def test_jobs_elsewhere_are_not_waited_for(world, gone, elsewhere):
    world.create(properties(request(VpcConfig=elsewhere)))
    assert gone() == 0


def test_more_jobs_than_a_page_are_looked_through(world, gone):
    world.comprehend.page = 1
    for number in range(3):
        world.create(properties(request(JobName=str(number))), request_id=f"r{number}")
    world.create(IN_NETWORK, request_id="r4")
    assert gone() > 300


def test_interfaces_that_stay_attached_without_a_job_are_detached_after_a_minute(world, gone):
    world.ec2.add("eni-1", status="in-use")
    assert gone() == 60 + 15 + 15  # detached, deleted, gone
    assert world.ec2.detached == ["eni-1"]
    assert world.ec2.interfaces == {}


def test_interfaces_that_become_free_are_deleted_and_not_detached(world, gone):
    world.ec2.add("eni-1", status="in-use")
    world.scheduler.spawn(40, lambda: world.ec2.interfaces["eni-1"].update(Status="available"))
    gone()
    assert world.ec2.detached == []
    assert world.ec2.interfaces == {}


def test_interfaces_of_others_stay(world, gone):
    world.ec2.add("eni-lambda", session="function")
    world.ec2.add("eni-elsewhere", subnet="subnet-9")
    world.ec2.add("eni-other-group", group="sg-9")
    assert gone() == 0
    assert set(world.ec2.interfaces) == {"eni-lambda", "eni-elsewhere", "eni-other-group"}


@pytest.mark.parametrize("operation", ["delete_network_interface", "detach_network_interface"])
def test_an_interface_that_cannot_be_removed_is_given_up_after_minutes(world, gone, operation):
    world.ec2.add("eni-1", status="in-use" if operation.startswith("detach") else "available")
    world.faults[operation] = [error("UnauthorizedOperation", status=403)] * 500
    assert 600 <= gone() < 630
    assert "eni-1" in world.ec2.interfaces


@pytest.mark.parametrize(
    "operation",
    ["list_document_classification_jobs", "describe_network_interfaces", "delete_network_interface"],
)
@pytest.mark.parametrize(
    "fault",
    [error("UnauthorizedOperation", status=403), error("Throttling"), error("Boom", status=500), ZeroDivisionError()],
)
def test_no_fault_of_a_call_fails_the_delete_of_a_network(world, gone, operation, fault):
    world.ec2.add("eni-1")
    world.ec2.add("eni-2", status="in-use")
    world.faults[operation] = [fault] * 500
    assert gone() < 3600


@pytest.mark.parametrize("listing", ["list_document_classification_jobs", "list_topics_detection_jobs"])
def test_nothing_is_detached_where_jobs_or_other_work_cannot_be_seen(world, gone, listing):
    world.ec2.add("eni-1")
    world.ec2.add("eni-2", status="in-use")
    world.faults[listing] = [error("AccessDenied", status=403)] * 500
    gone()
    assert world.ec2.detached == []
    assert set(world.ec2.interfaces) == {"eni-2"}


@pytest.mark.parametrize(
    ("kind", "status"),
    [(kind, status) for kind in ALL[1:] for status in kind.active],
    ids=lambda value: getattr(value, "operation", value),
)
def test_other_work_of_the_service_keeps_its_interfaces(world, gone, kind, status):
    world.ec2.add("eni-1", status="in-use")
    world.ec2.add("eni-2")  # made, and not attached yet
    world.comprehend.others = [(kind.operation, kind.records, status, NETWORK)]
    world.scheduler.spawn(2000, world.comprehend.others.clear)
    assert 2060 < gone() <= 2110
    assert world.ec2.interfaces == {}


def test_other_work_elsewhere_or_that_has_ended_is_not_waited_for(world, gone):
    world.ec2.add("eni-1", status="in-use")
    training = ALL[1]
    world.comprehend.others = [
        (training.operation, training.records, "TRAINING", OTHER),
        (training.operation, training.records, "TRAINED", NETWORK),
    ]
    assert gone() < 100
    assert world.ec2.interfaces == {}


def test_all_work_that_may_use_a_network_is_looked_at():
    model = get_session().get_service_model("comprehend")
    known = {xform_name(operation): model.operation_model(operation) for operation in model.operation_names}
    listed = {
        (name, records)
        for name, operation in known.items()
        if name.startswith("list_")
        for records, shape in operation.output_shape.members.items()
        if shape.type_name == "list" and "VpcConfig" in getattr(shape.member, "members", {})
    }
    assert {(kind.operation, kind.records) for kind in ALL} == listed
    for kind in ALL:
        states = known[kind.operation].input_shape.members["Filter"].members[kind.status].enum
        assert set(kind.active) <= set(states)
        assert {"COMPLETED", "FAILED", "STOPPED", "IN_ERROR", "TRAINED", "DELETING"} | set(kind.active) >= {
            state for state in states if state != "TRAINED_WITH_WARNING"
        }


def test_a_delete_whose_run_crashes_is_repeated(world, gone):
    world.ec2.add("eni-1")
    world.faults["describe_network_interfaces"] = [Crash()]
    gone()
    assert world.ec2.interfaces == {}


def test_interfaces_are_detached_by_a_chain_of_short_runs(world, gone):
    world.life = 30
    world.ec2.add("eni-1", status="in-use")
    gone()
    assert world.ec2.interfaces == {}
    assert world.services["lambda"].payloads


@pytest.mark.parametrize("status", ["available", "in-use"])
def test_many_interfaces_and_slow_answers_take_several_short_runs_none_of_which_is_ended(world, gone, status):
    world.life, world.latency = 60, 2
    for number in range(40):
        world.ec2.add(f"eni-{number}", status=status)
    gone()
    assert world.ec2.interfaces == {}
    assert len(world.services["lambda"].payloads) > 1


def test_a_look_that_takes_longer_than_a_run_is_finished_by_the_next_one(world, gone):
    world.life = 60
    world.random.random = lambda: 1.0  # three seconds before what is asked too often is asked again
    for kind in ALL:
        world.faults[kind.operation] = [error("Throttling"), None] * 500
    world.ec2.add("eni-1", status="in-use")
    gone()
    assert world.ec2.interfaces == {}


@pytest.mark.parametrize("network", [None, OTHER], ids=["dropped", "replaced"])
def test_an_update_that_takes_the_network_away_frees_it(world, network):
    world.comprehend.leaves = "in-use"
    world.stack.create(IN_NETWORK, network=NETWORK)
    more = {"VpcConfig": network} if network else {}
    world.stack.update(properties(request(**more), Rights="2"), network=network)
    assert world.stack.status == "UPDATE_COMPLETE"
    assert world.ec2.left(NETWORK) == []
    assert world.violations == []


def test_a_create_that_is_cancelled_in_a_network_of_its_own_leaves_nothing_behind(world):
    world.comprehend.leaves, world.stack.cancel_after = "available", 35
    world.comprehend.queue = 100
    assert world.stack.create(IN_NETWORK, network=NETWORK) is None
    assert len(world.comprehend.all) == 1
    assert world.ec2.left(NETWORK) == []
    assert world.violations == []


@pytest.mark.parametrize(
    ("successor", "waits"),
    [
        ("subnet-1,subnet-2/sg-1", False),
        ("subnet-1/sg-1,sg-2", False),
        ("subnet-1,subnet-2/sg-1,sg-2", False),
        ("subnet-1,subnet-2/sg-2", True),
        ("subnet-2/sg-1,sg-2", True),
    ],
)
def test_a_network_that_only_grows_is_not_waited_for(world, successor, waits):
    world.ec2.add("eni-1", status="in-use")
    world.stack.resources["Network"] = Resource("UPDATE_COMPLETE", 0.0, f"network-interfaces/{successor}")
    event = world.event("Delete", VPC, logical_id="Network", PhysicalResourceId="network-interfaces/subnet-1/sg-1")
    before = world.now
    assert world.send(event)["Status"] == "SUCCESS"
    assert (world.now - before > 60) == waits


def test_an_interface_that_a_running_job_has_not_attached_yet_is_left_to_it(world):
    world.comprehend.work = 300
    world.stack.create(IN_NETWORK)
    world.ec2.add("eni-9", status="available")
    event = world.event("Delete", VPC, logical_id="Network", PhysicalResourceId="network-interfaces/x/y")
    world.invoke(event)
    world.pass_time(100)
    assert "eni-9" in world.ec2.interfaces
    world.pass_time(900)
    assert world.ec2.interfaces == {}
