"""Who may do what: the statements of each role and endpoint, put together from what jobs touch."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from constructs_lib._core.tokens import is_known
from constructs_lib._iam import statements as say
from constructs_lib._iam.statements import S3Location

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from constructs_lib._core.arns import Environment
    from constructs_lib._iam.statements import Statement
    from constructs_lib.keys import KeyReference


@dataclass(frozen=True)
class JobAccess:
    """What one job touches; every statement follows from it.

    Args:
        model_arn: The classifier or flywheel.
        role_arn: The data access role.
        documents: Where the documents are.
        results: Where the results go.
        documents_key: The key of the documents' bucket, if it has a customer managed one.
        results_key: The key of the results, if any.
        volume_key: The key of the service's storage volumes, if any.
        in_network: Whether the job runs in a VPC.
        textract_action: The Textract action of the document reader, if any.
    """

    model_arn: str
    role_arn: str
    documents: S3Location
    results: S3Location
    documents_key: KeyReference | None = None
    results_key: KeyReference | None = None
    volume_key: KeyReference | None = None
    in_network: bool = False
    textract_action: str | None = None

    @property
    def keys(self) -> tuple[KeyReference | None, ...]:
        """The keys that it uses."""
        return self.documents_key, self.results_key, self.volume_key


def data_access_statements(jobs: Sequence[JobAccess], environment: Environment) -> list[Statement]:
    """Say what the data access role of some jobs may do.

    Args:
        jobs: The jobs that use the role.
        environment: Where they run.

    Returns:
        The statements.
    """
    return [
        say.read_documents(job.documents for job in jobs),
        *say.list_documents(job.documents for job in jobs),
        say.write_results(job.results for job in jobs),
        *say.decrypt_documents([job.documents_key for job in jobs], environment),
        *say.encrypt_results([job.results_key for job in jobs], environment),
        *say.encrypt_volumes([job.volume_key for job in jobs]),
        *([say.use_network()] if any(job.in_network for job in jobs) else []),
        *say.extract_text(job.textract_action for job in jobs),
    ]


def handler_base_statements(
    environment: Environment,
    *,
    function_arn: str,
    log_group_arn: str,
    stack_id: str,
    outermost_id: str | None,
    tags: bool,
) -> list[Statement]:
    """Say what the function that serves jobs may do whatever the jobs are.

    Args:
        environment: Where it runs.
        function_arn: The function itself.
        log_group_arn: Its log group and the streams in it, `arn:...:log-group:<name>:*`.
        stack_id: The stack.
        outermost_id: The stack that it is nested in, if it is; the outermost one.
        tags: Whether any job of the stack has tags.

    Returns:
        The statements.
    """
    return [
        say.write_log(log_group_arn),
        say.follow_jobs(environment),
        *([say.tag_jobs(environment)] if tags else []),
        say.untag_jobs(environment),
        say.continue_waiting(function_arn),
        say.ask_for_stack(stack_id),
        *([say.ask_for_outermost_stack(outermost_id)] if outermost_id else []),
    ]


def handler_start_statements(jobs: Sequence[JobAccess], environment: Environment) -> list[Statement]:
    """Say what the function may do to start the jobs of a stack.

    Args:
        jobs: The jobs.
        environment: Where they run.

    Returns:
        The statements.
    """
    return [
        say.start_jobs((job.model_arn for job in jobs), environment),
        say.pass_data_access_roles(job.role_arn for job in jobs),
        *say.look_for_documents(job.documents for job in jobs),
        *say.extract_text(job.textract_action for job in jobs),
    ]


def network_statements(vpc_arn: str, environment: Environment) -> list[Statement]:
    """Say what the function may do to clean a network up.

    Args:
        vpc_arn: The VPC.
        environment: Where it is.

    Returns:
        The statements.
    """
    return [
        say.find_network_interfaces(),
        say.find_active_jobs(),
        say.remove_network_interfaces(vpc_arn, environment),
        say.detach_from_instances(environment),
    ]


def endpoint_statements(buckets: Sequence[str], *, account: str | None) -> list[Statement]:
    """Say what passes through the S3 endpoint of a network.

    Args:
        buckets: The ARNs of the buckets that jobs use.
        account: The account, when jobs of other stacks use buckets that the network's template cannot name.

    Returns:
        The statements.
    """
    found = [say.use_buckets(buckets), say.use_objects(buckets)] if buckets else []
    if account is not None:
        found.append(say.use_buckets_of_account(account))
    return found or [say.use_nothing()]


def in_common(jobs: Sequence[JobAccess]) -> list[JobAccess]:
    """Sum up the prefixes of jobs by what those of one bucket have in common, but never to all of a bucket.

    Args:
        jobs: The jobs.

    Returns:
        The jobs with such prefixes.
    """
    return [
        replace(job, documents=documents, results=results)
        for job, documents, results in zip(
            jobs,
            _summed_up([job.documents for job in jobs]),
            _summed_up([job.results for job in jobs]),
            strict=True,
        )
    ]


def _summed_up(places: Sequence[S3Location]) -> list[S3Location]:
    prefixes: dict[str, set[str]] = defaultdict(set)
    for place in places:
        prefixes[place.bucket_arn].add(place.prefix)
    common = {
        bucket: os.path.commonprefix(sorted(found))  # noqa: RUF071 - S3 prefixes are text, not paths
        for bucket, found in prefixes.items()
        if len(found) > 1 and all(map(is_known, found))
    }
    return [
        S3Location(place.bucket_arn, shared, is_common=True) if (shared := common.get(place.bucket_arn)) else place
        for place in places
    ]


def fitting(
    jobs: Sequence[JobAccess],
    statements: Callable[[Sequence[JobAccess]], list[Statement]],
    fits: Callable[[list[Statement]], bool],
) -> tuple[list[Statement], list[str]]:
    """Write statements for jobs, exactly if there is room, otherwise with what prefixes have in common.

    Args:
        jobs: The jobs.
        statements: Writes them.
        fits: Says whether there is room.

    Returns:
        The statements; and the prefixes that they allow although no job has them.
    """
    exact = statements(jobs)
    if fits(exact):
        return exact, []
    shared = in_common(jobs)
    wider = {place.prefix for job in shared for place in (job.documents, job.results) if place.is_common}
    return (statements(shared), sorted(wider)) if wider else (exact, [])
