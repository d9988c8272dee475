"""The subnets that a selection finds in a given VPC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jsii

from constructs_lib.errors import problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_ec2 as ec2


@dataclass(frozen=True)
class Selected:
    """What a selection finds.

    Args:
        subnets: The subnets.
        has_public: Whether public ones are among them.
        is_pending: Whether the VPC is still to be looked up.
        refusal: Why the CDK finds none.
    """

    subnets: Sequence[ec2.ISubnet] = ()
    has_public: bool = False
    is_pending: bool = False
    refusal: str | None = None

    @classmethod
    def of(cls, vpc: ec2.IVpc, selection: ec2.SubnetSelection | None) -> Selected:
        """Select subnets.

        Args:
            vpc: The VPC.
            selection: Which of its subnets. None takes its private ones.

        Returns:
            What was found.
        """
        if selection is not None and selection.subnets is not None:
            # Asking the VPC for them asks each for its zone, which one that is known by its id alone has not.
            public = {subnet.subnet_id for subnet in vpc.public_subnets}
            return cls(selection.subnets, has_public=any(subnet.subnet_id in public for subnet in selection.subnets))
        try:
            found = vpc.select_subnets(**({} if selection is None else _arguments(selection)))
        except (jsii.errors.JSIIError, RuntimeError) as error:
            return cls(refusal=str(error).splitlines()[0].partition(": ")[2] or str(error))
        return cls(found.subnets, has_public=found.has_public, is_pending=bool(found.is_pending_lookup))

    def problems(self, most: int | None = None) -> list[str]:
        """Check what was found.

        Args:
            most: How many subnets there may be. None leaves that open.

        Returns:
            Problems.
        """
        if self.refusal:
            return [problem("vpc_subnets", "a selection of none", "a selection that finds subnets", self.refusal)]
        if self.is_pending and not self.subnets:
            return []
        return check_count("vpc_subnets", [each.subnet_id for each in self.subnets], most, "subnets")


def check_count(option: str, ids: Sequence[str], most: int | None, noun: str) -> list[str]:
    """Check that there is something, not too much of it, and nothing twice.

    Args:
        option: The option that has them.
        ids: The ids.
        most: How many there may be. None leaves that open.
        noun: What they are.

    Returns:
        Problems.
    """
    if not ids or (most and len(ids) > most):
        allowed = f"1 to {most}" if most else "1 or more"
        return [problem(option, f"{len(ids)} {noun}", allowed, "choose others, or leave the option out")]
    known = [each for each in ids if each != _PENDING_GROUP]
    if len(set(known)) != len(known):
        return [problem(option, list(ids), f"{noun} that are all different", "leave out the second mention")]
    return []


# What the CDK puts in the place of each group that is still to be looked up.
_PENDING_GROUP = "sg-12345678"


def _arguments(selection: ec2.SubnetSelection) -> dict[str, Any]:
    # select_subnets takes the members of a selection, not a selection.
    names = ("availability_zones", "one_per_az", "subnet_filters", "subnet_group_name", "subnet_type")
    return {name: getattr(selection, name) for name in names}
