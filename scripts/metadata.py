"""What the package index shows: the README with links that work there, and the project's addresses.

The address is that of the repository that a release is built in, from the environment variable PROJECT_URL. A build
without it, such as the one of a checkout, has none.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface


class CustomMetadataHook(MetadataHookInterface):
    """Called by hatchling."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add what pyproject.toml leaves open.

        Args:
            metadata: The table `project`.
        """
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        address = os.environ.get("PROJECT_URL", "").rstrip("/")
        metadata["urls"] = urls(address) if address else {}
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": with_links(readme, f"{address}/blob/v{metadata['version']}") if address else readme,
        }


def urls(address: str) -> dict[str, str]:
    """The addresses of a project.

    Args:
        address: That of its repository.

    Returns:
        Addresses by what the index calls them.
    """
    return {
        "Source": address,
        "Documentation": f"{address}/tree/main/docs",
        "Changelog": f"{address}/blob/main/CHANGELOG.md",
        "Issues": f"{address}/issues",
    }


def with_links(text: str, address: str) -> str:
    """Let the links of a page lead into a repository.

    Args:
        text: Markdown whose links are relative.
        address: What they are relative to.

    Returns:
        The text with absolute links; images are those that the repository serves as they are.
    """
    text = re.sub(r"(!\[[^\]]*\]\()(?!https:)([^)]+)\)", rf"\1{address.replace('/blob/', '/raw/')}/\2)", text)
    return re.sub(r"(\]\()(?!https:|#)([^)]+)\)", rf"\1{address}/\2)", text)
