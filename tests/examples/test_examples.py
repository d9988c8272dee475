"""Every example is an app that synthesizes, and makes the templates that were reviewed."""

import json
import runpy
from pathlib import Path

import aws_cdk as cdk
import pytest

from constructs_lib.testing import synthesize

ROOT = Path(__file__).parents[2]
EXAMPLES = {file.stem: file for file in (ROOT / "examples").glob("*.py")}
FLAGS = json.loads((ROOT / "cdk.json").read_text())["context"]


@pytest.fixture(scope="module", params=sorted(EXAMPLES))
def stack(request):
    """The stack of one example, with the feature flags of this project."""
    return runpy.run_path(str(EXAMPLES[request.param]))["build"](cdk.App(context=FLAGS))


def test_an_example_makes_the_reviewed_template(stack, template_snapshot):
    assert stack == template_snapshot


def test_an_example_shows_what_it_starts(stack):
    (template,) = synthesize(stack).values()
    kinds = [found["Type"] for found in template["Resources"].values()]
    starts, name = (
        ("Custom::DocumentClassificationJob", "JobArn")
        if "Custom::DocumentClassificationJob" in kinds
        else ("AWS::StepFunctions::StateMachine", "StateMachineArn")
    )
    assert starts in kinds
    assert any(name in output for output in template["Outputs"])


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_synthesizes_when_it_is_run_from_another_folder(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = runpy.run_path(str(EXAMPLES[name]), run_name="__main__")["app"]
    assert app.synth().stacks


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("upload_documents", "Custom::CDKBucketDeployment"),
        ("train_and_classify", "AWS::Comprehend::DocumentClassifier"),
    ],
)
def test_a_job_starts_after_what_it_needs(name, before):
    (template,) = synthesize(runpy.run_path(str(EXAMPLES[name]))["build"](cdk.App())).values()
    by_type = {found["Type"]: logical_id for logical_id, found in template["Resources"].items()}
    job = template["Resources"][by_type["Custom::DocumentClassificationJob"]]
    # CloudFormation waits for what is listed and for what is referred to.
    assert by_type[before] in job["DependsOn"] or {"Ref": by_type[before]} in job["Properties"]["Request"].values()
