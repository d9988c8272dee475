"""What the handler needs from outside: time, chance, AWS and the way to CloudFormation. Tests bring their own."""

from __future__ import annotations

import random
import time
import urllib.request
from functools import cache
from typing import Any


class Runtime:
    """The real outside."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)

    def chance(self) -> float:
        """A random number from 0 to 1."""
        return random.random()  # noqa: S311 - spreads retries, guards nothing

    def client(self, name: str) -> Any:
        """An AWS client, made when a path needs it and kept for the next event."""
        return _client(name)

    def put(self, url: str, body: bytes) -> None:
        """Upload an answer to the https address that CloudFormation gave (checked by `events`)."""
        request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310
            pass


@cache
def _client(name: str) -> Any:
    from botocore.config import Config
    from botocore.session import get_session

    # Comprehend's refusals are waited out by our own rules: hidden retries would triple the calls against one a second.
    attempts = 1 if name == "comprehend" else 5
    config = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": attempts})
    return get_session().create_client(name, config=config)
