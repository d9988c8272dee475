"""A job that uses every option that permissions depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DocumentClassificationJob,
    DocumentReader,
    Documents,
    EmptyInput,
    InputFormat,
    JobMilestone,
    Results,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a description of a job repeats of the request that started it.
_REQUEST = {
    "DataAccessRoleArn",
    "DocumentClassifierArn",
    "InputDataConfig",
    "OutputDataConfig",
    "VolumeKmsKeyId",
    "VpcConfig",
}


def add_job_with_everything(stack: cdk.Stack, classifier: str, **options: Any) -> cdk.CfnOutput:  # noqa: ANN401
    """Add the job, with buckets, keys and a network of its own; documents lie under `in/`.

    Args:
        stack: The stack.
        classifier: The ARN of the model.
        options: Further ones of the job.

    Returns:
        The name of the documents' bucket.
    """
    # A key each: with one for all, no statement about keys could be told from the others.
    documents, results = (
        s3.Bucket(stack, name, encryption_key=kms.Key(stack, f"{name}Key")) for name in ("Documents", "Results")
    )
    DocumentClassificationJob(
        stack,
        "Job",
        model=ClassificationModel.from_classifier_arn(classifier),
        documents=Documents.from_bucket(
            documents, "in/", input_format=InputFormat.ONE_DOC_PER_FILE, reader=DocumentReader.detect_text()
        ),
        results=Results.to_bucket(results, "out/"),
        volume_encryption_key=kms.Key(stack, "VolumeKey"),
        network=ClassificationNetwork(stack, "Network"),
        wait_for=JobMilestone.COMPLETED,
        when_empty=EmptyInput.SKIP,
        **options,
    )
    return cdk.CfnOutput(stack, "DocumentsName", value=documents.bucket_name)


def request_of(job: Mapping[str, Any], account: str) -> dict[str, Any]:
    """Ask for the same job again.

    Args:
        job: The description of a job.
        account: Whose job it is: the service puts a folder named after it below the place that was asked for.

    Returns:
        The request.
    """
    request = {name: value for name, value in job.items() if name in _REQUEST}
    place = job["OutputDataConfig"]["S3Uri"].partition(f"{account}-CLN-")[0]
    return {**request, "OutputDataConfig": {**job["OutputDataConfig"], "S3Uri": place}}
