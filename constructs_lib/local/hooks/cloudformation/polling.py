"""The CDK CLI asks for a stack every five seconds: it is answered when there is something new to say."""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs

from ministack.services import cloudformation

if TYPE_CHECKING:
    from constructs_lib.local.hooks.shapes import Response


def answer_when_an_operation_ends() -> None:
    """The CDK CLI asks for the stack every 5 seconds; answer its question when there is something new to say."""
    original = cloudformation.handle_request

    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        if b"Action=DescribeStacks" in body and "aws-cdk" in headers.get("user-agent", ""):
            name = parse_qs(body.decode()).get("StackName", [""])[0]
            deadline = time.monotonic() + 60
            while _in_progress(name) and time.monotonic() < deadline:  # noqa: ASYNC110 - nothing signals the end
                await asyncio.sleep(0.02)
        return cast("Response", await original(method, path, headers, body, query))

    cloudformation.handle_request = handle_request


def _in_progress(name: str) -> bool:
    for stack in cloudformation._stacks.values():
        if name in {stack["StackName"], stack["StackId"]}:
            status = str(stack["StackStatus"])
            return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"
    return False
