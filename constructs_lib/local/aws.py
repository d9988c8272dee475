"""A local AWS as a Python object: started, deployed to with the real CDK CLI, and stopped."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3
from botocore.config import Config

from constructs_lib.local import process, toolchain
from constructs_lib.local.certificate import write_certificate
from constructs_lib.local.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

ACCOUNT = "000000000000"
REGION = "us-east-1"
_ROOT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
_DEPLOYER_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/cdk-*"}],
}


class LocalAws:
    """One local AWS: a server process on loopback with its own folder, certificate and users.

    Args:
        port: TCP port; 0 takes a free one.
        on_output: Called with each line that the CDK CLI prints; default: nothing is passed on.
        time_limit: Seconds that one run of the CDK CLI may take.

    Example:
        with LocalAws() as aws:
            aws.bootstrap()
            outputs = aws.deploy(aws.synthesize(Path(".")))
    """

    account = ACCOUNT
    region = REGION

    def __init__(
        self, *, port: int = 0, on_output: Callable[[str], None] = lambda _line: None, time_limit: float = 3600.0
    ) -> None:
        self._wanted_port = port
        self._time_limit = time_limit
        self._on_output = on_output
        self._children = process.Children()
        self._server: subprocess.Popen[bytes] | None = None
        self._deployer: dict[str, str] | None = None
        self._clients: dict[tuple[str, str], Any] = {}
        self.directory = Path()
        self.endpoint_url = ""

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    # --- The server -------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            LocalAwsError: The port is taken, or the server ended; the message holds its last words.
        """
        if self._server is not None:
            raise LocalAwsError("This local AWS is running already.")
        listener = _listen(self._wanted_port)
        self._children = process.Children()
        self.directory = Path(tempfile.mkdtemp(prefix="local-aws-"))
        try:
            with listener:
                port = listener.getsockname()[1]
                self.endpoint_url = f"https://127.0.0.1:{port}"
                environment = self._server_environment(port)
                with self._log.open("wb") as log:
                    self._server = subprocess.Popen(  # noqa: S603 - our own module
                        [
                            sys.executable,
                            "-m",
                            "constructs_lib.local.server",
                            str(listener.fileno()),
                            str(self.directory),
                        ],
                        cwd=self.directory,
                        env=environment,
                        stdin=subprocess.PIPE,  # the server ends when this closes, however we end
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        pass_fds=[listener.fileno()],
                        start_new_session=True,
                    )
            self._wait_until_healthy()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server, its functions and running CLIs, and remove its folder. Can be called again."""
        server, self._server = self._server, None
        self._children.end()
        if server is not None:
            process.end_group(server)
            if server.stdin:
                server.stdin.close()
        clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()
        self._deployer = None
        if self.directory != Path():
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = Path()

    @property
    def _log(self) -> Path:
        return self.directory / "server.log"

    @property
    def ca_bundle(self) -> Path:
        """The certificate that clients of the endpoint have to trust."""
        return self.directory / "server.crt"

    def log(self) -> str:
        """What the server has written so far, output of Lambda functions included."""
        return self._log.read_text(errors="replace")

    def _server_environment(self, port: int) -> dict[str, str]:
        """An environment from scratch: Lambda functions inherit it, so nothing of the user's may be in it."""
        certificate, key = write_certificate(self.directory)
        (self.directory / "tmp").mkdir()
        modules = toolchain.node_modules()
        return {
            **_ROOT,
            "PATH": os.pathsep.join([str(toolchain.node_home() / "bin"), os.defpath]),
            "HOME": str(self.directory),
            "TMPDIR": str(self.directory / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NODE_PATH": str(modules),
            "AUTH": "true",
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(certificate),
            "MINISTACK_SSL_KEY": str(key),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "GATEWAY_PORT": str(port),
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CA_BUNDLE": str(certificate),
            "SSL_CERT_FILE": str(certificate),
            "NODE_EXTRA_CA_CERTS": str(certificate),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "SFN_WAIT_SCALE": "0.1",
            "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
            "LOG_LEVEL": "WARNING",
        }

    def _wait_until_healthy(self, patience: float = 30.0) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self._server is None or self._server.poll() is not None:
                break
            try:
                self._control("calls")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise LocalAwsError(f"The local AWS did not start. Its last words:\n{self.log()[-2000:]}")

    def _control(self, what: str, value: object = None) -> Any:  # noqa: ANN401 - any JSON value
        request = urllib.request.Request(  # noqa: S310 - our own endpoint
            f"{self.endpoint_url}/_local/{what}",
            method="POST",
            data=json.dumps(value).encode(),
            headers={"content-type": "application/json"},
        )
        # No proxies: what is on loopback stays there.
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca_bundle)),
        )
        with opener.open(request, timeout=10) as response:
            return json.load(response)

    # --- Behaviour of Comprehend ------------------------------------------------------------------------------------

    def configure(self, **settings: float) -> dict[str, Any]:
        """Change how the local Comprehend behaves; the names are those of `comprehend.state.Settings`.

        Returns:
            All settings as they are now.
        """
        now: dict[str, Any] = self._control("settings", settings)
        return now

    def set_faults(self, *faults: Mapping[str, Any]) -> None:
        """Replace the faults on demand; no argument clears them. The keys are those of `comprehend.state.Fault`."""
        self._control("faults", faults)

    def calls(self) -> dict[str, int]:
        """How often each Comprehend operation was called."""
        counted: dict[str, int] = self._control("calls")
        return counted

    def resource_types(self) -> set[str]:
        """The CloudFormation resource types that can be deployed, custom ones aside."""
        return set(self._control("resource-types"))

    # --- Clients ----------------------------------------------------------------------------------------------------

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - a boto3 client
        """A boto3 client of the local AWS.

        Args:
            service: boto3's name of the service.
            credentials: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`; default: the root user.
        """
        keys = credentials or _ROOT
        known = (service, keys["AWS_ACCESS_KEY_ID"])
        if known not in self._clients:
            session = boto3.Session(
                keys["AWS_ACCESS_KEY_ID"],
                keys["AWS_SECRET_ACCESS_KEY"],
                keys.get("AWS_SESSION_TOKEN"),
                region_name=REGION,
            )
            options = Config(s3={"addressing_style": "path"}, proxies={})
            create: Any = session.client
            self._clients[known] = create(
                service, endpoint_url=self.endpoint_url, verify=str(self.ca_bundle), config=options
            )
        return self._clients[known]

    def environment(self, credentials: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment variables that point AWS tools at this local AWS.

        Args:
            credentials: As for `client`; default: the root user.
        """
        return {
            **(credentials or _ROOT),
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_CA_BUNDLE": str(self.ca_bundle),
            "NODE_EXTRA_CA_CERTS": str(self.ca_bundle),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def deployer(self) -> dict[str, str]:
        """Credentials of an IAM user who may only assume the bootstrap's roles, as a careful team would deploy."""
        if self._deployer is None:
            iam = self.client("iam")
            iam.create_user(UserName="deployer")
            iam.put_user_policy(
                UserName="deployer", PolicyName="assume-cdk-roles", PolicyDocument=json.dumps(_DEPLOYER_POLICY)
            )
            key = iam.create_access_key(UserName="deployer")["AccessKey"]
            self._deployer = {
                "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            }
        return self._deployer

    # --- The CDK CLI ------------------------------------------------------------------------------------------------

    def cdk(self, *arguments: str, cwd: Path | None = None, credentials: Mapping[str, str] | None = None) -> None:
        """Run the CDK CLI against this local AWS.

        Args:
            arguments: Command and options, such as `"diff", "--app", "cdk.out"`.
            cwd: Folder to run in; default: an empty one, where no app is found or synthesized.
            credentials: As for `client`; default: `deployer`.

        Raises:
            LocalAwsError: The CLI failed; the message holds its output.
        """
        if self._server is None:
            raise LocalAwsError("This local AWS is not running.")
        said: list[str] = []

        def on_line(line: str) -> None:
            said.append(line)
            self._on_output(line)

        empty = self.directory / "empty"
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
            environment=self._cli_environment(credentials or self.deployer),
            on_line=on_line,
            time_limit=self._time_limit,
        )
        if status:
            output = "\n".join(said).strip()
            raise LocalAwsError(f"cdk {arguments[0]} failed with exit status {status}:\n{output}")

    def _cli_environment(self, credentials: Mapping[str, str]) -> dict[str, str]:
        """The user's environment without any of its AWS settings, with our Node and Python first."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
        path = [str(toolchain.node_home() / "bin"), str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]
        return {
            **kept,
            **self.environment(credentials),
            "PATH": os.pathsep.join(path),
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "CDK_HOME": str(self.directory / "cdk-home"),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def bootstrap(self) -> None:
        """Bootstrap the account and Region for the CDK, as the root user."""
        self.cdk("bootstrap", f"aws://{ACCOUNT}/{REGION}", credentials=_ROOT)

    def synthesize(self, app: Path, context: Mapping[str, str] | None = None, output: Path | None = None) -> Path:
        """Synthesize an app.

        Args:
            app: Folder with a cdk.json.
            context: Context values for the app.
            output: Folder for the cloud assembly; default: a new one that goes when this local AWS stops.

        Returns:
            The folder of the cloud assembly.

        Raises:
            LocalAwsError: The app failed; the message holds its output.
        """
        assembly = output or Path(tempfile.mkdtemp(prefix="assembly-", dir=self.directory))
        options = [option for item in (context or {}).items() for option in ("-c", "=".join(item))]
        self.cdk("synth", "--quiet", "--output", str(assembly), *options, cwd=app)
        return assembly

    def deploy(self, assembly: Path, stacks: Sequence[str] = ("--all",)) -> dict[str, dict[str, str]]:
        """Deploy an assembly's stacks as `deployer`.

        Args:
            assembly: Folder of the cloud assembly.
            stacks: Names of the stacks; default: all.

        Returns:
            The outputs of each stack.

        Raises:
            LocalAwsError: A stack failed; the message holds what the CLI printed.
        """
        outputs = self.directory / f"outputs-{time.monotonic_ns()}.json"
        self.cdk(
            "deploy",
            *stacks,
            *("--app", str(assembly)),
            *("--require-approval", "never", "--method", "direct", "--progress", "events"),
            *("--outputs-file", str(outputs)),
        )
        result: dict[str, dict[str, str]] = json.loads(outputs.read_text()) if outputs.exists() else {}
        return result

    def destroy(self, assembly: Path, stacks: Sequence[str] = ("--all",)) -> None:
        """Destroy an assembly's stacks as `deployer`."""
        self.cdk("destroy", *stacks, "--app", str(assembly), "--force")


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
