"""Errors of reading.

PredictionsError
└── BadArchiveError
    └── OtherKindError
"""


class PredictionsError(Exception):
    """The predictions cannot be read or written."""


class BadArchiveError(PredictionsError):
    """What was read is damaged, or is something else than predictions."""


class OtherKindError(BadArchiveError):
    """What was read is whole, but of another kind of job.

    Args:
        kind: What it is.
    """

    def __init__(self, kind: str) -> None:
        super().__init__(
            f"this is {kind}, not of a classification job: give the output.tar.gz of a classification job, which holds "
            "predictions.jsonl"
        )
        self.kind = kind


def damaged(why: str) -> BadArchiveError:
    """Return the error for an archive that is not whole.

    Args:
        why: What shows it.
    """
    return BadArchiveError(
        f"this is no complete archive ({why}): read the output.tar.gz of a job that is COMPLETED, and if you copied "
        "it, copy it again"
    )
