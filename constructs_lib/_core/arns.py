"""Amazon Resource Names, and the environment that completes them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import region_info

from constructs_lib._core.memo import Memo, stack_of
from constructs_lib._core.tokens import is_known

if TYPE_CHECKING:
    from constructs import IConstruct


@dataclass(frozen=True)
class Arn:
    """The parts of an ARN that is known at synthesis."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def parse(cls, text: str) -> Arn | None:
        """Split an ARN.

        Args:
            text: Anything.

        Returns:
            The parts, or None when the text has not the form of an ARN.
        """
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":  # noqa: PLR2004 - arn and five parts
            return None
        return cls(*parts[1:])


@dataclass(frozen=True)
class Environment:
    """The partition, Region and account of a stack, as values or as tokens."""

    partition: str
    region: str
    account: str

    @classmethod
    def of(cls, scope: IConstruct) -> Environment:
        """Read the environment of the stack that a construct is in.

        Args:
            scope: The construct.

        Returns:
            The environment; the partition is always a token, so that templates hold no fixed one.
        """
        stack = stack_of(scope)
        return _ENVIRONMENTS.of(stack, lambda: cls(cdk.Aws.PARTITION, stack.region, stack.account))

    def arn(self, service: str) -> str:
        """Begin an ARN of a service in this environment.

        Args:
            service: The service's namespace, such as `comprehend`.

        Returns:
            `arn:<partition>:<service>:<region>:<account>`.
        """
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}"

    @property
    def known_region(self) -> str | None:
        """The Region when it is known at synthesis."""
        return self.region if is_known(self.region) else None

    @property
    def known_account(self) -> str | None:
        """The account when it is known at synthesis."""
        return self.account if is_known(self.account) else None

    @cached_property
    def known_partition(self) -> str | None:
        """The partition that the known Region lies in; None for an unknown or brand-new Region."""
        return region_info.RegionInfo.get(self.region).partition if self.known_region else None


# A stack's environment never changes, and reading it costs three calls into the jsii kernel for each job.
_ENVIRONMENTS: Memo[Environment] = Memo()
