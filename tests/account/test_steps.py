"""Every scenario and every fact on the local AWS: once as it is, once with a fault that it must notice."""

import re
import secrets

import pytest
from local.by_api import ByApi

from account import cleanup
from account.bench import Run
from account.catalogue import STEPS
from account.command import LOCAL_PACE, LOCAL_QUOTA
from account.faults import FAULTS, faulty
from account.runner import LOCAL_SETTINGS, run_all, slowness
from account.step import Fact, Kind

pytestmark = pytest.mark.usefixtures("behaving_aws")

# What the local AWS cannot show; each says why.
ONLY_ON_AWS = {"textract-by-role", "textract-by-caller", "response-url-host", "records", "longest-job", "least-price"}
HERE = [step for step in STEPS if step.id not in ONLY_ON_AWS]


@pytest.fixture(scope="module")
def runs(local_aws, trained_classifier, tmp_path_factory):
    """Runs whose traces are gone afterwards, whatever their steps found: one for all facts, as the command has it."""
    made = []
    aws = ByApi(local_aws)
    options = {"local": True, "slowness": slowness(local_aws), "scratch": tmp_path_factory.mktemp("synthesized")}

    def new():
        made.append(Run(aws, secrets.token_hex(4), LOCAL_PACE, LOCAL_QUOTA, trained_classifier, **options))
        return made[-1]

    before = local_aws.configure()
    yield new
    local_aws.configure(**LOCAL_SETTINGS)
    left = [cleanup.clean(run, lambda _: None) for run in made]
    local_aws.configure(**before)
    assert left == [[] for _ in made]


@pytest.fixture(scope="module")
def shared_run(runs):
    return runs()


@pytest.fixture
def run_of(runs, shared_run):
    """The run for a step: scenarios make what there is one of in a run, those of workflows share one."""
    return lambda step: shared_run if isinstance(step, Fact) or step.id.startswith("workflow") else runs()


def result_of(run, step):
    found = {}
    run_all(run, [step], found, lambda _: None)
    return found[step.id]


# What takes long is played once, with its fault: that finds the one thing that is wrong, and so all else as assumed.
@pytest.mark.parametrize("step", [step for step in HERE if not step.on_demand], ids=lambda step: step.id)
def test_it_is_as_assumed(run_of, step):
    result = result_of(run_of(step), step)
    assert result.verdict.kind is Kind.AS_ASSUMED, f"{result.verdict}\n{result.trace}"


@pytest.mark.parametrize("step", HERE, ids=lambda step: step.id)
def test_a_fault_is_noticed(run_of, step):
    result = result_of(run_of(step), faulty(step))
    assert result.verdict.kind is Kind.DIFFERS, f"{FAULTS[step.id].what}: {result.verdict}\n{result.trace}"
    assert re.search(FAULTS[step.id].noticed, result.verdict.detail), result.verdict.detail
    assert bool(result.touches) == isinstance(step, Fact)


@pytest.mark.parametrize("step", [step for step in STEPS if step.id in ONLY_ON_AWS], ids=lambda step: step.id)
def test_what_only_aws_can_show_is_not_measured_and_says_why(run_of, step):
    result = result_of(run_of(step), step)
    assert result.verdict.kind is Kind.NOT_MEASURED
    assert result.verdict.detail
    assert not result.trace


def test_each_step_has_a_fault():
    assert FAULTS.keys() == {step.id for step in HERE}
    assert len({step.id for step in STEPS}) == len(STEPS)
