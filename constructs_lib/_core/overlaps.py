"""Places in a bucket from which one part of an app would take what is meant for another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from constructs_lib._core.memo import Memo, root_of, stack_of
from constructs_lib._core.tokens import is_known
from constructs_lib._core.warn import warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs import IConstruct


@dataclass(frozen=True)
class UsedPrefix:
    """A prefix that a job or a workflow uses.

    Args:
        user: The job or workflow.
        what: What lies there, with its article.
        bucket: The bucket's name, mostly a token, which is the same for the same bucket.
        prefix: The prefix; of a schedule the part before its dates.
        is_inbox: Whether whatever lies there is taken away.
    """

    user: IConstruct
    what: str
    bucket: str
    prefix: str
    is_inbox: bool = False

    def empties(self, other: UsedPrefix) -> bool:
        """Say whether what lies under another prefix is taken from there, as if it had arrived under this one.

        Two workflows may share an inbox: one of them classifies each document.
        """
        return (
            self.is_inbox
            and self.bucket == other.bucket
            and is_known(other.prefix)
            and other.prefix.startswith(self.prefix)
            and not (other.is_inbox and other.prefix == self.prefix)
        )


@dataclass(frozen=True)
class _UsedPrefixes:
    inboxes: list[UsedPrefix] = field(default_factory=list)
    others: list[UsedPrefix] = field(default_factory=list)


_OF_APPS: Memo[_UsedPrefixes] = Memo()


def warn_of_overlaps(scope: IConstruct, *prefixes: UsedPrefix) -> None:
    """Add prefixes to those of their app, and warn of what an inbox takes from others.

    Args:
        scope: A construct of the app whose stack is known already.
        prefixes: Further prefixes of one job or workflow.
    """
    known = _OF_APPS.of(root_of(stack_of(scope)), _UsedPrefixes)
    for prefix in prefixes:
        _warn(prefix.user, [(inbox, prefix) for inbox in known.inboxes])
        if prefix.is_inbox:
            _warn(prefix.user, [(prefix, other) for other in (*known.inboxes, *known.others)])
        (known.inboxes if prefix.is_inbox else known.others).append(prefix)


def _warn(user: IConstruct, pairs: Sequence[tuple[UsedPrefix, UsedPrefix]]) -> None:
    for inbox, inner in pairs:
        if inbox.empties(inner):
            warn(
                user,
                "inboxTakesFromOthers",
                f"{inbox.user.node.path} takes whatever lies under its inbox {inbox.prefix!r}, so also what lies under "
                f"{inner.prefix!r}, {inner.what} of {inner.user.node.path}, and classifies it as its own; choose "
                "prefixes of which none begins with an inbox of another, such as 'invoices/', 'mails/' and 'results/'",
            )
