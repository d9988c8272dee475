"""Takes permissions away, one at a time, and looks whether jobs and workflows on the local AWS still work.

`python benchmarks/permissions.py` writes `docs/permissions-measured.md`: what was taken from which statement, and what
happened; `jobs` or `workflows` after it writes one half, and leaves the other as it is.
"""

from __future__ import annotations

import copy
import json
import re
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import workflow_permissions
from job_with_everything import add_job_with_everything, request_of
from taking_away import Half, Mutation, Trial, mutations
from workflow_permissions import WorkflowProof

from constructs_lib.local import LocalAws
from constructs_lib.local.data import train_classifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
STACK = "Permissions"
PATIENCE = 60.0
_HANDLER = "CustomDocumentClassificationJobHandler"

# What is used when a network goes.
_OF_A_NETWORK = {"DetachFromInstances", "FindActiveJobs", "FindNetworkInterfaces", "RemoveNetworkInterfaces"}

# Why a permission that can be taken away here is needed all the same.
NOT_JUDGED = {
    "AskForStack": "a rollback without its history falls back to the id that CloudFormation names, the right one here",
    "ContinueWaiting": "a run lives 15 minutes, and no job here takes so long",
    "FindActiveJobs": "without it, interfaces are deleted when they are free, and none is detached",
    "DetachFromInstances": "attached interfaces are detached after a minute without a job, which is not waited for",
    "RemoveNetworkInterfaces": "attached interfaces are detached after a minute without a job, which is not waited for",
    "EncryptResults": "the results here are smaller than one part of a multipart upload, which decrypts its parts",
    "ExtractText": "there is no Textract here",
    "ListDocuments s3:prefix in": "covers the other way to ask for the prefix, without its slash",
    "WriteLog": "functions write no log to CloudWatch Logs here",
}


