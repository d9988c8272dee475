"""The command: what it refuses, and that nothing it started outlives it."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from local.bench import until

from constructs_lib.local import MissingExtraError, assembly, command, require_extra

APP = """\
import json, os, pathlib
out = pathlib.Path(os.environ["CDK_OUTDIR"])
out.joinpath("Mail.template.json").write_text(json.dumps({"Resources": RESOURCES}))
stack = {
    "type": "aws:cloudformation:stack",
    "environment": "aws://unknown-account/unknown-region",
    "properties": {"templateFile": "Mail.template.json"},
}
out.joinpath("manifest.json").write_text(json.dumps({"version": "36.0.0", "artifacts": {"Mail": stack}}))
"""


@pytest.fixture
def app(tmp_path):
    """A folder with a CDK app that writes its cloud assembly by hand, so that it needs no Node."""

    def write(resources):
        tmp_path.joinpath("cdk.json").write_text(json.dumps({"app": f"{sys.executable} app.py"}))
        tmp_path.joinpath("app.py").write_text(APP.replace("RESOURCES", json.dumps(resources)))
        return str(tmp_path)

    return write


@pytest.fixture
def refused(capsys, monkeypatch, tmp_path_factory):
    """Run the command, which has to fail and leave nothing behind; what it said on standard error."""
    folder = tmp_path_factory.mktemp("run")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))

    def run(*arguments):
        assert command.main(arguments) == 1
        assert list(folder.iterdir()) == []
        assert processes_of(folder) == []
        return capsys.readouterr().err

    return run


def test_a_folder_without_an_app_is_refused(refused, tmp_path):
    assert "There is no cdk.json in" in refused("deploy", "--app", str(tmp_path))


def test_a_document_that_is_not_there_is_refused_before_anything_starts(refused, app, tmp_path):
    said = refused("deploy", "--app", app({}), "--documents", str(tmp_path / "missing.txt"))
    assert said.strip() == f"{tmp_path / 'missing.txt'} cannot be read: No such file or directory."


def test_a_folder_without_documents_is_refused(refused, app, tmp_path):
    tmp_path.joinpath("empty").mkdir()
    assert "holds no files" in refused("deploy", "--app", app({}), "--documents", str(tmp_path / "empty"))


def test_labels_that_cannot_be_read_are_refused(refused, app, tmp_path):
    assert "missing.csv" in refused("deploy", "--app", app({}), "--labels", str(tmp_path / "missing.csv"))


def test_a_port_in_use_is_refused(refused, app):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused("deploy", "--app", app({}), "--port", str(port))
    assert f"Port {port} of 127.0.0.1 cannot be used" in said


@pytest.mark.parametrize("wrong", [["--port", "70000"], ["--context", "novalue"], ["--unknown"]])
def test_options_that_make_no_sense_are_refused(capsys, wrong):
    with pytest.raises(SystemExit) as error:
        command.main(["deploy", *wrong])
    assert error.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_broken_app_is_reported_with_what_it_said(refused, app, tmp_path):
    folder = app({})
    tmp_path.joinpath("app.py").write_text("raise SystemExit('this app is broken')")
    assert "this app is broken" in refused("deploy", "--app", folder)


def test_what_cannot_work_locally_is_named_before_it_is_deployed(refused, app):
    said = refused(
        "deploy",
        "--app",
        app({"Files": {"Type": "Custom::CDKBucketDeployment"}, "Ship": {"Type": "AWS::Boat::Ship"}}),
    )
    assert "Mail: Files: BucketDeployment needs" in said
    assert "Mail: Ship: the local AWS has no AWS::Boat::Ship" in said


def test_a_stack_of_another_region_and_container_images_are_named(tmp_path):
    artifacts = {
        "Far": {
            "type": "aws:cloudformation:stack",
            "environment": "aws://unknown-account/eu-west-1",
            "properties": {"templateFile": "t.json"},
        },
        "Far.assets": {"type": "cdk:asset-manifest", "properties": {"file": "a.json"}},
    }
    tmp_path.joinpath("manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    tmp_path.joinpath("t.json").write_text("{}")
    tmp_path.joinpath("a.json").write_text(json.dumps({"dockerImages": {"x": {}}}))
    found = assembly.problems(tmp_path, account="000000000000", region="us-east-1", supported=())
    assert [problem.split(":")[0] for problem in found] == ["Far", "Far.assets"]
    assert "eu-west-1" in found[0]


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr("constructs_lib.local.find_spec", lambda name: None if name == "ministack" else object())
    with pytest.raises(MissingExtraError, match=r"ministack.*pip install 'cdk-comprehend-classification\[local\]'"):
        require_extra()


@contextlib.contextmanager
def running(*arguments, cwd):
    """The command in a process of its own, and a folder of its own for everything it writes.

    SIGINT is ignored when it begins, as by `nohup` or a shell that runs it in the background.
    """
    process = subprocess.Popen(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-m", "constructs_lib.local", *arguments],
        env={**os.environ, "TMPDIR": str(cwd), "PYTHONPATH": str(Path(command.__file__).parents[2])},
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(process, pattern):
    said = ""
    for line in process.stdout:
        said += line
        if found := re.search(pattern, said):
            return found
    raise AssertionError(said)


def processes_of(folder):
    """Ids of the processes that have the folder in their command line or environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_stopped_command_leaves_no_process_and_no_file(tmp_path, number, status):
    with running("start", cwd=tmp_path) as process:
        endpoint = read_until(process, r"AWS_ENDPOINT_URL=(\S+)").group(1)
        assert endpoint.startswith("https://127.0.0.1:")
        assert len(processes_of(tmp_path)) > 1
        process.send_signal(number)
        assert process.wait(10) == status
    until(lambda: processes_of(tmp_path) + list(tmp_path.iterdir()), [].__eq__, patience=10)


def test_a_deployment_stopped_half_way_leaves_no_process_and_no_file(tmp_path, app):
    folder = app({})
    tmp_path.joinpath("app.py").write_text("import time; time.sleep(60)")
    run_folder = tmp_path / "run"
    run_folder.mkdir()
    with running("deploy", "--app", folder, cwd=run_folder) as process:
        read_until(process, "Synthesizing")
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
    # The app's process is two steps away: ended, but not at once gone.
    until(lambda: processes_of(run_folder) + list(run_folder.iterdir()), [].__eq__, patience=5)
