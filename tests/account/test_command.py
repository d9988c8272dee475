"""The command: what it says before it begins, what it asks, and that it leaves nothing behind, however it ends."""

import json
import os
import signal
import sys

import pytest

from account import cleanup, command, plan
from account.bench import TAG
from account.expectations import expect
from account.prices import Spend
from account.step import Scenario


@pytest.fixture
def as_aws(local_aws, monkeypatch):
    """The local AWS where the command believes to be on AWS: reached by the environment alone, as an account is."""
    for name, value in local_aws.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    monkeypatch.setattr(command, "PACE", command.LOCAL_PACE)
    before = local_aws.configure()
    local_aws.configure(job_seconds=0.2, starts_per_second=0)
    yield local_aws
    local_aws.configure(**before)


@pytest.fixture
def arguments(as_aws, trained_classifier, tmp_path):
    given = {"profile": "", "region": as_aws.region, "classifier": trained_classifier, "report": str(tmp_path / "r")}
    return [part for name, value in given.items() for part in (f"--{name}", value)]


def steps(monkeypatch, *some):
    monkeypatch.setattr(plan, "STEPS", some)


def step(look, **more):
    return Scenario(
        **{"id": "mine", "assumption": "It works.", "look": look, "most": Spend(jobs=1, documents=1), **more}
    )


@pytest.fixture
def left(as_aws):
    """What is there of any run."""

    def look():
        names = [stack["StackName"] for stack in as_aws.client("cloudformation").describe_stacks()["Stacks"]]
        names += [role["RoleName"] for role in as_aws.client("iam").list_roles(MaxItems=1000)["Roles"]]
        names += [bucket["Name"] for bucket in as_aws.client("s3").list_buckets()["Buckets"]]
        return [name for name in names if name.startswith("account-")]

    return look


@pytest.mark.parametrize("given", ["", "folder", "file/report.json"])
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_made(tmp_path, monkeypatch, capsys, given):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("folder").mkdir()
    tmp_path.joinpath("file").touch()
    with pytest.raises(SystemExit):
        command.main(["--report", given])
    assert f"argument --report: {given!r}" in capsys.readouterr().err


def test_a_run_says_what_it_makes_and_costs_measures_cleans_up_and_reports(as_aws, left, arguments, tmp_path, capsys):
    as_aws.configure(starts_per_second=1)
    assert command.main([*arguments, "--yes", "runtime-sdk", "starts-in-a-second"]) == 0
    said = capsys.readouterr().out
    assert "in account 000000000000, Region us-east-1:" in said
    assert "At most 2 jobs on 2 documents at $0.15 a hundred" in said
    assert "$0.01 at most by the public price list" in said
    assert "nothing is left behind" in said
    report = json.loads((tmp_path / "r").read_text())
    assert {each["id"]: each["verdict"] for each in report["results"]} == {
        "runtime-sdk": "as assumed",
        "starts-in-a-second": "as assumed",
    }
    assert report["region"] == "us-east-1"
    assert report["versions"].keys() >= {"python", "boto3", "aws-cdk-lib", "aws-cdk"}
    assert "000000000000" not in json.dumps(report)
    assert left() == []


def test_without_yes_and_without_a_terminal_nothing_is_made(left, arguments, capsys):
    assert command.main([*arguments, "no-model"]) == 2
    assert "give --yes" in capsys.readouterr().err
    assert left() == []


@pytest.mark.parametrize(("answer", "status"), [("", 2), ("n", 2), ("y", 0)])
def test_it_asks_once(arguments, monkeypatch, answer, status):
    asked, looked = [], []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or answer)
    steps(monkeypatch, step(lambda bench: looked.append(bench) or "seen"))
    assert command.main(arguments) == status
    assert asked == ["Go on? [y/N] "]
    assert len(looked) == (status == 0)


@pytest.mark.usefixtures("as_aws")
def test_it_asks_for_profile_region_and_classifier(trained_classifier, monkeypatch, tmp_path):
    answers = iter(["", "us-east-1", trained_classifier, "n"])
    asked = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or next(answers))
    assert command.main(["--report", str(tmp_path / "r")]) == 2
    assert [question.partition(" ")[0] for question in asked] == ["AWS", "Region", "ARN", "Go"]


