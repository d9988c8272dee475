"""The command `python -m constructs_lib.local`."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from constructs_lib.local import data, toolchain
from constructs_lib.local.aws import LocalAws
from constructs_lib.local.deployment import Plan, Progress, deploy, prepare, start
from constructs_lib.local.errors import LocalAwsError
from constructs_lib.predictions import PredictionsError, read_labels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Default: - those of the process.

    Returns:
        The exit status: 0, 1 after an error, 130 after Ctrl-C; 143 after SIGTERM comes as `SystemExit`.
    """
    signal.signal(signal.SIGTERM, _terminated)
    # Python leaves SIGINT ignored where the shell had it so, as for a command in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except (LocalAwsError, PredictionsError) as error:
        sys.stdout.flush()
        print(f"\n{error}", file=sys.stderr)  # noqa: T201 - the one message
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)  # noqa: T201
        return 130
    return 0


def _terminated(number: int, _frame: FrameType | None) -> NoReturn:
    """End through the ordinary way out, so that everything started is stopped."""
    raise SystemExit(128 + number)


def _deploy(options: argparse.Namespace) -> None:
    plan, progress = _plan(options), Progress(verbose=options.verbose)
    if not (plan.app / "cdk.json").is_file():
        raise LocalAwsError(f"There is no cdk.json in {plan.app}. Run this in the folder of a CDK app, or give --app.")
    aws = LocalAws(port=options.port, on_output=progress.detail)
    try:
        deploy(aws, plan, progress)
    finally:
        aws.stop()


def _start(options: argparse.Namespace) -> None:
    plan, progress = _plan(options), Progress(verbose=options.verbose)
    aws = LocalAws(port=options.port, on_output=progress.detail)
    try:
        start(aws, progress)
        prepare(aws, plan, progress)
        progress.step("Ready")
        cdk = shlex.join([str(toolchain.node_binary()), str(toolchain.cdk_program())])
        context = "".join(f" -c {name}={value}" for name, value in plan.full_context(aws).items())
        exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in aws.environment().items())
        print(  # noqa: T201 - what was asked for
            f"\nIn another terminal:\n\n{exports}\n\n{cdk} deploy --all --require-approval never{context}\n\n"
            "Ctrl-C stops the local AWS and forgets everything in it.",
            flush=True,
        )
        while True:
            signal.pause()
    finally:
        aws.stop()


def _setup(_options: argparse.Namespace) -> None:
    fetching = sys.stdout.isatty()
    toolchain.node_modules(_show_fetched if fetching else lambda _count: None)
    if fetching:
        print("\r\x1b[K", end="")  # noqa: T201


def _show_fetched(count: int) -> None:
    print(f"\r\x1b[K  {count} packages fetched", end="", flush=True)  # noqa: T201 - progress on a terminal


def _plan(options: argparse.Namespace) -> Plan:
    """What the options ask for; every file is looked at before anything starts."""
    for file in (options.train, options.documents):
        if file:
            data.check_readable(file)
    return Plan(
        app=getattr(options, "app", Path()).resolve(),
        context=dict(options.context),
        train=options.train,
        documents=options.documents,
        labels=read_labels(options.labels) if getattr(options, "labels", None) else None,
    )


def _context(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form KEY=VALUE")
    return name, value


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
    common.add_argument(
        "--train", type=Path, metavar="CSV", help="train a classifier on label,text rows; its ARN: -c classifier_arn"
    )
    common.add_argument(
        "--documents", type=Path, metavar="PATH", help="upload a file or the files of a folder; their URI: -c documents"
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

    deploying = commands.add_parser("deploy", parents=[common], help="deploy an app, show what its jobs find, stop")
    deploying.add_argument("--app", type=Path, default=Path(), metavar="FOLDER", help="folder with a cdk.json")
    deploying.add_argument(
        "--labels", type=Path, metavar="CSV", help="right classes (file,label or line,label): count what is right"
    )
    deploying.set_defaults(run=_deploy)

    starting = commands.add_parser("start", parents=[common], help="keep a local AWS running for use by hand")
    starting.set_defaults(run=_start)

    setting_up = commands.add_parser("setup", help="install the CDK CLI now instead of on first use")
    setting_up.set_defaults(run=_setup)
    return parser
