"""What a synthesized app asks for that this local AWS cannot do, found before anything is deployed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

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
    manifest = json.loads((assembly / "manifest.json").read_text())
    found: list[str] = []
    for name, artifact in manifest.get("artifacts", {}).items():
        if artifact["type"] == "aws:cloudformation:stack":
            found += _environment(name, artifact["environment"], account, region)
            template = json.loads((assembly / artifact["properties"]["templateFile"]).read_text())
            found += _resources(name, template, supported)
        elif artifact["type"] == "cdk:asset-manifest":
            assets = json.loads((assembly / artifact["properties"]["file"]).read_text())
            if assets.get("dockerImages"):
                found.append(f"{name}: container images cannot be built and run here; deploy functions from files")
        elif artifact["type"] == "cdk:cloud-assembly":
            stage = assembly / artifact["properties"]["directoryName"]
            found += problems(stage, account=account, region=region, supported=supported)
    return found


def _environment(stack: str, environment: str, account: str, region: str) -> Iterator[str]:
    wanted_account, wanted_region = environment.removeprefix("aws://").split("/")
    if wanted_account not in {account, "unknown-account"} or wanted_region not in {region, "unknown-region"}:
        yield (
            f"{stack}: the stack is bound to {wanted_account}/{wanted_region}, the local AWS is {account}/{region}; "
            "leave env unset, or take CDK_DEFAULT_ACCOUNT and CDK_DEFAULT_REGION"
        )


def _resources(stack: str, template: dict[str, Any], supported: Collection[str]) -> Iterator[str]:
    for logical_id, resource in template.get("Resources", {}).items():
        kind = resource["Type"]
        if kind in _CANNOT_WORK:
            yield f"{stack}: {logical_id}: {_CANNOT_WORK[kind]}"
        elif not kind.startswith(("Custom::", "AWS::CloudFormation::", "AWS::CDK::")) and kind not in supported:
            yield f"{stack}: {logical_id}: the local AWS has no {kind}"
