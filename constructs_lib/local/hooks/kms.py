"""KMS: which key is meant."""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001

from __future__ import annotations

from ministack.services import kms


def key_arn(key: str) -> str | None:
    """The ARN of a KMS key named in any of the four ways, None when there is no such key."""
    record = kms._resolve_key(key)
    return str(record["Arn"]) if record else None
