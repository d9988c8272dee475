"""Errors of the local AWS."""


class LocalAwsError(Exception):
    """The local AWS cannot do what was asked; the message says why and what to do."""


class CdkCliError(LocalAwsError):
    """The CDK CLI failed; holds what it said."""

    def __init__(self, command: str, status: int, output: list[str]) -> None:
        super().__init__(f"cdk {command} failed with exit status {status}:\n" + "\n".join(output).strip())
        self.output = output


class MissingExtraError(LocalAwsError, ImportError):
    """A package of the extra `local` is not installed."""
