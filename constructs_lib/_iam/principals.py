"""Who may assume the roles that are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from constructs_lib._core.arns import Environment


def own_service(service: str, environment: Environment, source: str) -> iam.ServicePrincipal:
    """Let a service assume a role for this account's resources only, so that no other account can send it.

    Args:
        service: Its name, such as `events.amazonaws.com`.
        environment: Where the role is.
        source: A pattern of the ARNs of the resources that it acts for.

    Returns:
        The principal.

    Source: IAM User Guide, "The confused deputy problem".
    """
    return iam.ServicePrincipal(
        service,
        conditions={
            "StringEquals": {"aws:SourceAccount": environment.account},
            "ArnLike": {"aws:SourceArn": source},
        },
    )
