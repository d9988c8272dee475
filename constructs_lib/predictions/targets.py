"""What people give to say which predictions they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from constructs_lib.predictions.reading import PredictionsError
from constructs_lib.predictions.source_errors import NotFoundError

STANDARD_INPUT = "-"

_JOB_ARN = re.compile(
    r"arn:aws[a-z-]*:comprehend:(?P<region>[a-z0-9-]+):[0-9]{12}:document-classification-job/(?P<id>.+)"
)
_OTHER_ARN = re.compile(r"arn:aws[a-z-]*:comprehend:[a-z0-9-]+:[0-9]{12}:(?P<type>[a-z-]+)/.+")
_S3_ARN = re.compile(r"arn:aws[a-z-]*:s3:::(?P<bucket>[^/]+)(?:/(?P<key>.*))?", re.DOTALL)
_S3_URI = re.compile(r"s3://(?P<bucket>[^/]+)(?:/(?P<key>.*))?", re.DOTALL | re.IGNORECASE)
_JOB_ID = re.compile(r"[0-9A-Za-z-]{1,32}")
# https://bucket.s3.eu-west-1.amazonaws.com/key and https://s3.eu-west-1.amazonaws.com/bucket/key
_S3_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?s3[.-](?:[a-z0-9-]+\.)*amazonaws\.com(?:\.cn)?")
_CONSOLE_HOST = re.compile(r"(?:[a-z0-9-]+\.)*console\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)")
_CONSOLE_PATH = re.compile(r"/s3/(?:object|buckets)/(?P<bucket>[^/]+)/?")
_FILE_SUFFIXES = (".gz", ".tgz", ".tar", ".zip", ".jsonl", ".json", ".out")

KINDS = "a JobArn, a job id, an s3:// URI or a local output.tar.gz, or a folder that holds one"


@dataclass(frozen=True, slots=True)
class LocalPath:
    """A file or a folder.

    Args:
        path: Where it lies.
    """

    path: Path


@dataclass(frozen=True, slots=True)
class S3Place:
    """An object or a prefix in S3.

    Args:
        bucket: The bucket.
        key: The key or the prefix, maybe empty.
    """

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class Job:
    """A classification job.

    Args:
        id: Its id.
        region: Its Region; None for that of the session.
    """

    id: str
    region: str | None


def parse_target(target: str) -> LocalPath | S3Place | Job:
    """Read what somebody gave, in any of the forms in which AWS shows it.

    Args:
        target: A path, an `s3://` URI, the ARN or the https address of an object or a folder in S3, as the console
            shows them, the ARN or the id of a job. Blanks around it do not matter.

    Returns:
        What is meant.

    Raises:
        NotFoundError: A deployment that started no job gave it.
        PredictionsError: It is nothing that can be read; the message says what can.
    """
    given = target.strip()
    if match := _JOB_ARN.fullmatch(given):
        return Job(unquote(match["id"]), match["region"])
    if match := _OTHER_ARN.fullmatch(given):
        raise PredictionsError(
            f"{given} is the ARN of a {match['type']}: give the ARN of a document-classification-job, which is the "
            "JobArn of a deployment"
        )
    if match := _S3_URI.fullmatch(given) or _S3_ARN.fullmatch(given):
        return S3Place(match["bucket"], match["key"] or "")
    if given.lower().startswith(("https://", "http://")):
        return _from_address(given)
    if given == "NOT_STARTED":
        raise NotFoundError(
            "the deployment started no job, since its input was empty: add documents, and deploy with a new run_id"
        )
    if given and not given.lower().startswith(("s3:", "arn:")):
        if "/" in given or given.endswith(_FILE_SUFFIXES) or _exists(given):
            return LocalPath(Path(given))
        if _JOB_ID.fullmatch(given):
            return Job(given, None)
    raise PredictionsError(f"{given!r} cannot be read: give {KINDS}")


def _from_address(given: str) -> S3Place:
    try:
        address = urlsplit(given)
    except ValueError as error:
        raise PredictionsError(f"{given} is no address: {error}") from error
    host, path = (address.hostname or "").lower(), unquote(address.path)
    if match := _S3_HOST.fullmatch(host):
        bucket, key = (match["bucket"], path[1:]) if match["bucket"] else path[1:].partition("/")[::2]
        if bucket:
            return S3Place(bucket, key)
    if _CONSOLE_HOST.fullmatch(host):
        if match := _CONSOLE_PATH.fullmatch(path):
            return S3Place(match["bucket"], parse_qs(address.query).get("prefix", [""])[0])
        raise PredictionsError(f"{given} is a page of the console: give the JobArn or the s3:// URI that it shows")
    raise PredictionsError(f"{given} is no address of an object in S3: download it and give the file, or {KINDS}")


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # a name that is too long
        return False
