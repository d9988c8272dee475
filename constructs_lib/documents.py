"""What a job classifies, and how the service reads it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.errors import ValidationError, problem

if TYPE_CHECKING:
    from os import PathLike

    from aws_cdk.aws_s3 import IBucket


class InputFormat(StrEnum):
    """How the text in an input file is cut into documents.

    Source: `InputDataConfig.InputFormat`.
    """

    ONE_DOC_PER_FILE = "ONE_DOC_PER_FILE"
    """Each file is a document. The only format for PDF, Word and image files."""

    ONE_DOC_PER_LINE = "ONE_DOC_PER_LINE"
    """Each line of a UTF-8 text file is a document."""


class FeatureType(StrEnum):
    """What Amazon Textract looks for beside the text.

    Source: `DocumentReaderConfig.FeatureTypes`.
    """

    TABLES = "TABLES"
    FORMS = "FORMS"


class ReadMode(StrEnum):
    """For which PDF files Amazon Textract is used.

    Source: `DocumentReaderConfig.DocumentReadMode`.
    """

    SERVICE_DEFAULT = "SERVICE_DEFAULT"
    """Only scanned PDF files and images; Comprehend's own parser reads digital ones."""

    FORCE_DOCUMENT_READ_ACTION = "FORCE_DOCUMENT_READ_ACTION"
    """Every PDF file, digital ones included."""


class ReadAction(StrEnum):
    """The Textract operation that reads PDF files and images.

    Source: `DocumentReaderConfig.DocumentReadAction`.
    """

    DETECT_TEXT = "TEXTRACT_DETECT_DOCUMENT_TEXT"
    ANALYZE = "TEXTRACT_ANALYZE_DOCUMENT"


@dataclass(frozen=True)
class DocumentReader:
    """How the service extracts text from PDF files and images.

    Make one with `detect_text` or `analyze`, so that it cannot be put together wrongly.

    Args:
        action: The Textract operation.
        features: What to look for beside the text; only with `ANALYZE`.
        mode: For which PDF files. None leaves it to the service.

    Source: `InputDataConfig.DocumentReaderConfig`; Developer Guide, "Setting text extraction options".
    """

    action: ReadAction
    features: tuple[FeatureType, ...] = ()
    mode: ReadMode | None = None

    @classmethod
    def detect_text(cls, mode: ReadMode | None = None) -> DocumentReader:
        """Read with Textract's `DetectDocumentText`.

        Args:
            mode: For which PDF files. Default: - the service decides (`SERVICE_DEFAULT`).

        Returns:
            The reader.
        """
        return cls(ReadAction.DETECT_TEXT, mode=mode)

    @classmethod
    def analyze(cls, *features: FeatureType, mode: ReadMode | None = None) -> DocumentReader:
        """Read with Textract's `AnalyzeDocument`, which also finds tables or forms.

        Args:
            features: `FeatureType.TABLES`, `FeatureType.FORMS`, or both; at least one.
            mode: For which PDF files. Default: - the service decides (`SERVICE_DEFAULT`).

        Returns:
            The reader.

        Raises:
            ValidationError: No feature was given.
        """
        if not features:
            raise ValidationError(
                [
                    problem(
                        "features", [], "TABLES, FORMS or both", "use DocumentReader.detect_text() to read text only"
                    )
                ],
                "DocumentReader.analyze",
            )
        return cls(ReadAction.ANALYZE, tuple(features), mode)


@dataclass(frozen=True)
class Documents:
    """The documents a job classifies: a prefix of a bucket, or one local file.

    Make one with `from_bucket` or `from_asset`.

    Args:
        input_format: How files are cut into documents.
        reader: How text is extracted from PDF files and images.
        bucket: The bucket; None for a local file.
        prefix: The key prefix in the bucket.
        path: The local file; None for a bucket.

    Source: `InputDataConfig` of `StartDocumentClassificationJob`.
    """

    input_format: InputFormat
    reader: DocumentReader | None = None
    bucket: IBucket | None = None
    prefix: str = ""
    path: Path | None = None

    @classmethod
    def from_bucket(
        cls, bucket: IBucket, prefix: str = "", *, input_format: InputFormat, reader: DocumentReader | None = None
    ) -> Documents:
        """Use every object whose key begins with a prefix.

        Args:
            bucket: Where the documents are, in the Region of the job.
            prefix: A key prefix, not a folder: `in` also matches `in-old/a.txt`; end it with `/` to mean a folder, or
                give a whole key to mean one file. No slash in front. Default: - the whole bucket.
            input_format: How files are cut into documents.
            reader: How to extract text from PDF files and images; only with one document per file.
                Default: - the service's defaults, which suit plain-text models.

        Returns:
            The documents.
        """
        return cls(input_format, reader, bucket=bucket, prefix=prefix)

    @classmethod
    def from_asset(
        cls,
        path: str | PathLike[str],
        *,
        input_format: InputFormat = InputFormat.ONE_DOC_PER_LINE,
        reader: DocumentReader | None = None,
    ) -> Documents:
        """Use one local file, which `cdk deploy` uploads as an asset.

        Its key contains a hash of its content, so new content means a new job.

        Args:
            path: The file, absolute or relative to the working directory. The job that gets it checks that it is
                there and not empty.
            input_format: How the file is cut into documents. Default: one document per line.
            reader: How to extract text from a PDF file or image; only with one document per file.
                Default: - the service's defaults.

        Returns:
            The documents.
        """
        return cls(input_format, reader, path=Path(path))
