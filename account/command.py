"""The command `python -m account`: says what it will do and cost, asks once, does it, cleans up, reports."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from account import cleanup, run_report
from account.anchors import ROOT
from account.bench import Run
from account.classifier import check_classifier, train
from account.cloud import AwsAccount, CloudError
from account.plan import Plan, choose
from account.runner import run_all, slowness
from constructs_lib.local.local_errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from account.runner import Result

PACE = 1.0
LOCAL_PACE = 0.005
LOCAL_QUOTA = 2
_LONGEST_AGO = 7 * 86400  # so old a run can be cleaned up as well
REPORT = ROOT / "build" / "account.json"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Default: - those of the process.

    Returns:
        0 when all is as assumed and nothing is left, 1 when not, 2 when nothing could be begun, 130 after Ctrl-C; 143
        after SIGTERM comes as `SystemExit`. Whatever happens in between, what was made is removed first.
    """
    # Where SIGINT is ignored, as behind nohup, Python would not hear it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _terminated)
    options = _parser().parse_args(arguments)
    try:
        with _account(options) as run:
            return _clean_only(run) if options.clean else _proof(run, options)
    except (CloudError, LocalAwsError, ValueError) as error:
        _say(str(error), sys.stderr)
        return 2
    except KeyboardInterrupt:
        _say("Stopped.", sys.stderr)
        return 130


def _proof(run: Run, options: argparse.Namespace) -> int:
    plan = Plan(run, choose(options.steps), training=not run.classifier)
    if run.classifier:
        check_classifier(run)
    _say(plan.text())
    if not options.yes and not _consents():
        _say("Nothing was made.")
        return 2
    found: dict[str, Result] = {}
    try:
        if plan.training:
            _say("training a classifier on examples/data/training.csv")
            train(run)
        run_all(run, plan.steps, found, _say)
        started = len(run.jobs())
    finally:
        left = _clean(run)
        results = [found[step.id] for step in plan.steps if step.id in found]
        written = run_report.as_json(run, results, left)
        _say(f"\n{run_report.as_table(written)}")
        run_report.write(options.report, written)
        _say(f"written to {options.report}")
    if started > plan.spend.jobs:
        _say(f"{started} jobs were started, more than the {plan.spend.jobs} that were announced")
        return 1
    return int(bool(left) or not all(result.expected for result in results))


def _clean_only(run: Run) -> int:
    return int(bool(_clean(run)))


def _clean(run: Run) -> list[str]:
    """Clean up, undisturbed: a second Ctrl-C would leave things behind that cost money."""
    _say("cleaning up; this cannot be interrupted")
    with _deaf():
        left = cleanup.clean(run, _say)
    if left:
        again = f"python -m account --clean {run.name}"
        _say("left behind:\n" + "\n".join(f"- {each}" for each in left) + f"\nTry again later: {again}")
    else:
        _say("nothing is left behind")
    return left


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    def hear(number: int, _frame: FrameType | None) -> None:
        _say(f"{signal.Signals(number).name}: still cleaning up")

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _account(options: argparse.Namespace) -> Iterator[Run]:
    name = options.clean or f"{time.strftime('%m%d%H%M')}{secrets.token_hex(2)}"
    if options.local:
        from constructs_lib.local import LocalAws  # noqa: PLC0415 - only here

        with LocalAws() as aws:
            aws.bootstrap()
            yield Run(aws, name, LOCAL_PACE, LOCAL_QUOTA, local=True, slowness=slowness(aws), scratch=aws.directory)
        return
    given = {"profile": options.profile, "region": options.region, "classifier": options.classifier}
    if not options.clean and not options.yes:
        given = {key: value if value is not None else _ask(key) for key, value in given.items()}
    account = AwsAccount(given["profile"] or "", given["region"] or "")
    try:
        yield Run(
            account,
            name,
            PACE,
            classifier=given["classifier"] or "",
            scratch=account.directory,
            began=time.time() - (_LONGEST_AGO if options.clean else 0),
            interrupt=account.interrupt,
        )
    finally:
        account.close()


_QUESTIONS = {
    "profile": "AWS profile (empty: what the environment has)",
    "region": "Region (empty: the profile's)",
    "classifier": "ARN of a trained custom classifier for plain text (empty: train one from examples/data)",
}


def _ask(what: str) -> str:
    return input(f"{_QUESTIONS[what]}: ").strip() if sys.stdin.isatty() else ""


def _consents() -> bool:
    if not sys.stdin.isatty():
        raise CloudError("Nobody is there to ask: give --yes to agree to the above.")
    return input("Go on? [y/N] ").strip().lower() in {"y", "yes"}


def _terminated(number: int, _frame: FrameType | None) -> NoReturn:
    """End through the ordinary way out, so that what was made is removed."""
    raise SystemExit(128 + number)


def _say(text: str, to: TextIO | None = None) -> None:
    print(text, file=to or sys.stdout, flush=True)


def _file(text: str) -> Path:
    """A file that can be written: seen before anything is paid for."""
    path = Path(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written: {error.strerror}") from None
    if not text or path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r} is no file that can be written")
    return path


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m account",
        description="Prove the library on a real account, or on the local AWS: deploys, measures, cleans up.",
    )
    parser.add_argument("steps", nargs="*", help="ids, or: scenarios, facts (default: both, but for what is on demand)")
    parser.add_argument("--local", action="store_true", help="on the local AWS: no account, nothing to pay")
    parser.add_argument("--profile", help="AWS profile (default: asked for)")
    parser.add_argument("--region", help="Region (default: asked for)")
    parser.add_argument("--classifier", metavar="ARN", help="a trained classifier; empty: one is trained, for a price")
    parser.add_argument("--yes", action="store_true", help="ask nothing; agree to what it will make and cost")
    parser.add_argument("--clean", metavar="RUN", help="only remove what an earlier run left behind")
    parser.add_argument("--report", type=_file, default=REPORT, metavar="FILE", help="where the JSON goes")
    return parser
