"""Every code block of the pages runs, every link leads somewhere, every table that follows from the code is its own."""

import ast
import os
import re
import subprocess
import sys
from pathlib import PurePosixPath

import aws_cdk as cdk
import pytest
from docs.pages import BLOCKS, PAGES, blocks
from support import ROOT

sys.path.insert(0, str(ROOT / "docs"))
import diagram
import tables

ABOUT_TESTS = [block for block in blocks("python") if "pytest_plugins" in block.code or "def test_" in block.code]
BY_ITSELF = [block for block in blocks("python") if block not in ABOUT_TESTS]


@pytest.mark.parametrize("page", tables.TABLES)
def test_the_tables_are_those_of_the_code(page):
    assert tables.with_tables(page) == (ROOT / "docs" / page).read_text(), "run: python docs/tables.py"


def test_the_diagram_is_as_drawn():
    assert (ROOT / "docs" / "images" / "pipeline.svg").read_text() == diagram.svg(), "run: python docs/diagram.py"


def test_pictures_are_small():
    for image in (ROOT / "docs" / "images").iterdir():
        assert image.stat().st_size < 100_000, image


def test_there_is_no_block_that_nothing_runs():
    # Queries are asked on the local AWS, by tests/workflow/test_local.py.
    assert {block.language for block in BLOCKS} <= {"python", "sh", "sql", "text"}


def code_before(block):
    """A block with those before it that it goes on from: the one that imports, and all since."""
    code = []
    for other in [other for other in BY_ITSELF if other.page == block.page and other.line <= block.line]:
        if other.code.startswith(("import ", "from ")):
            code = []
        code.append(other.code)
    return "\n".join(code)


@pytest.fixture
def assemblies(monkeypatch):
    """What apps have synthesized since."""
    found = []
    synth = cdk.App.synth
    monkeypatch.setattr(cdk.App, "synth", lambda app, **kwargs: found.append(synth(app, **kwargs)))
    return found


# The front page's is run from the installed wheel, by tests/packaging/test_wheel.py.
@pytest.mark.parametrize("block", [block for block in BY_ITSELF if block.page != "README.md"], ids=str)
def test_a_python_block_runs_and_an_app_is_synthesized(block, assemblies, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = code_before(block)
    exec(compile(code, str(block), "exec"), {"__name__": "__main__"})  # noqa: S102 - our own pages
    if "cdk.App()" in code:
        (assembly,) = assemblies
        assert assembly.stacks


def test_the_blocks_about_snapshots_make_a_test_suite_that_passes(pytester):
    conftest, test, _deployment = [block.code for block in ABOUT_TESTS if block.page == "docs/testing.md"]
    pytester.makeconftest(conftest)
    pytester.makepyfile(test_template=test)
    written = pytester.runpytest_inprocess("--snapshot-update", "-p", "no:cacheprovider")
    written.assert_outcomes(passed=1)
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_the_blocks_about_deployments_make_a_test_suite_that_passes(search_path, tmp_path):
    (app,) = [block.code for block in BY_ITSELF if block.page == "docs/testing.md"]
    conftest, _snapshot, test = [block.code for block in ABOUT_TESTS if block.page == "docs/testing.md"]
    files = {"cdk.json": '{"app": "python app.py"}', "app.py": app, "conftest.py": conftest, "test_mails.py": test}
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env={**os.environ, "PATH": search_path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in result.stdout, result.stdout + result.stderr


def headings(text):
    """The anchors that hosts make of a page's headings."""
    found = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_page_lead_somewhere(page):
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        path, _, anchor = target.partition("#")
        if path.startswith("https:"):
            continue
        file = (folder / path).resolve() if path else ROOT / page
        assert file.exists(), target
        assert not anchor or anchor in headings(file.read_text()), target


def test_the_front_page_leads_to_every_page():
    linked = set(re.findall(r"\]\((docs/[^)#]+)", PAGES["README.md"]))
    assert {page for page in PAGES if PurePosixPath(page).match("docs/*.md")} - {"docs/index.md"} <= linked


def warnings_of_the_library():
    """The names of all warnings: of constants, and of the grants, which are named after theirs."""
    for file in (ROOT / "constructs_lib").rglob("*.py"):
        for call in (node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)):
            function = ast.unparse(call.func).rpartition(".")[2]
            texts = [node.value for node in call.args[:2] if isinstance(node, ast.Constant)]
            if function in {"warn", "add_warning_v2"} and texts:
                yield texts[0].removeprefix("cdk-comprehend-classification:")
            elif function == "grant" and texts:
                yield f"grant{texts[0]}Incomplete"


def test_the_page_for_platform_teams_lists_every_warning():
    _, _, table = PAGES["docs/platform.md"].partition("| name | what it says |\n")
    listed = re.findall(r"`(\w+)`", "".join(re.findall(r"^\| (`[^|]+)\|", table, re.MULTILINE)))
    assert sorted(listed) == sorted(set(warnings_of_the_library()))
