"""The role that Comprehend reads documents and writes results with."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from constructs_lib._core.arns import Environment
from constructs_lib._core.objects import is_text, offers
from constructs_lib._core.tokens import is_known, is_pending
from constructs_lib._iam.principals import own_service
from constructs_lib._iam.statements import COMPREHEND, every_job
from constructs_lib.errors import ValidationError, problem

if TYPE_CHECKING:
    from constructs import Construct

# IAM API Reference, CreateRole.
_ROLE_NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)


class DataAccessRole(iam.Role):
    """A role that only Comprehend may assume, and only for classification jobs of this account and Region.

    Jobs that are given the role add exactly the statements that they need.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        role_name: 1 to 64 letters, digits or `_+=,.@-`. Default: - CloudFormation names it.
        permissions_boundary: What it may do at most. Default: - no boundary.

    Raises:
        ValidationError: Options cannot work; lists all of them, before anything is defined.

    Source: `DataAccessRoleArn` of `StartDocumentClassificationJob`; Developer Guide, "Cross-service confused deputy
    prevention".
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        role_name: str | None = None,
        permissions_boundary: iam.IManagedPolicy | iam.ManagedPolicy | None = None,
    ) -> None:
        problems = []
        if role_name is not None and not (
            is_text(role_name) and (not is_known(role_name) or _ROLE_NAME.fullmatch(role_name))
        ):
            allowed = "1 to 64 letters, digits or _+=,.@-"
            problems.append(problem("role_name", role_name, allowed, "rename it, or leave it out"))
        if permissions_boundary is not None and not offers(permissions_boundary, "managed_policy_arn"):
            allowed = "an iam.ManagedPolicy"
            advice = "import it with iam.ManagedPolicy.from_managed_policy_arn(...)"
            problems.append(problem("permissions_boundary", permissions_boundary, allowed, advice))
        if problems:
            raise ValidationError(problems, f"{scope.node.path}/{id}".lstrip("/"))
        environment = Environment.of(scope)
        super().__init__(
            scope,
            id,
            assumed_by=own_service(COMPREHEND, environment, every_job(environment)),
            description="Lets Amazon Comprehend read documents and write results of classification jobs",
            permissions_boundary=permissions_boundary,
            # The CDK checks a name at once, that of a look-up which is still to be made, too.
            role_name=None if is_pending(role_name) else role_name,
        )
