"""Request checks by an API's model: what botocore leaves to the service (enums, patterns, maximum sizes) too."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.validate import ParamValidator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import ListShape, ServiceModel, Shape, StringShape, StructureShape

# Python's `re` has no Unicode properties; these are close enough for letters, digits and separators.
_PROPERTIES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s", r"\p{ASCII}": r"[\x00-\x7f]"}


@functools.cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def problem(service: str, operation: str, request: Mapping[str, Any]) -> str | None:
    """Check a whole request.

    Args:
        service: Name of the service in the SDK.
        operation: Name of the operation.
        request: Its parameters.

    Returns:
        All problems in the words of AWS, None without any.
    """
    shape = cast("Shape", _model(service).operation_model(operation).input_shape)
    report = ParamValidator().validate(request, shape)
    return _told([report.generate_report()] if report.has_errors() else list(_problems(request, shape, "")))


def problem_of_texts(service: str, operation: str, texts: Mapping[str, str]) -> str | None:
    """Check those members of a request that are text; names that the operation does not know are left out.

    Args:
        service: Name of the service in the SDK.
        operation: Name of the operation.
        texts: The members, by the names of the API.

    Returns:
        As `problem`.
    """
    shape = cast("StructureShape", _model(service).operation_model(operation).input_shape)
    members = {name: member for name, member in shape.members.items() if member.type_name == "string"}
    found = [
        problem
        for name, text in texts.items()
        if name in members
        for problem in _problems(text, members[name], f"{name[0].lower()}{name[1:]}")
    ]
    return _told(found)


def _told(problems: list[str]) -> str | None:
    if not problems:
        return None
    return f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected: {'; '.join(problems)}"


def _problems(value: Any, shape: Shape, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if shape.type_name == "structure":
        members = cast("StructureShape", shape).members
        for name, inner in value.items():
            yield from _problems(inner, members[name], f"{path}.{name}" if path else name)
        return
    limit = shape.metadata.get("max")
    if isinstance(value, (str, list)) and limit is not None and len(value) > limit:
        yield f"Value at '{path}' failed to satisfy constraint: Member must have length less than or equal to {limit}"
    if shape.type_name == "list":
        for number, inner in enumerate(value):
            yield from _problems(inner, cast("ListShape", shape).member, f"{path}.{number + 1}.member")
    if shape.type_name == "string":
        yield from _string_problems(value, cast("StringShape", shape), path)


def _string_problems(value: str, shape: StringShape, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        yield (
            f"Value '{value}' at '{path}' failed to satisfy constraint: Member must satisfy enum value set: [{allowed}]"
        )
    pattern = shape.metadata.get("pattern")
    # Where it names properties of Unicode it means all scripts, otherwise AWS's `\\w` is of ASCII alone.
    if pattern and not re.fullmatch(_translated(pattern), value, 0 if r"\p{" in pattern else re.ASCII):
        yield (
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )


def _translated(pattern: str) -> str:
    for name, close_enough in _PROPERTIES.items():
        pattern = pattern.replace(name, close_enough)
    return pattern
