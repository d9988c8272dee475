"""Checks of Comprehend's requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from constructs_lib.local import api_model
from constructs_lib.local.comprehend.service_errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping


def check(operation: str, request: Mapping[str, Any]) -> None:
    """Check a request against the API model.

    Raises:
        ServiceError: `ValidationException` with every problem found.
    """
    if problem := api_model.problem("comprehend", operation, request):
        raise ServiceError("ValidationException", problem)
