"""Errors of the local AWS."""


class LocalAwsError(Exception):
    """The local AWS cannot do what was asked; the message says why and what to do."""


class MissingExtraError(LocalAwsError, ImportError):
    """A package of the extra `local` is not installed."""
