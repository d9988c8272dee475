"""The real CDK CLI, run against a local AWS."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.local import toolchain
from constructs_lib.local.local_errors import CdkCliError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from constructs_lib.local.endpoint import Endpoint
    from constructs_lib.local.process import Children


class CdkCli:
    """The CDK CLI for one local AWS.

    Args:
        endpoint: The local AWS.
        children: Runs the CLI, and can end it from another thread.
        directory: Folder for what the CLI keeps between runs.
        on_output: Called with each line that the CLI prints.
        time_limit: Seconds that one run may take.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        children: Children,
        *,
        directory: Path,
        on_output: Callable[[str], None],
        time_limit: float,
    ) -> None:
        self._endpoint = endpoint
        self._children = children
        self._directory = directory
        self._on_output = on_output
        self._time_limit = time_limit

    def run(self, *arguments: str, credentials: Mapping[str, str], cwd: Path | None = None) -> None:
        """Run the CLI to its end.

        Args:
            arguments: Command and options.
            credentials: Whom it acts as.
            cwd: Folder to run in; default: an empty one, where no app is found or synthesized.

        Raises:
            CdkCliError: The CLI failed; the message holds its output.
        """
        said: list[str] = []

        def on_line(line: str) -> None:
            said.append(line)
            self._on_output(line)

        empty = self._directory / "empty"
        empty.mkdir(exist_ok=True)
        command: list[str | Path] = [
            toolchain.node_binary(),
            toolchain.cdk_program(),
            *arguments,
            "--no-color",
            "--no-notices",
        ]
        status = self._children.run(
            command,
            cwd=cwd or empty,
            environment=self._environment(credentials),
            on_line=on_line,
            time_limit=self._time_limit,
        )
        if status:
            raise CdkCliError(arguments[0], status, said)

    def _environment(self, credentials: Mapping[str, str]) -> dict[str, str]:
        """The user's environment without any of its AWS settings, with our Node and Python first."""
        # What the CDK documents to synthesize without its validation, which takes three seconds, is no setting of AWS.
        kept = {
            name: value
            for name, value in os.environ.items()
            if name == "CDK_VALIDATION" or not name.startswith(("AWS_", "CDK_"))
        }
        path = [str(toolchain.node_home() / "bin"), str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]
        return {
            **kept,
            **self._endpoint.environment(credentials),
            "PATH": os.pathsep.join(path),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "CDK_HOME": str(self._directory / "cdk-home"),
            "TMPDIR": str(self._directory / "tmp"),  # what an ended app leaves behind goes with the run
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
