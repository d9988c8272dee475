"""Unpacking writes a job's predictions as rows, in bounded memory, whole or not at all."""

import gzip
import io
import json
import random
import tarfile
import tracemalloc
from dataclasses import replace

import pytest
from classification_runs import unpack as module
from classification_runs.unpack import unpack
from reading import BadArchiveError
from runs.fake_s3 import FakeS3, no_answer
from runs.test_collect import SETTINGS

JOB = {
    "JobId": "abc123",
    "SubmitTime": "2026-11-24T23:59:58.000Z",
    "EndTime": "2026-11-25T00:06:00.000Z",
    "DocumentClassifierArn": "arn:classifier",
    "OutputDataConfig": {"S3Uri": "s3://results/results/1-CLN-abc123/output/output.tar.gz"},
}
KEY = "results/predictions/dt=2026-11-24/abc123.jsonl.gz"
LINES = [
    {"File": "a.txt", "Classes": [{"Name": "INVOICE", "Score": 0.75}, {"Name": "ORDER", "Score": 0.25}]},
    {"File": "b.txt", "Line": "3", "Labels": [{"Name": "X", "Score": 0.9}, {"Name": "Y", "Score": 0.6}]},
    {"File": "c.txt", "ErrorCode": "DOCUMENT_SIZE_EXCEEDED", "ErrorMessage": "too long"},
]


class Lines:
    """A file of JSON lines that are made when they are read."""

    def __init__(self, lines):
        self.lines, self.rest = iter(lines), b""

    def read(self, size):
        while len(self.rest) < size and (line := next(self.lines, None)) is not None:
            self.rest += json.dumps(line).encode() + b"\n"
        some, self.rest = self.rest[:size], self.rest[size:]
        return some


def archive(lines, size=None):
    if size is None:
        lines = list(lines)
        size = sum(len(json.dumps(line)) + 1 for line in lines)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
        member = tarfile.TarInfo("predictions.jsonl")
        member.size = size
        tar.addfile(member, Lines(lines))
    return packed.getvalue()


@pytest.fixture
def s3():
    s3 = FakeS3()
    s3.write("results/1-CLN-abc123/output/output.tar.gz", archive(LINES), "results")
    return s3


def rows(s3):
    return [json.loads(line) for line in gzip.decompress(s3.body(KEY, "results")).splitlines()]


def test_every_prediction_is_a_row_with_what_the_table_has_as_columns(s3):
    found = unpack(s3, SETTINGS, JOB, "run-1")
    assert found.result() == {
        "PredictionsS3Uri": f"s3://results/{KEY}",
        "Documents": 3,
        "Errors": 1,
        "Classes": {"INVOICE": 1, "X": 1, "Y": 1},
    }
    first, second, third = rows(s3)
    assert first == {
        "document": "a.txt",
        "file": "a.txt",
        "line": None,
        "page": None,
        "class": "INVOICE",
        "score": 0.75,
        "predictions": [{"name": "INVOICE", "score": 0.75}, {"name": "ORDER", "score": 0.25}],
        "error_code": None,
        "error_message": None,
        "document_type": None,
        "job_id": "abc123",
        "run_id": "run-1",
        "classifier_arn": "arn:classifier",
        "processed_at": "2026-11-25T00:06:00.000Z",
    }
    assert (second["line"], second["class"]) == (3, "X|Y")
    assert (third["error_code"], third["error_message"], third["class"]) == ("DOCUMENT_SIZE_EXCEEDED", "too long", None)


def test_a_retry_writes_the_same_bytes_to_the_same_key(s3):
    unpack(s3, SETTINGS, JOB, "run-1")
    before = s3.body(KEY, "results")
    unpack(s3, SETTINGS, JOB, "run-1")
    assert s3.body(KEY, "results") == before
    assert s3.keys("results/predictions/", "results") == [KEY]


def test_the_job_of_a_flywheel_names_the_flywheel(s3):
    job = {**{name: value for name, value in JOB.items() if name != "DocumentClassifierArn"}, "FlywheelArn": "arn:fly"}
    unpack(s3, SETTINGS, job, "run-1")
    assert rows(s3)[0]["classifier_arn"] == "arn:fly"


