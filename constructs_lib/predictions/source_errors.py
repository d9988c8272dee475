"""Errors of this package: each message says what was wrong and what to do next.

PredictionsError (in reading)
├── BadArchiveError (in reading)
├── JobNotFinishedError
├── NotFoundError
├── AccessError
└── MissingExtraError
"""

from constructs_lib.predictions.reading import PredictionsError


class JobNotFinishedError(PredictionsError):
    """The job has no predictions yet; ask again later."""


class NotFoundError(PredictionsError):
    """There is no such job, bucket, object or file."""


class AccessError(PredictionsError):
    """AWS refused a call."""


class MissingExtraError(PredictionsError, ImportError):
    """A package of the extra `results` is not installed."""
