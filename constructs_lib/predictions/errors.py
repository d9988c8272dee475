"""Errors of this package: each message says what was wrong and what to do next.

PredictionsError
├── BadArchiveError
├── JobNotFinishedError
├── NotFoundError
├── AccessError
└── MissingExtraError
"""


class PredictionsError(Exception):
    """The predictions cannot be read or written."""


class BadArchiveError(PredictionsError):
    """The archive is damaged, or holds something else than predictions."""


class JobNotFinishedError(PredictionsError):
    """The job has no predictions yet; ask again later."""


class NotFoundError(PredictionsError):
    """There is no such job, bucket, object or file."""


class AccessError(PredictionsError):
    """AWS refused a call."""


class MissingExtraError(PredictionsError, ImportError):
    """A package of the extra `results` is not installed."""
