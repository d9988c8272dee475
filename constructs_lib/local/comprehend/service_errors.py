"""Errors that the local Comprehend answers with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from constructs_lib.local.hooks.shapes import Response


class ServiceError(Exception):
    """An error of the API: its code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status

    @property
    def response(self) -> Response:
        """The error as the JSON protocol sends it."""
        return json_response({"__type": self.code, "Message": self.message}, self.status)


class DeniedError(Exception):
    """IAM does not allow the request; holds the response that says so."""

    def __init__(self, response: Response) -> None:
        super().__init__(response[2].decode())
        self.response = response


def invalid(message: str) -> ServiceError:
    """An InvalidRequestException."""
    return ServiceError("InvalidRequestException", message)


def not_found(arn: str) -> ServiceError:
    """A ResourceNotFoundException."""
    return ServiceError("ResourceNotFoundException", f"The specified resource was not found: {arn}")


def json_response(content: dict[str, Any], status: int = 200) -> Response:
    """A response of the JSON 1.1 protocol; times go out as epoch seconds."""
    body = json.dumps(content, default=lambda moment: moment.timestamp()).encode()
    return status, {"Content-Type": "application/x-amz-json-1.1"}, body