class Proof:
    """A stack with one job that uses every permission, deployed once."""

    def __init__(self, aws: LocalAws, classifier: str, directory: Path) -> None:
        self._aws = aws
        self._cloudformation, self._comprehend, self._iam = map(aws.client, ("cloudformation", "comprehend", "iam"))
        aws.configure(job_seconds=0.2, starts_per_second=0, active_jobs=0)
        assembly = synthesize(classifier, directory)
        self._template = json.loads((assembly / f"{STACK}.template.json").read_text())
        (self._job,) = [
            name for name, found in self._resources().items() if found["Type"].endswith("ClassificationJob")
        ]
        # The handler gives AWS as long as CloudFormation gives it, which is longer than this proof waits.
        self._resources()[self._job]["Properties"]["ServiceTimeout"] = "20"
        bucket = aws.deploy(assembly)[STACK]["Documents"]
        aws.client("s3").put_object(Bucket=bucket, Key="in/mail.txt", Body=b"Please pay the total due on invoice 7.")
        # The control: with all permissions a job starts, tags change, and left-behind interfaces go.
        if problem := self.deploy() or self.deploy("TagJobs") or self.delete():
            raise RuntimeError(f"the stack does not work with all permissions: {problem}")

    def _resources(self) -> dict[str, Any]:
        resources: dict[str, Any] = self._template["Resources"]
        return resources

    def _physical_id(self, logical_id: str) -> str:
        found = self._cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def policies(self) -> Iterator[tuple[str, str, dict[str, Any], bool]]:
        """Role, policy name and document of each policy under proof, and whether it is the function's."""
        for logical_id, resource in self._resources().items():
            if resource["Type"] == "AWS::IAM::Policy" and logical_id.startswith((_HANDLER, "NetworkInterfacesPolicy")):
                role = self._physical_id(resource["Properties"]["Roles"][0]["Ref"])
                # Its name ends in what only the deployment knows.
                begins = resource["Properties"]["PolicyName"]["Fn::Join"][1][0]
                names = self._iam.list_role_policies(RoleName=role)["PolicyNames"]
                (name,) = [name for name in names if name.startswith(begins)]
                document = self._iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
                yield role, name, document, not logical_id.startswith(f"{_HANDLER}DataAccess")

    def put(self, role: str, name: str, document: dict[str, Any]) -> None:
        """Write a policy of a role."""
        self._iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))

    def deploy(self, sid: str = "", restore: Callable[[], None] = lambda: None) -> str:
        """Start a job by a deployment, or change the tags of the running one; why that failed, or nothing."""
        template = copy.deepcopy(self._template)
        properties = template["Resources"][self._job]["Properties"]
        text = str(time.monotonic_ns())
        if sid in {"TagJobs", "UntagJobs"}:
            properties |= {"RunId": self._template["Resources"][self._job]["Properties"].get("RunId")}
            properties["Request"]["Tags"] = [{"Key": text, "Value": "new"}]
        else:
            properties["RunId"] = text
        begun = time.monotonic()
        self._cloudformation.update_stack(
            StackName=STACK, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"]
        )
        while (stack := self._cloudformation.describe_stacks(StackName=STACK)["Stacks"][0])["StackStatus"].endswith(
            "_IN_PROGRESS"
        ):
            if time.monotonic() - begun > PATIENCE:
                raise TimeoutError(f"the stack is still {stack['StackStatus']} after {PATIENCE} seconds")
            if "ROLLBACK" in stack["StackStatus"]:
                restore()  # or the rollback would fail as well
            time.sleep(0.05)
        if stack["StackStatus"] == "UPDATE_COMPLETE":
            self._template = template
            return ""
        events = self._cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
        return next(
            (
                str(event["ResourceStatusReason"])
                for event in events
                if event["ResourceStatus"] == "UPDATE_FAILED" and event["LogicalResourceId"] == self._job
            ),
            str(stack["StackStatus"]),
        )

    def run(self) -> str:
        """Start a job as the account's owner, who may do anything; why it failed, or nothing."""
        job = self._describe(self._physical_id(self._job).rpartition("/")[2])
        request = request_of(job, "000000000000")
        identifier = self._comprehend.start_document_classification_job(**request)["JobId"]
        begun = time.monotonic()
        while (job := self._describe(identifier))["JobStatus"] not in {"COMPLETED", "FAILED"}:
            if time.monotonic() - begun > PATIENCE:
                raise TimeoutError(f"the job is still {job['JobStatus']} after {PATIENCE} seconds")
            time.sleep(0.05)
        return str(job.get("Message", ""))

    def delete(self) -> str:
        """Delete the network's own resource as a network that goes does; what that leaves behind, or nothing."""
        self._aws.configure(keep_network_interfaces=True)
        problem = self.run()
        self._aws.configure(keep_network_interfaces=False)
        if problem:
            raise RuntimeError(f"the job that leaves an interface behind failed: {problem}")
        vpc = self._describe(self._physical_id(self._job).rpartition("/")[2])["VpcConfig"]
        (function,) = [name for name, found in self._resources().items() if found["Type"] == "AWS::Lambda::Function"]
        functions = self._aws.client("lambda")
        event = {
            "RequestType": "Delete",
            "RequestId": "delete",
            "StackId": self._cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackId"],
            "ResponseURL": f"{functions.meta.endpoint_url}/_ministack/cfn-response/nobody-waits",
            "ResourceType": "Custom::ClassificationNetworkInterfaces",
            "LogicalResourceId": "Network",
            "PhysicalResourceId": "network-interfaces/0",
            "ResourceProperties": {
                "ServiceTimeout": "10",
                "SubnetIds": vpc["Subnets"],
                "SecurityGroupIds": vpc["SecurityGroupIds"],
            },
        }
        functions.invoke(FunctionName=self._physical_id(function), Payload=json.dumps(event))
        wanted = [{"Name": "subnet-id", "Values": vpc["Subnets"]}]
        found = self._aws.client("ec2").describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]
        return f"network interfaces are left behind, {len(found)} in all" if found else ""

    def _describe(self, identifier: str) -> dict[str, Any]:
        answer = self._comprehend.describe_document_classification_job(JobId=identifier)
        return dict(answer["DocumentClassificationJobProperties"])


