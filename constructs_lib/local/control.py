"""The control path of a local AWS, which no AWS has: how Comprehend behaves, and what was asked of it."""

from __future__ import annotations

import json
import ssl
import urllib.request
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs_lib.local.endpoint import Endpoint


class Control:
    """The control path of one local AWS, which only its root user may use."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._url = endpoint.url
        keys = Credentials(endpoint.root["AWS_ACCESS_KEY_ID"], endpoint.root["AWS_SECRET_ACCESS_KEY"])
        self._signer = SigV4Auth(keys, "local", endpoint.region)
        # No proxies: what is on loopback stays there.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=endpoint.ca_bundle)),
        )

    def configure(self, settings: Mapping[str, float]) -> dict[str, Any]:
        """Change settings; all of them as they are now."""
        now: dict[str, Any] = self._ask("settings", settings)
        return now

    def set_faults(self, faults: list[Mapping[str, Any]]) -> None:
        """Replace the faults on demand."""
        self._ask("faults", faults)

    def calls(self) -> dict[str, int]:
        """How often each Comprehend operation was called."""
        counted: dict[str, int] = self._ask("calls")
        return counted

    def resource_types(self) -> set[str]:
        """The CloudFormation resource types that can be deployed, custom ones aside."""
        return set(self._ask("resource-types"))

    def _ask(self, what: str, value: object = None) -> Any:  # noqa: ANN401 - any JSON value
        body = json.dumps(value).encode()
        signed = AWSRequest("POST", f"{self._url}/_local/{what}", {"content-type": "application/json"}, body)
        self._signer.add_auth(signed)
        request = urllib.request.Request(  # noqa: S310 - our own endpoint
            str(signed.url), method="POST", data=body, headers=dict(signed.headers.items())
        )
        with self._opener.open(request, timeout=10) as response:
            return json.load(response)
