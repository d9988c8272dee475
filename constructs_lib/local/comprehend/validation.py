"""Request checks by the API model: what botocore leaves to the service (enums, patterns, maximum sizes) too."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.validate import ParamValidator

from constructs_lib.local.comprehend.service_errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import ListShape, ServiceModel, Shape, StringShape, StructureShape

# Python's `re` has no Unicode properties; these are close enough for letters, digits and separators.
_PROPERTIES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s", r"\p{ASCII}": r"[\x00-\x7f]"}


@functools.cache
def _model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("comprehend")


def check(operation: str, request: dict[str, Any]) -> None:
    """Check a request against the API model.

    Raises:
        ServiceError: `ValidationException` with every problem found.
    """
    shape = cast("Shape", _model().operation_model(operation).input_shape)
    report = ParamValidator().validate(request, shape)
    problems = [report.generate_report()] if report.has_errors() else list(_problems(request, shape, ""))
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise ServiceError("ValidationException", f"{count}: {'; '.join(problems)}")


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
    if pattern and not re.fullmatch(_translated(pattern), value):
        yield (
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )


def _translated(pattern: str) -> str:
    for name, close_enough in _PROPERTIES.items():
        pattern = pattern.replace(name, close_enough)
    return pattern