def synthesize(classifier: str, directory: Path) -> Path:
    """Write the assembly of a stack whose job uses every option that permissions depend on."""
    app = cdk.App(
        context=json.loads((ROOT / "cdk.json").read_text())["context"],
        outdir=str(directory / "assembly"),
        analytics_reporting=False,
    )
    stack = cdk.Stack(app, STACK)
    name = add_job_with_everything(stack, classifier, tags={"team": "mail"}, timeout=cdk.Duration.seconds(8))
    name.override_logical_id("Documents")
    app.synth()
    return directory / "assembly"


def prove(proof: Proof, only: Sequence[str] = ()) -> Iterator[tuple[Mutation, str]]:
    """Try every mutation, or those of some statements; each with what went wrong, or nothing."""
    for role, name, document, of_function in proof.policies():
        for mutation in mutations(document):
            if only and mutation.sid not in only:
                continue
            proof.put(role, name, mutation.policy)
            restore = partial(proof.put, role, name, document)
            if mutation.sid in _OF_A_NETWORK:
                problem = proof.delete()
            else:
                problem = proof.deploy(mutation.sid, restore) if of_function else proof.run()
            restore()
            yield mutation, problem


def jobs(aws: LocalAws, classifier: str, directory: Path) -> Iterator[Trial]:
    """Take away what a job of a pipeline needs."""
    for mutation, problem in prove(Proof(aws, classifier, directory)):
        yield Trial([mutation.sid, f"`{mutation.taken}`"], problem, mutation.reason(NOT_JUDGED))


def workflows(aws: LocalAws, classifier: str, directory: Path) -> Iterator[Trial]:
    """Take away what a workflow needs."""
    for who, mutation, problem in workflow_permissions.prove(WorkflowProof(aws, classifier, directory)):
        reason = mutation.reason(workflow_permissions.NOT_JUDGED)
        yield Trial([who, mutation.sid, f"`{mutation.taken}`"], problem, reason)


HALVES = {
    "jobs": Half("A job of a pipeline", "", ["statement", "taken away"], jobs),
    "workflows": Half(
        "A workflow",
        "A failure begins with the state of the run that met it. ",
        ["who", "statement", "taken away"],
        workflows,
    ),
}
HEAD = """\
# Permissions, taken away one at a time

Each action, each resource and each value of a condition was taken away on the local AWS, which enforces permissions,
and then something was done that needs it. The last column has the message of whoever missed it, or why nobody could."""


def main() -> int:
    """Run the trials and write the page; 1 when something is without effect and without a reason."""
    page = ROOT / "docs" / "permissions-measured.md"
    sections = dict(section.split("\n", 1) for section in re.split(r"^## ", page.read_text(), flags=re.MULTILINE)[1:])
    unexplained = False
    for name in sys.argv[1:] or HALVES:
        half, begun = HALVES[name], time.monotonic()
        found = []
        with LocalAws() as aws, tempfile.TemporaryDirectory() as directory:
            aws.bootstrap()
            classifier = train_classifier(aws, ROOT / "examples" / "data" / "training.csv", name="mails")
            for trial in half.trials(aws, classifier, Path(directory)):
                found.append(trial)
                print(f"{time.monotonic() - begun:6.1f} s  {trial.row()}", flush=True)  # noqa: T201 - a command's output
        sections[half.title] = half.written(found, time.monotonic() - begun)
        unexplained |= any(not trial.problem and not trial.reason for trial in found)
    page.write_text(
        "\n\n".join([HEAD, *(f"## {half.title}\n\n{sections[half.title].strip()}" for half in HALVES.values())]) + "\n"
    )
    return int(unexplained)


if __name__ == "__main__":
    sys.exit(main())
