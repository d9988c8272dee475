"""Concrete constructs pass where interfaces are asked for, in the eyes of both type checkers."""

import ast
import json
import os
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

APP = Path(__file__).with_name("app.py")
ROOT = APP.parents[2]


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ})


def test_mypy_finds_nothing_in_an_app():
    found = run(sys.executable, "-m", "mypy", "--strict", str(APP))
    assert found.returncode == 0, found.stdout


def test_pyright_finds_nothing_of_ours_in_an_app():
    found = run(sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson", str(APP))
    problems = json.loads(found.stdout)["generalDiagnostics"]
    assert [(each["range"]["start"]["line"], each["message"]) for each in problems] == []


def test_mypy_reads_each_module_of_the_cdk_that_is_used():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    (followed,) = [each["module"] for each in settings["overrides"] if each.get("follow_imports") == "normal"]
    used = {
        module.replace(".interfaces.", ".").replace("aws_cdk.aws_", "aws_cdk.*.aws_")
        for place in (*settings["files"], "tests/typing", "tests/packaging")
        for file in ([ROOT / place] if place.endswith(".py") else (ROOT / place).rglob("*.py"))
        for module in modules_of_the_cdk(ast.parse(file.read_text()))
    }
    assert used <= set(followed)


def modules_of_the_cdk(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("aws_cdk"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aws_cdk"):
            for each in node.names:
                inner = f"{node.module}.{each.name}"
                yield inner if find_spec(inner) else node.module
