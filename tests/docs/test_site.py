"""The site builds from the pages, and its reference lists what is API and nothing else."""

import dataclasses
import inspect
import re
import shlex
import subprocess
import sys

import pytest
from sphinx.util.inventory import InventoryFile
from support import ROOT

sys.path.insert(0, str(ROOT / "docs"))
import reference

import constructs_lib
import constructs_lib.local
import constructs_lib.predictions
import constructs_lib.testing.local
from constructs_lib.local import LocalAws
from constructs_lib.local.comprehend.state import Fault, Settings


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    (line,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if "-m sphinx" in line]
    command = line.partition("$(BIN)/python")[2].replace("build/", f"{folder}/")
    result = subprocess.run(
        [sys.executable, *shlex.split(command)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return folder / "docs"


def public(module):
    """What a module offers: what it lists, or imports again under the same name."""
    names = vars(module).get("__all__") or re.findall(r"import (\w+) as \1\b", inspect.getsource(module))
    return {f"{module.__name__}.{name}" for name in names}


def fixtures(module):
    return {
        f"{module.__name__}.{name}"
        for name, value in vars(module).items()
        if type(value).__name__ == "FixtureFunctionDefinition"
    }


def test_the_reference_lists_the_api_and_nothing_else(site):
    modules = (constructs_lib, constructs_lib.local, constructs_lib.predictions, constructs_lib.testing)
    api = set().union(*(public(module) for module in modules), fixtures(constructs_lib.testing.local))
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="").data
    homes = {name.rpartition(".")[0] for name in api}
    listed = {
        name
        for kind in ("py:class", "py:exception", "py:function", "py:data")
        for name in inventory.get(kind, ())
        if name.rpartition(".")[0] in homes
    }
    assert listed == api, "docs/api/ has a page for each part of the API"


@pytest.mark.parametrize(("name", "members"), reference.API.items())
def test_what_constructs_offer_only_each_other_is_not_listed(site, name, members):
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="").data
    listed = {full for kind in ("py:method", "py:property", "py:attribute") for full in inventory[kind]}
    start = f"constructs_lib.{name}."
    assert {full.removeprefix(start) for full in listed if full.startswith(start)} == members


def test_a_link_leads_from_an_option_to_what_it_takes(site):
    assert 'href="parts.html#constructs_lib.ClassificationNetwork"' in (site / "api" / "job.html").read_text()
    assert 'href="api/job.html"' in (site / "index.html").read_text()


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        (LocalAws.configure, {field.name for field in dataclasses.fields(Settings)}),
        (LocalAws.set_faults, {field.name for field in dataclasses.fields(Fault) if field.init}),
    ],
    ids=["settings", "faults"],
)
def test_the_reference_names_all_that_the_local_aws_can_be_told(method, fields):
    assert fields <= set(re.findall(r"`(\w+)`", method.__doc__))


def test_what_stands_for_a_name_is_shown(site):
    text = re.sub("<[^>]+>", "", (site / "api" / "values.html").read_text())
    assert "arn:&lt;partition&gt;:comprehend:&lt;region&gt;:&lt;account&gt;:flywheel/&lt;name&gt;" in text


def test_a_default_is_a_sentence(site):
    text = "".join(re.sub("<[^>]+>", "", page.read_text()) for page in (site / "api").glob("*.html"))
    assert re.search(r"Default:\s+\w", text)
    assert not re.findall(r"Default:\s+-.*", text)


def test_the_search_finds_an_option(site):
    assert "volume_encryption_key" in (site / "searchindex.js").read_text()


def test_nothing_is_loaded_from_elsewhere(site):
    for page in site.rglob("*.html"):
        loaded = re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"(https?:[^\"]+)", page.read_text())
        assert not loaded, page
