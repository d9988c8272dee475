"""The function's entry: its tasks, its metrics, and what it calls an outage."""

import json
from datetime import UTC, datetime

import pytest
from classification_runs import handler
from classification_runs.environment import Settings
from classification_runs.measure import measure
from classification_runs.run_errors import ServiceUnavailable, TooManyDocuments, TooMuchInput, WrongPrefix
from runs.fake_s3 import FakeS3, no_answer
from runs.test_collect import SETTINGS, fill, with_limits
from runs.test_unpack import JOB, LINES, archive


class Context:
    def get_remaining_time_in_millis(self):
        return 900_000


@pytest.fixture
def s3(monkeypatch):
    s3 = FakeS3()
    monkeypatch.setattr(handler, "_client", s3)
    monkeypatch.setattr(handler, "_remover", s3)
    environment = {
        "WORKFLOW": "Mails",
        "DOCUMENTS_BUCKET": "documents",
        "INBOX": "inbox/",
        "BATCHES": "batches/inbox/",
        "READABLE": json.dumps(["inbox/", "batches/inbox/"]),
        "RESULTS_BUCKET": "results",
        "RESULTS_KEY": "",
        "PREDICTIONS": "results/predictions/",
        "MAX_DOCUMENTS": "1000000",
        "MAX_BYTES": str(5 << 30),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert Settings.read() == SETTINGS
    return s3


def do(**event):
    return handler.handle(event, Context())


def metrics(captured):
    lines = [json.loads(line) for line in captured.readouterr().out.splitlines()]
    return {
        metric["Name"]: line[metric["Name"]]
        for line in lines
        if "_aws" in line
        for definition in line["_aws"]["CloudWatchMetrics"]
        for metric in definition["Metrics"]
        if definition["Dimensions"] == [["Workflow"]] and line["Workflow"] == "Mails"
    }


def test_the_tasks_of_a_run(s3, capsys):
    fill(s3, 2)
    s3.write("results/1-CLN-abc123/output/output.tar.gz", archive(LINES), "results")
    assert do(Task="LookForMore") == {"Left": True}
    assert do(Task="Measure", Prefix="inbox/") == {"Documents": 2, "Size": 12}
    assert do(Task="Collect", Run="run-1")["Documents"] == 2
    assert do(Task="LookForMore") == {"Left": False}
    assert do(Task="Unpack", Run="run-1", Job=JOB)["Documents"] == 3
    told = metrics(capsys)
    age = datetime.now(UTC) - s3.objects["documents", "batches/inbox/run-1/0000.txt"].modified
    assert told.pop("OldestDocument") == pytest.approx(age.total_seconds(), abs=60)
    assert told == {"Refused": 0, "Documents": 3, "Errors": 1, "JobTime": 362}


def test_an_empty_inbox_has_no_oldest_document(s3, capsys):
    do(Task="Collect", Run="run-1")
    assert metrics(capsys)["OldestDocument"] == 0
    assert s3.calls == ["list_objects_v2"] * 2


def test_no_document_is_logged_and_classes_are(s3, capsys):
    s3.write("inbox/a.txt", b"the text of a document")
    s3.write("results/1-CLN-abc123/output/output.tar.gz", archive(LINES), "results")
    do(Task="Collect", Run="run-1")
    do(Task="Unpack", Run="run-1", Job=JOB)
    out = capsys.readouterr().out
    assert "the text of a document" not in out
    assert '"className": "INVOICE", "count": 1' in out


@pytest.mark.parametrize("fault", ["no answer", "SlowDown"])
def test_an_outage_is_told_from_a_refusal(s3, fault):
    def fail(_moment, _number, _operation, _arguments):
        raise no_answer()

    if fault == "no answer":
        s3.interrupt = fail
    else:
        s3.refuse["list_objects_v2", None] = fault
    with pytest.raises(ServiceUnavailable):
        do(Task="LookForMore")


def test_a_refusal_stays_what_it_is(s3):
    s3.refuse["list_objects_v2", None] = "AccessDenied"
    with pytest.raises(Exception, match="AccessDenied") as caught:
        do(Task="LookForMore")
    assert type(caught.value).__name__ == "ClientError"


def test_a_task_of_another_version_is_refused(s3):
    with pytest.raises(ValueError, match="no task 'Sing': this function and its state machine are of different"):
        do(Task="Sing")
    assert s3.calls == []


@pytest.mark.parametrize("prefix", ["", "in", "other/", "batches/other/", "mails/abcd/11/24/"])
def test_a_prefix_outside_of_what_the_role_reads_is_refused(s3, prefix):
    settings = with_limits(readable=("inbox/", "batches/inbox/", "mails/20"))
    with pytest.raises(WrongPrefix, match="begin it with 'inbox/' or 'batches/inbox/' or"):
        measure(s3, settings, prefix)


@pytest.mark.parametrize("prefix", ["inbox/", "inbox/a", "batches/inbox/run-1/", "mails/2026/11/", "mails/2026/11/24/"])
def test_a_prefix_that_the_role_reads_is_measured(s3, prefix):
    settings = with_limits(readable=("inbox/", "batches/inbox/", "mails/20"))
    s3.write(f"{prefix}x", b"12")
    assert measure(s3, settings, prefix) == {"Documents": 1, "Size": 2}


def test_more_than_a_job_may_take_is_refused_without_listing_all_of_it(s3):
    fill(s3, 3000)
    with pytest.raises(TooManyDocuments, match="more than 10 documents lie under 'inbox/'"):
        measure(s3, with_limits(max_documents=10), "inbox/")
    assert len(s3.calls) == 1
    with pytest.raises(TooMuchInput, match="more than 20 bytes lie under"):
        measure(s3, with_limits(max_bytes=20), "inbox/")
