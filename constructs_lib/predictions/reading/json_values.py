"""Values of JSON objects, as what they should be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_whole_number = re.compile(r"[0-9]{1,18}").fullmatch  # what fits into the integers of databases
_LARGEST = 10**18


def unexpected(field: str, value: object, wanted: str) -> ValueError:
    """Return the error for a value of the wrong kind, which is shown in part."""
    return ValueError(f"{field} is {_shown(value)}, {wanted} was expected")


def text(value: object, otherwise: str) -> str:
    """Read what should be a text: an empty one is replaced, anything else is shown."""
    if isinstance(value, str):
        return value or otherwise
    return otherwise if value is None else _shown(value)


def number(value: object, field: str) -> float:
    """Read a number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        raise unexpected(field, value, "a number")
    return float(value)


def whole_number(value: object, field: str) -> int | None:
    """Read a number that the service writes as a number or as text."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST:
        return value
    if isinstance(value, str) and _whole_number(value.strip()):
        return int(value)
    raise unexpected(field, value, "a whole number")


def objects(record: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    """Read a list of objects; none where there is none."""
    value = record.get(field)
    if value is None:
        return []
    if not isinstance(value, list):
        raise unexpected(field, value, "a list")
    return [object_(item, field) for item in value]


def object_(value: object, field: str) -> Mapping[str, Any]:
    """Read an object."""
    if not isinstance(value, dict):
        raise unexpected(field, value, "an object")
    return value


def _shown(value: object) -> str:
    try:
        return repr(value)[:60]
    except RecursionError:
        return "nested too deeply"
