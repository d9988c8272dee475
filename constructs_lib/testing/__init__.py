"""Snapshot tests of CDK apps. Load the fixture with `pytest_plugins = ["constructs_lib.testing"]` in a conftest.py.

A test then compares an app, a stage or a stack with a JSON file beside it:

    def test_the_template_is_as_reviewed(template_snapshot):
        assert build_stack() == template_snapshot

`pytest --snapshot-update` writes the file. The fixtures of the local AWS are a plugin of their own,
`constructs_lib.testing.local`.

PYTEST_DONT_REWRITE: nothing here asserts, and pytest would warn when another plugin of this package is loaded first.
"""

from __future__ import annotations

from constructs_lib.testing.snapshot import TemplateSnapshotExtension, template_snapshot
from constructs_lib.testing.templates import synthesize

__all__ = ["TemplateSnapshotExtension", "synthesize", "template_snapshot"]
