"""The rounds with other versions ask pip for what it can find."""

import sys
import tomllib
from collections import Counter

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import test_versions

NAME = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]


@pytest.mark.parametrize("given", list(test_versions.rounds()), ids=lambda given: given.name)
def test_each_package_is_asked_for_once_and_this_one_by_its_folder_alone(given):
    asked = [Requirement(each) for each in given.requirements if not each.startswith((".", "--"))]
    names = Counter(canonicalize_name(each.name) for each in asked)
    assert NAME not in names
    assert not {name for name, count in names.items() if count > 1}
    assert {each for each in given.requirements if each.startswith(".")} <= {".", ".[dev]"}


def test_the_lowest_version_is_what_is_declared_unless_one_is_pinned():
    assert list(test_versions.lowest(["a>=1.2", "b==3", "b>=2", "c[d]>=4,<5", "e"])) == [
        "a==1.2",
        "b==3",
        "c[d]==4",
        "e",
    ]
