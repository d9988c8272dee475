"""The set-up of a checkout notices what it cannot use, and makes it anew."""

import io
import os
import re
import subprocess
import sys
import time
import tomllib
from importlib.metadata import PackageNotFoundError, metadata, version

import pytest
from packaging.specifiers import SpecifierSet
from support import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import set_up

HERE = sys.version_info[:2]


@pytest.fixture
def steps(monkeypatch):
    """What is done, without doing it."""
    done = []
    monkeypatch.setenv("LC_ALL", "C")  # set by the set-up, for what it starts
    monkeypatch.setattr(set_up, "make", lambda venv: (done.append("make"), environment(venv)))
    monkeypatch.setattr(set_up, "install", lambda _venv: done.append("install"))
    monkeypatch.setattr(set_up, "compile_packages", lambda _venv: done.append("compile"))
    monkeypatch.setattr(set_up, "install_cli", lambda _venv: done.append("CLI"))
    return done


def environment(folder, *, version=HERE):
    """An environment whose Python only says which one it is."""
    program = folder / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho {' '.join(map(str, version))}\n")
    program.chmod(0o755)
    return folder


def test_the_first_time_everything_is_made(tmp_path, steps, capsys):
    set_up.main([], tmp_path / ".venv")
    assert steps == ["make", "install", "compile", "CLI"]
    assert "once; two to four minutes" in capsys.readouterr().out


def test_a_complete_environment_is_left_alone(tmp_path, steps, capsys):
    set_up.main([], tmp_path / ".venv")
    steps.clear()
    set_up.main(["--this-python"], tmp_path / ".venv")
    assert steps == []
    assert capsys.readouterr().out.count("Setting up") == 1


def test_one_that_was_interrupted_goes_on(tmp_path, steps):
    set_up.main([], environment(tmp_path / ".venv"))
    assert steps == ["install", "compile", "CLI"]


def test_one_that_is_older_than_what_it_is_made_from_is_brought_up_to_date(tmp_path, steps, capsys):
    venv = environment(tmp_path / ".venv")
    (venv / ".ready").touch()
    os.utime(venv / ".ready", (0, 0))
    set_up.main([], venv)
    assert steps == ["install", "compile", "CLI"]
    assert capsys.readouterr().out.startswith("Bringing .venv up to date:\n")


def test_a_checkout_whose_path_is_not_ascii_is_set_up_in_every_locale(tmp_path, steps):
    venv = tmp_path / "caf\u00e9" / ".venv"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    (packages,) = (venv / "lib").glob("python*/site-packages")
    (packages / "editable.pth").write_text(f"{venv.parent}\n", encoding="utf-8")
    (venv / ".ready").touch()
    set_up.main([], venv)
    assert steps == []


def test_packages_are_compiled_but_for_what_is_of_another_python(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    venv = tmp_path / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (packages,) = (venv / "lib").glob("python*/site-packages")
    (packages / "old.py").write_text("print 'of Python 2'\n")
    (packages / "good.py").write_text("x = 1\n")
    set_up.compile_packages(venv)
    assert [path.name.partition(".")[0] for path in (packages / "__pycache__").iterdir()] == ["good"]


@pytest.mark.parametrize("broken", ["no python", "no pip"])
def test_a_half_made_one_is_made_anew(broken, tmp_path, steps, capsys):
    venv = tmp_path / ".venv"
    if broken == "no pip":
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    else:
        venv.mkdir()
    (venv / ".ready").touch()
    set_up.main([], venv)
    assert steps == ["make", "install", "compile", "CLI"]
    assert "Making .venv anew: it is incomplete." in capsys.readouterr().out


def test_one_of_another_python_is_made_anew_when_this_one_is_asked_for(tmp_path, steps, capsys):
    other = (HERE[0], HERE[1] + 1)
    venv = environment(tmp_path / ".venv", version=other)
    set_up.main([], venv)
    assert steps == ["install", "compile", "CLI"]
    set_up.main(["--this-python"], venv)
    assert steps[3:] == ["make", "install", "compile", "CLI"]
    assert f"it has Python 3.{other[1]}, not 3.{HERE[1]}" in capsys.readouterr().out


def test_one_of_a_python_that_is_too_old_is_made_anew(tmp_path, steps, capsys):
    set_up.main([], environment(tmp_path / ".venv", version=(3, 10)))
    assert steps == ["make", "install", "compile", "CLI"]
    assert "it has Python 3.10" in capsys.readouterr().out


def test_a_python_that_makes_no_environments_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(set_up.SetUpError, match="install python3-venv"):
        set_up.make(tmp_path / ".venv")


def test_when_pip_fails_its_words_and_the_cures_are_shown(tmp_path):
    venv = environment(tmp_path / ".venv")
    (venv / "bin" / "python").write_text("#!/bin/sh\necho ERROR: certificate verify failed\nexit 1\n")
    with pytest.raises(set_up.SetUpError, match=r"(?s)certificate verify failed.*PIP_CERT"):
        set_up.install(venv)


def test_make_alone_lists_the_targets():
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("demo", "test", "docs", "bench", "format", "clean"):
        assert f"\n  {target} " in listed


def test_the_demo_ends_with_the_whole_command_for_documents_of_ones_own():
    recipe = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    asked = "deploy --train examples/data/training.csv --documents FOLDER --context wait_for=COMPLETED"
    assert f".venv/bin/python -m constructs_lib.local {asked}" in recipe


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_silence_is_counted_on_the_last_line_which_goes_at_the_end(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    with set_up.LastLine(pause=0.01) as last:
        last.show("Installing")
        deadline = time.monotonic() + 10
        while not re.search(r"\d s  Installing", terminal.getvalue()):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert terminal.getvalue().endswith("Installing\r\r\x1b[K")


def test_where_there_is_no_terminal_nothing_is_shown(capsys):
    with set_up.LastLine(pause=0.01) as last:
        last.show("Installing")
    assert capsys.readouterr().out == ""


def test_every_pin_can_be_had_for_the_oldest_python_that_is_supported():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest = f"{project['requires-python'].removeprefix('>=')}.0"
    pins = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    # An environment with other versions than the pinned ones tells nothing about these.
    asked = {name: metadata(name).get("Requires-Python") or "" for name, pin in pins if installed(name) == pin}
    assert asked
    assert [name for name, python in asked.items() if not SpecifierSet(python).contains(oldest)] == []


def installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
