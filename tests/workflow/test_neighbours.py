"""Workflows and jobs of one app that share a bucket: who would take what is meant for another is warned."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from support import CLASSIFIER_ARN, new_app

from constructs_lib import (
    ClassificationModel,
    DocumentClassificationJob,
    DocumentClassificationWorkflow,
    Documents,
    InputFormat,
    Results,
)

MODEL = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN)
HOURLY = scheduler.ScheduleExpression.rate(cdk.Duration.hours(1))


def bucket(stack):
    return stack.node.try_find_child("Shared") or s3.Bucket.from_bucket_name(stack, "Shared", "shared")


def workflow(stack, id, inbox, results=None):
    return DocumentClassificationWorkflow(
        stack,
        id,
        model=MODEL,
        documents=Documents.from_bucket(bucket(stack), inbox, input_format=InputFormat.ONE_DOC_PER_FILE),
        results=Results.to_bucket(bucket(stack), results or f"results-{id}/"),
        network_isolation=False,
        predictions_table=False,
        outputs=False,
    )


def job(stack, id, documents, results):
    return DocumentClassificationJob(
        stack,
        id,
        model=MODEL,
        documents=Documents.from_uri(f"s3://shared/{documents}", input_format=InputFormat.ONE_DOC_PER_FILE),
        results=Results.to_uri(f"s3://shared/{results}"),
    )


def warned(*constructs):
    found = [entry.data for each in constructs for entry in each.node.metadata if entry.type.endswith("warning")]
    return [str(each) for each in found if "inboxTakesFromOthers" in str(each)]


@pytest.mark.parametrize("inboxes", [("inbox/", "inbox/a/"), ("inbox/a/", "inbox/"), ("in", "inbox/")])
def test_an_inbox_in_the_inbox_of_another_is_warned_whichever_comes_first(stack, inboxes):
    (warning,) = warned(*(workflow(stack, f"W{place}", inbox) for place, inbox in enumerate(inboxes)))
    outer, inner = sorted(inboxes, key=len)
    assert f"takes whatever lies under its inbox '{outer}', so also what lies under '{inner}', the inbox of" in warning
    assert "[ack: cdk-comprehend-classification:inboxTakesFromOthers]" in warning


@pytest.mark.parametrize(
    "inboxes", [("inbox/", "inbox/"), ("inbox/", "inbox-a/"), ("a/", "b/"), ("inbox/", "batches-inbox/")]
)
def test_the_same_inbox_twice_and_inboxes_apart_are_right(stack, inboxes):
    assert warned(*(workflow(stack, f"W{place}", inbox) for place, inbox in enumerate(inboxes))) == []


def test_results_in_the_inbox_of_another_are_warned_whichever_comes_first(stack):
    found = workflow(stack, "A", "a/", "b/results/"), workflow(stack, "B", "b/", "a/results/")
    assert sorted(text.partition(" takes")[0] for text in warned(*found)) == ["Stack/A", "Stack/B"]


def test_batches_in_the_inbox_of_another_are_warned(stack):
    (warning,) = warned(workflow(stack, "A", "inbox/"), workflow(stack, "B", "batches/inbox/"))
    assert "Stack/B takes whatever lies under its inbox 'batches/inbox/'" in warning
    assert "the batches of Stack/A" in warning


@pytest.mark.parametrize("inbox", ["mails/", "other/"])
def test_documents_of_a_schedule_in_an_inbox_are_warned_of_their_own_workflow_too(stack, inbox):
    outer, scheduled = workflow(stack, "A", "mails/"), workflow(stack, "B", inbox)
    (scheduled if inbox == "other/" else outer).add_schedule("Daily", schedule=HOURLY, prefix="mails/%Y/%m/")
    assert any("under 'mails/', the documents of a schedule of" in text for text in warned(outer, scheduled))


@pytest.mark.parametrize(
    ("documents", "results", "what"), [("inbox/", "out/", "the documents"), ("docs/", "inbox/out/", "the results")]
)
def test_a_job_in_an_inbox_is_warned_whichever_comes_first(documents, results, what):
    for is_job_first in (False, True):
        stack = cdk.Stack(new_app(), "Stack")
        made = [job(stack, "Job", documents, results)] if is_job_first else []
        made.append(workflow(stack, "W", "inbox/"))
        made += [] if is_job_first else [job(stack, "Job", documents, results)]
        (warning,) = warned(*made)
        assert f"{what} of Stack/Job" in warning


def test_buckets_of_other_stacks_are_the_same_by_name_and_other_apps_are_none_of_them(stack):
    app = stack.node.root
    other, another = cdk.Stack(app, "Other"), cdk.Stack(new_app(), "Another")
    assert len(warned(workflow(stack, "A", "inbox/"), workflow(other, "B", "inbox/b/"))) == 1
    assert warned(workflow(another, "C", "inbox/c/")) == []


def test_a_prefix_that_only_the_deployment_knows_is_not_judged(stack):
    unknown = cdk.CfnParameter(stack, "Prefix").value_as_string
    assert warned(workflow(stack, "A", "inbox/"), workflow(stack, "B", "other/", unknown)) == []
