"""The role that Comprehend reads documents and writes results with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from constructs_lib._core.arns import Environment
from constructs_lib._iam.statements import COMPREHEND

if TYPE_CHECKING:
    from constructs import Construct


class DataAccessRole(iam.Role):
    """A role that only Comprehend may assume, and only for classification jobs of this account and Region.

    Jobs that are given the role add exactly the statements that they need.

    Args:
        scope: Where it is defined.
        id: Its construct id.

    Source: `DataAccessRoleArn` of `StartDocumentClassificationJob`; Developer Guide, "Cross-service confused deputy
    prevention".
    """

    def __init__(self, scope: Construct, id: str) -> None:
        environment = Environment.of(scope)
        super().__init__(
            scope,
            id,
            assumed_by=iam.ServicePrincipal(
                COMPREHEND,
                conditions={
                    "StringEquals": {"aws:SourceAccount": environment.account},
                    "ArnLike": {"aws:SourceArn": f"{environment.arn('comprehend')}:document-classification-job/*"},
                },
            ),
            description="Lets Amazon Comprehend read documents and write results of classification jobs",
        )
