"""Customer managed keys in every form that an option takes, reduced to what a request and a policy need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

import jsii
from aws_cdk import aws_kms as kms

from constructs_lib._core.arns import Arn, Environment
from constructs_lib._core.tokens import is_known

if TYPE_CHECKING:
    from constructs import Construct

Key: TypeAlias = kms.IKey | kms.IAlias | str
"""A key as an option takes it: an object of the CDK, or a string in a format of the API."""


@dataclass(frozen=True)
class KeyReference:
    """A key as the request names it, and as a policy statement finds it.

    Args:
        identifier: The value of `KmsKeyId` or `VolumeKmsKeyId`.
        resource: The ARN that a policy names; with an alias every key of its account and Region, narrowed by `alias`.
        alias: `alias/<name>` when only the alias is known, so that a policy needs the condition `kms:ResourceAliases`.
    """

    identifier: str
    resource: str
    alias: str | None = None

    @classmethod
    def of(cls, key: Key, environment: Environment, *, aliases: bool = True) -> KeyReference:
        """Resolve a key for use in one stack.

        Args:
            key: The key as the user gave it; already validated.
            environment: Where the stack is deployed; completes a key id or alias name.
            aliases: Whether the API field takes aliases; otherwise an alias is replaced by its key.

        Returns:
            The reference.
        """
        if isinstance(key, str):
            return cls._of_string(key, environment)
        if not is_alias(key):
            arn = key.key_arn
            return cls(arn, arn)
        target = alias_target(key)
        if target is None:
            return cls(key.key_arn, _any_key(environment, None), key.alias_name)
        arn = target.key_arn
        return cls(key.key_arn if aliases else arn, arn)

    @classmethod
    def _of_string(cls, key: str, environment: Environment) -> KeyReference:
        if not is_known(key):
            return cls(key, key)
        if key.startswith("alias/"):
            return cls(key, _any_key(environment, None), key)
        arn = Arn.parse(key)
        if arn is None:
            return cls(key, f"{environment.arn('kms')}:key/{key}")
        if arn.resource.startswith("alias/"):
            return cls(key, _any_key(environment, arn), arn.resource)
        return cls(key, key)


def _any_key(environment: Environment, alias_arn: Arn | None) -> str:
    # A policy cannot name an alias as a resource of a key operation; the condition narrows this to its key.
    if alias_arn is None:
        return f"{environment.arn('kms')}:key/*"
    return f"arn:{alias_arn.partition}:kms:{alias_arn.region}:{alias_arn.account}:key/*"


def is_alias(key: kms.IKey) -> TypeGuard[kms.IAlias]:
    """Tell an alias from a key.

    Args:
        key: Either, defined or imported.

    Returns:
        True for an alias.
    """
    # What the CDK imports has no class of its own to ask for.
    return hasattr(key, "alias_name")


def alias_target(alias: kms.IAlias) -> kms.IKey | None:
    """Find the key behind an alias.

    Args:
        alias: A defined or imported alias.

    Returns:
        The key, or None for an alias that was imported by name and so does not know its key.
    """
    try:
        return alias.alias_target_key
    except (jsii.errors.JSIIError, RuntimeError):
        # kms.Alias.from_alias_name throws instead of answering with nothing.
        return None


def as_key(scope: Construct, id: str, key: Key) -> kms.IKey:
    """Turn a key option into what other constructs take, a bucket for instance.

    Args:
        scope: Where an imported key is defined.
        id: Its construct id.
        key: The key as the user gave it; already validated.

    Returns:
        The key itself when it is an object; an import of it when it is a string.
    """
    if not isinstance(key, str):
        return key
    if not is_known(key):
        return kms.Key.from_key_arn(scope, id, key)
    if key.startswith("alias/"):
        return kms.Alias.from_alias_name(scope, id, key)
    arn = Arn.parse(key)
    if arn is None:
        environment = Environment.of(scope)
        return kms.Key.from_key_arn(scope, id, f"{environment.arn('kms')}:key/{key}")
    if arn.resource.startswith("alias/"):
        return kms.Alias.from_alias_name(scope, id, arn.resource)
    return kms.Key.from_key_arn(scope, id, key)
