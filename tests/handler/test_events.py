"""What is not CloudFormation's is refused; what is hostile ends as a clear failure with nothing started."""

import copy

import pytest
from handler.world import properties, request


@pytest.mark.parametrize(
    "event",
    [
        None,
        [],
        "text",
        {},
        {"detail": {"source": "aws.s3"}},
        {"HandOver": {}},
        {"HandOver": None, "Event": {}},
        {"HandOver": []},
    ],
)
def test_an_event_of_somebody_else_is_refused(world, event):
    world.invoke(event, retries=0)
    world.pass_time(10)
    assert "Not an event of CloudFormation" in str(world.outcomes[0])
    assert (world.calls, world.answers) == ([], {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ResponseURL", "http://answers.example/"),
        ("ResponseURL", "file:///etc/passwd"),
        ("ResponseURL", "https://answers.example/a b\nX-Injected: 1"),
        ("ResponseURL", None),
        ("StackId", ""),
        ("StackId", "x" * 300),
        ("RequestId", ""),
        ("RequestId", {"a": 1}),
        ("LogicalResourceId", "x" * 300),
        ("PhysicalResourceId", "x" * 1025),
        ("PhysicalResourceId", "ü"),
        ("RequestType", "Destroy"),
        ("RequestType", None),
        ("RequestType", ["Create"]),
    ],
)
def test_an_event_that_cannot_be_answered_is_refused_by_name_and_without_its_content(world, name, value):
    world.invoke(world.event("Create", properties()) | {name: value}, retries=0)
    world.pass_time(10)
    message = str(world.outcomes[0])
    assert name in message
    assert "SECRET" not in message
    assert (world.calls, world.answers) == ([], {})


def changed(path, value):
    props = copy.deepcopy(properties(request(VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["s-1"]})))
    *parents, last = path
    place = props
    for parent in parents:
        place = place[parent]
    place[last] = value
    return props


MISSING = object()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["Request"], "text"),
        (["Request"], None),
        (["Request"], []),
        (["Request", "__class__"], "x"),
        (["Request", "DataAccessRoleArn"], 17),
        (["Request", "DataAccessRoleArn"], ""),
        (["Request", "InputDataConfig"], "s3://documents/in/"),
        (["Request", "InputDataConfig", "S3Uri"], {"Ref": "Bucket"}),
        (["Request", "InputDataConfig", "Extra"], "x"),
        (["Request", "OutputDataConfig", "KmsKeyId"], ["key"]),
        (["Request", "VpcConfig", "Subnets"], "subnet-1"),
        (["Request", "VpcConfig", "Subnets"], [["subnet-1"]]),
        (["Request", "Tags"], {"team": "mail"}),
        (["Request", "Tags"], [{"Value": "mail"}]),
        (["WaitFor"], "FOREVER"),
        (["Timeout"], "90000"),
        (["Timeout"], "0"),
        (["Timeout"], True),
        (["Timeout"], "-1"),
        (["ServiceTimeout"], "soon"),
        (["WhenEmpty"], ""),
        (["DeleteNetworkInterfaces"], True),
        (["Extra"], "x"),
    ],
)
def test_a_hostile_property_fails_by_name_and_starts_nothing(world, path, value):
    event = world.event("Create", changed(path, value))
    answer = world.send(event, wait=60)
    assert answer["Status"] == "FAILED"
    assert answer["PhysicalResourceId"] == "not-started/r1"
    assert path[-1].strip("_") in answer["Reason"] or "Request" in answer["Reason"]
    assert len(answer["Reason"]) < 2500
    assert world.calls == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["Request", "ClientRequestToken"], "mine"),
        (["Request", "DataAccessRoleArn"], "x" * 100_000),
        (["Request", "InputDataConfig", "InputFormat"], "ONE_DOC_PER_PAGE"),
        (["Request", "InputDataConfig", "S3Uri"], "documents/in"),
        (["Request", "InputDataConfig", "S3Uri"], "s3://documents/in" + "x" * 2000),
        (["Request", "VpcConfig", "Subnets"], ["s"] * 10_000),
    ],
)
def test_what_the_sdk_lets_pass_starts_nothing_either(world, path, value):
    answer = world.send(world.event("Create", changed(path, value)), wait=60)
    assert answer["Status"] == "FAILED"
    assert path[-1] in answer["Reason"] or "No document" in answer["Reason"]
    assert world.comprehend.all == []


@pytest.mark.parametrize("value", [None, "text", ["Request"]])
def test_an_event_without_properties_is_answered(world, value):
    answer = world.send(world.event("Create", properties()) | {"ResourceProperties": value}, wait=60)
    assert answer["Status"] == "FAILED"
    assert "ResourceProperties" in answer["Reason"]
    assert world.calls == []


def test_every_problem_is_named_at_once(world):
    answer = world.create(properties(request(JobName="", DataAccessRoleArn=1), WhenEmpty="MAYBE"))
    assert all(name in answer["Reason"] for name in ("JobName", "DataAccessRoleArn", "WhenEmpty"))


@pytest.mark.parametrize("old", [None, "text", {}, {"Request": None}, {"Request": {"Tags": 7}}, {"Request": []}])
def test_old_properties_can_be_anything(world, old):
    created = world.create()
    event = world.event(
        "Update", properties(), "r2", PhysicalResourceId=created["PhysicalResourceId"], OldResourceProperties=old
    )
    assert world.send(event)["Status"] == "SUCCESS"


def test_a_number_that_arrives_as_a_number_is_taken(world):
    answer = world.send(world.event("Create", properties(Timeout=900, ServiceTimeout=1020)))
    assert answer["Status"] == "SUCCESS"
