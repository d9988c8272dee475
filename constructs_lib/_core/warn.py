"""Warnings at synthesis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

if TYPE_CHECKING:
    from constructs import IConstruct


def warn(construct: IConstruct, name: str, text: str) -> None:
    """Warn at synthesis.

    Args:
        construct: Whom it concerns; the same warning is told once.
        name: What `Annotations.acknowledge_warning` knows the warning by, after the library's name.
        text: What is the matter, and what to do.
    """
    cdk.Annotations.of(construct).add_warning_v2(f"cdk-comprehend-classification:{name}", text)
