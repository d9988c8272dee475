"""What the handler needs from outside; tests bring their own."""

import random
import time
import urllib.request
from functools import cache
from typing import Any


class Runtime:
    """Time, chance, AWS and the way to CloudFormation."""

    now = staticmethod(time.time)
    sleep = staticmethod(time.sleep)
    chance = staticmethod(random.random)

    def client(self, name: str) -> Any:  # noqa: ANN401 - botocore makes its clients at run time
        """An AWS client, made when a path needs it, kept for the next event."""
        return _client(name)

    def put(self, url: str, body: bytes) -> None:
        """Upload an answer; the event's check let only https pass."""
        request = urllib.request.Request(url, body, {"Content-Type": ""}, method="PUT")  # noqa: S310
        urllib.request.urlopen(request, timeout=5).close()  # noqa: S310


@cache
def _session() -> Any:  # noqa: ANN401
    from botocore.session import get_session  # noqa: PLC0415 - a path without AWS must not pay for it

    return get_session()  # Shared: endpoints and models are read once.


@cache
def _client(name: str) -> Any:  # noqa: ANN401
    from botocore.config import Config  # noqa: PLC0415

    # One start a second: Comprehend's refusals are waited out by our rules, hidden retries would triple the calls.
    retries: Any = {"mode": "standard", "total_max_attempts": 1 if name == "comprehend" else 5}
    return _session().create_client(name, config=Config(connect_timeout=5, read_timeout=20, retries=retries))
