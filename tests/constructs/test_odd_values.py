"""Whatever an option is given, the answer is a list of problems or a definition, and nothing else."""

import itertools
from contextlib import suppress

import aws_cdk as cdk
import hypothesis.strategies as st
import pytest
from aws_cdk import aws_scheduler as scheduler
from hypothesis import HealthCheck, given, settings
from odd import FILE, MODEL, anything, odd_values
from support import documents_in, new_app, results_in

from constructs_lib import (
    ClassificationJobHandler,
    ClassificationModel,
    ClassificationNetwork,
    DataAccessRole,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    DocumentClassificationWorkflow,
    DocumentReader,
    Documents,
    PrivateBucket,
    Results,
    ValidationError,
)

HOURLY = scheduler.ScheduleExpression.rate(cdk.Duration.hours(1))


@pytest.fixture(scope="session")
def stack():
    return cdk.Stack(new_app(), "Odd", env=cdk.Environment(account="111122223333", region="us-east-1"))


@pytest.fixture(scope="session")
def odd(stack):
    return odd_values(stack)


numbers = itertools.count()


def job(stack, **options):
    given = {"model": MODEL, "documents": documents_in(stack), "results": results_in(stack), **options}
    return DocumentClassificationJob(stack, f"Job{next(numbers)}", **given)


def workflow(stack):
    made = stack.node.try_find_child("Workflow")
    return made or DocumentClassificationWorkflow(stack, "Workflow", model=MODEL, network_isolation=False)


def add_alarms(stack, *actions, **options):
    """Alarms are added once."""
    workflow(stack).node.try_remove_child("Alarms")
    return workflow(stack).add_alarms(*actions, **options)


def add_schedule(stack, **options):
    given = {"schedule": HOURLY, "prefix": "mails/%Y/", **options}
    return workflow(stack).add_schedule(f"Schedule{next(numbers)}", **given)


def with_documents(make):
    return lambda stack, value: job(stack, documents=make(stack, value))


def with_results(make):
    return lambda stack, value: job(stack, results=make(stack, value))


def construct(kind, option, **others):
    return lambda stack, value: kind(stack, f"Part{next(numbers)}", **{**others, option: value})


def bucket(stack):
    return stack.node.try_find_child("Bucket")


