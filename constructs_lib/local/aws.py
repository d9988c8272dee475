"""A local AWS as a Python object: started, deployed to with the real CDK CLI, and stopped."""

from __future__ import annotations

import json
import secrets
import shlex
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from constructs_lib.local import cloud_assembly as assemblies
from constructs_lib.local import toolchain
from constructs_lib.local.cdk_cli import CdkCli
from constructs_lib.local.clients import Clients
from constructs_lib.local.control import Control
from constructs_lib.local.failures import explanation
from constructs_lib.local.local_errors import CdkCliError, LocalAwsError
from constructs_lib.local.process import Children, remove
from constructs_lib.local.server_process import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    import boto3

    from constructs_lib.local.endpoint import Endpoint

ACCOUNT = "000000000000"
REGION = "us-east-1"
_CREATED, _CREATING = "CREATE_COMPLETE", ("CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")


def _new_root() -> dict[str, str]:
    """A root user of one run: other users of the machine can reach loopback, too."""
    return {
        "AWS_ACCESS_KEY_ID": f"AKIA{secrets.token_hex(8).upper()}",
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(20),
    }


def _now() -> datetime:
    """The time as the events of stacks tell it, so that none of an earlier operation passes for one of the next."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class LocalAws:
    """One local AWS: a server process on loopback with its own folder, certificate and users.

    Args:
        port: TCP port; 0 takes a free one.
        account: Account to be.
        region: Region to be.
        on_output: Called with each line that the CDK CLI prints; default: nothing is passed on.
        time_limit: Seconds that one run of the CDK CLI may take.

    Example:
        with LocalAws() as aws:
            aws.bootstrap()
            outputs = aws.deploy(aws.synthesize(Path(".")))
    """

    def __init__(
        self,
        *,
        port: int = 0,
        account: str = ACCOUNT,
        region: str = REGION,
        on_output: Callable[[str], None] = lambda _line: None,
        time_limit: float = 3600.0,
    ) -> None:
        self.account = account
        self.region = region
        self._port = port
        self._time_limit = time_limit
        self._on_output = on_output
        self._children: Children | None = None
        self._server: ServerProcess | None = None
        self._clients: Clients | None = None
        self._bootstrapped: set[str] = set()
        self.directory = Path()

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
        self._bootstrapped = set()
        self.directory = Path(tempfile.mkdtemp(prefix="local-aws-"))
        try:
            self._children = Children(self.directory)
            self._server = ServerProcess(
                self.directory, port=self._port, account=self.account, region=self.region, root=_new_root()
            )
            self._clients = Clients(self._server.endpoint)
            self._server.wait_until_healthy()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server, its functions and running CLIs, and remove its folder. Can be called again."""
        if self._children:
            self._children.end()
        server, self._server = self._server, None
        if server:
            server.stop()
        clients, self._clients = self._clients, None
        if clients:
            clients.close()
        if self.directory != Path():
            remove(self.directory)
            self.directory = Path()

    @property
    def running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._server is not None

    @property
    def endpoint(self) -> Endpoint:
        """Where it answers and whom it knows."""
        return self._running.endpoint

    @property
    def endpoint_url(self) -> str:
        """Address of every service."""
        return self.endpoint.url

    @property
    def ca_bundle(self) -> Path:
        """The certificate that clients of the endpoint have to trust."""
        return self.endpoint.ca_bundle

    def log(self) -> str:
        """What the server has written so far, output of Lambda functions included."""
        return self._running.log()

    @property
    def _running(self) -> ServerProcess:
        if self._server is None:
            raise LocalAwsError("This local AWS is not running.")
        return self._server

    # --- Behaviour of Comprehend ------------------------------------------------------------------------------------

    def configure(self, **settings: float) -> dict[str, Any]:
        """Change how the local Comprehend behaves.

        Args:
            settings: `job_seconds`, from the start of a job to its end (default: 2); `training_seconds`, the least that
                training takes (0.2); `starts_per_second` and `active_jobs`, the quotas (1 and 10; 0 for none);
                `keep_network_interfaces`, to leave those of jobs behind, as the service sometimes does (False);
                `stay_attached`, to leave them attached, too (False).

        Returns:
            All settings as they are now.
        """
        return Control(self.endpoint).configure(settings)

    def set_faults(self, *faults: Mapping[str, Any]) -> None:
        """Let operations fail on demand.

        Args:
            faults: They replace those of earlier calls; none at all clears them. Each is a mapping with `operation`,
                one of the API, or `RunJob` for jobs that fail on the way; `code`, `message` and `status` of the error
                (default: an `InternalServerException` with status 400); `count`, how many requests or jobs meet it (1;
                None for no limit); `seconds`, how long it lasts from now (None: no limit).
        """
        Control(self.endpoint).set_faults(list(faults))

    def calls(self) -> dict[str, int]:
        """How often each Comprehend operation was called."""
        return Control(self.endpoint).calls()

    def resource_types(self) -> set[str]:
        """The CloudFormation resource types that can be deployed, custom ones aside."""
        return Control(self.endpoint).resource_types()

    # --- Clients ----------------------------------------------------------------------------------------------------

    def session(self, credentials: Mapping[str, str] | None = None) -> boto3.Session:
        """A boto3 session of the local AWS, for code that takes one, such as `open_output` of the predictions.

        Args:
            credentials: As for `client`; default: the root user.
        """
        return self._known_clients.session(credentials)

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - a boto3 client
        """A boto3 client of the local AWS.

        Args:
            service: boto3's name of the service.
            credentials: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`; default: the root user.
        """
        return self._known_clients.client(service, credentials)

    def environment(self, credentials: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment variables that point AWS tools at this local AWS.

        Args:
            credentials: As for `client`; default: the root user.
        """
        return self.endpoint.environment(credentials)

    @property
    def deployer(self) -> dict[str, str]:
        """Credentials of an IAM user who may only assume the bootstrap's roles, as a careful team would deploy."""
        return self._known_clients.deployer

    @property
    def _known_clients(self) -> Clients:
        if self._clients is None:
            raise LocalAwsError("This local AWS is not running.")
        return self._clients

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
        if self._children is None:
            raise LocalAwsError("This local AWS is not running.")
        cli = CdkCli(
            self.endpoint,
            self._children,
            directory=self.directory,
            on_output=self._on_output,
            time_limit=self._time_limit,
        )
        cli.run(*arguments, cwd=cwd, credentials=credentials or self.deployer)

    def bootstrap(self, qualifier: str = assemblies.DEFAULT_QUALIFIER) -> None:
        """Bootstrap the account and Region for the CDK, as the root user, if that is not done yet.

        The stack is the one that `cdk bootstrap` makes, from the CLI's own template, without a second of Node.

        Args:
            qualifier: The bootstrap's name; default: the CDK's own.

        Raises:
            LocalAwsError: The stack failed; the message says why.
        """
        if qualifier in self._bootstrapped:
            return
        begun = _now()
        cloudformation = self.client("cloudformation")
        parameters = {"Qualifier": qualifier, "FileAssetsBucketKmsKeyId": "AWS_MANAGED_KEY"}
        stack = cloudformation.create_stack(
            StackName="CDKToolkit" if qualifier == assemblies.DEFAULT_QUALIFIER else f"CDKToolkit-{qualifier}",
            TemplateBody=toolchain.bootstrap_template().read_text(encoding="utf-8"),
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )["StackId"]
        while (status := cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]) != _CREATED:
            if status not in _CREATING:
                raise LocalAwsError(explanation(self._known_clients, begun, [f"CDKToolkit is {status}"]))
            time.sleep(0.05)
        self._bootstrapped.add(qualifier)

    def synthesize(self, app: Path, context: Mapping[str, str] | None = None, output: Path | None = None) -> Path:
        """Synthesize an app.

        Args:
            app: Folder with a cdk.json, or the Python file of an app.
            context: Context values for the app.
            output: Folder for the cloud assembly; default: a new one that goes when this local AWS stops.

        Returns:
            The folder of the cloud assembly.

        Raises:
            LocalAwsError: The app failed; the message holds its output.
        """
        assembly = output or Path(tempfile.mkdtemp(prefix="assembly-", dir=self.directory))
        options = [option for item in (context or {}).items() for option in ("-c", "=".join(item))]
        folder, file = (app.parent, app) if app.suffix == ".py" else (app, None)
        if file is not None:
            options += ["--app", shlex.join([sys.executable, str(file.resolve())])]
        self.cdk("synth", "--quiet", "--output", str(assembly), *options, cwd=folder)
        return assembly

    def deploy(self, assembly: Path | str, stacks: Sequence[str] = ("**",)) -> dict[str, dict[str, str]]:
        """Deploy an assembly's stacks as `deployer`; as the root user where an app does without the bootstrap's roles.

        Args:
            assembly: Folder of the cloud assembly.
            stacks: Names of the stacks, or patterns of their paths; default: all, those of stages too.

        Returns:
            The outputs of each stack.

        Raises:
            LocalAwsError: A stack failed; the message says why and ends with the reason.
        """
        assembly = Path(assembly)
        for qualifier in assemblies.qualifiers(assembly) - self._bootstrapped:
            self.bootstrap(qualifier)
        outputs = self.directory / f"outputs-{time.monotonic_ns()}.json"
        self._operate(
            assembly,
            *("deploy", *stacks),
            *("--require-approval", "never", "--method", "direct", "--progress", "events"),
            *("--outputs-file", str(outputs)),
        )
        result: dict[str, dict[str, str]] = json.loads(outputs.read_text()) if outputs.exists() else {}
        return result

    def destroy(self, assembly: Path | str, stacks: Sequence[str] = ("**",)) -> None:
        """Destroy an assembly's stacks as `deployer`.

        Raises:
            LocalAwsError: A stack stays; the message says why.
        """
        self._operate(Path(assembly), "destroy", *stacks, "--force")

    def _operate(self, assembly: Path, *command: str) -> None:
        credentials = self.deployer if assemblies.uses_bootstrap_roles(assembly) else self.endpoint.root
        begun = _now()
        try:
            self.cdk(*command, "--app", str(assembly), credentials=credentials)
        except CdkCliError as error:
            raise LocalAwsError(explanation(self._known_clients, begun, error.output)) from error
