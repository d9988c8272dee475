"""The templates of a CDK app as plain data, with what differs between machines, accounts and builds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    import aws_cdk as cdk

Template: TypeAlias = dict[str, Any]
"""A CloudFormation template, as its JSON reads."""

_SUFFIX = ".template.json"


@dataclass(frozen=True)
class Synthesized:
    """What the synthesis of an app, a stage or a stack has left on disk.

    Args:
        templates: The text of each template by the path of its stack; of a nested stack by its file's name.
        asset_hashes: The hashes that file and image assets are published under.
        accounts: The accounts that stacks name as their environment.
    """

    templates: dict[str, str]
    asset_hashes: frozenset[str]
    accounts: tuple[str, ...]

    @classmethod
    def of(cls, scope: cdk.Stage | cdk.Stack) -> Synthesized:
        """Synthesize the app that a stage or stack belongs to, and read what concerns it.

        Args:
            scope: An app, a stage or a stack. An app that is unchanged since is not synthesized again.

        Returns:
            All stacks of an app or stage; of a stack itself and its nested stacks.

        Raises:
            TypeError: It is neither, or it belongs to no app.
        """
        import aws_cdk as cdk  # noqa: PLC0415 - starts a Node process, which loading a pytest plugin should not

        if not isinstance(scope, cdk.Stage | cdk.Stack):
            raise TypeError(
                f"a snapshot of templates: got {type(scope).__name__}; allowed: an App, a Stage or a Stack; compare "
                "other data with syrupy's own JSONSnapshotExtension"
            )
        app = scope.node.root
        if not isinstance(app, cdk.Stage):
            raise TypeError(f"{scope.node.path}: got a stack below {type(app).__name__}; define it in an App")
        # The whole app even for one stack: aspects and cross-stack references act across it.
        assembly = app.synth()
        if isinstance(scope, cdk.Stage):
            return _read(Path(scope.synth().directory), None)
        nested = [found for found in scope.node.find_all() if isinstance(found, cdk.NestedStack)]
        return _read(Path(assembly.directory), {scope.template_file, *(stack.template_file for stack in nested)})


def synthesize(scope: cdk.Stage | cdk.Stack) -> dict[str, Template]:
    """Synthesize an app and read its templates.

    Args:
        scope: An app, a stage or a stack. An app that is unchanged since is not synthesized again.

    Returns:
        The templates of all its stacks by the path of the stack, such as `Prod/Mails`; those of nested stacks by the
        name of their file, such as `MailsNestedCD8A46E5.nested`.

    Raises:
        TypeError: It is none of the three, or a stack outside any app.
    """
    return {name: json.loads(text) for name, text in Synthesized.of(scope).templates.items()}


def _read(directory: Path, wanted: set[str] | None) -> Synthesized:
    templates: dict[str, str] = {}
    hashes: set[str] = set()
    accounts: dict[str, None] = {}
    for place in _assemblies(directory):
        names = {}
        for id, artifact in _load(place / "manifest.json")["artifacts"].items():
            properties = artifact.get("properties", {})
            if artifact["type"] == "cdk:asset-manifest":
                assets = _load(place / properties["file"])
                hashes.update(assets.get("files", {}), assets.get("dockerImages", {}))
            if artifact["type"] == "aws:cloudformation:stack":
                names[properties["templateFile"]] = artifact.get("displayName", id)
                account = artifact["environment"].removeprefix("aws://").split("/")[0]
                if account.isdigit():
                    accounts[account] = None
        names |= {file.name: file.name.removesuffix(_SUFFIX) for file in sorted(place.glob(f"*.nested{_SUFFIX}"))}
        for file, name in names.items():
            if wanted is None or file in wanted:
                templates[name] = (place / file).read_text(encoding="utf-8")
    return Synthesized(templates, frozenset(hashes), tuple(accounts))


def _assemblies(directory: Path) -> Iterator[Path]:
    yield directory
    for artifact in _load(directory / "manifest.json")["artifacts"].values():
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _assemblies(directory / artifact["properties"]["directoryName"])


def _load(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content
