"""Whatever an option is given, the answer is a list of problems or a definition, and nothing else."""

import dataclasses
import inspect
import itertools
from contextlib import suppress
from functools import partial

import aws_cdk as cdk
import hypothesis.strategies as st
import pytest
from constructs import Construct
from hypothesis import HealthCheck, given, settings
from odd import FILE, MODEL, anything, odd_values
from support import documents_in, new_app, results_in

import constructs_lib
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


def reading(reader):
    return lambda stack, value: Documents.from_bucket(
        bucket(stack), "in/", input_format=FILE, reader=reader(stack, value)
    )


def construct(kind, option, **others):
    return lambda stack, value: kind(stack, f"Part{next(numbers)}", **{**others, option: value})


def bucket(stack):
    return stack.node.try_find_child("Bucket")


def options_of(function):
    """What is given to a construct or a method, beside the place where it is defined."""
    return {
        name: option.kind is option.VAR_POSITIONAL
        for name, option in inspect.signature(function).parameters.items()
        if name not in {"self", "scope", "id"} and option.kind is not option.VAR_KEYWORD
    }


# Every construct, by the word that stands for it here, with what it must be given.
CONSTRUCTS = {
    "job": (DocumentClassificationJob, {}),
    "pipeline": (DocumentClassificationPipeline, {"model": MODEL, "network_isolation": False}),
    "network": (ClassificationNetwork, {}),
    "handler": (ClassificationJobHandler, {}),
    "role": (DataAccessRole, {}),
    "bucket": (PrivateBucket, {}),
}


def ways_of_constructs():
    for word, (kind, required) in CONSTRUCTS.items():
        for name in options_of(kind.__init__):
            others = {**required, "network_isolation": True} if required and name == "network" else required
            if kind is DocumentClassificationJob:
                yield f"{word} {name}", lambda stack, value, name=name: job(stack, **{name: value})
            else:
                yield f"{word} {name}", construct(kind, name, **others)


# Every value, with what its methods must be given.
VALUES = {
    Documents: {"bucket": bucket, "prefix": "in/", "uri": "s3://a-bucket/in/", "path": __file__, "input_format": FILE},
    Results: {"bucket": bucket, "prefix": "out/", "uri": "s3://a-bucket/out/"},
    ClassificationModel: {},
    DocumentReader: {},
}


def methods_of(kind):
    return [name for name, member in vars(kind).items() if isinstance(member, classmethod) and name[0] != "_"]


def made(kind, method, option, is_list):
    """A value that a method makes of an odd value of one option."""
    make = getattr(kind, method)

    def value_of(stack, value):
        required = {
            name: value_for(stack) if callable(value_for) else value_for
            for name, value_for in VALUES[kind].items()
            if name in options_of(make) and inspect.signature(make).parameters[name].default is inspect.Parameter.empty
        }
        return make(value) if is_list else make(**{**required, option: value})

    return value_of


def ways_of_values():
    for kind in VALUES:
        for method in methods_of(kind):
            for option, is_list in options_of(getattr(kind, method)).items():
                value = made(kind, method, option, is_list)
                taken_by = {Documents: "documents", Results: "results", ClassificationModel: "model"}.get(kind)
                if taken_by is None:
                    value, taken_by = reading(value), "documents"
                if method == "in_new_bucket":
                    way = partial(new_bucket, taken_by, value)
                else:
                    way = partial(given_to_job, taken_by, value)
                yield f"{kind.__name__}.{method} {option}", way


def given_to_job(option, make, stack, value):
    job(stack, **{option: make(stack, value)})


def new_bucket(option, make, stack, value):
    construct(DocumentClassificationPipeline, option, model=MODEL, network_isolation=False)(stack, make(stack, value))


WAYS = {
    **dict(ways_of_constructs()),
    **dict(ways_of_values()),
    "tag key": lambda stack, value: job(stack, tags={value: "x"} if _is_hashable(value) else {0: "x"}),
    "tag value": lambda stack, value: job(stack, tags={"x": value}),
    **{
        f"job {name}": (lambda stack, value, name=name: getattr(job(stack), name)(value))
        for name in ("grant_describe", "grant_read_results")
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


# Options of constructs, and what values of the library are made of.
OPTIONS = sorted(name for name in WAYS if "grant" not in name)


@pytest.mark.parametrize("kind", sorted({name.split()[0] for name in OPTIONS}))
def test_what_is_drawn_is_a_problem_in_words_or_works(kind, stack, odd):
    ways = [name for name in OPTIONS if name.split()[0] == kind]

    @settings(max_examples=10 + 5 * len(ways), suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(ways), anything(odd))
    def check(way, value):
        with suppress(ValidationError):
            WAYS[way](stack, value)

    check()


# Methods that other parts of the library call.
INNER = {"add_job", "bind", "data_access_policy", "keep_log", "prerequisites", "tag_problems"}


def test_no_construct_value_or_method_is_forgotten():
    kinds = [kind for kind in vars(constructs_lib).values() if isinstance(kind, type)]
    values = {kind for kind in kinds if dataclasses.is_dataclass(kind)}
    parts = {kind for kind in kinds if issubclass(kind, Construct)} - {DocumentClassificationWorkflow}
    assert values == set(VALUES)
    assert parts == {kind for kind, _ in CONSTRUCTS.values()}
    methods = {
        f"{word} {name}" if set(options_of(member)) == {"grantee"} else f"{name} {option}"
        for word, (kind, _) in CONSTRUCTS.items()
        for name, member in vars(kind).items()
        if inspect.isfunction(member) and name[0] != "_" and name not in INNER
        for option in options_of(member)
    }
    assert methods <= set(WAYS)


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
