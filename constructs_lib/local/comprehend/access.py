"""Who may do what: the caller's permissions, the data access role, keys and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from constructs_lib.local.comprehend.service_errors import DeniedError, ServiceError, invalid
from constructs_lib.local.hooks import iam, kms

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3

_PRINCIPAL = "comprehend.amazonaws.com"
PASSED_TO_COMPREHEND = {"iam:PassedToService": _PRINCIPAL}
_MAX_TAGS = 50


def require(access_key: str, action: str, resource: str, context: Mapping[str, Any] | None = None) -> None:
    """Refuse the request unless its caller may do this.

    Raises:
        DeniedError: IAM says no.
    """
    if response := iam.denial(access_key, action, resource, context):
        raise DeniedError(response)


def assume_data_access_role(role: str, source_arn: str) -> boto3.Session:
    """Assume the data access role as Comprehend does."""
    return iam.assume_role_as_service(role, _PRINCIPAL, source_arn, "Comprehend")


def no_read_access(error: Exception) -> str:
    """The message of a job whose role may not read its input; the part in parentheses is ours."""
    message = "NO_READ_ACCESS_TO_INPUT: The provided data access role does not have proper access to the input data."
    return f"{message} ({error})"


def no_write_access(error: Exception) -> str:
    """The message of a job whose role may not write its output; the part in parentheses is ours."""
    return (
        "NO_WRITE_ACCESS_TO_OUTPUT: The provided data access role does not have write access to the output S3 URI "
        f"or it does not have access to the output S3 KMS Key. ({error})"
    )


def check_key(key: str | None) -> None:
    """Check that a key of the request exists.

    Raises:
        ServiceError: `KmsKeyValidationException`.
    """
    if key is not None and kms.key_arn(key) is None:
        raise ServiceError("KmsKeyValidationException", f"The KMS key cannot be validated: {key}")


def tag_map(request: dict[str, Any], existing: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tags of a request on top of the existing ones.

    Raises:
        ServiceError: A reserved or repeated key, or more than 50 tags in all.
    """
    keys = [tag["Key"] for tag in request.get("Tags", [])]
    if any(key.lower().startswith("aws:") for key in keys):
        raise invalid("Tag keys that begin with aws: are reserved.")
    if len(set(keys)) != len(keys):
        raise invalid("Tag keys must not be repeated.")
    tags = {**(existing or {}), **{tag["Key"]: tag.get("Value", "") for tag in request.get("Tags", [])}}
    if len(tags) > _MAX_TAGS:
        raise ServiceError("TooManyTagsException", f"A resource has at most {_MAX_TAGS} tags, got {len(tags)}.")
    return tags
