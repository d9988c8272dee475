"""Documents in and predictions out, through ordinary S3 requests of the data access role."""

from __future__ import annotations

import io
import json
import re
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3
    from mypy_boto3_s3 import S3Client

_NO_RETRIES = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


NOT_TEXT = {"ErrorCode": "UNSUPPORTED_ENCODING", "ErrorMessage": "The document is not UTF-8 text."}
TOO_LARGE = {"ErrorCode": "DOCUMENT_SIZE_EXCEEDED", "ErrorMessage": "The document is larger than 10 MB."}
_MOST_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Document:
    """One document of a job: a file, or a line of it.

    Args:
        file: Name of the file.
        line: Number of the line, from 0; None where the file is the document.
        text: None where it cannot be read.
        error: Why not.
    """

    file: str
    line: int | None
    text: str | None
    error: dict[str, Any] = field(default_factory=dict)

    def prediction(self, result: dict[str, Any]) -> dict[str, Any]:
        """The line of predictions.jsonl for this document."""
        where = {"File": self.file} if self.line is None else {"File": self.file, "Line": str(self.line)}
        return {**where, **result}


def client(session: boto3.Session) -> S3Client:
    """An S3 client that reports a refusal at once."""
    return session.client("s3", config=_NO_RETRIES)


def read_objects(s3: S3Client, uri: str) -> Iterator[tuple[str, bytes]]:
    """Every object whose key begins with the URI's, which is a prefix, not a folder; empty ones are left out."""
    bucket, prefix = split(uri)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            if item["Size"]:
                yield item["Key"], s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()


def documents(key: str, content: bytes, input_format: str) -> Iterator[Document]:
    """The documents of one object: itself, or its lines that are not blank.

    Lines are read up to the first that is not UTF-8, as the guide says.
    """
    file = key.rpartition("/")[2]
    try:
        text, bad = content.decode(), False
    except UnicodeDecodeError as error:
        text, bad = content[: error.start].decode(), True
    if input_format == "ONE_DOC_PER_FILE":
        if bad or len(content) > _MOST_BYTES:
            yield Document(file, None, None, NOT_TEXT if bad else TOO_LARGE)
        else:
            yield Document(file, None, text)
        return
    lines = re.split(r"\r\n|\r|\n", text)
    for number, line in enumerate(lines[:-1] if bad else lines):
        if line.strip():
            yield Document(file, number, line)
    if bad:
        yield Document(file, len(lines) - 1, None, NOT_TEXT)


def write(s3: S3Client, uri: str, content: bytes, kms_key: str | None) -> None:
    """Write one object, under the given key or as the bucket's default says."""
    bucket, key = split(uri)
    encryption: Any = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
    s3.put_object(Bucket=bucket, Key=key, Body=content, **encryption)


def archive(predictions: list[dict[str, Any]]) -> bytes:
    """`output.tar.gz`: the file predictions.jsonl."""
    lines = "".join(f"{json.dumps(prediction)}\n" for prediction in predictions).encode()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("predictions.jsonl")
        entry.size = len(lines)
        tar.addfile(entry, io.BytesIO(lines))
    return buffer.getvalue()


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an S3 URI."""
    parts = urlsplit(uri)
    return parts.netloc, uri.removeprefix(f"s3://{parts.netloc}").removeprefix("/")
