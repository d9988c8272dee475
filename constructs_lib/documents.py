"""What a job classifies, and how the service reads it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib._core.buckets import BucketFacts
from constructs_lib._core.choices import check_choice, is_choice
from constructs_lib._core.files import READ_BY_TEXTRACT, WORD, check_documents_file
from constructs_lib._core.objects import given_or, is_text
from constructs_lib._core.prefixes import check_bucket, check_prefix, check_uri, split_uri
from constructs_lib._core.tokens import is_known
from constructs_lib._core.values import MadeByMethods
from constructs_lib.errors import ValidationError, problem
from constructs_lib.keys import check_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from aws_cdk import aws_s3 as s3

    from constructs_lib._core.arns import Environment
    from constructs_lib.keys import Key


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
class DocumentReader(metaclass=MadeByMethods):
    """How the service extracts text from PDF files and images.

    Make one with `detect_text`, `analyze` or `service_default`, so that it cannot be put together wrongly.

    Args:
        action: The Textract operation; None leaves it to the service.
        features: What to look for beside the text; only with `ANALYZE`.
        mode: For which PDF files. None leaves it to the service.

    Source: `InputDataConfig.DocumentReaderConfig`; Developer Guide, "Setting text extraction options".
    """

    action: ReadAction | None
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
        return cls._make(action=ReadAction.DETECT_TEXT, mode=mode)

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
        return cls._make(action=ReadAction.ANALYZE, features=features, mode=mode)

    @classmethod
    def service_default(cls) -> DocumentReader:
        """Read as the service does by itself: digital files with its own parser, images and scans with Textract.

        The request says nothing about reading, but the roles may use Textract's `DetectDocumentText`. For models that
        read PDF files and images by themselves.

        Returns:
            The reader.

        Source: Developer Guide, "Setting text extraction options" (what happens without `DocumentReaderConfig`).
        """
        return cls._make(action=None)

    def problems(self) -> list[str]:
        """Check the reader.

        Returns:
            What is wrong.
        """
        found = [] if self.mode is None else check_choice("mode", self.mode, ReadMode)
        wrong = [feature for feature in self.features if not is_choice(feature, FeatureType)]
        found += [problem("features", name, " or ".join(FeatureType), "use FeatureType") for name in wrong]
        names = [str(feature) for feature in self.features if is_choice(feature, FeatureType)]
        if len(set(names)) != len(names):
            found.append(problem("features", names, "each feature once", "leave out the second mention"))
        return found


@dataclass(frozen=True)
class Documents(metaclass=MadeByMethods):
    """The documents a job classifies: a prefix of a bucket, or one local file.

    Make them with `from_bucket`, `from_uri`, `from_asset` or `in_new_bucket`. The job that gets them checks them.

    Args:
        input_format: How files are cut into documents.
        reader: How text is extracted from PDF files and images.
        bucket: The bucket, of `from_bucket`.
        uri: The URI, of `from_uri`.
        prefix: The key prefix in the bucket.
        path: The local file, of `from_asset`.
        encryption_key: The key of the bucket that the local file is published to.
        in_new: Whether the bucket is still to be made.
        lifecycle_rules: Of the bucket that is still to be made.

    Source: `InputDataConfig` of `StartDocumentClassificationJob`.
    """

    input_format: InputFormat
    reader: DocumentReader | None = None
    bucket: s3.IBucket | s3.Bucket | None = None
    uri: str | None = None
    prefix: str = ""
    path: str | PathLike[str] | None = None
    encryption_key: Key | None = None
    in_new: bool = False
    lifecycle_rules: Sequence[s3.LifecycleRule] | None = None

    @classmethod
    def from_bucket(
        cls,
        bucket: s3.IBucket | s3.Bucket,
        prefix: str = "",
        *,
        input_format: InputFormat,
        reader: DocumentReader | None = None,
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
        # None in the place of the bucket must not pass for documents that come from elsewhere.
        given = given_or(bucket, "no bucket")
        return cls._make(input_format=input_format, reader=reader, bucket=given, prefix=prefix)

    @classmethod
    def from_uri(cls, uri: str, *, input_format: InputFormat, reader: DocumentReader | None = None) -> Documents:
        """Use every object whose URI begins with a text.

        Args:
            uri: `s3://<bucket>/<prefix>`, in the Region of the job. For a bucket with a key of its own use
                `from_bucket`, which knows the key.
            input_format: How files are cut into documents.
            reader: How to extract text from PDF files and images; only with one document per file.
                Default: - the service's defaults, which suit plain-text models.

        Returns:
            The documents.
        """
        parts = split_uri(uri) if is_text(uri) else None
        return cls._make(
            input_format=input_format, reader=reader, uri=given_or(uri, "no URI"), prefix=parts[1] if parts else ""
        )

    @classmethod
    def from_asset(
        cls,
        path: str | PathLike[str],
        *,
        input_format: InputFormat = InputFormat.ONE_DOC_PER_LINE,
        reader: DocumentReader | None = None,
        encryption_key: Key | None = None,
    ) -> Documents:
        """Use one local file, which `cdk deploy` uploads as an asset.

        Its key contains a hash of its content, so new content means a new job.

        Args:
            path: The file, absolute or relative to the working directory. The job that gets it checks that it is
                there, not empty, and UTF-8 where it is text.
            input_format: How the file is cut into documents. Default: one document per line.
            reader: How to extract text from a PDF file or image; only with one document per file.
                Default: - the service's defaults.
            encryption_key: The key of the bucket for assets, where the account was bootstrapped with a customer
                managed key. Default: - the bucket has none.

        Returns:
            The documents.
        """
        given = given_or(path, "no path")
        return cls._make(input_format=input_format, reader=reader, path=given, encryption_key=encryption_key)

    @classmethod
    def in_new_bucket(
        cls,
        prefix: str = "documents/",
        *,
        input_format: InputFormat = InputFormat.ONE_DOC_PER_FILE,
        reader: DocumentReader | None = None,
        lifecycle_rules: Sequence[s3.LifecycleRule] | None = None,
    ) -> Documents:
        """Let a pipeline or a workflow make the bucket.

        Args:
            prefix: A key prefix without a slash in front. Default: `documents/`.
            input_format: How files are cut into documents. Default: one document per file.
            reader: How to extract text from PDF files and images; only with one document per file.
                Default: - the service's defaults, which suit plain-text models.
            lifecycle_rules: Of the bucket. Default: - uploads that were not completed are removed after 7 days.

        Returns:
            The documents.
        """
        return cls._make(
            input_format=input_format, reader=reader, prefix=prefix, in_new=True, lifecycle_rules=lifecycle_rules
        )

    def placed_in(self, bucket: s3.IBucket | s3.Bucket) -> Documents:
        """Put documents of a bucket that was still to be made into it.

        Args:
            bucket: The bucket, now made.

        Returns:
            The documents.
        """
        return Documents.from_bucket(bucket, self.prefix, input_format=self.input_format, reader=self.reader)

    @property
    def location(self) -> tuple[BucketFacts, str] | None:
        """Bucket and prefix; None for a local file, and for a bucket that is still to be made."""
        if self.bucket is not None:
            return BucketFacts.of(self.bucket), self.prefix
        parts = split_uri(self.uri) if is_text(self.uri) else None
        return (BucketFacts.named(parts[0]), parts[1]) if parts else None

    @property
    def file(self) -> Path | None:
        """The local file, if it is one."""
        return None if self.path is None else Path(self.path)

    @property
    def wants_textract(self) -> bool:
        """Whether a file's name says that Textract must read it, and no reader says how."""
        name = self.prefix if self.path is None else fspath(self.path)
        return self.reader is None and is_known(name) and name.lower().endswith(READ_BY_TEXTRACT)

    def problems(self, environment: Environment) -> list[str]:
        """Check the documents.

        Args:
            environment: Where the job runs.

        Returns:
            What is wrong; nothing for what only the deployment knows.
        """
        found = [*check_choice("input_format", self.input_format, InputFormat), *self._reader_problems()]
        if self.path is not None:
            text_only = self.input_format == InputFormat.ONE_DOC_PER_LINE
            found += check_documents_file("documents", self.path, text_only=text_only)
            if self.encryption_key is not None:
                found += check_key("encryption_key", self.encryption_key, environment, aliases=True)
            name: object = self.path if isinstance(self.path, str) else str(self.path)
        else:
            found += self._environment_problems(environment)
            name = self.prefix
        if (
            isinstance(name, str)
            and is_known(name)
            and self.input_format == InputFormat.ONE_DOC_PER_LINE
            and name.lower().endswith(WORD + READ_BY_TEXTRACT)
        ):
            allowed = "UTF-8 text with ONE_DOC_PER_LINE"
            found.append(problem("documents", name, allowed, "use InputFormat.ONE_DOC_PER_FILE"))
        return found

    def _environment_problems(self, environment: Environment) -> list[str]:
        if self.uri is not None:
            return check_uri("documents", self.uri)
        if not self.in_new:
            return check_bucket("documents", self.bucket, self.prefix, environment)
        return check_prefix("documents", self.prefix, None) + check_lifecycle_rules("documents", self.lifecycle_rules)

    def _reader_problems(self) -> list[str]:
        if self.reader is None:
            return []
        found = check_reader(self.reader)
        if self.input_format == InputFormat.ONE_DOC_PER_LINE:
            found.append(
                problem(
                    "reader",
                    "a reader with ONE_DOC_PER_LINE",
                    "a reader with ONE_DOC_PER_FILE only",
                    "leave it out: one document a line is for plain text, which nothing has to be extracted from",
                )
            )
        return found


