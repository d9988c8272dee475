"""CloudFormation as it treats custom resources, and how the CDK CLI learns of the end of an operation."""

import json
import time
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from local.bench import events


def kinds(bench):
    return [event["RequestType"] for event in events(bench)]


def test_a_create_that_fails_is_followed_by_the_delete_of_its_id(bench, resource):
    assert bench.create_stack({"One": resource(Create="FAILED", Id="half-made")}) == "ROLLBACK_COMPLETE"
    created, deleted = events(bench)
    assert (created["RequestType"], deleted["RequestType"]) == ("Create", "Delete")
    assert deleted["PhysicalResourceId"] == "half-made"
    assert deleted["Seen"]["StackStatus"] == "ROLLBACK_IN_PROGRESS"
    assert "Received response status [FAILED] from custom resource. Message returned: on purpose" in bench.reasons()


def test_an_events_url_says_when_it_was_made_as_on_aws(bench, resource):
    assert bench.create_stack({"One": resource()}) == "CREATE_COMPLETE"
    (created,) = events(bench)
    signed = parse_qs(urlsplit(created["ResponseURL"]).query)["X-Amz-Date"][0]
    assert abs(datetime.fromisoformat(signed).timestamp() - time.time()) < 60


def test_a_create_that_never_answers_fails_after_its_service_timeout_and_is_deleted(bench, resource):
    assert bench.create_stack({"One": resource(Create="SILENT", ServiceTimeout=1)}) == "ROLLBACK_COMPLETE"
    assert kinds(bench) == ["Create", "Delete"]
    assert events(bench)[1]["PhysicalResourceId"].startswith(f"{bench.name}-stack-One-")
    assert "did not receive a response" in bench.reasons()


def test_a_function_that_raises_is_called_again_twice_with_the_same_request(bench, resource):
    assert bench.create_stack({"One": resource(Create="RAISE_TWICE")}) == "CREATE_COMPLETE"
    assert len({event["RequestId"] for event in events(bench)}) == 1
    assert kinds(bench) == ["Create"] * 3


def test_a_function_may_hand_over_to_a_run_of_its_own(bench, resource):
    assert bench.create_stack({"One": resource(Create="RELAY")}) == "CREATE_COMPLETE"
    assert kinds(bench) == ["Create"] * 2


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("LONG", "Response object is too long."),
        ("GARBAGE", "Status must be SUCCESS or FAILED"),
        ("NO_ID", "Invalid PhysicalResourceId"),
    ],
)
def test_an_answer_that_breaks_the_protocol_fails_the_stack(bench, resource, how, said):
    assert bench.create_stack({"One": resource(Create=how)}) == "ROLLBACK_COMPLETE"
    assert said in bench.reasons()


def test_scalars_reach_the_function_as_strings(bench, resource):
    assert bench.create_stack({"One": resource(Flag=True, Count=3, Deep=[{"Off": False}])}) == "CREATE_COMPLETE"
    properties = events(bench)[0]["ResourceProperties"]
    assert (properties["Flag"], properties["Count"], properties["Deep"]) == ("true", "3", [{"Off": "false"}])


def test_another_id_in_an_update_is_a_replacement_and_the_old_one_is_deleted(bench, resource):
    bench.create_stack({"One": resource(Id="first")})
    assert bench.update_stack({"One": resource(Id="second")}) == "UPDATE_COMPLETE"
    assert kinds(bench) == ["Create", "Update", "Delete"]
    assert events(bench)[2]["PhysicalResourceId"] == "first"


def test_an_update_that_fails_is_sent_back_while_the_stack_says_that_it_rolls_back(bench, resource):
    bench.create_stack({"One": resource(Id="one")})
    assert bench.update_stack({"One": resource(Id="one", Update="FAILED")}) == "UPDATE_ROLLBACK_COMPLETE"
    failed, back = events(bench)[1:]
    assert (failed["Seen"]["StackStatus"], back["Seen"]["StackStatus"]) == (
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
    )
    assert back["ResourceProperties"] == failed["OldResourceProperties"]
    assert back["Seen"]["PhysicalResourceId"] == "one"
    assert back["Seen"]["Events"] > failed["Seen"]["Events"]


def test_another_service_token_is_refused_and_nothing_is_sent(bench, resource, function):
    bench.create_stack({"One": resource()})
    changed = {"One": resource(ServiceToken=function.replace(":recorder", ":other"))}
    assert bench.update_stack(changed) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Modifying service token is not allowed." in bench.reasons()
    assert kinds(bench) == ["Create"]


def test_the_cdk_cli_is_answered_when_the_operation_ends_and_others_at_once(bench, resource):
    cloudformation = bench.client("cloudformation")
    cli = boto3.client(
        "cloudformation",
        endpoint_url=bench.aws.endpoint_url,
        verify=str(bench.aws.ca_bundle),
        aws_access_key_id=bench.aws.endpoint.root["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=bench.aws.endpoint.root["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=None,
        config=Config(user_agent_extra="aws-cdk/2"),
    )
    template = json.dumps({"Resources": {"One": resource(Create="SILENT", ServiceTimeout=1)}})
    name = f"{bench.name}-stack"
    cloudformation.create_stack(StackName=name, TemplateBody=template)
    begun = time.monotonic()
    assert bench.stack()["StackStatus"] == "CREATE_IN_PROGRESS"
    assert time.monotonic() - begun < 0.9
    assert cli.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    cli.close()
