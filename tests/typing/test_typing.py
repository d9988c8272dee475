"""Concrete constructs pass where interfaces are asked for, in the eyes of both type checkers."""

import json
import os
import subprocess
import sys
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