def check_reader(reader: object) -> list[str]:
    """Check what was given as a reader.

    Args:
        reader: Anything.

    Returns:
        Problems.
    """
    if isinstance(reader, DocumentReader):
        return reader.problems()
    return [problem("reader", reader, "a DocumentReader", "use DocumentReader.detect_text() or .analyze(...)")]


def check_lifecycle_rules(option: str, rules: object) -> list[str]:
    """Check the lifecycle rules of a bucket that is still to be made.

    Args:
        option: The option that has them.
        rules: Anything.

    Returns:
        Problems.
    """
    from aws_cdk import aws_s3 as s3  # noqa: PLC0415 - reading predictions imports this module's enums alone

    if rules is None or (isinstance(rules, list | tuple) and all(isinstance(rule, s3.LifecycleRule) for rule in rules)):
        return []
    return [problem(option, rules, "a list of s3.LifecycleRule", "pass lifecycle_rules=[s3.LifecycleRule(...)]")]


def check_documents(documents: object, environment: Environment) -> list[str]:
    """Check what was given as documents.

    Args:
        documents: Anything.
        environment: Where the job runs.

    Returns:
        Problems.
    """
    if isinstance(documents, Documents):
        return documents.problems(environment)
    return [problem("documents", documents, "a Documents", "use Documents.from_bucket(...) or Documents.from_uri(...)")]
