"""What is not CloudFormation's is refused; what is hostile ends as a clear failure with nothing started."""

import copy

import pytest
from botocore.session import get_session
from classification_job import event
from classification_job.job_errors import NotAnEventError
from handler.world import ACCOUNT, ANSWERS, FUNCTION, STACK, properties, request


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
        ("ResponseURL", f"http://{ANSWERS}/"),
        ("ResponseURL", "file:///etc/passwd"),
        ("ResponseURL", f"https://{ANSWERS}/a b\nX-Injected: 1"),
        ("ResponseURL", None),
        ("ResponseURL", "https://answers.example/SECRET"),
        ("ResponseURL", f"https://answers.example/{ANSWERS}/SECRET"),
        ("ResponseURL", f"https://{ANSWERS}.answers.example/SECRET"),
        ("ResponseURL", f"https://SECRET@{ANSWERS}/"),
        ("ResponseURL", f"https://{ANSWERS}:8443/SECRET"),
        ("ResponseURL", "https://127.0.0.1:4566/SECRET"),
        ("ResponseURL", "https://[SECRET/"),
        ("ResponseURL", "https://my-cloudformation-custom-resource-response-useast1.s3.amazonaws.com/SECRET"),
        ("ResponseURL", "https://cloudformation-custom-resource-response-mine.s3.amazonaws.com/SECRET"),
        ("ResponseURL", "https://cloudformation-custom-resource-response-uswest2.s3.amazonaws.com/SECRET"),
        ("ResponseURL", "https://cloudformation-custom-resource-response-useast1.amazonaws.com/SECRET"),
        ("ResponseURL", "https://cloudformation-custom-resource-response-useast1.s3.mine.amazonaws.com/SECRET"),
        ("StackId", "arn:aws:cloudformation:us-east-1:999999999999:stack/example/1"),
        ("StackId", "arn:aws:cloudformation:us-west-2:123456789012:stack/example/1"),
        ("StackId", "arn:aws-cn:cloudformation:us-east-1:123456789012:stack/example/1"),
        ("StackId", "example"),
        ("StackId", ""),
        ("StackId", "x" * 300),
        ("RequestId", ""),
        ("RequestId", {"a": 1}),
        ("LogicalResourceId", "x" * 300),
    ],
)
def test_an_event_that_cannot_be_answered_is_refused_by_name_and_without_its_content(world, name, value):
    world.invoke(world.event("Create", properties()) | {name: value}, retries=0)
    world.pass_time(10)
    message = str(world.outcomes[0])
    assert name in message
    assert "SECRET" not in message
    assert (world.calls, world.answers) == ([], {})


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "us-east-1", "useast1.s3.amazonaws.com"),
        ("aws", "us-east-1", "useast1.s3.us-east-1.amazonaws.com"),
        ("aws", "eu-west-1", "euwest1.s3-eu-west-1.amazonaws.com"),
        ("aws", "eu-west-1", "euwest1.s3.dualstack.eu-west-1.amazonaws.com"),
        ("aws", "ap-southeast-3", "apsoutheast3.s3.ap-southeast-3.amazonaws.com"),
        ("aws-us-gov", "us-gov-west-1", "usgovwest1.s3.us-gov-west-1.amazonaws.com"),
        ("aws-cn", "cn-north-1", "cnnorth1.s3.cn-north-1.amazonaws.com.cn"),
        ("aws-iso", "us-iso-east-1", "usisoeast1.s3.us-iso-east-1.c2s.ic.gov"),
        ("aws-iso-b", "us-isob-east-1", "usisobeast1.s3.us-isob-east-1.sc2s.sgov.gov"),
        ("aws-eusc", "eusc-de-east-1", "euscdeeast1.s3.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_cloudformations_own_buckets_are_answered_in_every_partition(partition, region, host):
    stack = f"arn:{partition}:cloudformation:{region}:{ACCOUNT}:stack/example/1"
    url = f"https://cloudformation-custom-resource-response-{host}/arn%3A?X-Amz-Date=20261126T004600Z&X-Amz-Signature=1"
    ids = {"StackId": stack, "RequestId": "r", "LogicalResourceId": "Job", "ResponseURL": url}
    read = event.parse(ids, f"arn:{partition}:lambda:{region}:{ACCOUNT}:function:jobs")
    assert read.response_url == url
    assert read.made == 1795653960


def partitions():
    """Each partition that the SDK knows: its name, a Region of it, and where its services are."""
    for each in get_session().get_component("data_loader").load_data("endpoints")["partitions"]:
        for region in list(each["regions"])[:1]:
            yield pytest.param(each["partition"], region, each["dnsSuffix"], id=each["partition"])


@pytest.mark.parametrize(("partition", "region", "suffix"), list(partitions()))
def test_the_bucket_is_looked_for_where_the_sdk_knows_the_partitions_services(partition, region, suffix):
    stack = f"arn:{partition}:cloudformation:{region}:{ACCOUNT}:stack/example/1"
    ids = {"StackId": stack, "RequestId": "r", "LogicalResourceId": "Job"}
    bucket = f"https://cloudformation-custom-resource-response-{region.replace('-', '')}.s3.{region}"
    function = f"arn:{partition}:lambda:{region}:{ACCOUNT}:function:jobs"
    assert event.parse(ids | {"ResponseURL": f"{bucket}.{suffix}/"}, function).made is None
    other = "amazonaws.com" if suffix != "amazonaws.com" else "amazonaws.com.cn"
    with pytest.raises(NotAnEventError, match="ResponseURL"):
        event.parse(ids | {"ResponseURL": f"{bucket}.{other}/"}, function)


def test_other_hosts_are_answered_where_the_configuration_names_them(world, monkeypatch):
    monkeypatch.setenv("RESPONSE_URL_HOSTS", "localhost:1,127.0.0.1:4566")
    given = world.event("Delete", {}) | {"ResponseURL": "https://127.0.0.1:4566/x"}
    assert event.parse(given, FUNCTION).response_url == "https://127.0.0.1:4566/x"
    for url in ("http://127.0.0.1:4566/x", "https://127.0.0.1/x", "https://127.0.0.1:45661/x"):
        with pytest.raises(NotAnEventError, match="ResponseURL"):
            event.parse(given | {"ResponseURL": url}, FUNCTION)


def test_only_the_functions_own_stack_is_served(world, monkeypatch):
    monkeypatch.setenv("STACK_ID", STACK)
    assert event.parse(world.event("Delete", {}), "").stack_id == STACK
    with pytest.raises(NotAnEventError, match="StackId"):
        event.parse(world.event("Delete", {}) | {"StackId": STACK + "2"}, FUNCTION)


@pytest.mark.parametrize("kind", ["Destroy", None, ["Create"], "create"])
def test_a_request_that_is_not_known_is_answered(world, kind):
    answer = world.send(world.event("Create", properties()) | {"RequestType": kind}, wait=60)
    assert answer["Status"] == "FAILED"
    assert "Create, Update or Delete" in answer["Reason"]
    assert world.calls == []


def test_a_resource_type_that_is_not_known_is_answered(world):
    answer = world.send(world.event("Create", properties()) | {"ResourceType": "Custom::Other"}, wait=60)
    assert "Custom::Other" in answer["Reason"]
    assert "Custom::DocumentClassificationJob" in answer["Reason"]
    assert world.calls == []


@pytest.mark.parametrize("date", ["20261399T999999Z", "20260230T000000Z", "00000000T000000Z", "x", ""])
def test_an_impossible_date_is_none(world, date):
    given = world.event("Create", properties())
    given["ResponseURL"] = given["ResponseURL"].partition("?")[0] + f"?X-Amz-Date={date}&X-Amz-Signature=SECRET"
    assert event.parse(given, FUNCTION).made is None
    assert world.send(given, wait=60)["Status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Timeout": "0"}, "Timeout='0': 1 to 3600 (seconds)"),
        ({"ServiceTimeout": "soon"}, "ServiceTimeout='soon': 1 to 3600 (seconds)"),
        ({"Extra": "x"}, "Extra: not known; allowed: AbandonOnDelete, Request, Rights,"),
        ({"WaitFor": "FOREVER"}, "WaitFor='FOREVER': SUBMITTED or IN_PROGRESS or COMPLETED"),
        ({"WhenEmpty": None}, "WhenEmpty=None: FAIL or SKIP"),
        ({"AbandonOnDelete": "false"}, "AbandonOnDelete='false': true, or left out"),
        ({"Rights": "x" * 65}, "text of at most 64 characters"),
        ({"RunId": 7}, "RunId=7: text of at most 256 characters"),
    ],
)
def test_what_is_wrong_is_said_in_words(world, changes, words):
    reason = world.send(world.event("Create", properties(**changes)), wait=60)["Reason"]
    assert words in reason
    assert not set(reason) & set("\\^$*?")


