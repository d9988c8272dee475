"""What people give is understood in every form in which AWS and file systems show it."""

import os

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from predictions.archives import archive, json_lines, multi_class

from constructs_lib.predictions import NotFoundError, PredictionsError, open_outputs, read_outputs
from constructs_lib.predictions.finding import choose
from constructs_lib.predictions.reading import row_encoder
from constructs_lib.predictions.reading.origin import job_of
from constructs_lib.predictions.targets import Job, S3Place, parse_target

JOB = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
KEY = f"results/123456789012-CLN-{JOB}/output/output.tar.gz"
PLACE = S3Place("bucket", "a folder/output.tar.gz")


@pytest.mark.parametrize(
    "target",
    [
        "s3://bucket/a folder/output.tar.gz",
        "S3://bucket/a folder/output.tar.gz",
        "  s3://bucket/a folder/output.tar.gz\n",
        "arn:aws:s3:::bucket/a folder/output.tar.gz",
        "arn:aws-cn:s3:::bucket/a folder/output.tar.gz",
        "https://bucket.s3.eu-west-1.amazonaws.com/a+folder/output.tar.gz".replace("+", "%20"),
        "https://bucket.s3.amazonaws.com/a%20folder/output.tar.gz?X-Amz-Signature=abc",
        "https://s3.eu-west-1.amazonaws.com/bucket/a%20folder/output.tar.gz",
        "https://s3-eu-west-1.amazonaws.com/bucket/a%20folder/output.tar.gz",
        "https://bucket.s3.cn-north-1.amazonaws.com.cn/a%20folder/output.tar.gz",
        "https://s3.console.aws.amazon.com/s3/object/bucket?region=eu-west-1&prefix=a+folder/output.tar.gz",
        "https://eu-west-1.console.aws.amazon.com/s3/object/bucket?region=eu-west-1&prefix=a+folder%2Foutput.tar.gz",
        "https://console.amazonaws.cn/s3/buckets/bucket?prefix=a+folder/output.tar.gz&showversions=false",
        "https://console.amazonaws-us-gov.com/s3/object/bucket?prefix=a+folder/output.tar.gz",
    ],
)
def test_a_place_in_s3_may_be_told_as_uri_as_arn_and_as_address(target):
    assert parse_target(target) == PLACE


@pytest.mark.parametrize(
    "target", ["arn:aws:s3:::bucket", "https://eu-west-1.console.aws.amazon.com/s3/buckets/bucket?"]
)
def test_a_whole_bucket_is_a_place(target):
    assert parse_target(target) == S3Place("bucket", "")


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_a_job_may_be_told_by_its_arn_and_by_its_id(blank):
    arn = f"arn:aws-us-gov:comprehend:us-gov-west-1:123456789012:document-classification-job/{JOB}"
    assert parse_target(arn + blank) == Job(JOB, "us-gov-west-1")
    assert parse_target(blank + JOB) == Job(JOB, None)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("s3:/bucket/output.tar.gz", "cannot be read: give a JobArn"),
        ("s3://", "cannot be read: give a JobArn"),
        (
            "arn:aws:comprehend:us-east-1:123456789012:document-classifier/x",
            "the ARN of a document-classifier: give",
        ),
        ("arn:aws:comprehend:us-east-1:123456789012:entities-detection-job/x", "the ARN of a entities-detection-job"),
        (
            "https://us-east-1.console.aws.amazon.com/comprehend/home#analysis",
            "a page of the console: give the JobArn",
        ),
        ("https://example.com/output.tar.gz", "no address of an object in S3: download it"),
        ("https://[bucket/output.tar.gz", "is no address"),
        ("x" * 3000, "cannot be read: give a JobArn"),
        ("", "cannot be read: give a JobArn"),
    ],
)
def test_what_cannot_be_read_is_told_how_to_write_it(target, message):
    with pytest.raises(PredictionsError, match=message):
        parse_target(target)


@given(st.text(max_size=60) | st.from_regex(r"(https?|s3|arn)[:/]{1,3}[a-z0-9./:?&%=\[\]-]{0,40}", fullmatch=True))
def test_any_text_is_understood_or_refused(target):
    try:
        parse_target(target)
    except PredictionsError as error:
        message = str(error)
    else:
        message = "understood"
    assert message


@pytest.mark.parametrize(
    ("location", "job"),
    [
        (f"s3://bucket/{KEY}", JOB),
        (f"/home/me/results/123456789012-CLN-{JOB}/output/output.tar.gz", JOB),
        (f"predictions/dt=2026-11-26/{JOB}.jsonl.gz", JOB),
        ("output.tar.gz", None),
        ("123456789012-CLR-abc/output/output.tar.gz", None),
    ],
)
def test_the_job_is_told_by_where_its_output_lies(location, job):
    assert job_of(location) == job


