"""The command `python -m constructs_lib.local`."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from constructs_lib.local import by_hand, data, toolchain
from constructs_lib.local.aws import ACCOUNT, REGION, LocalAws
from constructs_lib.local.deployment import Plan, deploy, prepare, start
from constructs_lib.local.local_errors import LocalAwsError
from constructs_lib.local.step_progress import Progress
from constructs_lib.predictions import PredictionsError, read_labels
from constructs_lib.predictions import command as report

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


# Ctrl-C, a terminal that goes away, and being asked to end.
_STOPPING = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Default: - those of the process.

    Returns:
        The exit status: 0, 1 after an error. A signal that stops it comes as `SystemExit`: 130 after Ctrl-C.
    """
    options, unknown = _parser().parse_known_args(arguments)
    if unknown:
        options.refuse(f"unrecognized arguments: {' '.join(unknown)}")
    # Also where the shell had a signal ignored, as for a command in the background.
    before = {number: signal.signal(number, _stop) for number in _STOPPING}
    status = _run(options)
    for number, handler in before.items():
        signal.signal(number, handler)
    return status


def _run(options: argparse.Namespace) -> int:
    try:
        options.run(options)
    except (LocalAwsError, PredictionsError, BotoCoreError, ClientError) as error:
        sys.stdout.flush()
        print(f"\n{error}", file=sys.stderr)  # noqa: T201 - the one message
        return 1
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter tries once more at its end
        return 0
    return 0


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    """End through the ordinary way out, so that everything started is stopped; no second signal disturbs that."""
    for other in _STOPPING:
        signal.signal(other, _ignore)
    with suppress(OSError):  # the terminal may be gone
        os.write(2, b"\r\x1b[KStopping\n" if sys.stderr.isatty() else b"\nStopping\n")
    raise SystemExit(128 + number)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Ignore a signal; Python complains of one that came just before SIG_IGN was set."""


def _aws(options: argparse.Namespace, progress: Progress) -> LocalAws:
    return LocalAws(port=options.port, account=options.account, region=options.region, on_output=progress.detail)


def _deploy(options: argparse.Namespace) -> None:
    _check_app(options.app.resolve())
    plan, progress = _plan(options), Progress(verbose=options.verbose, log=options.log)
    aws = _aws(options, progress)
    try:
        with progress:
            deploy(aws, plan, progress)
    finally:
        _finish(aws, progress)


def _start(options: argparse.Namespace) -> None:
    plan, progress = _plan(options), Progress(verbose=options.verbose, log=options.log)
    aws = _aws(options, progress)
    try:
        with progress:
            start(aws, progress)
            prepare(aws, plan, progress)
            activation = by_hand.write_activation(aws, plan.full_context(aws))
            progress.step("Ready")
        progress.say(f"\n{_READY.format(activation=activation)}")
        while True:
            signal.pause()
    finally:
        _finish(aws, progress)


_READY = """\
In another terminal, in the folder of a CDK app:

  source {activation}

  cdk diff                   what would change
  cdk deploy --all           deploy
  upload PATH [S3_URI]       documents to the stack's DocumentsUri, or to another place
  predictions [JOB_ID]       what the newest job found, or another one; as a page: --html FILE
  cdk destroy --all          remove

