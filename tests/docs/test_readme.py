"""Every code block of README.md runs, and every table that follows from the code is up to date."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT

sys.path.insert(0, str(ROOT / "docs"))
import tables

from constructs_lib.local import data, toolchain

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
SHELL = [code.strip() for language, code in BLOCKS if language == "sh"]
DEPLOY, DEPLOY_AGAIN, READ = SHELL[2:]


def test_the_tables_are_those_of_the_code():
    assert tables.with_tables(README) == README, "run: python docs/tables.py"


def test_there_is_no_block_that_nothing_runs():
    assert {language for language, _ in BLOCKS} == {"python", "sh", "text"}
    assert SHELL[:2] == ["make demo", "make test"]


@pytest.mark.parametrize("code", [code for code in PYTHON if "pytest_plugins" not in code and "def test_" not in code])
def test_a_python_block_runs(code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})  # noqa: S102 - our own README


def test_the_blocks_about_testing_make_a_test_suite_that_passes(pytester):
    conftest, test = (code for code in PYTHON if "pytest_plugins" in code or "def test_" in code)
    pytester.makeconftest(conftest)
    pytester.makepyfile(test_template=test)
    written = pytester.runpytest_inprocess("--snapshot-update", "-p", "no:cacheprovider")
    written.assert_outcomes(passed=1)
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_links_lead_somewhere():
    headings = {
        re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in headings, target
        else:
            assert (ROOT / target).exists(), target


@pytest.fixture
def shell(local_aws, tmp_path):
    """Runs a shell block in the project folder, pointed at a local AWS."""
    folder = tmp_path / "bin"
    folder.mkdir()
    cdk = folder / "cdk"
    cdk.write_text(f'#!/bin/sh\nexec {shlex.join([str(toolchain.node_binary()), str(toolchain.cdk_program())])} "$@"\n')
    cdk.chmod(0o755)

    def run(block, credentials=None, **variables):
        environment = {
            **os.environ,
            **local_aws.environment(credentials),
            "PATH": os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]]),
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


def test_the_two_commands_that_deploy_and_the_one_that_reads_do_what_the_readme_says(local_aws, shell, tmp_path):
    arn = data.train_classifier(local_aws, ROOT / "examples" / "data" / "training.csv", name="readme")

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
    assert "<svg" in report.read_text()


def test_the_api_reference_builds_without_a_warning(tmp_path):
    (line,) = [line for line in (ROOT / "Makefile").read_text().replace("\\\n", "").splitlines() if "-m pdoc" in line]
    arguments = shlex.split(line.partition("$(BIN)/python")[2].replace("build/docs", str(tmp_path)))
    # Constants that happen to equal a variable of the environment, such as a Region, would be a warning.
    environment = {**os.environ, "PDOC_DISPLAY_ENV_VARS": "1"}
    result = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "DocumentClassificationPipeline" in (tmp_path / "constructs_lib.html").read_text()