@pytest.mark.usefixtures("as_aws")
def test_training_is_announced_with_its_price_and_time(capsys, tmp_path):
    assert command.main(["--region", "us-east-1", "no-model", "--report", str(tmp_path / "r")]) == 2
    said = capsys.readouterr().out
    assert "Trains a classifier on examples/data/training.csv, which takes about an hour: $3.00 an hour" in said
    assert "$5.00 at most" in said
    assert "About 71 minutes" in said


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (["--classifier", "arn:aws:comprehend:us-east-1:000000000000:document-classifier/none"], "none"),
        (["--profile", "nobody"], "nobody"),
        (["nothing-of-the-kind"], "no such step: nothing-of-the-kind; there are: scenarios, facts, walk, "),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_made(left, arguments, wrong, words, capsys):
    assert command.main([*arguments, "--yes", *wrong]) == 2
    assert words in capsys.readouterr().err
    assert left() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_cleans_up(left, arguments, monkeypatch, capsys, number):
    def look(bench):
        bench.write("in/a.txt")
        bench.start(bench.data_access_role(bench.reads(), bench.writes()))
        os.kill(os.getpid(), number)
        bench.run.pause(60)
        return "never seen"

    steps(monkeypatch, step(look))
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        assert _status([*arguments, "--yes"]) == 128 + number
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    said = capsys.readouterr().out
    assert "nothing is left behind" in said
    assert "never seen" not in said
    assert "mine: not measured: the run was stopped" in said
    assert left() == []


def _status(arguments):
    try:
        return command.main(arguments)
    except SystemExit as end:
        return end.code


def test_a_step_that_starts_more_than_it_announced_differs(arguments, monkeypatch, capsys):
    def look(bench):
        bench.write("in/a.txt")
        role = bench.data_access_role(bench.reads(), bench.writes())
        for _ in range(2):
            bench.completed(bench.start(role))
        return "two"

    steps(monkeypatch, step(look))
    assert command.main([*arguments, "--yes"]) == 1
    assert "2 jobs were started, 1 were announced" in " ".join(capsys.readouterr().out.split())


def test_a_bug_of_a_step_fails_the_run_and_hides_nothing(arguments, monkeypatch, tmp_path):
    steps(monkeypatch, step(lambda _: 1 / 0, id="broken"), step(lambda _: "seen"))
    assert command.main([*arguments, "--yes"]) == 1
    broken, good = json.loads((tmp_path / "r").read_text())["results"]
    assert (broken["verdict"], broken["detail"]) == ("not measured", "ZeroDivisionError: division by zero")
    assert "1 / 0" in broken["trace"]
    assert good["verdict"] == "as assumed"


def test_a_difference_fails_the_run(arguments, monkeypatch, capsys):
    steps(monkeypatch, step(lambda _: expect(None, "it is otherwise")))
    assert command.main([*arguments, "--yes"]) == 1
    assert "1 differs" in capsys.readouterr().out


def test_what_cannot_be_removed_is_named_and_fails_the_run_and_a_later_clean_removes_it(
    as_aws, arguments, monkeypatch, capsys
):
    def look(bench):
        bench.client("sqs").create_queue(QueueName="stray", tags={TAG: bench.run.name})
        return bench.run.name

    steps(monkeypatch, step(look))
    assert command.main([*arguments, "--yes"]) == 1
    said = capsys.readouterr().out
    assert "tagged: arn:aws:sqs:us-east-1:000000000000:stray" in said
    run = said.partition("mine: as assumed: ")[2].split()[0]
    assert f"python -m account --clean {run}" in said
    sqs = as_aws.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="stray")["QueueUrl"])
    assert command.main([*arguments[:4], "--clean", run]) == 0


def test_a_killed_run_is_cleaned_up_by_its_name(left, arguments, monkeypatch, capsys):
    steps(monkeypatch, step(lambda bench: bench.write("in/a.txt") or bench.run.name))
    with monkeypatch.context() as patch:
        patch.setattr(cleanup, "clean", lambda *_: [])
        assert command.main([*arguments, "--yes"]) == 0
    run = capsys.readouterr().out.partition("mine: as assumed: ")[2].split()[0]
    assert left() == [f"account-{run}-000000000000"]
    assert command.main([*arguments[:4], "--clean", run]) == 0
    assert left() == []
