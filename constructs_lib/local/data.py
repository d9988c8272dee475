"""What a local run needs before an app is deployed: a trained classifier, and documents in a bucket."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from constructs_lib.local.local_errors import LocalAwsError

if TYPE_CHECKING:
    from constructs_lib.local.aws import LocalAws

_TRAINING_BUCKET = "local-training"
_DOCUMENTS_BUCKET = "local-documents"


def classifier_arn(aws: LocalAws, name: str = "local") -> str:
    """The ARN that `train_classifier` will return."""
    return f"arn:aws:comprehend:{aws.region}:{aws.account}:document-classifier/{name}"


def documents_uri(documents: Path) -> str:
    """The S3 URI that `upload_documents` will return."""
    return f"s3://{_DOCUMENTS_BUCKET}/input/{'' if documents.is_dir() else documents.name}"


def check_labelled(path: Path) -> None:
    """Check that a labelled file is one and can be read.

    Raises:
        LocalAwsError: It is a folder, or cannot be read.
    """
    if _is_folder(path):
        raise LocalAwsError(f"{path} is a folder. --train takes one CSV file of label,text rows.")
    _read(path)


def several_labels(labelled: Path) -> str | None:
    """The first label of a file that looks like several, such as `A|B`."""
    rows = csv.reader(io.StringIO(_read(labelled).decode(errors="replace"), newline=""))
    try:
        return next((row[0] for row in rows if row and re.fullmatch(r"[^|]+(\|[^|]+)+", row[0])), None)
    except csv.Error:  # the training says it better
        return None


def check_readable(path: Path) -> None:
    """Check that a file, or every file of a folder, can be read.

    Raises:
        LocalAwsError: There is nothing to read, or a file cannot be read.
    """
    for file in _files(path):
        _read(file)


def train_classifier(
    aws: LocalAws, labelled: Path, name: str = "local", mode: Literal["MULTI_CLASS", "MULTI_LABEL"] = "MULTI_CLASS"
) -> str:
    """Train a classifier through CreateDocumentClassifier.

    Args:
        aws: A started local AWS.
        labelled: CSV without header, label then text: Comprehend's training format.
        name: Name of the classifier.
        mode: Whether a document has one label or several, which `|` separates in the file.

    Returns:
        ARN of the trained classifier.

    Raises:
        LocalAwsError: The file cannot be read, or nothing can be learned from it.
    """
    content = _read(labelled)
    comprehend, iam, s3 = aws.client("comprehend"), aws.client("iam"), aws.client("s3")
    _make_bucket(s3, _TRAINING_BUCKET)
    s3.put_object(Bucket=_TRAINING_BUCKET, Key=f"{name}.csv", Body=content)
    trust = _statement(Principal={"Service": "comprehend.amazonaws.com"}, Action="sts:AssumeRole")
    read = _statement(
        Action=["s3:GetObject", "s3:ListBucket"],
        Resource=[f"arn:aws:s3:::{_TRAINING_BUCKET}", f"arn:aws:s3:::{_TRAINING_BUCKET}/*"],
    )
    role = iam.create_role(RoleName=f"local-training-{name}", AssumeRolePolicyDocument=trust)["Role"]
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="read", PolicyDocument=read)
    arn: str = comprehend.create_document_classifier(
        DocumentClassifierName=name,
        DataAccessRoleArn=role["Arn"],
        InputDataConfig={"S3Uri": f"s3://{_TRAINING_BUCKET}/{name}.csv"},
        LanguageCode="en",
        Mode=mode,
    )["DocumentClassifierArn"]
    while True:
        answer = comprehend.describe_document_classifier(DocumentClassifierArn=arn)
        classifier = answer["DocumentClassifierProperties"]
        if classifier["Status"] == "TRAINED":
            return arn
        if classifier["Status"] == "IN_ERROR":
            raise LocalAwsError(f"{labelled} cannot be trained on: {classifier['Message']}")
        time.sleep(0.05)


def upload_documents(aws: LocalAws, documents: Path) -> str:
    """Put documents into a bucket of their own.

    Args:
        aws: A started local AWS.
        documents: A file, or a folder whose files are the documents.

    Returns:
        Their S3 URI; a folder's ends in a slash.

    Raises:
        LocalAwsError: There is nothing to read, or a file cannot be read.
    """
    _make_bucket(aws.client("s3"), _DOCUMENTS_BUCKET)
    upload(aws.client("s3"), documents, f"s3://{_DOCUMENTS_BUCKET}/input/")
    return documents_uri(documents)


def upload(s3: Any, documents: Path, uri: str) -> int:  # noqa: ANN401 - a boto3 client
    """Put documents under an S3 URI.

    Args:
        s3: A client of S3.
        documents: A file, or a folder whose files are the documents.
        uri: Where to, as `s3://bucket/prefix/`.

    Returns:
        How many.

    Raises:
        LocalAwsError: There is nothing to read, or a file cannot be read.
    """
    contents = {file: _read(file) for file in _files(documents)}
    folder = documents if documents.is_dir() else documents.parent
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    for file, content in contents.items():
        s3.put_object(Bucket=bucket, Key=f"{prefix}{file.relative_to(folder).as_posix()}", Body=content)
    return len(contents)


def _files(path: Path) -> list[Path]:
    if not _is_folder(path):
        return [path]
    entries = [Path(folder, name) for folder, _, names in os.walk(path, onerror=_refuse) for name in names]
    files = sorted(file for file in entries if file.is_file() and not file.name.startswith("."))
    if not files:
        raise LocalAwsError(f"{path} holds no files. Give a folder with documents, or one file.")
    return files


def _refuse(error: OSError) -> NoReturn:
    raise LocalAwsError(f"{error.filename} cannot be read: {error.strerror}.") from error


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder; one that nobody may look at is none, and reading it says why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise LocalAwsError(f"{file} cannot be read: {error.strerror}.") from error


def _make_bucket(s3: Any, name: str) -> None:  # noqa: ANN401 - a boto3 client
    region = s3.meta.region_name
    # S3 refuses the Region of its birth as a constraint.
    s3.create_bucket(
        Bucket=name,
        **({} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}),
    )


def _statement(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})
