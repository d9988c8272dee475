"""The app at the root: what it makes of its context, and what it says without a model."""

import json
import subprocess
import sys

import aws_cdk as cdk
import pytest
from support import CLASSIFIER_ARN, FLYWHEEL_ARN, ROOT, job_properties, new_app

sys.path.insert(0, str(ROOT))
import app


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs the app here, with a context as the CDK CLI gives it one; its cloud assembly is in `out`."""

    def main(**context):
        made = app_with(context, outdir=str(tmp_path / "out"))
        with monkeypatch.context() as patch:
            patch.setattr(cdk, "App", lambda: made)
            app.main()

    return main


def app_with(context, **options):
    made = new_app(**options)
    for name, value in context.items():
        made.node.set_context(name, value)
    return made


def template_with(**context):
    stack = app.ClassificationStack(app_with(context), "DocumentClassification")
    return cdk.assertions.Template.from_stack(stack)


def test_the_template_of_the_app_is_as_reviewed(template_snapshot):
    made = app_with({"classifier_arn": CLASSIFIER_ARN})
    assert app.ClassificationStack(made, "DocumentClassification") == template_snapshot


def test_a_problem_is_one_line_on_standard_error_and_a_failure_for_the_shell():
    result = subprocess.run([sys.executable, str(ROOT / "app.py")], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("pass the model to classify with: -c classifier_arn=")
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "context", [{}, {"classifier_arn": ""}, {"classifier_arn": CLASSIFIER_ARN, "flywheel_arn": FLYWHEEL_ARN}]
)
def test_without_exactly_one_model_it_says_what_to_pass(run, context, tmp_path):
    with pytest.raises(SystemExit, match=r"^pass the model to classify with: -c classifier_arn="):
        run(**context)
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
def test_context_that_cannot_work_is_one_clear_message(run, context, message):
    with pytest.raises(SystemExit) as ended:
        run(classifier_arn=CLASSIFIER_ARN, **context)
    assert message in ended.value.code


@pytest.mark.parametrize("scheme", ["s3", "S3"])
def test_documents_come_from_a_bucket_as_files(run, scheme, tmp_path):
    run(classifier_arn=CLASSIFIER_ARN, documents=f"{scheme}://my-bucket/in/")
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
