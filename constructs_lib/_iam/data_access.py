"""What the jobs of one stack need of one data access role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs_lib._core.arns import Environment
from constructs_lib._core.warn import warn
from constructs_lib._iam.permissions import JobAccess, data_access_statements, fitting
from constructs_lib._iam.role_policy import INLINE_POLICY_LENGTH, JOBS, RolePolicy, Users, in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_iam as iam
    from constructs import Construct, IConstruct

    from constructs_lib._iam.statements import Statement


class DataAccessPolicy(RolePolicy):
    """The policy of all jobs of a stack, or of a workflow, on one role, whose identity follows from its content.

    An update that changes it adds the new policy before a job starts, and removes the old one in its clean-up: until
    then a job that runs keeps what it was started with.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        role: The role.
        users: Whom it serves.
    """

    def __init__(self, scope: Construct, id: str, *, role: iam.IRole, users: Users = JOBS) -> None:
        self._jobs: list[JobAccess] = []
        self.first_user: IConstruct | None = None
        self._said: tuple[int, list[Statement]] = (0, [])
        self._environment = Environment.of(scope)
        super().__init__(
            scope,
            id,
            role=role,
            statements=self._say,
            by_content=True,
            budget=INLINE_POLICY_LENGTH // 2,
            users=users,
        )

    def add_job(self, access: JobAccess, user: IConstruct) -> None:
        """Allow what a job needs.

        Args:
            access: What the job touches.
            user: The job, or the workflow; the first one is warned of what concerns them all.
        """
        self._jobs.append(access)
        if self.first_user is None:
            self.first_user = user

    def warn_of_missing(self, statements: str) -> None:
        """Say what a role that cannot be changed must have.

        Args:
            statements: The statements, as JSON.
        """
        if self.first_user is not None:
            warn(
                self.first_user,
                "dataAccessRoleIsImmutable",
                "data_access_role cannot be changed by this app, so that jobs fail unless the role already has these "
                f"statements: {statements}",
            )

    def _say(self) -> Sequence[Statement]:
        count, statements = self._said
        if count != len(self._jobs):
            statements, wider = fitting(
                self._jobs,
                lambda jobs: in_order(self._scope, data_access_statements(jobs, self._environment)),
                lambda found: self.length(found) <= self.budget,
            )
            self._said = len(self._jobs), statements
            if wider:
                warn_of_wider_prefixes(self, wider)
        return statements


def warn_of_wider_prefixes(policy: RolePolicy, prefixes: Sequence[str]) -> None:
    """Say that a policy allows more than its jobs have asked for.

    Args:
        policy: The policy.
        prefixes: What it allows.
    """
    warn(
        policy,
        "prefixesSummedUp",
        f"the prefixes of {policy.users.who} are too many for one policy of {policy.budget} characters, so it allows "
        f"all that begins with {' or '.join(map(repr, prefixes))}; {policy.users.to_keep_apart}",
    )
