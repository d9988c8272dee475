"""Takes the pictures of README.md from a real run of the demo: docs/images/demo.svg and docs/images/results.png.

`python docs/pictures.py` needs Chromium, for the second one. Both are kept small.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from constructs_lib.local import LocalAws
from constructs_lib.local.deployment import Plan, deploy
from constructs_lib.local.step_progress import Progress
from constructs_lib.predictions import open_output, read_labels, read_predictions, render_html, summarize

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
DATA = ROOT / "examples" / "data"
COLUMNS = 100

_MARGIN = 12

# Rich's own template fetches a font.
_FORMAT = """\
<svg viewBox="0 0 {terminal_width} {terminal_height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>What make demo prints</title>
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs>{lines}</defs>
<rect fill="#0c0c0c" width="{terminal_width}" height="{terminal_height}" rx="8"/>
<g transform="translate(12, 12)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""


def demo(page: Path) -> None:
    """Run the demo, and keep its results as a page.

    Args:
        page: Where to.
    """
    os.chdir(ROOT)
    labels = read_labels(DATA / "labels.csv")
    data = DATA.relative_to(ROOT)
    plan = Plan(
        ROOT, {"wait_for": "COMPLETED"}, train=data / "training.csv", documents=data / "documents", labels=labels
    )
    aws = LocalAws()
    try:
        deploy(aws, plan, Progress())
        comprehend = aws.client("comprehend")
        (job,) = comprehend.list_document_classification_jobs()["DocumentClassificationJobPropertiesList"]
        with open_output(job["JobArn"], session=aws.session()) as output:
            summary = summarize(read_predictions(output.stream), labels=labels)
        page.write_text(render_html(summary, source=output.location), encoding="utf-8")
    finally:
        aws.stop()


def in_a_terminal(page: Path) -> str:
    """Run the demo with a terminal of its own.

    Args:
        page: Where its results go.

    Returns:
        What the terminal shows, colours included.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    command = [sys.executable, str(Path(__file__)), "--demo", str(page)]
    with subprocess.Popen(command, stdout=its, env={**os.environ, "TERM": "xterm-256color"}) as process:  # noqa: S603
        os.close(its)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:  # Linux's way to say that nobody writes any more
            pass
    if process.returncode:
        raise SystemExit("the demo failed")
    return re.sub(r"\r[^\n]*\x1b\[K|\x1b\[K|\r", "", shown.decode())


def shortened(shown: str) -> str:
    """Leave out what comes after the confusion matrix: lists of documents.

    Args:
        shown: What the terminal shows.

    Returns:
        What the picture shows.
    """
    lines = [f"{line}\x1b[0m" for line in shown.splitlines()]
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in lines]
    lists = next(place for place, line in enumerate(plain) if line.startswith("Not classified"))
    end = next(place for place, line in enumerate(plain) if line.startswith("Shown:"))
    left_out = "... what was not classified as labelled, bars a class, the least certain, every document ..."
    return "\n".join(["$ make demo", *lines[:lists], left_out, "", *lines[end:]])


def draw(shown: str, image: Path) -> None:
    """Draw a terminal.

    Args:
        shown: What it shows, colours included.
        image: Where to.
    """
    console = Console(width=COLUMNS, record=True, file=StringIO(), force_terminal=True)
    console.print(Text.from_ansi(shown), no_wrap=True, overflow="ellipsis", crop=True)
    text = console.export_svg(theme=MONOKAI, code_format=_FORMAT, unique_id="demo")
    for size in (r'viewBox="0 0 ([\d.]+) ([\d.]+)"', r'width="([\d.]+)" height="([\d.]+)" rx'):
        text = re.sub(size, _with_margins, text)
    image.write_text(text, encoding="utf-8")


def _with_margins(found: re.Match[str]) -> str:
    """Make room for what the drawing is moved by, on both sides."""
    width, height = (float(each) for each in found.groups())
    return found[0].replace(found[1], str(width + 2 * _MARGIN)).replace(found[2], str(round(height + 2 * _MARGIN, 1)))


def photograph(page: Path, image: Path) -> None:
    """Take a picture of a page.

    Args:
        page: The page.
        image: Where to.
    """
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("no Chromium was found, so the picture of the results stays as it is")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(  # noqa: S603 - a browser that was found
            [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
                *("--disable-background-networking", "--disable-component-update", "--hide-scrollbars"),
                *(f"--user-data-dir={folder}", "--window-size=900,760", f"--screenshot={image}", page.as_uri()),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


def main() -> None:
    """Take both pictures."""
    if sys.argv[1:2] == ["--demo"]:
        demo(Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "results.html"
        draw(shortened(in_a_terminal(page)), IMAGES / "demo.svg")
        photograph(page, IMAGES / "results.png")


if __name__ == "__main__":
    main()
