"""Customer managed keys in every form that an option takes, reduced to what a request and a policy need."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, cast

import jsii
from aws_cdk import aws_kms as kms
from aws_cdk.interfaces import aws_kms as kms_interfaces

from constructs_lib._core.arns import Arn, Environment
from constructs_lib._core.environment_checks import check_arn_environment, check_region
from constructs_lib._core.memo import Memo
from constructs_lib._core.objects import offers
from constructs_lib._core.tokens import is_known, is_pending
from constructs_lib.errors import problem

if TYPE_CHECKING:
    from constructs import Construct

# A checker that compares parameter names finds that Key is no IKey, and Alias no IAlias.
Key: TypeAlias = kms.IKey | kms.Key | kms.IAlias | kms.Alias | kms_interfaces.IKeyRef | kms.CfnKey | str
"""A key as an option takes it: an object of the CDK, or a string in a format of the API."""

# Of the service's model, with which a test compares it.
KMS_KEY_ID_LENGTH = 2048

# AWS Key Management Service Developer Guide, "Key identifiers (KeyId)".
_KEY_ID = r"([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|mrk-[0-9a-fA-F]{32})"
_KMS_ARN = r"arn:aws(-[^:]+)?:kms:[a-z0-9-]+:[0-9]{12}:"
_ALIAS = r"alias/[a-zA-Z0-9/_-]+"
VOLUME_KEY = re.compile(f"{_KEY_ID}|{_KMS_ARN}key/{_KEY_ID}")
OUTPUT_KEY = re.compile(f"{_KEY_ID}|{_KMS_ARN}key/{_KEY_ID}|{_ALIAS}|{_KMS_ARN}{_ALIAS}")
# Aliases of keys that AWS manages for its services; no policy can let a role use them for others.
_AWS_MANAGED = "alias/aws/"


@dataclass(frozen=True)
class KeyReference:
    """A key as the request names it, and as a policy statement finds it.

    Args:
        identifier: The value of `KmsKeyId` or `VolumeKmsKeyId`.
        resource: The ARN that a policy names; with an alias every key of its account and Region, narrowed by `alias`.
        alias: `alias/<name>` when only the alias is known, so that a policy needs the condition `kms:ResourceAliases`.
        account: The account of the stack that defines it, for a key whose ARN is not known.
    """

    identifier: str
    resource: str
    alias: str | None = None
    account: str | None = None

    @property
    def owner(self) -> str | None:
        """The account that the key is in, if that is known."""
        arn = Arn.parse(self.resource)
        return next((each for each in (arn and arn.account, self.account) if each and is_known(each)), None)

    @classmethod
    def of(cls, key: Key, environment: Environment, *, aliases: bool = True) -> KeyReference:
        """Resolve a key for use in one stack.

        Args:
            key: The key as the user gave it; already checked.
            environment: Where the stack is deployed; completes a key id or alias name.
            aliases: Whether the API field takes aliases; otherwise an alias is replaced by its key.

        Returns:
            The reference.
        """
        if isinstance(key, str):
            return cls._of_string(key, environment)
        if not is_alias(key):
            arn = key_arn(key)
            return cls(arn, arn, account=_account(key))
        target = alias_target(key)
        if target is None:
            return cls(key.key_arn, _any_key(environment, None), key.alias_name)
        arn = key_arn(target)
        return cls(key.key_arn if aliases else arn, arn, account=_account(target))

    @classmethod
    def _of_string(cls, key: str, environment: Environment) -> KeyReference:
        if is_pending(key):
            return cls(key, _any_key(environment, None))
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


def is_alias(key: object) -> TypeGuard[kms.IAlias]:
    """Tell an alias from a key.

    Args:
        key: Either, defined or imported.

    Returns:
        True for an alias.
    """
    return offers(key, "alias_name", "key_arn")


def key_arn(key: object) -> str:
    """Ask a key for its ARN, once.

    Args:
        key: A key or a reference to one, such as `kms.CfnKey`.

    Returns:
        The ARN, mostly a token.
    """
    found = cast("Any", key)
    return _ARNS.of(found, lambda: found.key_arn if offers(key, "key_arn") else found.key_ref.key_arn)


_ARNS: Memo[str] = Memo()
_REGIONS: Memo[str] = Memo()
_ACCOUNTS: Memo[str] = Memo()


def _account(key: object) -> str | None:
    if not offers(key, "env"):
        return None
    owned = cast("kms.IKey", key)
    return _ACCOUNTS.of(owned, lambda: owned.env.account)


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
        key: The key as the user gave it; already checked.

    Returns:
        The key itself when it is an object; an import of it when it is a string or a reference.
    """
    if not isinstance(key, str):
        return cast("kms.IKey", key) if offers(key, "key_arn") else kms.Key.from_key_arn(scope, id, key_arn(key))
    parts = Arn.parse(key) if is_known(key) else None
    name = parts.resource if parts else key
    if name.startswith("alias/"):
        return kms.Alias.from_alias_name(scope, id, name)
    if parts or not (is_known(key) or is_pending(key)):
        return kms.Key.from_key_arn(scope, id, key)
    return kms.Key.from_key_arn(scope, id, f"{Environment.of(scope).arn('kms')}:key/{key}")


