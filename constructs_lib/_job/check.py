"""Collects every problem of a job's options, before anything is defined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk

from constructs_lib._core.arns import Environment
from constructs_lib._core.environment_checks import check_region
from constructs_lib._core.tokens import is_known
from constructs_lib._iam.roles import check_role
from constructs_lib.data_access_role import DataAccessRole
from constructs_lib.documents import Documents, check_documents
from constructs_lib.errors import problem
from constructs_lib.job_handler import ClassificationJobHandler
from constructs_lib.keys import check_key
from constructs_lib.model import check_model
from constructs_lib.network import check_network
from constructs_lib.results import Results, check_results

if TYPE_CHECKING:
    from constructs import IConstruct

    from constructs_lib._job.settings import JobSettings


def job_problems(
    scope: IConstruct,
    environment: Environment,
    settings: JobSettings,
    *,
    model: Any,  # noqa: ANN401 - anything may have been given, here and below
    documents: Any,  # noqa: ANN401
    results: Any,  # noqa: ANN401
    data_access_role: Any,  # noqa: ANN401
    volume_encryption_key: Any,  # noqa: ANN401
    network: Any,  # noqa: ANN401
    handler: Any,  # noqa: ANN401
) -> list[str]:
    """Check every option of a job; what only the deployment knows passes.

    Args:
        scope: Where the job is going to be.
        environment: Where it runs.
        settings: What is no value of its own.
        model: As of `DocumentClassificationJob`, like all others.
        documents: The documents.
        results: The results.
        data_access_role: The role.
        volume_encryption_key: The key.
        network: The network.
        handler: The handler.

    Returns:
        All problems; none when the job can be defined.
    """
    found = [*check_model(model, environment), *check_documents(documents, environment)]
    found += check_results(results, environment)
    if not found and isinstance(documents, Documents) and isinstance(results, Results):
        found += check_apart(documents, results)
    if data_access_role is not None:
        found += check_role("data_access_role", data_access_role, environment)
        if isinstance(data_access_role, DataAccessRole):
            # Roles are of no Region, but this one trusts jobs of the Region of its stack only.
            region = Environment.of(data_access_role).region
            found += check_region("data_access_role", f"a role for jobs in {region}", region, environment)
    if volume_encryption_key is not None:
        found += check_key("volume_encryption_key", volume_encryption_key, environment, aliases=False)
    if network is not None:
        found += check_network(network, environment)
    found += settings.problems()
    if handler is not None:
        found += _check_handler(handler, scope)
    return found


def check_apart(documents: Documents, results: Results) -> list[str]:
    """Check that results do not land among the documents of the same bucket.

    Args:
        documents: The documents.
        results: The results.

    Returns:
        Problems.
    """
    read, written = documents.location, results.location
    if read is None or written is None or read[0].name != written.name:
        return []
    prefix, folder = read[1], results.folder
    if not (is_known(prefix) and is_known(folder)) or not folder.startswith(prefix):
        return []
    return [
        problem(
            "results",
            folder,
            f"a prefix that does not begin with {prefix!r}, the documents' in the same bucket",
            "choose two prefixes such as 'documents/' and 'results/', or the next job would classify these results",
        )
    ]


def _check_handler(handler: object, scope: IConstruct) -> list[str]:
    if not isinstance(handler, ClassificationJobHandler):
        return [problem("handler", handler, "a ClassificationJobHandler", "make one in the stack of the job")]
    stack, own = cdk.Stack.of(handler), cdk.Stack.of(scope)
    if stack.node.path == own.node.path:
        return []
    return [
        problem(
            "handler",
            f"a handler of stack {stack.node.path}",
            f"one of stack {own.node.path}, the job's",
            "make one there: CloudFormation's events carry the stack, and a handler serves its own only",
        )
    ]