Ctrl-C here stops the local AWS and forgets everything in it."""


def _finish(aws: LocalAws, progress: Progress) -> None:
    if aws.running:
        progress.record(aws.log())
    aws.stop()


def _upload(options: argparse.Namespace) -> None:
    data.check_readable(options.path)
    print(by_hand.upload(options.path, options.uri))  # noqa: T201 - where they are


def _predictions(options: argparse.Namespace) -> None:
    options.targets = []
    report.check(options, options.refuse)
    options.targets = [by_hand.output_of(options.job)]
    if status := report.run(options):
        raise SystemExit(status)


def _setup(_options: argparse.Namespace) -> None:
    with Progress() as progress:
        toolchain.node_modules(progress.fetched)


def _plan(options: argparse.Namespace) -> Plan:
    """What the options ask for; every file is looked at before anything starts."""
    if options.train:
        data.check_labelled(options.train)
    if options.documents:
        data.check_readable(options.documents)
    if options.log:
        _begin_log(options.log)
    return Plan(
        app=getattr(options, "app", Path()).resolve(),
        context=dict(options.context),
        train=options.train,
        multi_label=options.mode == "multi-label",
        documents=options.documents,
        labels=read_labels(options.labels) if getattr(options, "labels", None) else None,
    )


def _check_app(app: Path) -> None:
    """Check that an app can be read, before anything starts."""
    help_ = "Give --app a Python file, or a folder with a cdk.json."
    file = app if app.suffix == ".py" else app / "cdk.json"
    try:
        file.open("rb").close()
    except FileNotFoundError:
        if file != app and app.is_dir():
            raise LocalAwsError(
                f"There is no cdk.json in {app}. Run this in the folder of a CDK app, or give --app."
            ) from None
        raise LocalAwsError(f"There is no file {app}. {help_}") from None
    except OSError as error:
        if file != app and isinstance(error, NotADirectoryError):
            raise LocalAwsError(f"{app} is no app. {help_}") from None
        raise LocalAwsError(f"{file} cannot be read: {error.strerror}. {help_}") from error


def _begin_log(file: Path) -> None:
    try:
        file.write_text("")
    except OSError as error:
        raise LocalAwsError(f"--log {file} cannot be written: {error.strerror}.") from error


def _path(text: str) -> Path:
    if not text:  # would be the current folder; whoever gave it meant a variable that is not set
        raise argparse.ArgumentTypeError("the path is empty")
    return Path(text)


def _context(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form KEY=VALUE")
    return name, value


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an account: 12 digits")
    return text


def _region(text: str) -> str:
    if not re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-[0-9]", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a Region, such as eu-central-1")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - the highest TCP port
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: 0 for a free one, up to 65535")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m constructs_lib.local",
        description="Deploy CDK apps to a local AWS: loopback only, no account, IAM enforcement and TLS on.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--port", type=_port, default=0, help="port on 127.0.0.1 (default: a free one)")
    common.add_argument("--account", type=_account, default=ACCOUNT, help=f"account to be (default: {ACCOUNT})")
    common.add_argument("--region", type=_region, default=REGION, help=f"Region to be (default: {REGION})")
    common.add_argument(
        "--train", type=_path, metavar="CSV", help="train a classifier on label,text rows; its ARN: -c classifier_arn"
    )
    common.add_argument(
        "--mode",
        choices=("multi-class", "multi-label"),
        default="multi-class",
        help="whether a document of --train has one label, or several as in A|B (default: multi-class)",
    )
    common.add_argument(
        "--documents",
        type=_path,
        metavar="PATH",
        help="upload a file or the files of a folder; their URI: -c documents",
    )
    common.add_argument(
        "-c",
        "--context",
        type=_context,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="context for the app, may be repeated; wins over what --train and --documents give",
    )
    common.add_argument("--verbose", action="store_true", help="show what the CDK CLI prints")
    common.add_argument(
        "--log", type=_path, metavar="FILE", help="write what the CDK CLI, the server and its functions say into a file"
    )

    deploying = commands.add_parser("deploy", parents=[common], help="deploy an app, show what its jobs find, stop")
    deploying.add_argument(
        "--app", type=_path, default=Path(), metavar="PATH", help="folder with a cdk.json, or the Python file of an app"
    )
    deploying.add_argument(
        "--labels", type=_path, metavar="CSV", help="right classes (file,label or line,label): count what is right"
    )
    deploying.set_defaults(run=_deploy, refuse=deploying.error)

    starting = commands.add_parser("start", parents=[common], help="keep a local AWS running for use by hand")
    starting.set_defaults(run=_start, refuse=starting.error)

    uploading = commands.add_parser("upload", help="upload documents to a local AWS that was started by hand")
    uploading.add_argument("path", type=_path, help="a file, or a folder whose files are the documents")
    uploading.add_argument("uri", nargs="?", help="s3://bucket/prefix/ (default: the one stack output DocumentsUri)")
    uploading.set_defaults(run=_upload, refuse=uploading.error)

    showing = commands.add_parser("predictions", help="show what a job of a local AWS started by hand has found")
    showing.add_argument("job", nargs="?", help="the job's id (default: the newest that is completed)")
    report.add_options(showing)
    showing.set_defaults(run=_predictions, refuse=showing.error)

    setting_up = commands.add_parser("setup", help="install the CDK CLI now instead of on first use")
    setting_up.set_defaults(run=_setup, refuse=setting_up.error)
    return parser
