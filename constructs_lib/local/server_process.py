"""The server process of a local AWS: started on a socket of loopback, asked whether it is healthy, ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.local import process, toolchain
from constructs_lib.local.certificate import write_certificate
from constructs_lib.local.control import Control
from constructs_lib.local.endpoint import Endpoint
from constructs_lib.local.local_errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Mapping


class ServerProcess:
    """A server in a process group of its own, started by being made.

    Args:
        directory: An empty folder for everything that it writes; it removes the folder when we are gone.
        port: TCP port; 0 takes a free one.
        account: The account that it serves.
        region: The Region that it serves.
        root: Credentials of its root user.

    Raises:
        LocalAwsError: The port is taken.
    """

    def __init__(self, directory: Path, *, port: int, account: str, region: str, root: Mapping[str, str]) -> None:
        self._log = directory / "server.log"
        with _listen(port) as listener:
            certificate, key = write_certificate(directory)
            taken = listener.getsockname()[1]
            self.endpoint = Endpoint(f"https://127.0.0.1:{taken}", certificate, account, region, root)
            with self._log.open("wb") as log:
                self._process = subprocess.Popen(  # noqa: S603 - our own module
                    [sys.executable, "-m", "constructs_lib.local.server", str(listener.fileno()), str(directory)],
                    cwd=directory,
                    env=_environment(self.endpoint, directory, taken, key),
                    stdin=subprocess.PIPE,  # the server ends when this closes, however we end
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=[listener.fileno()],
                    start_new_session=True,
                )

    def log(self) -> str:
        """What the server has written so far, output of Lambda functions included."""
        return self._log.read_text(errors="replace")

    def wait_until_healthy(self, patience: float = 30.0) -> None:
        """Wait until it answers.

        Raises:
            LocalAwsError: The server ended; the message holds its last words.
        """
        control = Control(self.endpoint)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                control.calls()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise LocalAwsError(f"The local AWS did not start. Its last words:\n{self.log()[-2000:]}")

    def stop(self) -> None:
        """End the server and its functions."""
        process.kill_group(self._process)
        if self._process.stdin:
            self._process.stdin.close()


def _environment(endpoint: Endpoint, directory: Path, port: int, key: Path) -> dict[str, str]:
    """An environment from scratch: Lambda functions inherit it, so nothing of the user's may be in it."""
    (directory / "tmp").mkdir()
    return {
        **endpoint.root,
        "PATH": os.pathsep.join([str(toolchain.node_home() / "bin"), os.defpath]),
        "HOME": str(directory),
        "TMPDIR": str(directory / "tmp"),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NODE_PATH": str(toolchain.node_modules()),
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(endpoint.ca_bundle),
        "MINISTACK_SSL_KEY": str(key),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": endpoint.region,
        "MINISTACK_ACCOUNT_ID": endpoint.account,
        "GATEWAY_PORT": str(port),
        "AWS_ENDPOINT_URL": endpoint.url,
        "RESPONSE_URL_HOSTS": f"127.0.0.1:{port}",  # functions may answer here as they answer CloudFormation
        "AWS_DEFAULT_REGION": endpoint.region,
        "AWS_CA_BUNDLE": str(endpoint.ca_bundle),
        "SSL_CERT_FILE": str(endpoint.ca_bundle),
        "NODE_EXTRA_CA_CERTS": str(endpoint.ca_bundle),
        # Their defaults are places that others can write to.
        "STATE_DIR": str(directory / "state"),
        "S3_DATA_DIR": str(directory / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "SFN_WAIT_SCALE": "0.02",
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
        "LOG_LEVEL": "WARNING",
    }


def _listen(port: int) -> socket.socket:
    """A listening socket on loopback, handed to the server: so the port cannot be lost to another process."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise LocalAwsError(
            f"Port {port} of 127.0.0.1 cannot be used ({error.strerror}). Give --port another one, or 0 for a free one."
        ) from error
    return listener
