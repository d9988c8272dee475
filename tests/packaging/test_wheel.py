"""The wheel holds all that it needs and nothing else, works away from the checkout, and is typed."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import aws_cdk as cdk
import pytest
from docs.pages import PAGES, blocks

from constructs_lib import job_handler
from constructs_lib.local import toolchain

ROOT = Path(__file__).parents[2]
APP = Path(__file__).parent / "app.py"
NOT_SOURCES = shutil.ignore_patterns(".*", "__pycache__", "*.pyc", "node_modules", "cdk.out", "dist", "tests")
LEFTOVERS = ("__pycache__/run.cpython-311.pyc", ".DS_Store")


def run(*command, **options):
    result = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
        **options,
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


def new_checkout(folder, leftovers=()):
    """A copy of the checkout as a fresh clone has it, and what work leaves behind beside the handler's code."""
    shutil.copytree(ROOT, folder, ignore=NOT_SOURCES)
    shutil.copy(ROOT / ".gitignore", folder)
    for name in leftovers:
        file = folder / "lambda_src" / "classification_job" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("left behind")
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The sdist, the wheel made from it and the wheel made from the checkout, built once, without network."""
    folder = tmp_path_factory.mktemp("built")
    checkout = new_checkout(folder / "checkout", LEFTOVERS)
    build = (sys.executable, "-m", "build", "--no-isolation", checkout, "--outdir")
    run(*build, folder / "sdist")
    run(*build, folder / "wheel", "--wheel")
    (sdist,) = (folder / "sdist").glob("*.tar.gz")
    (sdist_wheel,) = (folder / "sdist").glob("*.whl")
    (wheel,) = (folder / "wheel").glob("*.whl")
    return SimpleNamespace(checkout=checkout, sdist=sdist, sdist_wheel=sdist_wheel, wheel=wheel)


@pytest.fixture(scope="session")
def python(built, tmp_path_factory):
    """The interpreter of an environment with the dependencies and the wheel, and no way to the checkout."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    # Only the first level of .pth files is read, so the editable install of the checkout stays out of sight.
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(paths["purelib"], "dependencies.pth").write_text("\n".join(sorted(dependencies)))
    found = Path(paths["scripts"]) / Path(sys.executable).name
    run(sys.executable, "-m", "pip", "--python", found, "install", "--no-deps", "--no-index", built.wheel)
    return found


@pytest.fixture(scope="session")
def user_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("user")
    shutil.copy(APP, folder)
    return folder


def contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {entry.filename: entry.CRC for entry in archive.infolist()}


def sources(folder):
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*.py")}


def test_the_wheel_holds_the_package_the_handler_and_the_data_files_and_nothing_else(built):
    files = {name for name in contents(built.wheel) if ".dist-info/" not in name}
    expected = {f"constructs_lib/{name}" for name in sources(built.checkout / "constructs_lib")}
    expected |= {f"constructs_lib/_lambda_src/{name}" for name in sources(built.checkout / "lambda_src")}
    expected |= {
        f"constructs_lib/{name}"
        for name in (
            "py.typed",
            "local/node/package.json",
            "local/node/package-lock.json",
            "predictions/templates/page.css",
            "predictions/templates/page.html.jinja",
        )
    }
    assert files == expected


def test_the_wheel_puts_one_package_and_its_metadata_at_top_level(built):
    top = {name.split("/")[0] for name in contents(built.wheel)}
    assert top == {
        "constructs_lib",
        f"cdk_comprehend_classification-{version('cdk-comprehend-classification')}.dist-info",
    }


def test_the_wheel_of_the_sdist_is_the_wheel_of_the_checkout(built):
    assert contents(built.sdist_wheel) == contents(built.wheel)