def test_a_long_result_goes_up_in_parts(s3, monkeypatch):
    monkeypatch.setattr(module, "PART", 5 << 20)
    chance = random.Random(1)  # noqa: S311 - names that gzip cannot shorten
    lines = [{"File": chance.randbytes(100).hex(), "Classes": [{"Name": "A", "Score": 0.5}]} for _ in range(60_000)]
    s3.write("results/1-CLN-abc123/output/output.tar.gz", archive(lines), "results")
    assert unpack(s3, SETTINGS, JOB, "run-1").documents == 60_000
    assert s3.calls.count("upload_part") > 1
    assert s3.uploads == {}
    assert [row["file"] for row in rows(s3)] == [line["File"] for line in lines]


@pytest.mark.parametrize("part", [1, 8 << 20])
def test_rows_are_encrypted_with_the_key_of_the_results(s3, monkeypatch, part):
    monkeypatch.setattr(module, "PART", part)
    s3.smallest_part = 1
    unpack(s3, replace(SETTINGS, results_key="alias/results"), JOB, "run-1")
    assert s3.kinds[KEY]["ServerSideEncryption"] == "aws:kms"
    assert s3.kinds[KEY]["SSEKMSKeyId"] == "alias/results"


@pytest.mark.parametrize("cut", [1, 9, 30, 100])
def test_a_damaged_archive_leaves_nothing(s3, cut):
    key = "results/1-CLN-abc123/output/output.tar.gz"
    s3.write(key, s3.body(key, "results")[:-cut], "results")
    with pytest.raises(BadArchiveError):
        unpack(s3, SETTINGS, JOB, "run-1")
    assert s3.keys("results/predictions/", "results") == []


@pytest.mark.parametrize("operation", ["create_multipart_upload", "upload_part", "complete_multipart_upload"])
def test_an_upload_that_fails_is_aborted(s3, monkeypatch, operation):
    monkeypatch.setattr(module, "PART", 1)
    monkeypatch.setattr(module, "_AT_ONCE", 1)

    def fail(moment, _number, called, _arguments):
        if (moment, called) == ("before", operation):
            raise no_answer()

    s3.interrupt = fail
    with pytest.raises(Exception, match="Read timeout"):
        unpack(s3, SETTINGS, JOB, "run-1")
    assert s3.uploads == {}
    assert s3.keys("results/predictions/", "results") == []


def test_classes_beyond_the_most_frequent_ones_are_counted_but_not_listed(s3):
    lines = [{"File": "f", "Classes": [{"Name": f"class {n}", "Score": 1}]} for n in range(600)]
    s3.write("results/1-CLN-abc123/output/output.tar.gz", archive(lines), "results")
    found = unpack(s3, SETTINGS, JOB, "run-1")
    assert len(found.result()["Classes"]) == 250
    assert len(found.classes) == 600


def test_classes_with_long_names_leave_the_answer_short_enough_for_a_state(s3):
    lines = [{"File": "f", "Classes": [{"Name": f"{n}" + "\N{SNOWMAN}" * 1000, "Score": 1}]} for n in range(250)]
    s3.write("results/1-CLN-abc123/output/output.tar.gz", archive(lines), "results")
    answer = unpack(s3, SETTINGS, JOB, "run-1").result()
    assert 0 < len(json.dumps(answer)) < 100 * 1024


def test_memory_does_not_grow_with_the_result(s3):
    def peak(count):
        def lines():
            return ({"File": f"{n}.txt", "Classes": [{"Name": "A", "Score": 0.5}]} for n in range(count))

        packed = archive(lines(), sum(len(json.dumps(line)) + 1 for line in lines()))
        s3.write("results/1-CLN-abc123/output/output.tar.gz", packed, "results")
        tracemalloc.start()
        unpack(s3, SETTINGS, JOB, "run-1")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most - len(s3.body(KEY, "results")) - len(packed)

    assert peak(30_000) < peak(3_000) + (2 << 20)
