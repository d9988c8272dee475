"""Find the output of a job: a local file, an object in S3, or what a job says it wrote."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from constructs_lib.predictions.errors import (
    AccessError,
    JobNotFinishedError,
    MissingExtraError,
    NotFoundError,
)
from constructs_lib.predictions.reading import PredictionsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

    from constructs_lib.predictions.reading import ReadableStream

_JOB_ARN = re.compile(
    r"arn:aws[a-z-]*:comprehend:(?P<region>[a-z0-9-]+):[0-9]{12}:document-classification-job/(?P<id>.+)"
)
_JOB_ID = re.compile(r"[0-9A-Za-z-]{1,32}")
_S3_URI = re.compile(r"s3://(?P<bucket>[^/]+)(?:/(?P<key>.*))?", re.DOTALL)
_ARCHIVE_SUFFIXES = (".tar.gz", ".tgz")
_LISTED = 10  # archives named in a message

_KINDS = "a JobArn, a job id, an s3:// URI or a local output.tar.gz"


@dataclass(frozen=True, slots=True)
class Output:
    """The output of a job, opened for reading.

    Args:
        location: Where it lies: an `s3://` URI or a path.
        stream: The bytes of the archive.
    """

    location: str
    stream: ReadableStream


@contextmanager
def open_output(target: str, *, session: boto3.Session | None = None) -> Iterator[Output]:
    """Open the output of a job; its bytes come as they are read.

    Args:
        target: A local `output.tar.gz`, the `s3://` URI of one or of a prefix that holds exactly one, the ARN of a
            job, or a job id in the Region of the session.
        session: Credentials and Region. Default: - those of the environment, as boto3 finds them.

    Yields:
        The output.

    Raises:
        NotFoundError: There is no such file, bucket, object or job, or the prefix holds no archive.
        JobNotFinishedError: The job is still queued or running.
        AccessError: AWS refused a call.
        MissingExtraError: boto3 is not installed.
        PredictionsError: The job failed or was stopped, the prefix holds several archives, the target is nothing that
            can be read, or AWS cannot be reached.

    Source: API reference, `DescribeDocumentClassificationJob`, `OutputDataConfig.S3Uri`.
    """
    if _is_a_path(target):
        with _open_file(Path(target)) as output:
            yield output
        return
    if target == "NOT_STARTED":
        raise NotFoundError("the deployment started no job, since its input was empty: add documents and a new run_id")
    arn = _JOB_ARN.fullmatch(target)
    if arn is None and not _S3_URI.fullmatch(target) and not _JOB_ID.fullmatch(target):
        raise PredictionsError(f"{target!r} cannot be read: give {_KINDS}")

    session = session or _default_session()
    with _clear_messages(target):
        uri = target
        if not target.startswith("s3://"):
            job_id, region = (unquote(arn["id"]), arn["region"]) if arn else (target, None)
            uri = _output_of_job(session, job_id, region)
        s3 = session.client("s3")
        bucket, key = _archive_at(s3, uri)
        body = s3.get_object(Bucket=bucket, Key=key)["Body"]
        try:
            yield Output(f"s3://{bucket}/{key}", body)
        finally:
            body.close()


def _is_a_path(target: str) -> bool:
    if not target or target.startswith(("s3://", "arn:")):
        return False
    return "/" in target or target.endswith(_ARCHIVE_SUFFIXES) or Path(target).exists()


@contextmanager
def _open_file(path: Path) -> Iterator[Output]:
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise NotFoundError(f"there is no file {path}; give {_KINDS}") from None
    except IsADirectoryError:
        raise PredictionsError(f"{path} is a folder: give the output.tar.gz in it") from None
    except OSError as error:
        raise PredictionsError(f"cannot open {path}: {error.strerror}") from error
    with stream:
        yield Output(str(path), stream)


def _default_session() -> boto3.Session:
    try:
        import boto3  # noqa: PLC0415 - local files are read without it
    except ImportError as error:
        raise MissingExtraError(
            "reading from AWS needs boto3: pip install 'cdk-comprehend-classification[results]'"
        ) from error
    return boto3.Session()


def _output_of_job(session: boto3.Session, job_id: str, region: str | None) -> str:
    """Return where a finished job wrote its output."""
    comprehend = session.client("comprehend", region_name=region)
    job = comprehend.describe_document_classification_job(JobId=job_id)["DocumentClassificationJobProperties"]
    status = job.get("JobStatus")
    if status in {"SUBMITTED", "IN_PROGRESS"}:
        raise JobNotFinishedError(
            f"job {job_id} is {status} and has no predictions yet: try again once it is COMPLETED"
        )
    if status != "COMPLETED":
        message = job.get("Message") or "the service gave no reason"
        raise PredictionsError(f"job {job_id} is {status} and has no predictions: {message}")
    return job["OutputDataConfig"]["S3Uri"]


def _archive_at(s3: S3Client, uri: str) -> tuple[str, str]:
    """Return bucket and key of the one archive at a URI."""
    match = _S3_URI.fullmatch(uri)
    if match is None:
        raise PredictionsError(f"{uri!r} is no s3://bucket/key URI")
    bucket, key = match["bucket"], match["key"] or ""
    if key.endswith(_ARCHIVE_SUFFIXES):
        return bucket, key
    found: list[str] = []
    # A prefix without a slash at its end would also find its neighbours: results/1 and results/10.
    prefix = key if not key or key.endswith("/") else f"{key}/"
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        found += [entry["Key"] for entry in page.get("Contents", ()) if entry["Key"].endswith("output.tar.gz")]
    if not found:
        raise NotFoundError(f"there is no output.tar.gz below s3://{bucket}/{prefix}: is the job COMPLETED?")
    if len(found) > 1:
        listed = "".join(f"\n  s3://{bucket}/{name}" for name in found[:_LISTED])
        more = f"\n  and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise PredictionsError(
            f"{len(found)} archives lie below s3://{bucket}/{prefix}; "
            f"give the URI of one of them, or a JobArn:{listed}{more}"
        )
    return bucket, found[0]


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
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    call = error.operation_name
    if code in {"NoSuchKey", "NoSuchBucket", "404"}:
        return NotFoundError(f"{target}: {message} The job may not be COMPLETED, or its output was deleted.")
    if code in {"JobNotFoundException", "ResourceNotFoundException"}:
        return NotFoundError(f"{target}: {message} Check the job id, the account and the Region.")
    if code in {"AccessDenied", "AccessDeniedException", "403"}:
        return AccessError(
            f"{target}: {call} was denied: {message} Reading needs comprehend:DescribeDocumentClassificationJob, "
            "s3:GetObject, s3:ListBucket and kms:Decrypt with the key of the results; grant_describe and "
            "grant_read_results of the construct grant them."
        )
    return PredictionsError(f"{target}: {call} failed: {code}: {message}")
