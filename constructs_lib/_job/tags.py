"""The tags of a job: its own, and those of `Tags.of(...)`, which are known when the app is complete."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

import aws_cdk as cdk

from constructs_lib._core.tokens import is_known
from constructs_lib.errors import problem

RESOURCE_TYPE = "Custom::DocumentClassificationJob"
"""What a job is called in a template, and in `include_resource_types` of `Tags.of(...)`."""

# Of the service's model, with which a test compares them.
TAG_KEY_LENGTH = 128
TAG_VALUE_LENGTH = 256

# Developer Guide, "Tagging resources".
TAGS = 50

# Explicit tags win over those of Tags.of(...), whatever priority those were given.
_EXPLICIT = 1_000_000


def tags_of_job(tags: Mapping[str, str] | None) -> cdk.TagManager:
    """Collect the tags of a job.

    Args:
        tags: Its own.

    Returns:
        Where `Tags.of(...)` leaves further ones.
    """
    manager = cdk.TagManager(cdk.TagType.KEY_VALUE, RESOURCE_TYPE)
    for key, value in (tags or {}).items():
        manager.set_tag(key, value, _EXPLICIT)
    return manager


def check_tags(tags: object) -> list[str]:
    """Check the tags of a job.

    Args:
        tags: Anything.

    Returns:
        Problems.
    """
    if not isinstance(tags, Mapping):
        return [problem("tags", tags, "a mapping of texts to texts", "pass a dict")]
    found = []
    if len(tags) > TAGS:
        advice = "take some out; those of Tags.of(...) count as well"
        found.append(problem("tags", f"{len(tags)} tags", f"at most {TAGS}", advice))
    for key, value in tags.items():
        found += [*_check_tag_key(key), *_check_tag_value(key, value)]
    return found


def _check_tag_key(key: object) -> list[str]:
    if not isinstance(key, str):
        return [problem("tags", key, "keys that are texts", "pass the key as text")]
    if not is_known(key):
        return []
    if not 1 <= len(key) <= TAG_KEY_LENGTH:
        return [problem("tags", key, f"keys of 1 to {TAG_KEY_LENGTH} characters", "shorten the key")]
    if key.lower().startswith("aws:"):
        return [problem("tags", key, "keys without aws: in front", "AWS keeps that prefix for itself; rename it")]
    return [] if _is_one_line(key) else [problem("tags", key, "keys on one line", "take out what is no letter")]


def _check_tag_value(key: object, value: object) -> list[str]:
    option = f"tags[{key!r}]"
    if not isinstance(value, str):
        return [problem(option, value, "values that are texts", "pass the value as text")]
    if not is_known(value):
        return []
    if len(value) > TAG_VALUE_LENGTH:
        return [problem(option, value, f"values of at most {TAG_VALUE_LENGTH} characters", "shorten the value")]
    return [] if _is_one_line(value) else [problem(option, value, "values on one line", "take out what is no letter")]


def _is_one_line(text: str) -> bool:
    """Whether a tag has no control characters or halves of characters, which AWS refuses."""
    return not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in text)
