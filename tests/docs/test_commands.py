"""The commands of the pages do what the pages say, on a local AWS."""

import json
import os
import re
import subprocess

import pytest
from docs.pages import blocks
from support import ROOT

from constructs_lib.local import data


def commands(page):
    return [block.code.strip() for block in blocks("sh", page)]


DEPLOY, DEPLOY_AGAIN = commands("docs/deploying.md")
(READ,) = commands("docs/results.md")


def test_there_is_no_command_that_nothing_runs():
    assert commands("README.md") == ["make demo", "make test"]
    assert {block.page for block in blocks("sh")} == {
        "README.md",
        "docs/deploying.md",
        "docs/first-project.md",
        "docs/results.md",
    }


@pytest.fixture
def shell(local_aws, search_path, tmp_path):
    """Runs a shell block in the project folder, pointed at a local AWS."""

    def run(block, credentials=None, **variables):
        environment = {
            **os.environ,
            **local_aws.environment(credentials),
            "PATH": search_path,
            "CDK_HOME": str(tmp_path / "cdk-home"),
            "CDK_OUTDIR": str(tmp_path / "cdk.out"),
            "CDK_OUTPUTS_FILE": str(tmp_path / "outputs.json"),
            "CDK_OUTPUT": str(tmp_path / "cdk.out"),
            "CDK_REQUIRE_APPROVAL": "never",
            **variables,
        }
        environment.pop("AWS_SESSION_TOKEN", None)
        result = subprocess.run(
            ["sh", "-ec", block], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def outputs():
        (stack,) = json.loads((tmp_path / "outputs.json").read_text()).values()
        return {re.sub(r"^Pipeline|[0-9A-F]{8}$", "", name): value for name, value in stack.items()}

    run.outputs = outputs
    return run


def test_the_two_commands_that_deploy_and_the_one_that_reads_do_what_the_pages_say(local_aws, shell, tmp_path):
    arn = data.train_classifier(local_aws, ROOT / "examples" / "data" / "training.csv", name="pages")

    shell(DEPLOY, local_aws.deployer, CLASSIFIER_ARN=arn)
    first = shell.outputs()
    assert first["JobStatus"] == "SKIPPED_EMPTY_INPUT"
    assert first["JobArn"] == "NOT_STARTED"

    bucket, _, prefix = first["DocumentsUri"].removeprefix("s3://").partition("/")
    for mail in sorted((ROOT / "examples" / "data" / "documents").iterdir())[:5]:
        local_aws.client("s3").put_object(Bucket=bucket, Key=prefix + mail.name, Body=mail.read_bytes())

    shell(DEPLOY_AGAIN, local_aws.deployer, CLASSIFIER_ARN=arn)
    second = shell.outputs()
    assert second["JobArn"].startswith("arn:aws:comprehend:")
    assert second["ResultsUri"].endswith("/output/output.tar.gz")

    report = tmp_path / "report.html"
    text = shell(READ.replace("report.html", str(report)), JOB_ARN=second["JobArn"])
    assert "5 predictions" in text
    assert "Documents per class" in report.read_text(encoding="utf-8")
