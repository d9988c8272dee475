"""The objects under a prefix that are documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Document:
    """An object with content.

    Args:
        key: Its key.
        size: Its bytes.
        etag: The content that was listed.
        modified: When it was written.
    """

    key: str
    size: int
    etag: str
    modified: datetime


def pages(client: Any, bucket: str, prefix: str) -> Iterator[list[Document]]:
    """List the documents under a prefix, a page of up to 1,000 at a time.

    Objects without a byte are no documents: consoles make them to show a folder, and the service takes none.
    """
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield [
            Document(found["Key"], found["Size"], found["ETag"], found["LastModified"])
            for found in page.get("Contents", ())
            if found["Size"]
        ]
