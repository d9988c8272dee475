"""The app at the root: what it makes of its context, and what it says without a model."""

import json
import os
import subprocess
import sys

import aws_cdk as cdk
import pytest
from support import CLASSIFIER_ARN, FLYWHEEL_ARN, ROOT, job_properties, new_app

sys.path.insert(0, str(ROOT))
from app import ClassificationStack


def run_app(tmp_path, **context):
    """Run app.py as the CDK CLI runs it."""
    flags = json.loads((ROOT / "cdk.json").read_text())["context"]
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        cwd=ROOT,
        env={**os.environ, "CDK_CONTEXT_JSON": json.dumps({**flags, **context}), "CDK_OUTDIR": str(tmp_path / "out")},
        capture_output=True,
        text=True,
        check=False,
    )


def template_with(**context):
    app = new_app()
    for name, value in context.items():
        app.node.set_context(name, value)
    stack = ClassificationStack(app, "DocumentClassification")
    return cdk.assertions.Template.from_stack(stack)


def test_the_template_of_the_app_is_as_reviewed(template_snapshot):
    app = new_app()
    app.node.set_context("classifier_arn", CLASSIFIER_ARN)
    assert ClassificationStack(app, "DocumentClassification") == template_snapshot


@pytest.mark.parametrize(
    "context", [{}, {"classifier_arn": ""}, {"classifier_arn": CLASSIFIER_ARN, "flywheel_arn": FLYWHEEL_ARN}]
)
def test_without_exactly_one_model_it_says_what_to_pass(context, tmp_path):
    result = run_app(tmp_path, **context)
    assert result.returncode == 1
    assert result.stderr.startswith("pass the model to classify with: -c classifier_arn=")
    assert len(result.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("out/*.template.json"))


@pytest.mark.parametrize(
    ("context", "message"),
    [
        ({"wait_for": "DONE"}, "wait_for: got 'DONE'; allowed: SUBMITTED, IN_PROGRESS, COMPLETED"),
        ({"documents": "nothing-here.txt"}, "documents: got 'nothing-here.txt'"),
        ({"documents": "s3://bucket//x", "input_format": "PAGES"}, "input_format: got 'PAGES'"),
        ({"documents": "s3://"}, "allowed: s3://<bucket>/<prefix>"),
        ({"documents": "arn:aws:s3:::bucket/in"}, "allowed: s3://<bucket>/<prefix>"),
        ({"documents": "https://bucket.s3.amazonaws.com/in"}, "allowed: s3://<bucket>/<prefix>"),
        ({"run_id": "x" * 257}, "run_id: got 'xxx"),
    ],
)
def test_context_that_cannot_work_is_one_clear_message(context, message, tmp_path):
    result = run_app(tmp_path, classifier_arn=CLASSIFIER_ARN, **context)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("scheme", ["s3", "S3"])
def test_documents_come_from_a_bucket_as_files(scheme, tmp_path):
    result = run_app(tmp_path, classifier_arn=CLASSIFIER_ARN, documents=f"{scheme}://my-bucket/in/")
    assert result.returncode == 0, result.stderr
    template = json.loads((tmp_path / "out" / "DocumentClassification.template.json").read_text())
    (job,) = [r for r in template["Resources"].values() if r["Type"] == "Custom::DocumentClassificationJob"]
    assert job["Properties"]["Request"]["InputDataConfig"] == {
        "S3Uri": "s3://my-bucket/in/",
        "InputFormat": "ONE_DOC_PER_FILE",
    }


def test_documents_come_from_a_local_file_as_lines(tmp_path):
    (tmp_path / "lines.txt").write_text("a\nb\n")
    template = template_with(flywheel_arn=FLYWHEEL_ARN, documents=str(tmp_path / "lines.txt"), run_id="7")
    properties = job_properties(template)
    assert properties["Request"]["InputDataConfig"]["InputFormat"] == "ONE_DOC_PER_LINE"
    assert properties["RunId"] == "7"
    assert not [name for name in template.find_outputs("*") if "DocumentsUri" in name]


def test_the_outputs_name_the_job_its_results_and_where_to_put_documents():
    outputs = template_with(classifier_arn=CLASSIFIER_ARN).find_outputs("*")
    for part in ("JobArn", "JobStatus", "ResultsUri", "DocumentsUri"):
        assert len([name for name in outputs if part in name]) == 1, part
