"""What a deployment waits for, and what it does when there is nothing to classify."""

from __future__ import annotations

from enum import StrEnum


class JobMilestone(StrEnum):
    """How far a job must have come for a deployment to succeed.

    Source: `JobStatus` of `DescribeDocumentClassificationJob`.
    """

    SUBMITTED = "SUBMITTED"
    """The service has accepted the request. Access faults, which come seconds later, go unnoticed."""

    IN_PROGRESS = "IN_PROGRESS"
    """The service is working on the documents, or the job has waited 90 seconds in its queue without a fault."""

    COMPLETED = "COMPLETED"
    """The results are written."""


class EmptyInput(StrEnum):
    """What a deployment does when no document is there to classify."""

    FAIL = "FAIL"
    """The deployment fails and names the S3 URI."""

    SKIP = "SKIP"
    """No job is started and the deployment succeeds; the status says `SKIPPED_EMPTY_INPUT`."""
