"""What the handler needs from outside; tests bring their own."""

import random
import time
import urllib.request
from functools import cache
from typing import Any


@cache
def _session() -> Any:
    from botocore.session import get_session

    return get_session()  # Shared: endpoints and models are read once.


@cache
def _client(name: str) -> Any:
    from botocore.config import Config

    # Our rules wait out Comprehend's quotas: hidden retries would triple the calls.
    retries: Any = {"mode": "standard", "total_max_attempts": 1 if name == "comprehend" else 5}
    return _session().create_client(name, config=Config(connect_timeout=5, read_timeout=20, retries=retries))


class Runtime:
    """Time, chance, AWS and the way to CloudFormation."""

    now = staticmethod(time.time)
    sleep = staticmethod(time.sleep)
    chance = staticmethod(random.random)
    client = staticmethod(_client)

    def put(self, url: str, body: bytes) -> None:
        """Upload an answer."""
        request = urllib.request.Request(url, body, {"Content-Type": ""}, method="PUT")
        urllib.request.urlopen(request, timeout=5).close()
