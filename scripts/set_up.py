"""Makes what the targets of the Makefile run in: `.venv` with everything of pyproject.toml, and the CDK CLI.

`python scripts/set_up.py` does nothing when all is there. An environment that is broken, or of another Python than the
one that was asked for (`--this-python`), is made anew.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[1]
MADE_FROM = ("pyproject.toml", "constraints.txt", "constructs_lib/local/node/package-lock.json")

NO_VENV = """\
{python} could not make a virtual environment. On Debian and Ubuntu its parts come in a package of their own: install \
python3-venv. What was begun is removed."""
NO_PACKAGES = """\
pip could not install what pyproject.toml asks for; what it said stands above. Behind a company's proxy set \
HTTPS_PROXY, and PIP_CERT to the file with the company's certificates; for an index of your own set PIP_INDEX_URL. \
Then run the same command again: it goes on where it stopped."""


class SetUpError(Exception):
    """Something is missing that only the user can bring."""


def fault(venv: Path, python: tuple[int, ...] | None) -> str | None:
    """Say why an environment cannot be used.

    Args:
        venv: Its folder.
        python: The version it must have, major and minor. None takes any that the project supports.

    Returns:
        The reason; None when it can be used.
    """
    asked = "import pip, sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(  # noqa: S603 - the environment's own Python
            [venv / "bin" / "python", "-c", asked], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "it is incomplete"
    found = tuple(int(part) for part in answer.stdout.split())
    if found < (3, 11):
        return f"it has Python {_dotted(found)}"
    if python and found != python:
        return f"it has Python {_dotted(found)}, not {_dotted(python)}"
    return None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


def up_to_date(venv: Path) -> bool:
    """Whether nothing that an environment is made from has changed since."""
    stamp = venv / ".ready"
    return stamp.exists() and all((ROOT / name).stat().st_mtime <= stamp.stat().st_mtime for name in MADE_FROM)


def make(venv: Path) -> None:
    """Make an empty environment.

    Args:
        venv: Its folder, which does not exist.

    Raises:
        SetUpError: This Python cannot.
    """
    with LastLine():
        made = subprocess.run([sys.executable, "-m", "venv", venv], capture_output=True, text=True, check=False)  # noqa: S603
    if made.returncode:
        shutil.rmtree(venv, ignore_errors=True)
        raise SetUpError(f"{(made.stdout + made.stderr).strip()}\n\n{NO_VENV.format(python=sys.executable)}")


def install(venv: Path) -> None:
    """Install the packages, saying on a terminal which one is being fetched.

    Args:
        venv: The environment.

    Raises:
        SetUpError: pip failed.
    """
    command: list[str | Path] = [
        *(venv / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--no-color"),
        *("--progress-bar", "off", "--no-compile", "--constraint", "constraints.txt", "--editable", ".[dev]"),
    ]
    said: list[str] = []
    with (
        LastLine() as last,
        subprocess.Popen(  # noqa: S603 - the environment's own pip
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as pip,
    ):
        for line in pip.stdout or ():
            said.append(line)
            if line.startswith(("Collecting", "  Downloading", "Downloading", "Installing")):
                last.show(line.strip())
    if pip.returncode:
        raise SetUpError(f"{''.join(said[-15:]).strip()}\n\n{NO_PACKAGES}")


def compile_packages(venv: Path) -> None:
    """Compile the packages on every processor; pip would use one.

    What this Python cannot compile, as some packages carry code of others, stays as it is: pip leaves it as well.

    Args:
        venv: The environment, with its packages.
    """
    command: list[str | Path] = [venv / "bin" / "python", "-m", "compileall", "-qq", "-j", "0", venv / "lib"]
    with LastLine() as last:
        last.show("Compiling")
        subprocess.run(command, check=False)  # noqa: S603 - the environment's own Python


def install_cli(venv: Path) -> None:
    """Install the CDK CLI with npm, which shows its own progress and faults.

    Args:
        venv: The environment, with its packages.

    Raises:
        SystemExit: npm failed.
    """
    command: list[str | Path] = [venv / "bin" / "python", "-m", "constructs_lib.local", "setup"]
    status = subprocess.run(command, check=False).returncode  # noqa: S603 - our own command
    if status:
        raise SystemExit(status)


class LastLine:
    """The last line of a terminal: what is going on, and after a second for how long; nothing where there is none."""

    def __init__(self, pause: float = 1.0) -> None:
        self._pause = pause
        self._text, self._since = "", time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        if sys.stdout.isatty():
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take the line away."""
        if self._thread.is_alive():
            self._over.set()
            self._thread.join()
            sys.stdout.write("\r\x1b[K")
            sys.stdout.flush()

    def show(self, text: str) -> None:
        """Show what is going on now."""
        self._text, self._since = text, time.monotonic()
        if self._thread.is_alive():
            self._draw("")

    def _tick(self) -> None:
        while not self._over.wait(self._pause):
            self._draw(f"{time.monotonic() - self._since:.0f} s")

    def _draw(self, elapsed: str) -> None:
        width = shutil.get_terminal_size().columns - 11
        sys.stdout.write(f"\r\x1b[K{elapsed:>7}  {self._text[:width]}\r")
        sys.stdout.flush()


def say(text: str) -> None:
    """Say what begins now."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None, venv: Path = ROOT / ".venv") -> None:
    """Set up.

    Args:
        arguments: Default: - those of the process.
        venv: The folder of the environment.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--this-python", action="store_true", help="an environment of another Python is made anew")
    wanted = sys.version_info[:2] if parser.parse_args(arguments).this_python else None
    # An environment's Python reads the path of the checkout in the encoding of the locale, whatever PYTHONUTF8 says.
    os.environ["LC_ALL"] = "C.UTF-8"
    if venv.exists() and (reason := fault(venv, wanted)):
        say(f"Making {venv.name} anew: {reason}.")
        venv.unlink() if venv.is_symlink() else shutil.rmtree(venv)
    if venv.exists() and up_to_date(venv):
        return
    begun = time.monotonic()
    if (venv / ".ready").exists():
        say(f"Bringing {venv.name} up to date:")
    else:
        say(f"Setting up {venv.name} (once; two to four minutes, about 1.6 GB):")
    if not venv.exists():
        say(f"- a virtual environment of Python {_dotted(sys.version_info[:3])}")
        make(venv)
    say("- the CDK, the local AWS, and the tools that test, check and document (pip)")
    install(venv)
    compile_packages(venv)
    say("- the CDK CLI (npm)")
    install_cli(venv)
    (venv / ".ready").touch()
    say(f"Ready after {time.monotonic() - begun:.0f} s.")


if __name__ == "__main__":
    try:
        main()
    except SetUpError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("\nStopped; the same command goes on where this one ended.")
