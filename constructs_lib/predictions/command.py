"""The command `python -m constructs_lib.predictions`."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from constructs_lib.predictions.export import CsvExport, JsonExport
from constructs_lib.predictions.labels import read_labels
from constructs_lib.predictions.output_file import STANDARD_OUTPUT, open_complete
from constructs_lib.predictions.progress_bar import Progress
from constructs_lib.predictions.reading import LABEL_THRESHOLD, PredictionsError
from constructs_lib.predictions.source import batches_of, open_outputs
from constructs_lib.predictions.summary import summarize_batches
from constructs_lib.predictions.text import clean, clean_lines, counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from constructs_lib.predictions.reading import Prediction
    from constructs_lib.predictions.summary import Summary

_ON_THE_PAGE = 5_000  # documents; more make a page that browsers are slow to open


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line. Default: - that of the process.

    Returns:
        The exit code: 0, or 1 with one message on standard error.
    """
    return run(_parse(arguments))


def run(options: argparse.Namespace) -> int:
    """Show and write what targets hold.

    Args:
        options: What `add_options` reads, with `targets`, after `check`.

    Returns:
        The exit code: 0, or 1 with one message on standard error.
    """
    try:
        _run(options)
    except (PredictionsError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # `| head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        sys.stderr.write(f"error: {clean_lines(str(error))}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    labels = read_labels(options.labels) if options.labels is not None else None
    with ExitStack() as stack:
        exports: list[CsvExport | JsonExport] = []
        # Every file is opened first: a folder that is not there shows before a long read.
        if options.csv is not None:
            exports.append(CsvExport(stack.enter_context(open_complete(options.csv)), labels, options.threshold))
        as_json = None
        if options.json is not None:
            as_json = JsonExport(stack.enter_context(open_complete(options.json)), options.threshold)
            exports.append(as_json)
        page = None
        if options.html is not None:
            page = stack.enter_context(open_complete(options.html, errors="xmlcharrefreplace"))

        places: list[str] = []
        with Progress(wanted=STANDARD_OUTPUT not in (options.csv, options.json)) as progress:
            summary = summarize_batches(
                _exported(_read(options.targets, progress, places), exports),
                labels=labels,
                first=max(options.rows, _ON_THE_PAGE) if page else options.rows,
                lowest=options.lowest,
                threshold=options.threshold,
            )
        source = places[0] if len(places) == 1 else counted(len(places), "output")
        if as_json:
            as_json.finish(summary)
        if page:
            from constructs_lib.predictions import render_html  # noqa: PLC0415 - needs the extra

            page.write(render_html(summary, source=source))
    written = [name for name in (options.csv, options.json, options.html) if name is not None]
    if STANDARD_OUTPUT not in written:
        _report(summary, source, options)
        ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
        sys.stdout.writelines(f"Written: {clean(name, ascii_only=ascii_only)}\n" for name in written)
    sys.stdout.flush()


def _read(targets: Sequence[str], progress: Progress, places: list[str]) -> Iterator[list[Prediction]]:
    for output in open_outputs(targets):
        places.append(output.location)
        yield from progress.followed(batches_of(progress.counted(output)))


def _exported(
    batches: Iterable[list[Prediction]], exports: Sequence[CsvExport | JsonExport]
) -> Iterator[list[Prediction]]:
    for batch in batches:
        for export in exports:
            export.add(batch)
        yield batch


def _report(summary: Summary, source: str, options: argparse.Namespace) -> None:
    from constructs_lib.predictions import render_for_terminal  # noqa: PLC0415 - needs the extra

    more = f"all are in {options.csv}" if options.csv else "--csv FILE writes all"
    summary = replace(summary, first=summary.first[: options.rows])
    sys.stdout.write(render_for_terminal(summary, source=source, more=more))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m constructs_lib.predictions",
        description="Show what document classification jobs found.",
        epilog="FILE may be - for standard output, in place of the report. Credentials, Region and endpoints are those "
        "of the environment, as boto3 finds them.",
    )
    parser.add_argument(
        "targets",
        metavar="target",
        nargs="+",
        help="JobArn or job id; s3:// URI, ARN or https address of an output.tar.gz or of a prefix with the output of "
        "any number of jobs; a local output.tar.gz, what was in it, or a folder with such files; - for standard input",
    )
    add_options(parser)
    options = parser.parse_args(arguments)
    check(options, parser.error)
    return options


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what can be said about a report and its files.

    Args:
        parser: Of a command that knows what to read.
    """
    parser.add_argument(
        "--labels", metavar="CSV", help="the right classes, with columns file,label or line,label: count what is right"
    )
    parser.add_argument("--csv", metavar="FILE", help="write all predictions as CSV")
    parser.add_argument("--json", metavar="FILE", help="write all predictions and the counts as JSON")
    parser.add_argument(
        "--html", metavar="FILE", help=f"write the report as one HTML page, with the first {_ON_THE_PAGE:,} documents"
    )
    parser.add_argument("--rows", metavar="N", type=_count, default=20, help="predictions in the report (default: 20)")
    parser.add_argument(
        "--lowest", metavar="N", type=_count, default=10, help="least certain predictions in the report (default: 10)"
    )
    parser.add_argument(
        "--threshold",
        metavar="SCORE",
        type=_share,
        default=LABEL_THRESHOLD,
        help="score from which on a label of a multi-label model counts, 0 to 1 (default: 0.5)",
    )


def check(options: argparse.Namespace, refuse: Callable[[str], None]) -> None:
    """Check that no file is meant twice.

    Args:
        options: What `add_options` reads, with `targets`.
        refuse: Called with what is wrong.
    """
    files = [name for name in (options.csv, options.json, options.html) if name is not None]
    if files.count(STANDARD_OUTPUT) > 1:
        refuse("only one of --csv, --json and --html can be standard output")
    written = [_place(name) for name in files if name not in {STANDARD_OUTPUT, ""}]
    if len(set(written)) < len(written):
        refuse("--csv, --json and --html must be different files")
    if set(written) & {_place(name) for name in (*options.targets, options.labels) if name}:
        refuse("a file cannot be read and written at once")


def _place(name: str) -> str:
    """Return where a name leads, through links; the name itself where that is no path at all."""
    try:
        return os.path.realpath(name)
    except ValueError:  # a character that no path has
        return name


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):  # noqa: PLR2004 - a thousand million
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return value
