"""The request of a job, in the API's own names and nesting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib.documents import ReadAction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.documents import DocumentReader, InputFormat
    from constructs_lib.keys import KeyReference
    from constructs_lib.model import ClassificationModel

# The permission that each way of reading takes.
_TEXTRACT = {
    None: "textract:DetectDocumentText",
    ReadAction.DETECT_TEXT: "textract:DetectDocumentText",
    ReadAction.ANALYZE: "textract:AnalyzeDocument",
}


def job_request(
    *,
    model: ClassificationModel,
    documents_uri: str,
    input_format: InputFormat,
    reader: DocumentReader | None,
    results_uri: str,
    results_key: KeyReference | None,
    role_arn: str,
    volume_key: KeyReference | None,
    vpc_config: Mapping[str, object] | None,
    job_name: str | None,
    tags: object,
) -> dict[str, object]:
    """Put a request together.

    Args:
        model: The classifier or flywheel.
        documents_uri: Where the documents are.
        input_format: How files are cut into documents.
        reader: How text is extracted.
        results_uri: Where the results go.
        results_key: The key of the results.
        role_arn: The data access role.
        volume_key: The key of the service's storage volumes.
        vpc_config: Subnets and groups, as `ClassificationNetwork.bind` gives them.
        job_name: The name.
        tags: Tags as the API has them, or a token of them.

    Returns:
        The parameters of `StartDocumentClassificationJob`, those left out that have no value.
    """
    return without_none(
        JobName=job_name,
        **{str(model.kind): model.arn},
        InputDataConfig=without_none(
            S3Uri=documents_uri,
            InputFormat=str(input_format),
            DocumentReaderConfig=_reader_config(reader) if reader else None,
        ),
        OutputDataConfig=without_none(S3Uri=results_uri, KmsKeyId=results_key.identifier if results_key else None),
        DataAccessRoleArn=role_arn,
        VolumeKmsKeyId=volume_key.identifier if volume_key else None,
        VpcConfig=vpc_config,
        Tags=tags,
    )


def textract_action(reader: DocumentReader | None) -> str | None:
    """Say which permission of Textract a reader takes.

    Args:
        reader: The reader.

    Returns:
        The IAM action, or None without a reader.
    """
    return _TEXTRACT[reader.action] if reader else None


def _reader_config(reader: DocumentReader) -> dict[str, object] | None:
    if reader.action is None:
        return None
    return without_none(
        DocumentReadAction=str(reader.action),
        DocumentReadMode=str(reader.mode) if reader.mode else None,
        FeatureTypes=[str(feature) for feature in reader.features] or None,
    )


def without_none(**values: object) -> dict[str, object]:
    """Leave out what has no value.

    Args:
        values: Names and values.

    Returns:
        Those with a value.
    """
    return {name: value for name, value in values.items() if value is not None}
