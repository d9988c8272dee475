"""Where a run takes place: a real account, or the local AWS, which has the same few methods."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config

from constructs_lib.local import process, toolchain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
_TIME_LIMIT = 3 * 3600.0
# What could name other credentials than those of the session. An endpoint or a certificate is passed on.
_CREDENTIALS = {
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
}


class CloudError(Exception):
    """The account cannot be used, or the CDK CLI failed; the text says why."""


class Cloud(Protocol):
    """What a run needs of an account."""

    account: str
    region: str

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - a boto3 client
        """A boto3 client, of somebody else when their credentials are given as environment variables."""

    def deploy(self, assembly: Path, stacks: Sequence[str] = ("--all",)) -> dict[str, dict[str, str]]:
        """Deploy with the real CDK CLI and return the outputs of each stack."""

    def destroy(self, assembly: Path, stacks: Sequence[str] = ("--all",)) -> None:
        """Destroy with the real CDK CLI."""


class AwsAccount:
    """A real account.

    Args:
        profile: Name of a profile, empty for what the environment has.
        region: The Region, empty for the profile's.

    Raises:
        CloudError: No credentials, no Region, or the account is not bootstrapped for the CDK.
    """

    def __init__(self, profile: str, region: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - for this one place

        self._lock, self._clients = threading.Lock(), dict[tuple[str, str], Any]()
        try:
            self._session = boto3.Session(profile_name=profile or None, region_name=region or None)
            if not self._session.region_name:
                raise CloudError("No Region: give --region, or a profile that has one.")
            self.region = self._session.region_name
            identity = self.client("sts").get_caller_identity()
            self.account, self.partition = identity["Account"], identity["Arn"].split(":")[1]
            self.client("ssm").get_parameter(Name=_BOOTSTRAP_VERSION)
        except BotoCoreError as error:
            raise CloudError(f"The account cannot be reached: {error} Give --profile and --region.") from error
        except ClientError as error:
            if error.response["Error"]["Code"] != "ParameterNotFound":
                raise CloudError(f"The account cannot be used: {error}") from error
            raise CloudError(
                f"{self.account} in {self.region} is not bootstrapped for the CDK: run cdk bootstrap "
                f"aws://{self.account}/{self.region} once (it makes a bucket and roles, which this command does not "
                "remove)."
            ) from error
        self._directory = tempfile.TemporaryDirectory(prefix="account-")
        self.directory = Path(self._directory.name)
        self._children = process.Children(self.directory)

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - a boto3 client
        """A boto3 client, of somebody else when their credentials are given; throttling is waited out."""
        names = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
        keys: dict[str, Any] = {name.lower(): value for name, value in (credentials or {}).items() if name in names}
        known = (service, keys.get("aws_access_key_id", ""))
        with self._lock:  # clients are safe in threads, making them is not
            if known not in self._clients:
                create: Any = boto3.Session(**keys, region_name=self.region).client if keys else self._session.client
                config = Config(retries={"mode": "standard", "total_max_attempts": 8}, max_pool_connections=20)
                self._clients[known] = create(service, config=config)
            return self._clients[known]

    def deploy(self, assembly: Path, stacks: Sequence[str] = ("--all",)) -> dict[str, dict[str, str]]:
        """Deploy with the real CDK CLI and return the outputs of each stack.

        Raises:
            CloudError: A stack failed; the text holds what the CLI printed.
        """
        with tempfile.TemporaryDirectory() as folder:
            outputs = Path(folder) / "outputs.json"
            self._cdk(
                "deploy",
                *stacks,
                *("--app", str(assembly), "--require-approval", "never", "--method", "direct"),
                *("--progress", "events", "--outputs-file", str(outputs)),
            )
            result: dict[str, dict[str, str]] = json.loads(outputs.read_text()) if outputs.exists() else {}
        return result

    def destroy(self, assembly: Path, stacks: Sequence[str] = ("--all",)) -> None:
        """Destroy with the real CDK CLI."""
        self._cdk("destroy", *stacks, "--app", str(assembly), "--force")

    def interrupt(self) -> None:
        """End the CDK CLIs that run, and all that are still to come."""
        self._children.end()

    def close(self) -> None:
        """End what still runs on this machine."""
        self._children.end()
        self._directory.cleanup()
        for client in self._clients.values():
            client.close()

    def _cdk(self, *arguments: str) -> None:
        said: list[str] = []
        status = self._children.run(
            [toolchain.node_binary(), toolchain.cdk_program(), *arguments, "--no-color", "--no-notices"],
            cwd=self.directory,
            environment=self._environment(),
            on_line=said.append,
            time_limit=_TIME_LIMIT,
        )
        if status:
            output = "\n".join(said).strip()
            raise CloudError(f"cdk {arguments[0]} failed with exit status {status}:\n{output}")

    def _environment(self) -> dict[str, str]:
        """The user's environment with this session's credentials, whichever way boto3 found them."""
        credentials = self._session.get_credentials()
        if credentials is None:
            raise CloudError("No credentials: give --profile.")
        frozen = credentials.get_frozen_credentials()
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _CREDENTIALS and not name.startswith("CDK_")
        }
        token = {"AWS_SESSION_TOKEN": frozen.token} if frozen.token else {}
        path = [str(toolchain.node_home() / "bin"), str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]
        return {
            **kept,
            **token,
            "AWS_ACCESS_KEY_ID": str(frozen.access_key),
            "AWS_SECRET_ACCESS_KEY": str(frozen.secret_key),
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "PATH": os.pathsep.join(path),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        }