JOB_OPTIONS = (
    "model",
    "documents",
    "results",
    "data_access_role",
    "volume_encryption_key",
    "network",
    "job_name",
    "tags",
    "run_id",
    "wait_for",
    "timeout",
    "when_empty",
    "abandon_on_delete",
    "handler",
)
PIPELINE_OPTIONS = (
    "encryption_key",
    "network_isolation",
    "access_logs_bucket",
    "removal_policy",
    "outputs",
    "documents",
    "results",
    "when_empty",
)
HANDLER_OPTIONS = (
    "runtime",
    "architecture",
    "memory_size",
    "log_group",
    "log_retention",
    "removal_policy",
    "vpc",
    "vpc_subnets",
    "security_groups",
    "environment",
    "environment_encryption",
    "role",
)
WORKFLOW_OPTIONS = (
    "model",
    "documents",
    "results",
    "schedule",
    "run_on_upload",
    "max_documents",
    "max_input_size",
    "timeout",
    "predictions_table",
    "event_bus",
    "encryption_key",
    "volume_encryption_key",
    "data_access_role",
    "network",
    "network_isolation",
    "access_logs_bucket",
    "removal_policy",
    "outputs",
    "job_name",
    "tags",
)
WAYS = {
    **{f"job {name}": (lambda stack, value, name=name: job(stack, **{name: value})) for name in JOB_OPTIONS},
    **{
        f"pipeline {name}": construct(DocumentClassificationPipeline, name, model=MODEL, network_isolation=False)
        for name in PIPELINE_OPTIONS
    },
    **{
        f"network {name}": construct(ClassificationNetwork, name)
        for name in ("vpc", "vpc_subnets", "security_groups", "max_azs", "cidr", "removal_policy")
    },
    **{f"handler {name}": construct(ClassificationJobHandler, name) for name in HANDLER_OPTIONS},
    **{f"role {name}": construct(DataAccessRole, name) for name in ("role_name", "permissions_boundary")},
    **{
        f"bucket {name}": construct(PrivateBucket, name)
        for name in ("encryption_key", "access_logs_bucket", "removal_policy", "lifecycle_rules")
    },
    "from_bucket bucket": with_documents(lambda stack, value: Documents.from_bucket(value, input_format=FILE)),
    "from_bucket prefix": with_documents(
        lambda stack, value: Documents.from_bucket(bucket(stack), value, input_format=FILE)
    ),
    "from_bucket input_format": with_documents(
        lambda stack, value: Documents.from_bucket(bucket(stack), "in/", input_format=value)
    ),
    "from_bucket reader": with_documents(
        lambda stack, value: Documents.from_bucket(bucket(stack), "in/", input_format=FILE, reader=value)
    ),
    "from_uri uri": with_documents(lambda stack, value: Documents.from_uri(value, input_format=FILE)),
    "from_asset path": with_documents(lambda stack, value: Documents.from_asset(value)),
    "from_asset encryption_key": with_documents(
        lambda stack, value: Documents.from_asset(__file__, encryption_key=value)
    ),
    "from_asset input_format": with_documents(lambda stack, value: Documents.from_asset(__file__, input_format=value)),
    "in_new_bucket prefix": lambda stack, value: construct(
        DocumentClassificationPipeline, "documents", model=MODEL, network_isolation=False
    )(stack, Documents.in_new_bucket(value)),
    "in_new_bucket lifecycle_rules": lambda stack, value: construct(
        DocumentClassificationPipeline, "documents", model=MODEL, network_isolation=False
    )(stack, Documents.in_new_bucket(lifecycle_rules=value)),
    "results in_new_bucket prefix": lambda stack, value: construct(
        DocumentClassificationPipeline, "results", model=MODEL, network_isolation=False
    )(stack, Results.in_new_bucket(value)),
    "detect_text mode": with_documents(
        lambda stack, value: Documents.from_bucket(
            bucket(stack), "in/", input_format=FILE, reader=DocumentReader.detect_text(value)
        )
    ),
    "analyze features": with_documents(
        lambda stack, value: Documents.from_bucket(
            bucket(stack), "in/", input_format=FILE, reader=DocumentReader.analyze(value)
        )
    ),
    "to_bucket bucket": with_results(lambda stack, value: Results.to_bucket(value, "out/")),
    "to_bucket prefix": with_results(lambda stack, value: Results.to_bucket(bucket(stack), value)),
    "to_bucket encryption_key": with_results(
        lambda stack, value: Results.to_bucket(bucket(stack), "out/", encryption_key=value)
    ),
    "to_uri uri": with_results(lambda stack, value: Results.to_uri(value)),
    **{
        f"model {name}": (lambda stack, value, name=name: job(stack, model=getattr(ClassificationModel, name)(value)))
        for name in ("from_classifier_arn", "from_flywheel_arn", "from_classifier", "from_flywheel")
    },
    "tag key": lambda stack, value: job(stack, tags={value: "x"} if _is_hashable(value) else {0: "x"}),
    "tag value": lambda stack, value: job(stack, tags={"x": value}),
    **{
        f"workflow {name}": construct(
            DocumentClassificationWorkflow, name, model=MODEL, network_isolation=name == "network"
        )
        for name in WORKFLOW_OPTIONS
    },
    **{
        f"job {name}": (lambda stack, value, name=name: getattr(job(stack), name)(value))
        for name in ("grant_describe", "grant_read_results")
    },
    **{
        f"workflow {name}": (lambda stack, value, name=name: getattr(workflow(stack), name)(value))
        for name in ("grant_start", "grant_read_predictions")
    },
    **{
        f"add_schedule {name}": (lambda stack, value, name=name: add_schedule(stack, **{name: value}))
        for name in ("schedule", "prefix", "offset")
    },
    **{
        f"{method} {name}": (
            lambda stack, value, method=method, name=name: getattr(workflow(stack), method)(
                f"Rule{next(numbers)}", **{name: value}
            )
        )
        for method in ("on_completed", "on_failed", "on_state_change")
        for name in ("target", "description", "event_pattern", "rule_name")
    },
    "add_alarms actions": add_alarms,
    "add_alarms max_age": lambda stack, value: add_alarms(stack, max_age=value),
    **{
        f"{method} {name}": (
            lambda stack, value, method=method, name=name: getattr(workflow(stack), method)(**{name: value})
        )
        for method in ("metric_runs_succeeded", "metric_runs_failed", "metric_documents")
        for name in ("period", "statistic", "label", "unit", "dimensions_map")
    },
}


def _is_hashable(value):
    try:
        hash(value)
    except TypeError:
        return False
    return True


@pytest.mark.parametrize("way", WAYS)
def test_an_odd_value_is_a_problem_in_words_or_works(way, stack, odd):
    strange = []
    for value in odd:
        try:
            WAYS[way](stack, value)
        except ValidationError:
            pass
        except Exception as error:  # noqa: BLE001 - what must not be
            strange.append((repr(value)[:80], type(error).__name__, str(error)[:200]))
    assert not strange


# Options of constructs, and what values of the library are made of; workflows take longest and share these checks.
OPTIONS = sorted(name for name in WAYS if name.split()[0] != "workflow" and "grant" not in name)


@pytest.mark.parametrize("kind", sorted({name.split()[0] for name in OPTIONS}))
def test_what_is_drawn_is_a_problem_in_words_or_works(kind, stack, odd):
    ways = [name for name in OPTIONS if name.split()[0] == kind]

    @settings(max_examples=10 + 5 * len(ways), suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(ways), anything(odd))
    def check(way, value):
        with suppress(ValidationError):
            WAYS[way](stack, value)

    check()


def test_values_are_made_by_their_methods_only():
    for value in (ClassificationModel, DocumentReader, Documents, Results):
        with pytest.raises(ValidationError, match="made by its methods only; use "):
            value()
        with pytest.raises(ValidationError):
            value("x", prefix="y")


def test_what_is_refused_defines_nothing(stack):
    documents_in(stack), results_in(stack)
    before = len(stack.node.find_all())
    for way in ("job model", "pipeline network_isolation", "network cidr", "handler memory_size", "role role_name"):
        with pytest.raises(ValidationError):
            WAYS[way](stack, object())
    assert len(stack.node.find_all()) == before
