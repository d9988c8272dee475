"""The steps of a stack's operations, as CloudFormation takes them: statuses, clean-up, cancelling, exports."""

from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from local.bench import events, until


def seen(bench):
    found = [(event["LogicalResourceId"], event["RequestType"], event["Seen"]) for event in events(bench)]
    return [(name, kind, what["ResourceStatus"], what["StackStatus"]) for name, kind, what in found]


def of_stack(bench):
    return [
        event["ResourceStatus"] for event in bench.history() if event["ResourceType"] == "AWS::CloudFormation::Stack"
    ]


def record(bench, logical_id):
    detail = bench.client("cloudformation").describe_stack_resource(
        StackName=f"{bench.name}-stack", LogicalResourceId=logical_id
    )
    return detail["StackResourceDetail"]


# --- Statuses -------------------------------------------------------------------------------------------------------


def test_a_function_sees_its_resource_and_its_stack_in_progress_in_every_phase(bench, resource):
    bench.create_stack({"One": resource(Id="a")})
    bench.update_stack({"One": resource(Id="b"), "Two": resource()})
    bench.update_stack({"One": resource(Id="b")})
    bench.delete_stack()
    assert seen(bench) == [
        ("One", "Create", "CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS"),
        ("One", "Update", "UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"),
        ("Two", "Create", "CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"),
        ("One", "Delete", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),  # of the successor
        ("Two", "Delete", "DELETE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("One", "Delete", "DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS"),
    ]
    assert events(bench)[3]["Seen"]["PhysicalResourceId"] == "b"


def test_the_status_is_not_younger_than_the_request_to_the_second(bench, resource):
    bench.create_stack({"One": resource(Id="a")})
    bench.update_stack({"One": resource(Id="b")})
    for event in events(bench)[:2]:
        signed = datetime.fromisoformat(parse_qs(urlsplit(event["ResponseURL"]).query)["X-Amz-Date"][0])
        assert datetime.fromisoformat(event["Seen"]["LastUpdatedTimestamp"]).replace(microsecond=0) <= signed


def test_what_an_update_leaves_alone_has_no_event_and_keeps_its_time(bench, resource):
    bench.create_stack({"One": resource(), "Two": resource(Text="a")})
    before, count = record(bench, "One"), len(bench.history())
    bench.update_stack({"One": resource(), "Two": resource(Text="b")})
    after = record(bench, "One")
    assert (after["ResourceStatus"], after["LastUpdatedTimestamp"]) == (
        "CREATE_COMPLETE",
        before["LastUpdatedTimestamp"],
    )
    assert {event["LogicalResourceId"] for event in bench.history()[count:]} == {"Two", f"{bench.name}-stack"}


def test_a_rollback_is_seen_in_the_status_of_the_stack_by_every_request(bench, resource):
    bench.create_stack({"One": resource(Id="a")})
    bench.update_stack({"One": resource(Id="b"), "Two": resource(Create="FAILED")})
    assert of_stack(bench)[2:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]
    assert {status for _, kind, _, status in seen(bench) if kind == "Delete"} == {
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
    }
    assert record(bench, "One")["PhysicalResourceId"] == "a"


# --- Clean-up -------------------------------------------------------------------------------------------------------


def test_clean_up_deletes_what_depended_before_what_it_depended_on(bench, resource):
    """A replaced resource, between two removed ones that it depended on and that depended on it."""

    def stack(middle, *, ends):
        last = {"Last": {**resource(), "DependsOn": "Middle"}} if ends else {}
        first = {"First": resource()} if ends else {}
        return {**first, "Middle": {**resource(Id=middle), **({"DependsOn": "First"} if ends else {})}, **last}

    bench.create_stack(stack("old", ends=True))
    assert bench.update_stack(stack("new", ends=False)) == "UPDATE_COMPLETE"
    assert [(name, kind) for name, kind, _, _ in seen(bench)][3:] == [
        ("Middle", "Update"),
        ("Last", "Delete"),
        ("Middle", "Delete"),
        ("First", "Delete"),
    ]
    assert of_stack(bench)[-3:] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"]


def test_a_delete_that_fails_in_clean_up_does_not_fail_the_update_and_is_tried_again(bench, resource):
    bench.create_stack({"One": resource(), "Two": resource(Delete="FAILED")})
    assert bench.update_stack({"One": resource()}) == "UPDATE_COMPLETE"
    assert record(bench, "Two")["ResourceStatus"] == "DELETE_FAILED"
    assert bench.delete_stack() == "DELETE_FAILED"
    assert [kind for name, kind, _, _ in seen(bench) if name == "Two"] == ["Create", "Delete", "Delete"]


# --- Cancelling -----------------------------------------------------------------------------------------------------


def waiting(bench, count):
    return until(lambda: events(bench), lambda found: len(found) >= count)


def test_a_cancelled_create_is_deleted_under_an_id_of_cloudformations_own(bench, resource):
    bench.create_stack({"One": resource(Id="one")})
    bench.begin("update_stack", {"One": resource(Id="one"), "Two": resource(Create="SILENT", Id="never said")})
    waiting(bench, 2)
    bench.client("cloudformation").cancel_update_stack(StackName=f"{bench.name}-stack")
    assert bench.settled(f"{bench.name}-stack") == "UPDATE_ROLLBACK_COMPLETE"
    deleted = events(bench)[-1]
    assert deleted["RequestType"] == "Delete"
    assert deleted["PhysicalResourceId"].startswith(f"{bench.name}-stack-Two-")
    assert "Resource creation cancelled" in bench.reasons()
    (rollback,) = [e for e in bench.history() if e["ResourceStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS"]
    assert rollback["ResourceStatusReason"] == "User Initiated"


def test_a_cancelled_update_is_sent_back(bench, resource):
    bench.create_stack({"One": resource(Id="one")})
    bench.begin("update_stack", {"One": resource(Id="one", Update="SILENT")})
    waiting(bench, 2)
    bench.client("cloudformation").cancel_update_stack(StackName=f"{bench.name}-stack")
    assert bench.settled(f"{bench.name}-stack") == "UPDATE_ROLLBACK_COMPLETE"
    assert [kind for _, kind, _, _ in seen(bench)] == ["Create", "Update", "Update"]
    assert "Resource update cancelled" in bench.reasons()


def test_a_stack_deleted_while_it_is_created_creates_nothing_more(bench, resource):
    silent = resource(Create="SILENT")
    bench.begin("create_stack", {"One": silent, "Two": {**resource(), "DependsOn": "One"}})
    waiting(bench, 1)
    assert bench.delete_stack() == "DELETE_COMPLETE"
    assert [(name, kind) for name, kind, _, _ in seen(bench)] == [("One", "Create"), ("One", "Delete")]


# --- Exports --------------------------------------------------------------------------------------------------------


@pytest.fixture
def exported(bench):
    """A stack whose export another stack imports; updates it to another value, or to none."""
    name = f"{bench.name}:value"

    def parameter(value):
        return {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}}

    def outputs(value):
        return {"V": {"Value": value, "Export": {"Name": name}}}

    bench.create_stack(parameter("a"), outputs("a"))
    assert bench.create_stack(parameter({"Fn::ImportValue": name}), suffix="importer") == "CREATE_COMPLETE"
    return lambda value: bench.update_stack(parameter(value or "z"), outputs(value) if value else None)


@pytest.mark.parametrize(("value", "verb"), [("b", "updated"), (None, "deleted")])
def test_an_export_in_use_is_not_changed_and_the_update_rolls_back(bench, exported, value, verb):
    assert exported(value) == "UPDATE_ROLLBACK_COMPLETE"
    said = f"Export {bench.name}:value cannot be {verb} as it is in use by {bench.name}-importer"
    (rollback,) = [e for e in bench.history() if e["ResourceStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS"]
    assert rollback["ResourceStatusReason"] == said
    assert bench.stack()["Outputs"][0]["OutputValue"] == "a"


@pytest.mark.usefixtures("exported")
def test_a_stack_whose_export_is_in_use_stays_and_says_why(bench):
    assert bench.delete_stack() == "CREATE_COMPLETE"
    said = f"Export {bench.name}:value cannot be deleted as it is in use by {bench.name}-importer"
    assert bench.stack()["StackStatusReason"] == said


def test_an_export_is_free_when_nobody_imports_it_any_longer(bench, exported):
    assert bench.delete_stack("importer") == "DELETE_COMPLETE"
    assert exported("b") == "UPDATE_COMPLETE"
    assert exported(None) == "UPDATE_COMPLETE"
    listed = bench.client("cloudformation").get_paginator("list_exports").paginate()
    assert f"{bench.name}:value" not in [export["Name"] for page in listed for export in page["Exports"]]
    assert bench.delete_stack() == "DELETE_COMPLETE"


@pytest.mark.usefixtures("exported")
def test_a_name_is_exported_once(bench):
    one = {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}}}
    again = {"V": {"Value": "x", "Export": {"Name": f"{bench.name}:value"}}}
    assert bench.create_stack(one, again, suffix="second") == "ROLLBACK_COMPLETE"
    assert f"already exported by stack {bench.name}-stack" in bench.reasons("second")