def check_key(option: str, key: object, environment: Environment, *, aliases: bool) -> list[str]:
    """Check what was given as a key.

    Args:
        option: The option that has it.
        key: Anything.
        environment: Where the job runs.
        aliases: Whether the API field takes aliases.

    Returns:
        Problems.
    """
    if isinstance(key, str):
        return check_key_text(option, key, aliases=aliases) or check_arn_environment(option, key, environment)
    if is_alias(key):
        return _check_alias(option, key, environment, aliases=aliases)
    if not offers(key, "key_arn") and not offers(key, "key_ref"):
        return [problem(option, key, _formats(aliases=aliases), "pass a kms.Key, or the key's ARN as text")]
    arn = key_arn(key)
    if is_known(arn):
        return check_key_text(option, arn, aliases=False) or check_arn_environment(option, arn, environment)
    if not offers(key, "env"):
        return []
    owned = cast("kms.IKey", key)
    region = _REGIONS.of(owned, lambda: owned.env.region)
    return check_region(option, f"a key in {region}", region, environment)


def _check_alias(option: str, alias: kms.IAlias, environment: Environment, *, aliases: bool) -> list[str]:
    name = alias.alias_name
    if is_known(name) and name.startswith(_AWS_MANAGED):
        return [_managed_by_aws(option, name)]
    if alias_target(alias) is None and not aliases:
        return [
            problem(
                option,
                name,
                "a key, or an alias that knows its key",
                "the API takes no alias here, and one imported by name does not know its key; import the key",
            )
        ]
    region = alias.env.region
    return check_region(option, f"an alias in {region}", region, environment)


def _managed_by_aws(option: str, key: str) -> str:
    return problem(
        option,
        key,
        "a key that you manage",
        "keys under alias/aws/ serve one AWS service only, and no policy changes that; make a key, or leave it out",
    )


def _formats(*, aliases: bool) -> str:
    return "a key id or a key ARN" + (", an alias name (alias/...) or an alias ARN" if aliases else "")


def check_key_text(option: str, key: str, *, aliases: bool) -> list[str]:
    """Check a key that was given as text.

    Args:
        option: The option that has it.
        key: The key id, ARN or alias.
        aliases: Whether the API field takes aliases.

    Returns:
        Problems.
    """
    if not is_known(key):
        return []
    if (OUTPUT_KEY if aliases else VOLUME_KEY).fullmatch(key) and len(key) <= KMS_KEY_ID_LENGTH:
        managed = key.partition("alias/")[2].startswith("aws/")
        return [_managed_by_aws(option, key)] if managed else []
    if not aliases and OUTPUT_KEY.fullmatch(key):
        return [
            problem(
                option,
                key,
                _formats(aliases=aliases),
                "this field of the API takes no alias; name the key itself",
            )
        ]
    return [
        problem(
            option,
            key,
            _formats(aliases=aliases),
            "copy it from the KMS console, or pass the key as an object",
        )
    ]
