"""Who follows the chapter about a first project gets what it says."""

import os
import re
import subprocess

import pytest
from docs.pages import PAGES, blocks
from support import ROOT

PAGE = "docs/first-project.md"
INIT, DEPLOY, TEST = [block.code for block in blocks("sh", PAGE)]
FILES = re.findall(r"^`([\w/.-]+)`[^\n]*:\n\n```\w+\n(.*?)^```$", PAGES[PAGE], re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def project(tmp_path_factory, search_path):
    """The project after the page's steps; its packages are those of this environment."""
    home = tmp_path_factory.mktemp("first")
    environment = {**os.environ, "PATH": search_path, "PYTHONPATH": str(ROOT), "CDK_HOME": str(home / "cdk-home")}

    def run(command):
        folder = home / "mails"
        result = subprocess.run(
            ["sh", "-ec", command],
            cwd=folder if folder.exists() else home,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    run(INIT)
    for name, content in FILES:
        assert (home / "mails" / name).parent.is_dir(), name
        (home / "mails" / name).write_text(content)
    return run


def test_the_page_names_every_file_it_shows():
    names = [name for name, _ in FILES]
    assert names == [
        "requirements-dev.txt",
        "mails/mails_stack.py",
        "mails.txt",
        "training.py",
        "conftest.py",
        "tests/unit/test_mails_stack.py",
    ]


def test_the_run_on_this_machine_shows_the_class_of_each_mail(project):
    shown = project(DEPLOY)
    for name in ("INVOICE", "ORDER", "COMPLAINT"):
        assert name in shown
    assert re.search(r"JobStatus\W+COMPLETED", shown)


def test_the_tests_of_the_page_pass(project):
    assert "2 passed" in project(TEST).splitlines()[-1]