def test_what_was_unpacked_beside_its_archive_is_not_read_twice():
    names = [
        "a/output.tar.gz",
        "a/output/predictions.jsonl",
        "b/predictions.jsonl",
        "b/other.json",
        "c/deep/output",
        f"results/123456789012-CLN-{JOB}/output/output.tar.gz",
        f"predictions/dt=2026-11-26/{JOB}.jsonl.gz",
        "predictions/dt=2026-11-26/another.jsonl.gz",
    ]
    assert choose(names) == [
        "a/output.tar.gz",
        "b/predictions.jsonl",
        "c/deep/output",
        "predictions/dt=2026-11-26/another.jsonl.gz",
        f"results/123456789012-CLN-{JOB}/output/output.tar.gz",
    ]


def found(targets):
    return [(prediction.job, prediction.file) for prediction in read_outputs(targets)]


@pytest.mark.parametrize("name", ["output.tar.gz", "predictions.jsonl", "predictions.json", "scan.out", "output"])
def test_a_folder_that_holds_an_output_is_read(tmp_path, name):
    (tmp_path / "deeper").mkdir()
    record = multi_class("a.txt", ("A", 0.9))
    (tmp_path / "deeper" / name).write_bytes(archive(record) if name.endswith("gz") else json_lines([record]))
    (tmp_path / "deeper" / f"._{name}").write_bytes(b"\0\5\x16\7")
    (tmp_path / "notes.txt").write_text("not this")
    assert found(str(tmp_path)) == [(str(tmp_path / "deeper" / name), "a.txt")]


def test_what_is_no_file_in_a_folder_is_passed_over(tmp_path):
    (tmp_path / "B.JSONL").write_bytes(json_lines([multi_class("a.txt", ("A", 0.9))]))
    (tmp_path / "a.jsonl").symlink_to("nowhere")
    os.mkfifo(tmp_path / "c.jsonl")
    assert found(str(tmp_path)) == [(str(tmp_path / "B.JSONL"), "a.txt")]


@pytest.mark.parametrize(
    "name", ["a/\0", "x" * 3000 + ".tar.gz", "missing/output.tar.gz", "/etc/hostname/output.tar.gz"]
)
def test_a_path_that_cannot_be_opened_is_refused(name):
    with pytest.raises(PredictionsError, match=r"cannot open|there is no file"):
        found(name)


def test_a_folder_without_one_says_so(tmp_path):
    with pytest.raises(NotFoundError, match="is a folder without the output of a job"):
        found(str(tmp_path))


def test_several_targets_are_read_one_after_the_other_and_each_once(tmp_path):
    for name in ("a", "b"):
        folder = tmp_path / f"123456789012-CLN-{name}{name}" / "output"
        folder.mkdir(parents=True)
        (folder / "output.tar.gz").write_bytes(archive(multi_class(f"{name}.txt", ("A", 0.9))))
    assert found([str(tmp_path), str(folder / "output.tar.gz")]) == [("aa", "a.txt"), ("bb", "b.txt")]


def test_all_targets_are_looked_up_before_the_first_is_read(tmp_path):
    (tmp_path / "output.tar.gz").write_bytes(archive(multi_class("a.txt", ("A", 0.9))))
    with pytest.raises(NotFoundError, match="there is no file"):
        next(open_outputs([str(tmp_path / "output.tar.gz"), str(tmp_path / "missing.tar.gz")]))


def test_an_output_that_is_bad_is_named_among_many(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(archive(multi_class("a.txt", ("A", 0.9))))
    (tmp_path / "b.tar.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(PredictionsError, match=r"b\.tar\.gz: this is no complete archive"):
        found(str(tmp_path))


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="bucket")
        yield lambda key, body: s3.put_object(Bucket="bucket", Key=key, Body=body)


def test_a_prefix_with_many_jobs_is_read_whole_and_tells_the_job_of_each(bucket):
    for job in ("aa", "bb"):
        bucket(f"results/123456789012-CLN-{job}/output/output.tar.gz", archive(multi_class(f"{job}.txt", ("A", 0.9))))
    bucket("results/.write_access_check_file.temp", b"")
    bucket("results/notes/", b"")
    assert found("s3://bucket/results") == [("aa", "aa.txt"), ("bb", "bb.txt")]


def test_the_prefix_of_the_table_is_read_with_the_job_that_its_rows_tell(bucket, tmp_path):
    (tmp_path / "output.tar.gz").write_bytes(archive(multi_class("a.txt", ("A", 0.9), ("B", 0.1), Line="3")))
    (prediction,) = read_outputs(str(tmp_path))
    line = row_encoder({"job_id": JOB, "run_id": "run"})(prediction)
    bucket(f"predictions/dt=2026-11-26/{JOB}.jsonl.gz", line.encode())
    (again,) = read_outputs("s3://bucket/predictions/")
    assert again == prediction._replace(job=JOB)


def test_an_object_is_read_by_its_arn_whatever_it_is_called(bucket):
    bucket("mine/predictions.jsonl", json_lines([multi_class("a.txt", ("A", 0.9))]))
    assert found("arn:aws:s3:::bucket/mine/predictions.jsonl") == [("s3://bucket/mine/predictions.jsonl", "a.txt")]
