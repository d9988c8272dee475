"""Whatever an option of a workflow or of its methods is given: a problem in words, or a workflow, and nothing else.

Options and methods are those of the signatures, so that a new one is drawn without being listed here.
"""

import inspect
import itertools
from contextlib import suppress
from datetime import UTC, datetime

import aws_cdk as cdk
import hypothesis.strategies as st
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from hypothesis import HealthCheck, given, settings
from odd import FILE, MODEL, anything, odd_values
from support import new_app

from constructs_lib import (
    ClassificationModel,
    DocumentClassificationWorkflow,
    DocumentReader,
    Documents,
    Results,
    ValidationError,
)

HOURLY = scheduler.ScheduleExpression.rate(cdk.Duration.hours(1))

numbers = itertools.count()


def parameters_of(function):
    return [name for name, each in inspect.signature(function).parameters.items() if each.kind != each.VAR_KEYWORD]


def passed_on(method):
    """What the CDK takes for the options that a method passes on to it."""
    kinds = {"on": events.OnEventOptions, "metric": cloudwatch.MetricOptions}
    kind = kinds.get(method.partition("_")[0])
    return set(parameters_of(kind.__init__)) - {"self"} if kind else set()


OPTIONS = set(parameters_of(DocumentClassificationWorkflow.__init__)) - {"self", "scope", "id"}
METHODS = {
    name: (set(parameters_of(method)) | passed_on(name)) - {"self"}
    for name, method in vars(DocumentClassificationWorkflow).items()
    if inspect.isfunction(method) and not name.startswith("_")
}
VALUES = {
    (kind, name): parameters_of(getattr(kind, name))
    for kind in (ClassificationModel, Documents, Results, DocumentReader)
    for name, method in vars(kind).items()
    if isinstance(method, classmethod) and not name.startswith("_")
}


def workflow(stack, **options):
    """Define one, and take it away again: only what becomes of it is looked at."""
    id = f"Workflow{next(numbers)}"
    isolation = {} if {"network", "network_isolation"} & set(options) else {"network_isolation": False}
    try:
        return DocumentClassificationWorkflow(stack, id, **{"model": MODEL, **isolation, **options})
    finally:
        stack.node.try_remove_child(id)


def call(stack, method, option, value):
    found = stack.node.try_find_child("Called") or DocumentClassificationWorkflow(
        stack, "Called", model=MODEL, network_isolation=False
    )
    given = {"add_schedule": {"schedule": HOURLY, "prefix": "mails/%Y/"}}.get(method, {}) | {option: value}
    if "id" in METHODS[method]:
        given.setdefault("id", f"Part{next(numbers)}")
    # Those may be added once.
    for part in ("Alarms", "Dashboard"):
        found.node.try_remove_child(part)
    found._alarms = None
    getattr(found, method)(*[given.pop("actions")] if "actions" in given else (), **given)


def make(stack, kind, method, option, value):
    usual = {
        "bucket": s3.Bucket.from_bucket_name(stack, f"Bucket{next(numbers)}", "a-bucket"),
        "uri": "s3://a-bucket/a/",
        "input_format": FILE,
        "path": __file__,
        "prefix": "a/",
    }
    given = {name: usual[name] for name in VALUES[kind, method] if name in usual} | {option: value}
    made = getattr(kind, method)(*[given.pop("features")] if "features" in given else (), **given)
    if kind is DocumentReader:
        made = Documents.from_uri("s3://a-bucket/a/", input_format=FILE, reader=made)
    options = {ClassificationModel: "model", Documents: "documents", DocumentReader: "documents", Results: "results"}
    workflow(stack, **{options[kind]: made})


WAYS = {
    **{f"workflow {name}": lambda stack, value, name=name: workflow(stack, **{name: value}) for name in OPTIONS},
    **{
        f"{method} {name}": lambda stack, value, method=method, name=name: call(stack, method, name, value)
        for method, names in METHODS.items()
        for name in names
    },
    **{
        f"{kind.__name__}.{method} {name}": lambda stack, value, kind=kind, method=method, name=name: make(
            stack, kind, method, name, value
        )
        for (kind, method), names in VALUES.items()
        for name in names
    },
}


@pytest.fixture(scope="module")
def stack():
    return cdk.Stack(new_app(), "Odd", env=cdk.Environment(account="111122223333", region="us-east-1"))


@pytest.fixture(scope="module")
def odd(stack):
    return [*odd_values(stack), *odd_for_workflows(stack)]


def odd_for_workflows(stack):
    topic = sns.Topic.from_topic_arn(stack, "Topic", "arn:aws:sns:us-east-1:111122223333:topic")
    far = sns.Topic.from_topic_arn(stack, "FarTopic", "arn:aws:sns:eu-west-1:111122223333:topic")
    bus = events.EventBus.from_event_bus_arn
    number = cdk.Token.as_number({"Ref": "Number"})
    return [
        topic,
        *(kind(each) for kind in (actions.SnsAction, targets.SnsTopic) for each in (topic, far)),
        bus(stack, "Bus", "arn:aws:events:us-east-1:111122223333:event-bus/bus"),
        bus(stack, "FarBus", "arn:aws:events:eu-west-1:999988887777:event-bus/bus"),
        events.EventPattern(source=["x"]),
        events.EventPattern(),
        events.Schedule.rate(cdk.Duration.hours(1)),
        HOURLY,
        scheduler.ScheduleExpression.at(datetime(2027, 1, 1, tzinfo=UTC)),
        scheduler.ScheduleExpression.expression("whenever"),
        cdk.Duration.seconds(number),
        cdk.Duration.millis(1),
        cdk.Size.bytes(0),
        cdk.Size.bytes(number),
        cloudwatch.Unit.BYTES,
    ]


@pytest.mark.parametrize("kind", sorted({way.split()[0] for way in WAYS}))
def test_what_is_drawn_is_a_problem_in_words_or_works(kind, stack, odd):
    ways = sorted(way for way in WAYS if way.split()[0] == kind)

    @settings(
        max_examples=5 + 5 * len(ways),
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(st.sampled_from(ways), anything(odd))
    def check(way, value):
        with suppress(ValidationError):
            WAYS[way](stack, value)

    check()


def test_options_that_are_drawn_together_are_problems_in_words_or_work(stack, odd):
    @settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
    @given(st.dictionaries(st.sampled_from(sorted(OPTIONS)), anything(odd), min_size=2, max_size=5))
    def check(options):
        with suppress(ValidationError):
            workflow(stack, **options)

    check()