def changed(path, value):
    props = copy.deepcopy(properties(request(VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["s-1"]})))
    *parents, last = path
    place = props
    for parent in parents:
        place = place[parent]
    place[last] = value
    return props


MISSING = ...


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
        (["Timeout"], "٣٠٠"),
        (["Timeout"], "0"),
        (["Timeout"], True),
        (["Timeout"], "-1"),
        (["ServiceTimeout"], "soon"),
        (["WhenEmpty"], ""),
        (["AbandonOnDelete"], True),
        (["Rights"], ["s3:GetObject"]),
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


@pytest.mark.parametrize(
    "host",
    [
        "us-east-1.s3.amazonaws.com",
        "u-seast1.s3.amazonaws.com",
        "uswest2.s3.amazonaws.com",
        "useast1.s3.us-west-2.amazonaws.com",
        "useast1.s3.amazonaws.com.cn",
        "useast1.s3.cn-north-1.amazonaws.com.cn",
        "useast1.s3.us-east-1.amazonaws.eu",
        "useast1.s3.us-east-1.c2s.ic.gov",
        "useast1.s3.amazonaws.com:8443",
        "useast1.s3.amazonaws.com.example.com",
        "useast1-mine.s3.amazonaws.com",
    ],
)
def test_a_bucket_that_anybody_may_register_is_not_answered(world, host):
    given = world.event("Create", properties())
    given["ResponseURL"] = f"https://cloudformation-custom-resource-response-{host}/x"
    with pytest.raises(NotAnEventError, match="ResponseURL"):
        event.parse(given, FUNCTION)


def test_a_client_token_in_the_request_is_refused_in_words(world):
    answer = world.create(properties(request(ClientRequestToken="mine")))
    assert "Request.ClientRequestToken: follows from the event" in answer["Reason"]
    assert world.comprehend.all == []
