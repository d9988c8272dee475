"""The ways in which work ends without being done."""


class JobError(Exception):
    """What was asked for cannot be done; the text says why and what to do next."""


class NotAnEventError(ValueError):
    """The event is not CloudFormation's, or not for this function: nothing is done, nobody is answered."""


class HandOver(BaseException):
    """This run of the function must end before its work does; a fresh one goes on.

    No Exception: nothing failed, and whoever expects failures must not hold it up.
    """