def test_the_sdist_holds_what_a_build_needs_and_nothing_else(built):
    with tarfile.open(built.sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
    kept = {
        "constructs_lib",
        "lambda_src",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "PKG-INFO",
        "scripts",
    }
    assert {name.split("/")[0] for name in names} <= kept | {".gitignore"}
    assert not [name for name in names if "__pycache__" in name]


@pytest.fixture(scope="session")
def synthesized(python, user_folder):
    """What a user's app prints, and its template, made without network, Docker or checkout."""
    environment = {
        "PATH": str(Path(shutil.which("node")).parent),
        # The jsii runtime keeps the unpacked CDK below it.
        "HOME": str(Path.home()),
        "CDK_DOCKER": "there-is-no-docker",
        "CDK_VALIDATION": "false",
    }
    printed = run(*without_network(), python, "app.py", "out", cwd=user_folder, env=environment)
    return printed, json.loads((user_folder / "out" / "Mails.template.json").read_text())


def test_the_installed_package_synthesizes_without_network_docker_or_checkout(synthesized, python):
    printed, template = synthesized
    assert f"synthesized with {python.parents[1]}" in printed
    types = [resource["Type"] for resource in template["Resources"].values()]
    assert types.count("Custom::DocumentClassificationJob") == 5


def test_the_example_of_the_front_page_is_an_app_for_the_cdk_cli_where_the_package_is_installed(python, tmp_path):
    (app,) = [block.code for block in blocks("python", "README.md")]
    (command,) = re.findall(r"`(cdk synth [^`]+)`", PAGES["README.md"])
    (tmp_path / "app.py").write_text(app)
    node = toolchain.node_binary()
    printed = run(
        *without_network(),
        *(node, toolchain.cdk_program(), *shlex.split(command)[1:]),
        cwd=tmp_path,
        env={
            "PATH": f"{python.parent}:{node.parent}:/usr/bin:/bin",
            "HOME": str(Path.home()),
            "CDK_HOME": str(tmp_path / "home"),
            "CDK_VALIDATION": "false",
        },
    )
    assert "Type: Custom::DocumentClassificationJob" in printed


def test_the_installed_package_refuses_a_mistake_with_its_problems(synthesized):
    printed, _ = synthesized
    assert "Mails/Job0: 1 problem\n  - model: got 'not an ARN'; allowed: arn:" in printed


def test_the_handler_has_one_hash_installed_and_in_any_checkout(built, python, synthesized, tmp_path, monkeypatch):
    _, template = synthesized
    (installed,) = {
        resource["Properties"]["Code"]["S3Key"]
        for resource in template["Resources"].values()
        if resource.get("Properties", {}).get("Handler") == "classification_job.handler.handle"
    }
    assert list(python.parents[1].rglob("_lambda_src/**/*.pyc")), (
        "pip compiles what it installs; if not, this shows less"
    )
    fresh = new_checkout(tmp_path / "checkout") / "lambda_src"
    assert asset_key(fresh, monkeypatch) == installed
    assert asset_key(built.checkout / "lambda_src", monkeypatch) == installed
    (fresh / "classification_job" / "start.py").write_text("# changed\n")
    assert asset_key(fresh, monkeypatch) != installed


def asset_key(code, monkeypatch):
    """The S3 key that the handler is published under when its code is in a folder."""
    monkeypatch.setattr(job_handler, "handler_code", lambda: code)
    stack = cdk.Stack(cdk.App(), "Stack")
    function = job_handler.ClassificationJobHandler(stack, "Handler").node.find_child("Function")
    return stack.resolve(function.node.default_child.code)["s3Key"]


def test_an_app_that_composes_the_installed_package_passes_strict_mypy(python, user_folder):
    # The project's own cache: without it mypy reads the CDK again.
    cache = ROOT / ".mypy_cache"
    mypy = (sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", "--cache-dir", cache)
    run(*mypy, "--python-executable", python, "app.py", cwd=user_folder)


def without_network():
    """The command that takes the network from another, where the system lets us; elsewhere there is none to take."""
    prefix = (shutil.which("unshare") or "unshare", "--map-root-user", "--net")
    try:
        run(*prefix, "true")
    except (OSError, AssertionError):
        return ()
    return prefix
