"""The ways in which work ends without being done."""

import re


class JobError(Exception):
    """What was asked for cannot be done; the text says why and what to do next."""


class NotAnEventError(ValueError):
    """The event is not CloudFormation's, or not for this function: nothing is done, nobody is answered."""


class HandOver(BaseException):
    """This run of the function must end before its work does; a fresh one goes on.

    No Exception: nothing failed, and whoever expects failures must not hold it up.
    """


def sentence(text: object) -> str:
    """What a service has said, as a sentence that another one can follow."""
    said = re.sub(r" \(reached max retries: \d+\)", "", str(text)).strip()
    return said if not said or said[-1] in ".!?" else f"{said}."
