"""The command: what it refuses, and that nothing it started outlives it."""

import contextlib
import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from local.bench import until

from constructs_lib.local import LocalAwsError, MissingExtraError, by_hand, cloud_assembly, command, require_extra

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


GIVE = "Give --app a Python file, or a folder with a cdk.json."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("missing.py", f"There is no file {{}}. {GIVE}"),
        ("python app.py", f"There is no file {{}}. {GIVE}"),
        ("missing/app.py", f"There is no file {{}}. {GIVE}"),
        ("missing", f"There is no file {{}}. {GIVE}"),
        ("folder.py", f"{{}} cannot be read: Is a directory. {GIVE}"),
        ("labels.csv", f"{{}} is no app. {GIVE}"),
        ("labels.csv/app.py", f"{{}} cannot be read: Not a directory. {GIVE}"),
        ("n" * 300, f"{{}}/cdk.json cannot be read: File name too long. {GIVE}"),
        ("empty", "There is no cdk.json in {}. Run this in the folder of a CDK app, or give --app."),
    ],
)
def test_what_is_no_app_is_refused_before_anything_starts(refused, tmp_path, given, said):
    for name in ("app.py", "labels.csv"):
        tmp_path.joinpath(name).touch()
    for name in ("folder.py", "empty"):
        tmp_path.joinpath(name).mkdir()
    assert refused("deploy", "--app", str(tmp_path / given)).strip() == said.format(tmp_path / given)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--documents missing.txt", "{} cannot be read: No such file or directory."),
        ("--documents labels.csv/mail.txt", "{} cannot be read: Not a directory."),
        (f"--documents {'n' * 300}", "{} cannot be read: File name too long."),
        ("--documents empty", "{} holds no files. Give a folder with documents, or one file."),
        ("--train missing.csv", "{} cannot be read: No such file or directory."),
        (f"--train {'n' * 300}", "{} cannot be read: File name too long."),
        ("--train empty", "{} is a folder. --train takes one CSV file of label,text rows."),
        ("--labels missing.csv", "labels: there is no file {}"),
        ("--labels empty", "labels: '{}' is a folder or no name; give the name of a CSV file"),
        ("--labels labels.csv/labels.csv", "labels: cannot read {}: Not a directory"),
        ("--log missing/log", "--log {} cannot be written: No such file or directory."),
        ("--log empty", "--log {} cannot be written: Is a directory."),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_before_anything_starts(refused, app, tmp_path, option, said):
    tmp_path.joinpath("labels.csv").touch()
    tmp_path.joinpath("empty").mkdir()
    name, _, given = option.partition(" ")
    path = tmp_path / given
    assert refused("deploy", "--app", app({}), name, str(path)).strip() == said.format(path)


def test_a_folder_that_nobody_may_look_into_is_not_called_empty(refused, app, tmp_path, monkeypatch):
    locked, scandir = tmp_path / "locked", os.scandir
    locked.mkdir()

    def refusing(folder):  # root may look into any
        if Path(folder) == locked:
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refusing)
    said = refused("deploy", "--app", app({}), "--documents", str(tmp_path))
    assert said.strip() == f"{locked} cannot be read: Permission denied."


@pytest.mark.parametrize(
    "arguments",
    [
        *(["deploy", option, ""] for option in ("--app", "--documents", "--train", "--labels", "--log")),
        ["upload", ""],
    ],
    ids=" ".join,
)
def test_an_empty_path_is_not_the_current_folder(capsys, arguments):
    with pytest.raises(SystemExit):
        command.main(arguments)
    assert "the path is empty" in capsys.readouterr().err


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


