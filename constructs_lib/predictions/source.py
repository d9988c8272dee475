"""Find the output of jobs: local files, objects in S3, or what a job says it wrote."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.predictions.finding import choose, is_candidate
from constructs_lib.predictions.reading import BadArchiveError, PredictionsError, read_batches
from constructs_lib.predictions.reading.origin import job_of
from constructs_lib.predictions.source_errors import AccessError, JobNotFinishedError, MissingExtraError, NotFoundError
from constructs_lib.predictions.targets import KINDS, STANDARD_INPUT, Job, LocalPath, S3Place, parse_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import boto3
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

    from constructs_lib.predictions.reading import Prediction, ReadableStream

_LISTED = 10  # outputs named in a message


@dataclass(frozen=True, slots=True)
class Output:
    """The output of a job, opened for reading.

    Args:
        location: Where it lies: an `s3://` URI or a path.
        stream: The bytes of the archive.
        job: The id of the job, where the location tells it.
        size: How many bytes there are, where that is known.
    """

    location: str
    stream: ReadableStream
    job: str | None = None
    size: int | None = None


@contextmanager
def open_output(target: str, *, session: boto3.Session | None = None) -> Iterator[Output]:
    """Open the output of one job; its bytes come as they are read.

    Args:
        target: As for `open_outputs`, where only one output lies.
        session: Credentials and Region. Default: - those of the environment, as boto3 finds them.

    Yields:
        The output.

    Raises:
        PredictionsError: As `open_outputs`, and when several outputs lie there.

    Source: API reference, `DescribeDocumentClassificationJob`, `OutputDataConfig.S3Uri`.
    """
    places = _find(target, _Sessions(session))
    if len(places) > 1:
        listed = "".join(f"\n  {place.location}" for place in places[:_LISTED])
        more = f"\n  and {len(places) - _LISTED} more" if len(places) > _LISTED else ""
        raise PredictionsError(
            f"{len(places)} archives lie at {target}; give one of them, or read all with read_outputs:{listed}{more}"
        )
    with places[0].open() as output:
        yield output


def open_outputs(targets: Iterable[str], *, session: boto3.Session | None = None) -> Iterator[Output]:
    """Open the outputs of jobs one after the other; each is closed when the next one is asked for.

    Args:
        targets: Each a file (`output.tar.gz`, or what was in it, packed or not) or a folder with such files; an object
            in S3 or a prefix with the output of any number of jobs, or with the files of a workflow's table, as URI,
            ARN or https address; the ARN of a job, or its id in the Region of the session; `-` for standard input.
            All of them are looked up before the first one is opened.
        session: Credentials and Region. Default: - those of the environment, as boto3 finds them.

    Yields:
        The outputs, each place once.

    Raises:
        NotFoundError: There is no such file, bucket, object or job, or no output lies there.
        JobNotFinishedError: A job is still queued or running.
        AccessError: AWS refused a call.
        MissingExtraError: boto3 is not installed.
        PredictionsError: A job failed or was stopped, a target is nothing that can be read, or AWS cannot be reached.
    """
    sessions = _Sessions(session)
    places = {place.location: place for target in targets for place in _find(target, sessions)}
    for place in places.values():
        with place.open() as output:
            yield output


def read_outputs(targets: str | Iterable[str], *, session: boto3.Session | None = None) -> Iterator[Prediction]:
    """Read the predictions of any number of jobs.

    Args:
        targets: As for `open_outputs`; one or several.
        session: Credentials and Region. Default: - those of the environment, as boto3 finds them.

    Yields:
        The predictions; `job` tells which job each is of: its id, or the place of its output where that does not tell.

    Raises:
        PredictionsError: As `open_outputs` and `read_predictions`; the message names the output.
    """
    for output in open_outputs([targets] if isinstance(targets, str) else targets, session=session):
        for batch in batches_of(output):
            yield from batch


def batches_of(output: Output) -> Iterator[list[Prediction]]:
    """Read the predictions of one opened output.

    Args:
        output: The output.

    Yields:
        The predictions, some hundred at once.

    Raises:
        BadArchiveError: The output cannot be read; the message names it.
    """
    try:
        yield from read_batches(output.stream, job=output.job or output.location)
    except BadArchiveError as error:
        raise BadArchiveError(f"{output.location}: {error}") from error


class _Sessions:
    """A session that is made when it is needed: files are read without boto3."""

    def __init__(self, session: boto3.Session | None) -> None:
        self._session = session

    def get(self) -> boto3.Session:
        if self._session is None:
            try:
                import boto3  # noqa: PLC0415 - files are read without it
            except ImportError as error:
                raise MissingExtraError(
                    "reading from AWS needs boto3: pip install 'cdk-comprehend-classification[results]', "
                    "or in a checkout: pip install '.[results]'"
                ) from error
            self._session = boto3.Session()
        return self._session


@dataclass(frozen=True, slots=True)
class _File:
    path: Path

    @property
    def location(self) -> str:
        return str(self.path)

    @contextmanager
    def open(self) -> Iterator[Output]:
        try:
            stream = self.path.open("rb")
        except OSError as error:
            raise _not_opened(self.path, error) from error
        with stream:
            size = os.fstat(stream.fileno()).st_size or None  # a pipe has none
            yield Output(self.location, stream, job_of(self.path.absolute().as_posix()), size)


@dataclass(frozen=True, slots=True)
class _StandardInput:
    location: str = "standard input"

    @contextmanager
    def open(self) -> Iterator[Output]:
        yield Output(self.location, sys.stdin.buffer)


@dataclass(frozen=True, slots=True)
class _Object:
    bucket: str
    key: str
    s3: S3Client
    job: str | None = None

    @property
    def location(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @contextmanager
    def open(self) -> Iterator[Output]:
        with _clear_messages(self.location):
            answer = self.s3.get_object(Bucket=self.bucket, Key=self.key)
            body = answer["Body"]
            try:
                stream = _Body(body, self.location)
                yield Output(self.location, stream, self.job or job_of(self.key), answer.get("ContentLength"))
            finally:
                body.close()


class _Body:
    """The body of a response: a connection that breaks while it is read is an error of this package."""

    def __init__(self, body: ReadableStream, location: str) -> None:
        self._body = body
        self._location = location

    def read(self, size: int, /) -> bytes:
        with _clear_messages(self._location):
            return self._body.read(size)


def _find(target: str, sessions: _Sessions) -> list[_File] | list[_StandardInput] | list[_Object]:
    """Find what to read at a target; at least one."""
    if target == STANDARD_INPUT:
        return [_StandardInput()]
    place = parse_target(target)
    if isinstance(place, LocalPath):
        return _files_at(place.path)
    session = sessions.get()
    with _clear_messages(target):
        job = None
        if isinstance(place, Job):
            job = place.id
            place = _output_of(session, place)
        return _objects_at(session.client("s3"), place, job)


def _files_at(path: Path) -> list[_File]:
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError) as error:
        raise _not_opened(path, error) from error
    if not is_folder:
        return [_File(path)]
    names: list[str] = []
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        places = [Path(folder) / name for name in files if is_candidate(name)]
        # A pipe in it would be waited for, and a link may lead nowhere.
        names += [place.relative_to(path).as_posix() for place in places if place.is_file()]
    chosen = choose(names)
    if not chosen:
        raise NotFoundError(f"{path} is a folder without the output of a job: give that of an output.tar.gz")
    return [_File(path / name) for name in chosen]


def _not_opened(path: Path, error: OSError | ValueError) -> PredictionsError:
    if isinstance(error, FileNotFoundError):
        return NotFoundError(f"there is no file {path}; give {KINDS}")
    return PredictionsError(f"cannot open {path}: {getattr(error, 'strerror', error)}")


def _output_of(session: boto3.Session, job: Job) -> S3Place:
    """Return where a finished job wrote its output."""
    comprehend = session.client("comprehend", region_name=job.region)
    told = comprehend.describe_document_classification_job(JobId=job.id)["DocumentClassificationJobProperties"]
    status = told.get("JobStatus")
    if status in {"SUBMITTED", "IN_PROGRESS"}:
        raise JobNotFinishedError(
            f"job {job.id} is {status} and has no predictions yet: try again once it is COMPLETED"
        )
    if status != "COMPLETED":
        message = told.get("Message") or "the service gave no reason"
        raise PredictionsError(f"job {job.id} is {status} and has no predictions: {message}")
    place = parse_target(told["OutputDataConfig"]["S3Uri"])
    if not isinstance(place, S3Place):
        raise PredictionsError(f"job {job.id} wrote its output to {told['OutputDataConfig']['S3Uri']!r}, no s3:// URI")
    return place


def _objects_at(s3: S3Client, place: S3Place, job: str | None) -> list[_Object]:
    if is_candidate(place.key) and not place.key.endswith("/output"):
        return [_Object(place.bucket, place.key, s3, job)]
    # A prefix without a slash at its end would also find its neighbours: results/1 and results/10.
    prefix = place.key if not place.key or place.key.endswith("/") else f"{place.key}/"
    names: list[str] = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=prefix):
        keys = (entry["Key"] for entry in page.get("Contents", ()) if entry["Size"])
        names += [key for key in keys if key.endswith((".tar.gz", ".jsonl.gz", ".jsonl")) and is_candidate(key)]
    if not names:
        raise NotFoundError(f"there is no output.tar.gz below s3://{place.bucket}/{prefix}: is the job COMPLETED?")
    return [_Object(place.bucket, key, s3) for key in choose(names)]


@contextmanager
def _clear_messages(target: str) -> Iterator[None]:
    """Turn what boto3 raises, while it is called and while a body is read, into errors of this package."""
    from botocore.exceptions import (  # noqa: PLC0415 - local files are read without it
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        NoRegionError,
    )

    try:
        yield
    except ClientError as error:
        raise _refused(target, error) from error
    except NoCredentialsError as error:
        raise AccessError("there are no AWS credentials: set AWS_PROFILE, or run `aws configure`") from error
    except NoRegionError as error:
        raise PredictionsError("no Region is set: set AWS_REGION, or give the JobArn, which names it") from error
    except BotoCoreError as error:
        raise PredictionsError(f"cannot read {target}: {error}") from error


def _refused(target: str, error: ClientError) -> PredictionsError:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "").strip()
    sentence = message if message.endswith((".", "!", "?")) else f"{message}."  # not every service ends one
    call = error.operation_name
    if code in {"NoSuchKey", "NoSuchBucket", "404"}:
        return NotFoundError(f"{target}: {sentence} The job may not be COMPLETED, or its output was deleted.")
    if code in {"JobNotFoundException", "ResourceNotFoundException"}:
        return NotFoundError(f"{target}: {sentence} Check the job id, the account and the Region.")
    if code in {"AccessDenied", "AccessDeniedException", "403"}:
        return AccessError(
            f"{target}: {call} was denied: {sentence} Reading needs comprehend:DescribeDocumentClassificationJob, "
            "s3:GetObject, s3:ListBucket and kms:Decrypt with the key of the results; grant_describe and "
            "grant_read_results of the construct grant them."
        )
    return PredictionsError(f"{target}: {call} failed: {code}: {message}")
