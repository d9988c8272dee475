"""Takes away everything that a run has made, and looks whether anything is left.

Found by name and tag, not from memory: it works as well for a run that was killed (`python -m account --clean RUN`).
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from account.bench import ACTIVE, TAG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from account.bench import Run

_STACK_LIMIT = 5400.0  # a stack waits for its job up to an hour
_JOB_LIMIT = 3600.0
_TAG_LIMIT = 600.0  # what was deleted can be listed by tag for some minutes more
_MODEL_LIMIT = 3600.0
_TRIES = 3


def clean(run: Run, say: Callable[[str], None]) -> list[str]:
    """Remove all that the run made.

    Args:
        run: The run.
        say: Told of each thing that goes.

    Returns:
        What is left, one line each; nothing when all is gone.
    """
    cleaner = _Cleaner(run, say)
    for part in (
        cleaner.stacks,
        cleaner.jobs,
        cleaner.models,
        cleaner.keys,
        cleaner.roles,
        cleaner.buckets,
    ):
        try:
            part()
        except ClientError as error:  # the rest can go nevertheless; what stays is found afterwards
            say(f"could not be removed: {error}")
    return cleaner.left()


class _Cleaner:
    def __init__(self, run: Run, say: Callable[[str], None]) -> None:
        self._run, self._say = run, say
        self._client: Callable[[str], Any] = run.cloud.client
        self._deleted: list[str] = []

    # --- Removing ---------------------------------------------------------------------------------------------------

    def stacks(self) -> None:
        """Delete every stack; one whose bucket has got a new object in between once more."""
        deadline = time.monotonic() + max(_STACK_LIMIT * self._run.pace, 60)
        for _ in range(_TRIES):
            found = [stack for stack in self._stacks() if not stack["StackStatus"].startswith("DELETE_COMPLETE")]
            if not found:
                return
            for stack in found:
                self._delete_stack(stack["StackId"], stack["StackName"], deadline)
            for stack in found:
                self._settled(stack["StackId"], deadline)

    def _delete_stack(self, stack_id: str, name: str, deadline: float) -> None:
        cloudformation = self._client("cloudformation")
        if self._status(stack_id) == "UPDATE_IN_PROGRESS":
            with contextlib.suppress(ClientError):  # it has just ended
                cloudformation.cancel_update_stack(StackName=stack_id)
        if self._status(stack_id) != "CREATE_IN_PROGRESS":  # which alone can be deleted while it is under way
            self._settled(stack_id, deadline)
        self._make_deletable(stack_id)
        self._say(f"deleting stack {name}")
        cloudformation.delete_stack(StackName=stack_id)
        self._deleted.append(stack_id)

    def _settled(self, stack_id: str, deadline: float) -> None:
        while self._status(stack_id).endswith("_IN_PROGRESS") and time.monotonic() < deadline:
            time.sleep(max(10 * self._run.pace, 0.05))

    def _status(self, stack_id: str) -> str:
        answer = self._client("cloudformation").describe_stacks(StackName=stack_id)["Stacks"][0]
        return str(answer["StackStatus"])

    def _make_deletable(self, stack_id: str) -> None:
        """Empty the buckets of a stack, and free its subnets of interfaces that the service has left behind."""
        subnets = []
        for resource in self._resources(stack_id):
            if resource["ResourceType"] == "AWS::S3::Bucket" and resource.get("PhysicalResourceId"):
                with contextlib.suppress(ClientError):  # it is gone already
                    self._empty(resource["PhysicalResourceId"])
            if resource["ResourceType"] == "AWS::EC2::Subnet" and resource.get("PhysicalResourceId"):
                subnets.append(resource["PhysicalResourceId"])
        if not subnets or self._active():
            return
        ec2 = self._client("ec2")
        filters = [{"Name": "subnet-id", "Values": subnets}]
        for each in ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]:
            if each.get("RequesterId", "").endswith(":Comprehend"):
                self._say(f"deleting interface {each['NetworkInterfaceId']}")
                with contextlib.suppress(ClientError):  # it is going by itself, or still attached: the next try looks
                    ec2.delete_network_interface(NetworkInterfaceId=each["NetworkInterfaceId"])

    def _resources(self, stack_id: str) -> Iterator[dict[str, Any]]:
        pages = self._client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack_id)
        for page in pages:
            yield from page["StackResourceSummaries"]

    def jobs(self) -> None:
        """Wait for jobs that still run: no call stops them, and they need their role and bucket."""
        deadline, said = time.monotonic() + max(_JOB_LIMIT * self._run.pace, 60), False
        while self._active() and time.monotonic() < deadline:
            if not said:
                self._say("waiting for jobs that still run")
            said = True
            time.sleep(max(15 * self._run.pace, 0.05))

    def _active(self) -> list[str]:
        return [job["JobId"] for job in self._run.jobs() if job["JobStatus"] in ACTIVE]

    def models(self) -> None:
        """Delete the flywheel and the classifier that were made, if they were: one of each has the run's name."""
        comprehend = self._client("comprehend")
        for kind, delete in (
            ("flywheel", lambda arn: comprehend.delete_flywheel(FlywheelArn=arn)),
            ("document-classifier", lambda arn: comprehend.delete_document_classifier(DocumentClassifierArn=arn)),
        ):
            self._delete_model(self._run.arn("comprehend", f"{kind}/{self._run.prefix}"), delete)

    def _delete_model(self, arn: str, delete: Callable[[str], object]) -> None:
        deadline = time.monotonic() + _MODEL_LIMIT * self._run.pace
        while True:
            try:
                delete(arn)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "ResourceNotFoundException":
                    return
                # A classifier is in use until its flywheel is gone, and a model in training cannot go.
                if code not in {"ResourceInUseException", "ResourceUnavailableException"}:
                    raise
                if time.monotonic() > deadline:
                    raise
            else:
                self._say(f"deleting {arn}")
            time.sleep(15 * self._run.pace)

    def keys(self) -> None:
        """Schedule the deletion of keys that steps made by themselves."""
        for arn in self._tagged():
            if ":kms:" in arn:
                self._say(f"scheduling the deletion of {arn}")
                self._client("kms").schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)

    def roles(self) -> None:
        """Delete the roles that steps made by themselves."""
        iam = self._client("iam")
        for name in self._roles():
            for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                iam.delete_role_policy(RoleName=name, PolicyName=inline)
            for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
            iam.delete_role(RoleName=name)
        self._say("roles are gone")

    def buckets(self) -> None:
        """Empty and delete the run's own bucket."""
        for name in self._buckets():
            self._say(f"deleting bucket {name}")
            self._empty(name)
            self._client("s3").delete_bucket(Bucket=name)

    def _empty(self, bucket: str) -> None:
        s3 = self._client("s3")
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            listed = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in listed]
            if objects:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})

    # --- Looking ----------------------------------------------------------------------------------------------------

    def left(self) -> list[str]:
        """What is left, once the listing by tag had time to forget what was deleted."""
        deadline = time.monotonic() + _TAG_LIMIT * self._run.pace
        while (found := list(self._left())) and time.monotonic() < deadline:
            time.sleep(max(20 * self._run.pace, 0.05))
        return found

    def _left(self) -> Iterator[str]:
        yield from (f"tagged: {arn}" for arn in self._tagged())
        yield from (f"stack: {each['StackName']} is {each['StackStatus']}" for each in self._stacks())
        yield from (f"kept by a stack: {each}" for each in self._kept())
        yield from (f"role: {name}" for name in self._roles())
        yield from (f"bucket: {name}" for name in self._buckets())
        yield from (f"active job: {job}" for job in self._active())

    def _tagged(self) -> Iterator[str]:
        """What the account lists by the run's tag, but for what nobody can delete and nobody pays for."""
        pages = (
            self._client("resourcegroupstaggingapi")
            .get_paginator("get_resources")
            .paginate(TagFilters=[{"Key": TAG, "Values": [self._run.name]}])
        )
        for page in pages:
            for found in page["ResourceTagMappingList"]:
                arn = found["ResourceARN"]
                # Records of jobs cannot be deleted; a deleted key is kept for days in case it was a mistake.
                if ":document-classification-job/" not in arn and not self._is_deleted_key(arn):
                    yield arn

    def _is_deleted_key(self, arn: str) -> bool:
        if ":kms:" not in arn:
            return False
        return bool(self._client("kms").describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion")

    def _kept(self) -> Iterator[str]:
        for stack_id in dict.fromkeys(self._deleted):
            for each in self._resources(stack_id):
                if each["ResourceStatus"] != "DELETE_COMPLETE":
                    yield f"{each['ResourceType']} {each.get('PhysicalResourceId')} is {each['ResourceStatus']}"

    def _stacks(self) -> list[dict[str, Any]]:
        pages = self._client("cloudformation").get_paginator("describe_stacks").paginate()
        return [
            stack
            for page in pages
            for stack in page["Stacks"]
            if self._is_ours(stack["StackName"]) and stack["StackStatus"] != "DELETE_COMPLETE"
        ]

    def _roles(self) -> list[str]:
        pages = self._client("iam").get_paginator("list_roles").paginate()
        return [role["RoleName"] for page in pages for role in page["Roles"] if self._is_ours(role["RoleName"])]

    def _buckets(self) -> list[str]:
        return [each["Name"] for each in self._client("s3").list_buckets()["Buckets"] if self._is_ours(each["Name"])]

    def _is_ours(self, name: str) -> bool:
        return name.startswith(f"{self._run.prefix}-")