@pytest.mark.parametrize("name", ["deploy", "start", "upload", "predictions", "setup"])
def test_what_a_command_does_not_know_is_answered_with_the_usage_of_that_command(capsys, name):
    with pytest.raises(SystemExit) as error:
        command.main([name, *(["path", "s3://a/b/"] if name == "upload" else []), "--unknown"])
    assert error.value.code == 2
    said = capsys.readouterr().err
    assert f"usage: python -m constructs_lib.local {name} " in said
    assert "unrecognized arguments: --unknown" in said


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
    found = cloud_assembly.problems(tmp_path, account="000000000000", region="us-east-1", supported=())
    assert [problem.split(":")[0] for problem in found] == ["Far", "Far.assets"]
    assert "eu-west-1" in found[0]


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr("constructs_lib.local.find_spec", lambda name: None if name == "ministack" else object())
    with pytest.raises(
        MissingExtraError,
        match=r"ministack.*pip install 'cdk-comprehend-classification\[local\]'.*pip install '\.\[local\]'",
    ):
        require_extra()


@contextlib.contextmanager
def running(*arguments, cwd, environment=None):
    """The command in a process of its own, and a folder of its own for everything it writes.

    SIGINT is ignored when it begins, as by `nohup` or a shell that runs it in the background.
    """
    process = subprocess.Popen(
        ["sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-m", "constructs_lib.local", *arguments],
        env={
            **os.environ,
            "TMPDIR": str(cwd),
            "PYTHONPATH": str(Path(command.__file__).parents[2]),
            **(environment or {}),
        },
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


def read_until(process, pattern, patience=180):
    """What the process says until a pattern comes; a process that says nothing is ended."""
    watchdog = threading.Timer(patience, process.kill)
    watchdog.start()
    said = ""
    try:
        for line in process.stdout:
            said += line
            if found := re.search(pattern, said):
                return found
    finally:
        watchdog.cancel()
    raise AssertionError(said)


def processes_of(folder):
    """Ids of the processes that have the folder in their command line or environment."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


SIGNALS = [
    (signal.SIGINT, 130),
    (signal.SIGHUP, 129),
    (signal.SIGTERM, 143),
    (signal.SIGKILL, -signal.SIGKILL),
]


def stop(process, number, status, *, again=0):
    """Send a signal, perhaps more of them, and see the process end."""
    begun = time.monotonic()
    process.send_signal(number)
    if number != signal.SIGKILL:
        read_until(process, "Stopping")
    for _ in range(again):
        process.send_signal(number)
    assert process.wait(20) == status
    # Two seconds where there is a processor for each process that wants one, and as many times that as there is none.
    assert time.monotonic() - begun < 2 * max(1, os.getloadavg()[0] / os.cpu_count())


def nothing_left(folder):
    until(lambda: processes_of(folder) + list(folder.iterdir()), [].__eq__, patience=15)


@pytest.mark.parametrize(("number", "status"), SIGNALS)
def test_a_stopped_command_leaves_no_process_and_no_file(tmp_path, number, status):
    with running("start", cwd=tmp_path) as process:
        read_until(process, r"source (\S+)")
        assert len(processes_of(tmp_path)) > 1
        stop(process, number, status)
    nothing_left(tmp_path)


@pytest.mark.parametrize(
    ("number", "status", "again"), [(*SIGNALS[0], 3), (*SIGNALS[1], 0), (*SIGNALS[2], 0), (*SIGNALS[3], 0)]
)
def test_a_deployment_stopped_in_synthesis_leaves_no_process_and_no_file(tmp_path, app, number, status, again):
    folder = app({})
    # An app that writes where temporary files go, as long as it lives, and that does not end when it is asked to.
    tmp_path.joinpath("app.py").write_text(
        "import signal, tempfile, time\n"
        "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)\n"
        "while True: tempfile.mkdtemp(); time.sleep(0.001)\n"
    )
    run_folder = tmp_path / "run"
    run_folder.mkdir()
    with running("deploy", "--app", folder, cwd=run_folder) as process:
        read_until(process, "Synthesizing")
        until(lambda: list(run_folder.glob("local-aws-*/tmp/tmp*")), bool)
        stop(process, number, status, again=again)
    nothing_left(run_folder)


def test_signals_that_come_together_stop_once_and_without_a_complaint_of_python(monkeypatch, capfd):
    complaints, stopping = [], command._STOPPING
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    before = {number: signal.signal(number, command._stop) for number in stopping}
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, stopping)
        for number in stopping:
            signal.pthread_kill(threading.get_ident(), number)  # other threads of the tests do not block them
        with pytest.raises(SystemExit):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, stopping)
        os.kill(os.getpid(), signal.SIGINT)  # one more, while everything is stopped
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stopping)
        for number, handler in before.items():
            signal.signal(number, handler)
    assert complaints == []
    assert capfd.readouterr().err.count("Stopping") == 1


def test_a_command_stopped_while_it_trains_ends_at_once(tmp_path):
    labelled = tmp_path / "labelled.csv"
    labelled.write_text("".join(f"{name},{name} {n} {'word ' * 3000}\n" for name in "AB" for n in range(300)))
    run_folder = tmp_path / "run"
    run_folder.mkdir()
    with running("start", "--train", str(labelled), cwd=run_folder) as process:
        read_until(process, "Training")
        stop(process, signal.SIGINT, 130)
    nothing_left(run_folder)


# --- The user's settings ---------------------------------------------------------------------------------------------


def test_short_commands_work_in_a_terminal_and_read_none_of_the_users_aws_settings(tmp_path, app):
    config = tmp_path / "config"
    config.write_text("this is not a config file [")
    odd = {
        "AWS_PROFILE": "missing",
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(config),
        "AWS_RETRY_MODE": "odd",
        "AWS_DEFAULTS_MODE": "odd",
        "AWS_MAX_ATTEMPTS": "many",
        "AWS_CA_BUNDLE": "/missing",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
        "AWS_REGION": "mars-north-1",
        "AWS_DATA_PATH": str(tmp_path),
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "HTTPS_PROXY": "http://127.0.0.1:1",
    }
    labelled = Path(__file__).parents[2] / "examples" / "data" / "training.csv"
    with running("start", "--train", str(labelled), cwd=tmp_path, environment=odd) as process:
        activation = Path(read_until(process, r"source (\S+)").group(1))
        commands = [
            f". {activation}",
            f"cd {app({'Handle': {'Type': 'AWS::CloudFormation::WaitConditionHandle'}})}",
            f"upload {labelled} s3://local-training/again/",
            "cdk deploy --all",
            "cdk diff",
            "cdk destroy --all",
            "! predictions",
        ]
        said = subprocess.run(
            ["/bin/sh", "-c", " && ".join(commands)],
            env={**os.environ, **odd},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        ).stdout
        assert said.startswith("s3://local-training/again/\n")
        assert "✅  Mail" in said
        assert "Number of stacks with differences: 0" in said
        assert "✅  Mail: destroyed" in said
        assert "There is no completed job. Jobs: none." in said
        stop(process, signal.SIGTERM, 143)


@pytest.mark.parametrize("place", ["bucket/prefix/", "s3:/bucket/", "s3://bucket", "https://bucket.s3.amazonaws.com/"])
def test_a_place_that_is_none_is_refused(refused, place):
    assert f"{place!r} is no place for documents. Say where to" in refused("upload", __file__, place)


def test_what_aws_refuses_is_said_in_its_words(refused, monkeypatch, local_aws):
    monkeypatch.setattr(by_hand, "_clients", lambda: local_aws)
    assert "The specified bucket does not exist" in refused("upload", __file__, "s3://no-such-bucket-here/in/")


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    listing = f"{sys.executable} -c 'import sys; from constructs_lib.local import command as c; "
    listing += "c.by_hand.output_of = lambda *_: [print(1, flush=True) for _ in iter(int, 1)]; "
    script = f'{listing} sys.exit(c.main(["predictions"]))\' | head -1'
    done = subprocess.run(["/bin/sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1\n", "")


@pytest.mark.parametrize(
    ("given", "run"),
    [
        (["deploy", "--all"], "deploy --require-approval never --method direct **"),
        (["deploy", "--require-approval", "never"], "deploy --method direct --require-approval never"),
        (["deploy", "A", "--require-approval=never"], "deploy --method direct A --require-approval=never"),
        (["deploy", "A", "-m", "change-set"], "deploy --require-approval never A -m change-set"),
        (["deploy", "A", "--no-execute"], "deploy --require-approval never A --no-execute"),
        (["destroy", "--all", "--exclusively"], "destroy --force ** --exclusively"),
        (["destroy", "-f", "A"], "destroy -f A"),
        (["diff"], "diff **"),
        (["diff", "One stack"], "diff One stack"),
        (["ls"], "ls"),
        (["ls", "--no-notices"], "ls"),
    ],
)
def test_all_means_the_stacks_of_stages_too_in_a_terminal_and_what_is_given_is_not_added(given, run):
    script = by_hand._CDK.format(node="echo", cdk="cdk", context=" -c key=value")
    said = subprocess.run(["/bin/sh", "-c", script, "cdk", *given], capture_output=True, text=True, check=True).stdout
    assert said == f"cdk {run} --no-notices -c key=value\n"


class Jobs:
    """The service, as far as it lists jobs."""

    def __init__(self, *jobs):
        self.jobs = [
            {"JobId": job, "JobStatus": status, "OutputDataConfig": {"S3Uri": f"s3://out/{job}/output.tar.gz"}}
            for job, status in jobs
        ]

    def client(self, service):
        return {"comprehend": self}[service]

    def get_paginator(self, call):
        return {"list_document_classification_jobs": self}[call]

    def paginate(self):
        return [{"DocumentClassificationJobPropertiesList": [job]} for job in self.jobs]


def test_predictions_are_those_of_the_newest_completed_job_or_of_the_one_that_is_named(monkeypatch):
    jobs = Jobs(("c", "IN_PROGRESS"), ("b", "COMPLETED"), ("a", "COMPLETED"))
    monkeypatch.setattr(by_hand, "_clients", lambda: jobs)
    assert by_hand.output_of(None) == "s3://out/b/output.tar.gz"
    assert by_hand.output_of("a") == "s3://out/a/output.tar.gz"
    with pytest.raises(LocalAwsError, match=r"no completed job c\. Jobs: c IN_PROGRESS, b COMPLETED, a COMPLETED"):
        by_hand.output_of("c")


def test_predictions_of_a_terminal_are_written_as_those_of_the_other_command(tmp_path, monkeypatch, capsys):
    found = tmp_path / "predictions.jsonl"
    found.write_text('{"File": "a.txt", "Classes": [{"Name": "INVOICE", "Score": 0.9}]}\n')
    monkeypatch.setattr(by_hand, "output_of", lambda _job: str(found))
    files = [str(tmp_path / name) for name in ("page.html", "all.csv")]
    assert command.main(["predictions", "--html", files[0], "--csv", files[1]]) == 0
    assert "INVOICE" in capsys.readouterr().out
    assert all("INVOICE" in Path(file).read_text() for file in files)
    with pytest.raises(SystemExit, match="1"):
        command.main(["predictions", "--html", str(tmp_path / "none" / "page.html")])
    assert "No such file or directory" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        command.main(["predictions", "--html", files[0], "--csv", files[0]])
    assert "must be different files" in capsys.readouterr().err


def test_a_home_that_cannot_be_written_is_said_so(tmp_path):
    tmp_path.joinpath("file").write_text("")
    with running("start", cwd=tmp_path, environment={"HOME": str(tmp_path / "file"), "XDG_CACHE_HOME": ""}) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Set XDG_CACHE_HOME to a folder that can be written." in said
    assert "Traceback" not in said


def test_a_folder_is_not_trained_on(refused, app, tmp_path):
    assert "--train takes one CSV file" in refused("deploy", "--app", app({}), "--train", str(tmp_path))


@pytest.mark.parametrize("command_line", [("upload", __file__), ("predictions",)])
def test_a_terminal_that_knows_no_local_aws_is_told_what_to_do(refused, monkeypatch, command_line):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    assert "python -m constructs_lib.local start" in refused(*command_line)


@pytest.mark.parametrize("wrong", [["--account", "1234"], ["--region", "mars"], ["--mode", "both"]])
def test_an_environment_that_makes_no_sense_is_refused(capsys, wrong):
    with pytest.raises(SystemExit):
        command.main(["deploy", *wrong])
    assert wrong[1] in capsys.readouterr().err
