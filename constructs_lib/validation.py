"""Every rule that a job's options must keep: pure checks, values in and a list of problems out."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from constructs_lib.errors import problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

# The limits of the service's model, service-2.json of comprehend 2017-11-27. A test compares them with botocore's.
ARN_LENGTH = 256
CLASSIFIER_ARN = re.compile(
    r"arn:aws(-[^:]+)?:comprehend:[a-zA-Z0-9-]*:[0-9]{12}:document-classifier/[a-zA-Z0-9](-*[a-zA-Z0-9])*"
    r"(/version/[a-zA-Z0-9](-*[a-zA-Z0-9])*)?"
)
FLYWHEEL_ARN = re.compile(r"arn:aws(-[^:]+)?:comprehend:[a-zA-Z0-9-]*:[0-9]{12}:flywheel/[a-zA-Z0-9](-*[a-zA-Z0-9])*")
ROLE_ARN = re.compile(r"arn:aws(-[^:]+)?:iam::[0-9]{12}:role/.+")
ROLE_ARN_LENGTH = (20, 2048)
S3_URI = re.compile(r"s3://[a-z0-9][\.\-a-z0-9]{1,61}[a-z0-9](/.*)?")
S3_URI_LENGTH = 1024
JOB_NAME_LENGTH = 256
JOB_NAME_CHARACTERS = "_.:/=+-%@"
TAG_KEY_LENGTH = 128
TAG_VALUE_LENGTH = 256
FEATURES = 2
SUBNETS = 16
SECURITY_GROUPS = 5
KMS_KEY_ID_LENGTH = 2048
INPUT_FORMATS = ("ONE_DOC_PER_FILE", "ONE_DOC_PER_LINE")
READ_ACTIONS = ("TEXTRACT_DETECT_DOCUMENT_TEXT", "TEXTRACT_ANALYZE_DOCUMENT")
READ_MODES = ("SERVICE_DEFAULT", "FORCE_DOCUMENT_READ_ACTION")
FEATURE_TYPES = ("TABLES", "FORMS")

# Developer Guide, "Tagging resources".
TAGS = 50
# A custom resource may take an hour.
TIMEOUT_SECONDS = (1, 3600)
RUN_ID_LENGTH = 256

# AWS Key Management Service Developer Guide, "Key identifiers (KeyId)".
_KEY_ID = r"([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|mrk-[0-9a-fA-F]{32})"
_KMS_ARN = r"arn:aws(-[^:]+)?:kms:[a-z0-9-]+:[0-9]{12}:"
_ALIAS = r"alias/[a-zA-Z0-9/_-]+"
VOLUME_KEY = re.compile(f"{_KEY_ID}|{_KMS_ARN}key/{_KEY_ID}")
OUTPUT_KEY = re.compile(f"{_KEY_ID}|{_KMS_ARN}key/{_KEY_ID}|{_ALIAS}|{_KMS_ARN}{_ALIAS}")

# Developer Guide, "Guidelines and quotas", and the endpoints that the SDKs know.
REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-west-1",
        "eu-west-2",
        "us-east-1",
        "us-east-2",
        "us-gov-west-1",
        "us-iso-east-1",
        "us-isof-east-1",
        "us-isof-south-1",
        "us-west-2",
    }
)

# Developer Guide, "Inputs for asynchronous custom analysis": one document a line is for plain text only.
NOT_PLAIN_TEXT = (".pdf", ".docx", ".doc", ".jpg", ".jpeg", ".png", ".tif", ".tiff")


def check_model_arn(arn: str, *, flywheel: bool) -> list[str]:
    """Check a model's ARN against the API's pattern.

    Args:
        arn: The ARN.
        flywheel: Whether it should name a flywheel, or else a classifier.

    Returns:
        Problems.
    """
    wanted, pattern, other = (
        ("flywheel", FLYWHEEL_ARN, CLASSIFIER_ARN)
        if flywheel
        else ("document classifier", CLASSIFIER_ARN, FLYWHEEL_ARN)
    )
    option = "model"
    if other.fullmatch(arn):
        right = "from_classifier_arn" if flywheel else "from_flywheel_arn"
        return [problem(option, arn, f"the ARN of a {wanted}", f"use ClassificationModel.{right} for this one")]
    if not pattern.fullmatch(arn) or len(arn) > ARN_LENGTH:
        kind = "flywheel/<name>" if flywheel else "document-classifier/<name>[/version/<version>]"
        return [
            problem(
                option,
                arn,
                f"arn:<partition>:comprehend:<region>:<12-digit account>:{kind}, at most {ARN_LENGTH} characters",
                f"copy the ARN of the {wanted} from the Comprehend console or from `aws comprehend list-"
                f"{'flywheels' if flywheel else 'document-classifiers'}`",
            )
        ]
    return []


def check_place(option: str, arn: str, *, region: str | None, partition: str | None) -> list[str]:
    """Check that an ARN lies in the Region and partition of a stack.

    Args:
        option: The option that has it.
        arn: The ARN; anything else is left to other checks.
        region: The stack's Region, if it is known.
        partition: The stack's partition, if it is known.

    Returns:
        Problems.
    """
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":  # noqa: PLR2004 - arn and five parts
        return []
    if partition and parts[1] and parts[1] != partition:
        return [problem(option, arn, f"partition {partition}, the stack's", "use one of the stack's partition")]
    if region and parts[3] and parts[3] != region:
        return [
            problem(
                option,
                arn,
                f"Region {region}, the stack's",
                "use one of that Region, or deploy the stack to the other Region; the service reads across none",
            )
        ]
    return []


def check_prefix(option: str, prefix: str, bucket_name: str | None) -> list[str]:
    """Check an S3 prefix, and the URI that it makes with its bucket.

    Args:
        option: The option that has it.
        prefix: The prefix.
        bucket_name: The bucket's name, if it is known.

    Returns:
        Problems.
    """
    if prefix.startswith("s3://"):
        return [problem(option, prefix, "a key prefix", "leave out the bucket: it is an argument of its own")]
    found: list[str] = []
    if prefix.startswith("/"):
        advice = f"write {prefix.lstrip('/')!r}"
        found.append(problem(option, prefix, "a key prefix that does not begin with a slash", advice))
    if not prefix.isprintable():
        found.append(problem(option, prefix, "printable characters on one line", "take out the others"))
    if "*" in prefix or "?" in prefix or "${" in prefix:
        # In a policy these would be wildcards and variables, and the role would be allowed more than the prefix.
        found.append(problem(option, prefix, "a key prefix, not a pattern", "leave out *, ? and ${"))
    # The shortest bucket name stands for an unknown one, so that a prefix that fits no bucket is found all the same.
    uri = f"s3://{bucket_name or 'abc'}/{prefix}"
    if len(uri) > S3_URI_LENGTH:
        found.append(problem(option, uri, f"a URI of at most {S3_URI_LENGTH} characters", "shorten the prefix"))
    if bucket_name and not S3_URI.fullmatch(f"s3://{bucket_name}"):
        found.append(problem(option, bucket_name, "a bucket name in lower case", "use a bucket with such a name"))
    return found


def check_reader(input_format: str, reader: object | None) -> list[str]:
    """Check an input format, a reader, and their combination.

    Args:
        input_format: The format.
        reader: A `DocumentReader`, or None.

    Returns:
        Problems.
    """
    found: list[str] = []
    if input_format not in INPUT_FORMATS:
        found.append(problem("input_format", str(input_format), " or ".join(INPUT_FORMATS), "use InputFormat"))
    if reader is None:
        return found
    action, mode, features = (getattr(reader, name) for name in ("action", "mode", "features"))
    if input_format == "ONE_DOC_PER_LINE":
        found.append(
            problem(
                "reader",
                str(action),
                "a reader with ONE_DOC_PER_FILE only",
                "leave it out: one document a line is for plain text, which nothing has to be extracted from",
            )
        )
    if action not in READ_ACTIONS:
        found.append(
            problem("reader", str(action), " or ".join(READ_ACTIONS), "use DocumentReader.detect_text() or .analyze()")
        )
    if mode is not None and mode not in READ_MODES:
        found.append(problem("mode", str(mode), " or ".join(READ_MODES), "use ReadMode"))
    names = [str(feature) for feature in features]
    found += [
        problem("features", name, " or ".join(FEATURE_TYPES), "use FeatureType")
        for name in names
        if name not in FEATURE_TYPES
    ]
    if len(set(names)) != len(names):
        found.append(problem("features", names, "each feature once", "leave out the second mention"))
    if features and action == "TEXTRACT_DETECT_DOCUMENT_TEXT":
        found.append(problem("features", names, "features with AnalyzeDocument only", "use DocumentReader.analyze()"))
    if not features and action == "TEXTRACT_ANALYZE_DOCUMENT":
        found.append(
            problem("features", names, "TABLES, FORMS or both", "use DocumentReader.detect_text() for text only")
        )
    return found


def check_plain_text(option: str, name: str, input_format: str) -> list[str]:
    """Check that one document a line is asked only of text files.

    Args:
        option: The option that has the name.
        name: A file name or key prefix.
        input_format: The format.

    Returns:
        Problems.
    """
    if input_format == "ONE_DOC_PER_LINE" and name.lower().endswith(NOT_PLAIN_TEXT):
        return [problem(option, name, "UTF-8 text with ONE_DOC_PER_LINE", "use InputFormat.ONE_DOC_PER_FILE")]
    return []


def check_local_file(path: Path) -> list[str]:
    """Check that a local file can be published.

    Args:
        path: The file.

    Returns:
        Problems.
    """
    option = "documents"
    allowed = "a file that is there, can be read and is not empty"
    if not path.exists():
        return [problem(option, str(path), allowed, f"there is no such file; looked for {path.absolute()}")]
    if not path.is_file():
        return [
            problem(option, str(path), allowed, "this is a folder; use Documents.from_bucket for more than one file")
        ]
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        return [problem(option, str(path), allowed, f"it cannot be read: {error.strerror}")]
    return [problem(option, str(path), allowed, "this one is empty; write documents into it")] if empty else []


def check_apart(documents_prefix: str, results_prefix: str) -> list[str]:
    """Check that results do not land among the documents of the same bucket.

    Args:
        documents_prefix: The prefix that is read.
        results_prefix: The prefix that is written to.

    Returns:
        Problems.
    """
    if not results_prefix.startswith(documents_prefix):
        return []
    return [
        problem(
            "results",
            results_prefix,
            f"a prefix that does not begin with {documents_prefix!r}, the documents' in the same bucket",
            "choose two prefixes such as 'documents/' and 'results/', or the next job would classify these results",
        )
    ]


def check_key(option: str, key: str, *, aliases: bool) -> list[str]:
    """Check a key that was given as a string.

    Args:
        option: The option that has it.
        key: The key id, ARN or alias.
        aliases: Whether the API field takes aliases.

    Returns:
        Problems.
    """
    if (OUTPUT_KEY if aliases else VOLUME_KEY).fullmatch(key) and len(key) <= KMS_KEY_ID_LENGTH:
        return []
    formats = "a key id or a key ARN" + (", an alias name (alias/...) or an alias ARN" if aliases else "")
    if not aliases and OUTPUT_KEY.fullmatch(key):
        return [problem(option, key, formats, "this field of the API takes no alias; name the key itself")]
    return [problem(option, key, formats, "copy it from the KMS console, or pass the key as an object")]


def check_role_arn(arn: str, account: str | None) -> list[str]:
    """Check the ARN of an imported data access role.

    Args:
        arn: The ARN.
        account: The stack's account, if it is known.

    Returns:
        Problems.
    """
    option = "data_access_role"
    shortest, longest = ROLE_ARN_LENGTH
    if not ROLE_ARN.fullmatch(arn) or not shortest <= len(arn) <= longest:
        return [
            problem(
                option, arn, "arn:<partition>:iam::<12-digit account>:role/<name>", "import the role by such an ARN"
            )
        ]
    if account and arn.split(":", 5)[4] != account:
        return [
            problem(
                option, arn, f"a role of account {account}, the stack's", "a role can only be passed within its account"
            )
        ]
    return []


def check_job_name(name: str) -> list[str]:
    """Check a job's name.

    Args:
        name: The name.

    Returns:
        Problems.
    """
    # The model's \p{L}\p{Z}\p{N}: letters, separators and numbers of any script.
    if 1 <= len(name) <= JOB_NAME_LENGTH and all(
        character in JOB_NAME_CHARACTERS or unicodedata.category(character)[0] in "LZN" for character in name
    ):
        return []
    return [
        problem(
            "job_name",
            name,
            f"1 to {JOB_NAME_LENGTH} letters, numbers, spaces or {JOB_NAME_CHARACTERS}",
            "rename it, or leave it out",
        )
    ]


def check_tags(tags: Mapping[str, str]) -> list[str]:
    """Check tags.

    Args:
        tags: Keys and values; tokens already left out.

    Returns:
        Problems.
    """
    found = check_tag_count("tags", len(tags))
    for key, value in tags.items():
        if not 1 <= len(key) <= TAG_KEY_LENGTH:
            found.append(problem("tags", key, f"keys of 1 to {TAG_KEY_LENGTH} characters", "shorten the key"))
        if key.lower().startswith("aws:"):
            found.append(
                problem("tags", key, "keys without aws: in front", "AWS keeps that prefix for itself; rename it")
            )
        if len(value) > TAG_VALUE_LENGTH:
            found.append(
                problem(
                    f"tags[{key!r}]", value, f"values of at most {TAG_VALUE_LENGTH} characters", "shorten the value"
                )
            )
    return found


def check_tag_count(option: str, count: int) -> list[str]:
    """Check how many tags a job has.

    Args:
        option: Where the tags came from.
        count: How many.

    Returns:
        Problems.
    """
    if count <= TAGS:
        return []
    return [problem(option, f"{count} tags", f"at most {TAGS}", "take some out; those of Tags.of(...) count as well")]


def check_run_id(run_id: str) -> list[str]:
    """Check a run id.

    Args:
        run_id: The id.

    Returns:
        Problems.
    """
    if 1 <= len(run_id) <= RUN_ID_LENGTH:
        return []
    return [problem("run_id", run_id, f"1 to {RUN_ID_LENGTH} characters", "use a date or a build number")]


def check_timeout(seconds: float) -> list[str]:
    """Check how long a deployment may take.

    Args:
        seconds: The time.

    Returns:
        Problems.
    """
    shortest, longest = TIMEOUT_SECONDS
    if shortest <= seconds <= longest:
        return []
    return [
        problem(
            "timeout",
            f"{seconds:g} seconds",
            "1 second to 1 hour",
            "CloudFormation waits an hour at most; use JobMilestone.IN_PROGRESS to wait for less",
        )
    ]


def check_choice(option: str, value: str, choices: Iterable[str], kind: str) -> list[str]:
    """Check a value of a closed set.

    Args:
        option: The option that has it.
        value: The value.
        choices: What is allowed.
        kind: The name of the enum to use.

    Returns:
        Problems.
    """
    names = [str(choice) for choice in choices]
    return [] if value in names else [problem(option, str(value), " or ".join(names), f"use {kind}")]


def check_network(subnets: int, security_groups: int) -> list[str]:
    """Check how many subnets and security groups a job gets.

    Args:
        subnets: Number of subnets.
        security_groups: Number of groups.

    Returns:
        Problems.
    """
    found: list[str] = []
    if not 1 <= subnets <= SUBNETS:
        found.append(problem("vpc_subnets", f"{subnets} subnets", f"1 to {SUBNETS}", "select others with vpc_subnets"))
    if not 1 <= security_groups <= SECURITY_GROUPS:
        found.append(
            problem(
                "security_groups", f"{security_groups} groups", f"1 to {SECURITY_GROUPS}", "pass fewer, or at least one"
            )
        )
    return found
