"""The demo: what `make demo` runs, whole."""

import json
import re
import shlex
import sys

import pytest
from support import ROOT

from constructs_lib.local import command


def demo_arguments():
    """The arguments of the command in the Makefile, so that it is that command which is tested."""
    recipe = (ROOT / "Makefile").read_text().replace("\\\n", "").partition("\ndemo:")[2]
    line = next(line for line in recipe.splitlines() if "-m constructs_lib.local deploy" in line)
    return shlex.split(line.partition("-m constructs_lib.local ")[2])


@pytest.fixture(scope="module")
def demo():
    """What the demo prints."""
    printed = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr("constructs_lib.local.step_progress.Progress.say", lambda _self, text: printed.append(text))
        assert command.main(demo_arguments()) == 0
    return "\n".join(printed)


def test_the_demo_prints_the_outputs_of_the_stack(demo):
    assert re.search(
        r"JobArn\w* = arn:aws:comprehend:us-east-1:\d{12}:document-classification-job/[0-9a-f]{32}$", demo, re.MULTILINE
    )
    assert re.search(r"JobStatus\w* = COMPLETED$", demo, re.MULTILINE)


def test_the_demo_prints_a_row_a_document_and_a_bar_a_class(demo):
    assert "54 predictions from s3://" in demo
    assert len(re.findall(r"^ +mail-\d\d\.txt +[A-Z_]+ +0\.\d+$", demo, re.MULTILINE)) >= 20
    bars = re.findall(r"^ +([A-Z_]+) +(\d+) [█▏▎▍▌▋▊▉#]+$", demo, re.MULTILINE)
    assert len(bars) == 6
    assert sum(int(count) for _, count in bars) == 54


def test_the_demo_says_how_many_were_classified_rightly_and_it_is_not_all_of_them(demo):
    right, labelled = map(int, re.search(r"(\d+) of (\d+) classified as labelled", demo).groups())
    assert labelled == 54
    assert 40 <= right < labelled


def test_the_demo_says_what_it_has_shown(demo):
    made, kinds, completed, jobs = map(
        int, re.search(r"made (\d+) resources of (\d+) types(?s:.*) (\d+) of (\d+) jobs completed", demo).groups()
    )
    assert made > kinds > 10
    assert completed == jobs == 1


def test_an_app_that_starts_no_job_is_told_what_to_do(tmp_path, monkeypatch, capsys):
    (tmp_path / "cdk.json").write_text(json.dumps({"app": f"{sys.executable} app.py"}))
    (tmp_path / "app.py").write_text(
        "import aws_cdk as cdk\n"
        "app = cdk.App()\n"
        "cdk.CfnResource(cdk.Stack(app, 'Empty'), 'Handle', type='AWS::CloudFormation::WaitConditionHandle')\n"
        "app.synth()\n"
    )
    monkeypatch.chdir(tmp_path)
    assert command.main(["deploy"]) == 0
    assert "No job was started" in capsys.readouterr().out


APP = """\
import aws_cdk as cdk
from constructs_lib import ClassificationModel, DocumentClassificationPipeline, JobMilestone

app = cdk.App()
arn = {arn}
pipeline = DocumentClassificationPipeline(
    cdk.Stack(app, "Mails"),
    "Pipeline",
    model=ClassificationModel.from_classifier_arn(arn),
    wait_for=JobMilestone.COMPLETED,
)
app.synth()
"""
FIXED = "arn:aws:comprehend:us-east-1:000000000000:document-classifier/mails"


@pytest.fixture
def pipeline(tmp_path):
    """Deploy an app whose pipeline makes its own documents bucket and reads no documents from the context."""

    def run(arn, *options):
        (tmp_path / "cdk.json").write_text(json.dumps({"app": f"{sys.executable} app.py"}))
        (tmp_path / "app.py").write_text(APP.format(arn=arn))
        data = ROOT / "examples" / "data"
        arguments = ["--train", str(data / "training.csv"), "--documents", str(data / "documents"), *options]
        return command.main(["deploy", "--app", str(tmp_path), *arguments])

    return run


def test_documents_go_to_the_stacks_bucket_when_the_app_reads_no_context(pipeline, capsys, tmp_path):
    assert pipeline('app.node.try_get_context("classifier_arn")', "--log", str(tmp_path / "log.txt")) == 0
    said = capsys.readouterr().out
    assert re.search(r"Uploading \S+ to s3://\S+/documents/", said)
    assert "Deploying once more" in said
    assert "54 predictions from s3://" in said
    log = (tmp_path / "log.txt").read_text()
    assert "Deploying with the CDK CLI" in log
    assert "CREATE_COMPLETE" in log


def test_an_app_that_does_not_use_the_trained_classifier_is_told_which_key_to_read(pipeline, capsys):
    assert pipeline(repr(FIXED)) == 1
    assert 'app.node.try_get_context("classifier_arn")' in capsys.readouterr().err
