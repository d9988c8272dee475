"""A syrupy extension that compares CDK templates with reviewed JSON files, and the fixture that brings it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from syrupy.extensions.json import JSONSnapshotExtension
from syrupy.matchers import compose_matchers

from constructs_lib.testing.templates import Synthesized

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from syrupy.assertion import SnapshotAssertion
    from syrupy.types import PropertyFilter, PropertyMatcher, PropertyPath, SerializableData, SerializedData

# Values that belong to the CDK's release or to the machine, by where they stand in a template.
_PLACES = {
    re.compile(r"Parameters\.BootstrapVersion\.Default"): "<bootstrap-version-parameter>",
    re.compile(r"Rules\.CheckBootstrapVersion\.Assertions"): "<bootstrap-version-check>",
    re.compile(r"Resources\.CDKMetadata\.Properties\.Analytics"): "<analytics>",
    re.compile(r"Resources\.\w+\.Metadata\.aws:asset:(original-)?path"): "<asset-path>",
}
# The legacy synthesizer makes three parameters an asset, whose names end with a second hash.
_HASH = re.compile(
    r"(?<![0-9a-f])(?P<hash>[0-9a-f]{64})(?![0-9a-f])((?P<parameter>S3Bucket|S3VersionKey|ArtifactHash)[0-9A-F]{8})?"
)
_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")


class TemplateSnapshotExtension(JSONSnapshotExtension):
    """One JSON file a snapshot, with every template of an app, a stage or a stack.

    The hashes and local paths of assets, the accounts of the environments, and what the bootstrap version check
    compares are replaced by names such as `<asset-1>` and `<account-1>`; nothing is left out. An account number that no
    environment has stays as it is, and so does a checksum that is no asset's.
    """

    def serialize(
        self,
        data: SerializableData,
        *,
        exclude: PropertyFilter | None = None,
        include: PropertyFilter | None = None,
        matcher: PropertyMatcher | None = None,
    ) -> SerializedData:
        """Write the templates as they are compared.

        Args:
            data: An `App`, a `Stage` or a `Stack`.
            exclude: As of syrupy. Default: - nothing is left out.
            include: As of syrupy. Default: - everything is compared.
            matcher: A matcher of syrupy for further values that vary. Default: - none.

        Returns:
            The JSON text.

        Raises:
            TypeError: The data is something else.
        """
        synthesized = Synthesized.of(data)
        matchers = [_matcher(synthesized), *([matcher] if matcher else [])]
        return super().serialize(
            {name: json.loads(text) for name, text in synthesized.templates.items()},
            exclude=exclude,
            include=include,
            matcher=compose_matchers(*matchers),
        )


@pytest.fixture
def template_snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """Compares an `App`, a `Stage` or a `Stack` with a JSON file; see `TemplateSnapshotExtension`."""
    return snapshot.use_extension(TemplateSnapshotExtension)


def _matcher(synthesized: Synthesized) -> PropertyMatcher:
    assets = _numbered("asset", _hashes(synthesized))
    accounts = _numbered("account", synthesized.accounts)

    def replace(text: str) -> str:
        text = _HASH.sub(lambda match: _asset(match, assets), text)
        return _ACCOUNT.sub(lambda match: accounts.get(match[0], match[0]), text)

    def match(*, data: SerializableData, path: PropertyPath) -> SerializableData:
        # The first step is the stack.
        place = ".".join(str(step) for step, _ in path[1:])
        for pattern, mask in _PLACES.items():
            if pattern.fullmatch(place):
                return mask
        if isinstance(data, str):
            return replace(data)
        if isinstance(data, dict):
            return {replace(key): value for key, value in data.items()}
        return data

    return match


def _hashes(synthesized: Synthesized) -> Iterator[str]:
    """Find the hashes of assets in the order that templates name them in, which no hash has a part in."""
    for text in synthesized.templates.values():
        for match in _HASH.finditer(text):
            if match["parameter"] or match["hash"] in synthesized.asset_hashes:
                yield match["hash"]


def _numbered(kind: str, values: Iterable[str]) -> dict[str, str]:
    return {value: f"<{kind}-{number}>" for number, value in enumerate(dict.fromkeys(values), 1)}


def _asset(match: re.Match[str], assets: Mapping[str, str]) -> str:
    mask = assets.get(match["hash"])
    return match[0] if mask is None else mask + (match["parameter"] or "")
