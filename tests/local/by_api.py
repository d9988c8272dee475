"""Deploys cloud assemblies through the API as the CDK CLI does it: under the same roles, the same files, no Node.

A run of the CLI takes more than a second of a processor. The tests of the command, of the pages and of apps of every
shape deploy with it; where the stack is what matters, tests deploy by this.
"""

import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import ClientError
from local.bench import until

from constructs_lib.local import LocalAwsError
from constructs_lib.local.failures import explanation

PATIENCE = 120


class ByApi:
    """A local AWS that is deployed to through the API; everything else is as it has it."""

    def __init__(self, aws):
        self._aws, self._sessions = aws, {}

    def __getattr__(self, name):
        return getattr(self._aws, name)

    def deploy(self, assembly):
        """Deploy all stacks of an app without stages; the outputs of each."""
        begun = datetime.now(UTC).replace(microsecond=0)
        outputs = {}
        for stack in self._stacks(assembly):
            self._publish(Path(assembly), stack["dependencies"])
            try:
                changes = self._begin(stack)
            except ClientError as error:  # refused at once, as a template that makes no sense is
                raise LocalAwsError(str(error)) from error
            found = self._settled(stack, stack["stackName"])
            if changes and found["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
                raise LocalAwsError(explanation(self._aws._known_clients, begun, [found["StackStatus"]]))
            outputs[found["StackName"]] = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}
        return outputs

    def destroy(self, assembly):
        """Destroy all stacks of an app."""
        begun = datetime.now(UTC).replace(microsecond=0)
        for stack in reversed(self._stacks(assembly)):
            identifier = self._found(stack, stack["stackName"])["StackId"]
            self._as(stack["assumeRoleArn"], "cloudformation").delete_stack(
                StackName=identifier, RoleARN=self._filled(stack["cloudFormationExecutionRoleArn"])
            )
            if self._settled(stack, identifier)["StackStatus"] != "DELETE_COMPLETE":
                raise LocalAwsError(explanation(self._aws._known_clients, begun, []))

    # --- Stacks -----------------------------------------------------------------------------------------------------

    def _stacks(self, assembly):
        """The properties of the stacks, each after those that it depends on."""
        artifacts = json.loads((Path(assembly) / "manifest.json").read_text())["artifacts"]
        found = {}

        def add(name):
            artifact = artifacts[name]
            for other in artifact.get("dependencies", ()):
                add(other)
            if artifact["type"] == "aws:cloudformation:stack":
                needed = [artifacts[other] for other in artifact.get("dependencies", ())]
                files = [each["properties"]["file"] for each in needed if each["type"] == "cdk:asset-manifest"]
                found[name] = {"stackName": name, **artifact["properties"], "dependencies": files}

        for name in artifacts:
            add(name)
        return list(found.values())

    def _begin(self, stack):
        """Create or update a stack; whether there is something to do."""
        cloudformation = self._as(stack["assumeRoleArn"], "cloudformation")
        bucket, _, key = self._filled(stack["stackTemplateAssetObjectUrl"]).removeprefix("s3://").partition("/")
        request = {
            "StackName": stack["stackName"],
            "TemplateURL": f"https://s3.{self._aws.region}.amazonaws.com/{bucket}/{key}",
            "RoleARN": self._filled(stack["cloudFormationExecutionRoleArn"]),
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            "Tags": [{"Key": key, "Value": value} for key, value in stack.get("tags", {}).items()],
        }
        try:
            begin = (
                cloudformation.update_stack if self._found(stack, stack["stackName"]) else cloudformation.create_stack
            )
            begin(**request)
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
            return False
        return True

    def _found(self, stack, name):
        try:
            return self._as(stack["assumeRoleArn"], "cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except ClientError:
            return None

    def _settled(self, stack, name):
        return until(
            lambda: self._found(stack, name), lambda found: not found["StackStatus"].endswith("_IN_PROGRESS"), PATIENCE
        )

    # --- Files ------------------------------------------------------------------------------------------------------

    def _publish(self, folder, manifests):
        for manifest in manifests:
            for file in json.loads((folder / manifest).read_text())["files"].values():
                for place in file["destinations"].values():
                    self._upload(folder / file["source"]["path"], file["source"]["packaging"], place)

    def _upload(self, source, packaging, place):
        s3 = self._as(place["assumeRoleArn"], "s3")
        where = {"Bucket": self._filled(place["bucketName"]), "Key": place["objectKey"]}
        if s3.list_objects_v2(Bucket=where["Bucket"], Prefix=where["Key"])["KeyCount"]:
            return
        s3.put_object(**where, Body=_zipped(source) if packaging == "zip" else source.read_bytes())

    # --- Roles ------------------------------------------------------------------------------------------------------

    def _as(self, role, service):
        """A client of one of the bootstrap's roles, which the deployer assumes."""
        arn = self._filled(role)
        if arn not in self._sessions:
            sts = self._aws.client("sts", self._aws.deployer)
            given = sts.assume_role(RoleArn=arn, RoleSessionName="by-api")["Credentials"]
            self._sessions[arn] = {
                "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
                "AWS_SESSION_TOKEN": given["SessionToken"],
            }
        return self._aws.client(service, self._sessions[arn])

    def _filled(self, text):
        for name, value in {"Partition": "aws", "AccountId": self._aws.account, "Region": self._aws.region}.items():
            text = text.replace(f"${{AWS::{name}}}", value)
        return text


def _zipped(folder):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            zipped.write(file, file.relative_to(folder))
    return archive.getvalue()
