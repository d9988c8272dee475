"""What ends a run; Step Functions shows the class as the error and the text as the cause."""


class WrongPrefix(Exception):  # noqa: N818 - the name that people read in the console
    """The run was asked for documents that its data access role may not read."""


class TooManyDocuments(Exception):  # noqa: N818
    """More documents than one job of this workflow may take."""


class TooMuchInput(Exception):  # noqa: N818
    """More bytes than one job of this workflow may take."""


class CannotCollect(Exception):  # noqa: N818
    """Documents wait, and not one of them could be moved."""


class ServiceUnavailable(Exception):  # noqa: N818
    """S3 does not answer, or answers that it cannot: the state machine tries again for more than an hour."""
