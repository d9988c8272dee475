"""What a synthesized app asks of the local AWS: what it cannot do, and how it is to be deployed."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

DEFAULT_QUALIFIER = "hnb659fds"
# Roles that a bootstrap makes, by the CDK's names for them.
_BOOTSTRAP_ROLE = re.compile(r":role/cdk-([a-z0-9]{1,10})-(?:deploy|file-publishing|image-publishing|lookup)-role-")

_CANNOT_WORK = {
    "Custom::CDKBucketDeployment": (
        "BucketDeployment needs the AWS CLI as a Lambda layer, which cannot be mounted here: use "
        "aws_s3_assets.Asset, or upload the files yourself (--documents does)"
    ),
}


def problems(assembly: Path, *, account: str, region: str, supported: Collection[str]) -> list[str]:
    """Find what cannot be deployed locally.

    Args:
        assembly: Folder of the cloud assembly.
        account: The local account.
        region: The local Region.
        supported: CloudFormation resource types that can be deployed.

    Returns:
        One sentence for each problem.
    """
    found: list[str] = []
    for folder, name, artifact in _artifacts(assembly):
        if artifact["type"] == "aws:cloudformation:stack":
            found += _environment(name, artifact["environment"], account, region)
            template = _template(folder, artifact)
            found += [*_resources(name, template, supported), *_old_assets(name, template)]
        elif artifact["type"] == "cdk:asset-manifest":
            assets = json.loads((folder / artifact["properties"]["file"]).read_text())
            if assets.get("dockerImages"):
                found.append(f"{name}: container images cannot be built and run here; deploy functions from files")
    return found


def templates(assembly: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The templates of all stacks, those of stages too: each file with what it holds."""
    for folder, _, artifact in _artifacts(assembly):
        if artifact["type"] == "aws:cloudformation:stack":
            yield folder / artifact["properties"]["templateFile"], _template(folder, artifact)


def with_new_run(assembly: Path, run_id: str) -> Path:
    """A copy of an app in which each classification job starts once more.

    Args:
        assembly: Folder of the cloud assembly.
        run_id: What the jobs' property `RunId` becomes.

    Returns:
        The folder of the copy, beside the original.
    """
    copy = assembly.with_name(f"{assembly.name}-{run_id}")
    shutil.copytree(assembly, copy)
    for file, template in templates(copy):
        jobs = [job for job in template["Resources"].values() if job["Type"] == "Custom::DocumentClassificationJob"]
        for job in jobs:
            job["Properties"]["RunId"] = run_id
        file.write_text(json.dumps(template))
        _publish_anew(file)
    return copy


def _publish_anew(template: Path) -> None:
    """Give a changed template another name in the bootstrap's bucket, where the old one stays under its hash."""
    digest = hashlib.sha256(template.read_bytes()).hexdigest()
    manifest = template.with_name("manifest.json")
    for assets in template.parent.glob("*.assets.json"):
        for old, asset in json.loads(assets.read_text())["files"].items():
            if asset["source"].get("path") == template.name:
                for place in (assets, manifest):
                    place.write_text(place.read_text().replace(old, digest))


def qualifiers(assembly: Path) -> set[str]:
    """The bootstraps that the stacks and assets need, by their qualifiers."""
    found = set()
    for folder, _, artifact in _artifacts(assembly):
        properties = artifact.get("properties", {})
        parameter = properties.get("bootstrapStackVersionSsmParameter", "")
        found |= set(re.findall(r"/cdk-bootstrap/([^/]+)/version", parameter))
        if role := _BOOTSTRAP_ROLE.search(properties.get("assumeRoleArn", "")):
            found.add(role[1])
        if artifact["type"] == "cdk:asset-manifest":
            found |= set(re.findall(r'"cdk-([a-z0-9]+)-assets-', (folder / properties["file"]).read_text()))
    return found


def uses_bootstrap_roles(assembly: Path) -> bool:
    """Whether all is deployed under roles of the bootstrap, so that a deployer needs no rights of its own.

    Where a stack of the app makes the role that publishes (the app-staging synthesizer), the CLI has tried to assume it
    before it was there, and goes on as who it is.
    """
    for folder, _, artifact in _artifacts(assembly):
        properties = artifact.get("properties", {})
        if artifact["type"] == "aws:cloudformation:stack" and not _BOOTSTRAP_ROLE.search(
            properties.get("assumeRoleArn", "")
        ):
            return False
        if artifact["type"] == "cdk:asset-manifest":
            files = json.loads((folder / properties["file"]).read_text()).get("files", {}).values()
            for destination in (place for file in files for place in file["destinations"].values()):
                if not _BOOTSTRAP_ROLE.search(destination.get("assumeRoleArn", "")):
                    return False
    return True


def _artifacts(assembly: Path) -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Every artifact of an app and its stages: the folder that its files are in, its name, and itself."""
    manifest = json.loads((assembly / "manifest.json").read_text())
    for name, artifact in manifest.get("artifacts", {}).items():
        if artifact["type"] == "cdk:cloud-assembly":
            yield from _artifacts(assembly / artifact["properties"]["directoryName"])
        else:
            yield assembly, name, artifact


def _template(folder: Path, artifact: dict[str, Any]) -> dict[str, Any]:
    template: dict[str, Any] = json.loads((folder / artifact["properties"]["templateFile"]).read_text())
    return template


def _environment(stack: str, environment: str, account: str, region: str) -> Iterator[str]:
    wanted_account, wanted_region = environment.removeprefix("aws://").split("/")
    options = []
    if wanted_account not in {account, "unknown-account"}:
        options.append(f"--account {wanted_account}")
    if wanted_region not in {region, "unknown-region"}:
        options.append(f"--region {wanted_region}")
    if options:
        yield (
            f"{stack}: the stack is bound to {wanted_account}/{wanted_region}, the local AWS is {account}/{region}: "
            f"give {' '.join(options)}, or leave env unset"
        )


def _resources(stack: str, template: dict[str, Any], supported: Collection[str]) -> Iterator[str]:
    for logical_id, resource in template.get("Resources", {}).items():
        kind = resource["Type"]
        if kind in _CANNOT_WORK:
            yield f"{stack}: {logical_id}: {_CANNOT_WORK[kind]}"
        elif not kind.startswith(("Custom::", "AWS::CloudFormation::", "AWS::CDK::")) and kind not in supported:
            yield f"{stack}: {logical_id}: the local AWS has no {kind}"


def _old_assets(stack: str, template: dict[str, Any]) -> Iterator[str]:
    if any(name.startswith("AssetParameters") for name in template.get("Parameters", {})):
        yield (
            f"{stack}: the LegacyStackSynthesizer's assets cannot be published here: "
            "use the DefaultStackSynthesizer or the CliCredentialsStackSynthesizer"
        )
