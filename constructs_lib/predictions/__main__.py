"""The command `python -m constructs_lib.predictions`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from constructs_lib.predictions.export import STANDARD_OUTPUT, CsvExport, JsonExport, open_complete
from constructs_lib.predictions.labels import read_labels
from constructs_lib.predictions.page import render_html
from constructs_lib.predictions.reading import LABEL_THRESHOLD, PredictionsError, read_predictions
from constructs_lib.predictions.source import open_output
from constructs_lib.predictions.summary import summarize
from constructs_lib.predictions.terminal import render_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from constructs_lib.predictions.reading import Prediction


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line. Default: - that of the process.

    Returns:
        The exit code: 0, or 1 with one message on standard error.
    """
    options = _parse(arguments)
    try:
        _run(options)
    except (PredictionsError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # `| head` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _run(options: argparse.Namespace) -> None:
    labels = read_labels(options.labels) if options.labels else None
    with ExitStack() as stack:
        exports: list[CsvExport | JsonExport] = []
        # Every file is opened first: a folder that is not there shows before a long read.
        if options.csv:
            exports.append(CsvExport(stack.enter_context(open_complete(options.csv)), labels, options.threshold))
        as_json = JsonExport(stack.enter_context(open_complete(options.json))) if options.json else None
        if as_json:
            exports.append(as_json)
        page = stack.enter_context(open_complete(options.html)) if options.html else None

        output = stack.enter_context(open_output(options.target))
        summary = summarize(
            _exported(read_predictions(output.stream), exports),
            labels=labels,
            first=options.rows,
            lowest=options.lowest,
            threshold=options.threshold,
        )
        if as_json:
            as_json.finish(summary)
        if page:
            page.write(render_html(summary, source=output.location))
    if STANDARD_OUTPUT not in {options.csv, options.json, options.html}:
        width = shutil.get_terminal_size().columns
        ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
        sys.stdout.write(render_text(summary, source=output.location, width=width, ascii_only=ascii_only))
    sys.stdout.flush()


def _exported(predictions: Iterable[Prediction], exports: Sequence[CsvExport | JsonExport]) -> Iterator[Prediction]:
    for prediction in predictions:
        for export in exports:
            export.add(prediction)
        yield prediction


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m constructs_lib.predictions",
        description="Show what a document classification job found.",
        epilog="FILE may be - for standard output, in place of the report. Credentials, Region and endpoints are those "
        "of the environment, as boto3 finds them.",
    )
    parser.add_argument(
        "target",
        help="JobArn, job id, s3:// URI of an output.tar.gz or of a prefix that holds one, or a local output.tar.gz",
    )
    parser.add_argument(
        "--labels", metavar="CSV", help="the right classes, with columns file,label or line,label: count what is right"
    )
    parser.add_argument("--csv", metavar="FILE", help="write all predictions as CSV")
    parser.add_argument("--json", metavar="FILE", help="write all predictions and the counts as JSON")
    parser.add_argument("--html", metavar="FILE", help="write the report as one HTML page")
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
    options = parser.parse_args(arguments)
    if [options.csv, options.json, options.html].count(STANDARD_OUTPUT) > 1:
        parser.error("only one of --csv, --json and --html can be standard output")
    return options


def _count(text: str) -> int:
    if not text.isdecimal():
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


if __name__ == "__main__":
    sys.exit(main())
