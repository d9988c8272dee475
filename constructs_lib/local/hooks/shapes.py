"""Shapes that the hooks share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    ResourceTypes = Mapping[str, tuple[Callable[..., tuple[str, dict[str, str]]], Callable[..., None]]]

Response = tuple[int, dict[str, str], bytes]


class Service(Protocol):
    """What a module must have to be served beside MiniStack's own services."""

    TARGET_PREFIX: str

    async def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        """Answer one request."""

    def resource_arn(self, operation: str, request: dict[str, Any], region: str, account: str) -> str:
        """The resource that a policy must name for this request."""

    def condition_keys(self, request: dict[str, Any]) -> dict[str, Any]:
        """The service's own condition keys of this request."""


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object in a request's body, an empty one if it is none."""
    try:
        content = json.loads(body or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
