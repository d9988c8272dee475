"""Where a local AWS answers and whom it knows: what every client of it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Endpoint:
    """One local AWS as its clients see it.

    Args:
        url: Address of every service.
        ca_bundle: The certificate that clients have to trust.
        account: The account served.
        region: The Region served.
        root: Credentials of the root user.
    """

    url: str
    ca_bundle: Path
    account: str
    region: str
    root: Mapping[str, str]

    def environment(self, credentials: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment variables that point AWS tools at this local AWS.

        Args:
            credentials: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`; default: the root user.
        """
        return {
            **(credentials or self.root),
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_CA_BUNDLE": str(self.ca_bundle),
            "NODE_EXTRA_CA_CERTS": str(self.ca_bundle),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
