"""The runs of workflows that an app has deployed: documents into their inboxes, started, followed to their end."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from constructs_lib.local import data
from constructs_lib.local.local_errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from constructs_lib.local.aws import LocalAws

_PATIENCE = 600.0  # seconds

# What a run does, by the state it is in; others pass in no time.
_STEPS = {
    "Gather": "waits for further uploads",
    "WaitForOtherRun": "waits for another run",
    "Measure": "counts documents",
    "Collect": "collects documents",
    "StartJob": "starts a job",
    "WaitForRights": "waits for rights to arrive",
    "Unpack": "unpacks predictions",
    "AnnounceCompleted": "tells that it is done",
    "AnnounceFailed": "tells that it has failed",
}


@dataclass(frozen=True)
class Workflow:
    """A workflow that is deployed.

    Args:
        machine_arn: Its state machine.
        bucket: Where documents arrive.
        inbox: Under which prefix.
    """

    machine_arn: str
    bucket: str
    inbox: str

    @property
    def name(self) -> str:
        """The name of its state machine."""
        return self.machine_arn.rpartition(":")[2]


def find_workflows(aws: LocalAws) -> list[Workflow]:
    """Find the workflows of an account by what their state machines call.

    Args:
        aws: A started local AWS.

    Returns:
        The workflows.
    """
    machines, functions = aws.client("stepfunctions"), aws.client("lambda")
    found = []
    for listed in machines.list_state_machines()["stateMachines"]:
        arn = listed["stateMachineArn"]
        states = json.loads(machines.describe_state_machine(stateMachineArn=arn)["definition"]).get("States", {})
        task = states.get("Collect", {}).get("Arguments", {})
        if task.get("Payload", {}).get("Task") != "Collect":
            continue
        told = functions.get_function_configuration(FunctionName=task["FunctionName"])["Environment"]["Variables"]
        found.append(Workflow(arn, told["DOCUMENTS_BUCKET"], told["INBOX"]))
    return found


def start_runs(aws: LocalAws, workflows: list[Workflow], documents: Path, say: Callable[[str], None]) -> None:
    """Put documents into the inbox of each workflow, and start a run of each.

    Args:
        aws: A started local AWS.
        workflows: Which.
        documents: A file, or a folder whose files are the documents.
        say: Told of each step.
    """
    for workflow in workflows:
        uri = f"s3://{workflow.bucket}/{workflow.inbox}"
        count = data.upload(aws.client("s3"), documents, uri)
        say(f"Put {count} documents into {uri}")
        aws.client("stepfunctions").start_execution(stateMachineArn=workflow.machine_arn, input="{}")


def follow_runs(
    aws: LocalAws, workflows: list[Workflow], say: Callable[[str], None], patience: float = _PATIENCE
) -> list[dict[str, Any]]:
    """Wait until no run of some workflows is active, those included that runs have started.

    Args:
        aws: A started local AWS.
        workflows: Which.
        say: Told of what each run does.
        patience: Seconds to wait at most.

    Returns:
        All runs, the oldest first, as the API describes them.

    Raises:
        LocalAwsError: A run is still active after `patience`.
    """
    client, seen = aws.client("stepfunctions"), dict[str, str]()
    deadline = time.monotonic() + patience
    while True:
        arns = [
            run["executionArn"]
            for workflow in workflows
            for run in client.list_executions(stateMachineArn=workflow.machine_arn)["executions"]
        ]
        runs = [client.describe_execution(executionArn=arn) for arn in arns]
        for run in runs:
            if (doing := _doing(client, run)) and seen.get(run["executionArn"]) != doing:
                seen[run["executionArn"]] = doing
                say(f"Run {run['name'][:8]} {doing}")
        active = [run["name"] for run in runs if run["status"] == "RUNNING"]
        if not active:
            return sorted(runs, key=lambda run: str(run["startDate"]))
        if time.monotonic() > deadline:
            raise LocalAwsError(f"Runs are still active after {patience:.0f} s: {', '.join(active)}")
        time.sleep(0.2)


def _doing(client: Any, run: dict[str, Any]) -> str | None:  # noqa: ANN401 - one of many kinds
    if run["status"] == "SUCCEEDED":
        return f"is {json.loads(run['output']).get('Status', 'done')}"
    if run["status"] != "RUNNING":
        return f"is {run['status']}: {run.get('error', '')} {run.get('cause', '')}".rstrip()
    events = client.get_execution_history(executionArn=run["executionArn"], reverseOrder=True, maxResults=20)["events"]
    states = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
    return _STEPS.get(states[0]) if states else None
