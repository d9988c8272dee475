"""Look at documents without touching them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import listing
from .run_errors import TooManyDocuments, TooMuchInput, WrongPrefix

if TYPE_CHECKING:
    from .environment import Settings


def measure(client: Any, settings: Settings, prefix: str) -> dict[str, int]:
    """Count the documents under a prefix, and refuse what would be too much for a job before it costs anything.

    Raises:
        WrongPrefix: The data access role may not read it.
        TooManyDocuments: There are more than `max_documents`.
        TooMuchInput: There are more than `max_bytes`.
    """
    if not prefix.startswith(settings.readable):
        allowed = " or ".join(map(repr, settings.readable))
        raise WrongPrefix(
            f"Prefix {prefix!r} lies outside of what the workflow's data access role may read: begin it with {allowed}"
        )
    documents = size = 0
    for page in listing.pages(client, settings.documents_bucket, prefix):
        documents += len(page)
        size += sum(document.size for document in page)
        if documents > settings.max_documents:
            raise TooManyDocuments(
                f"more than {settings.max_documents:,} documents lie under {prefix!r}, the most that one job may take: "
                "run parts of it by longer prefixes, or raise max_documents up to what the service allows"
            )
        if size > settings.max_bytes:
            raise TooMuchInput(
                f"more than {settings.max_bytes:,} bytes lie under {prefix!r}, the most that one job may take: run "
                "parts of it by longer prefixes, or raise max_input_size up to what the service allows"
            )
    return {"Documents": documents, "Size": size}


def anything_left(client: Any, settings: Settings) -> dict[str, bool]:
    """Tell whether documents wait in the inbox."""
    return {"Left": any(listing.pages(client, settings.documents_bucket, settings.inbox))}
