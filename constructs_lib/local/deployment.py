"""One deployment from an empty local AWS to predictions on the terminal."""

from __future__ import annotations

import json
import shutil
import textwrap
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from constructs_lib.local import cloud_assembly as assemblies
from constructs_lib.local import data, runs, toolchain
from constructs_lib.local.local_errors import CdkCliError, LocalAwsError
from constructs_lib.predictions import Labels, read_predictions, render_for_terminal, summarize

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from constructs_lib.local.aws import LocalAws
    from constructs_lib.local.step_progress import Progress

_JOB_PATIENCE = 600.0
_SHOWN = 100  # documents; when the command ends, their predictions are gone


@dataclass(frozen=True)
class Plan:
    """What to deploy and with which data.

    Args:
        app: Folder with a cdk.json, or the Python file of an app.
        context: Context values for the app.
        train: Labelled CSV; its classifier's ARN goes to the app as context `classifier_arn`.
        multi_label: Whether the documents of `train` have several labels.
        documents: File or folder; its S3 URI goes to the app as context `documents`.
        labels: The right classes of the documents.
    """

    app: Path
    context: dict[str, str] = field(default_factory=dict)
    train: Path | None = None
    multi_label: bool = False
    documents: Path | None = None
    labels: Labels | None = None

    def full_context(self, aws: LocalAws) -> dict[str, str]:
        """The context with what training and uploading will give, known before they are done."""
        given = {}
        if self.train:
            given["classifier_arn"] = data.classifier_arn(aws)
        if self.documents:
            given["documents"] = data.documents_uri(self.documents)
        return {**given, **self.context}


def deploy(aws: LocalAws, plan: Plan, progress: Progress) -> None:
    """Deploy an app, follow its jobs to their end and show what they found.

    Args:
        aws: A local AWS that is not started yet.
        plan: What to deploy.
        progress: Told of each step.

    Raises:
        LocalAwsError: Something failed; the message says what.
    """
    start(aws, progress)
    # Synthesis needs none of the rest, and takes as long.
    prepared = _in_background(lambda: prepare(aws, plan, progress))
    progress.step("Synthesizing the app")
    assembly = _synthesize(aws, plan)
    progress.step("The app is synthesized")
    prepared()
    _check(aws, plan, assembly)
    progress.step("Deploying with the CDK CLI, with IAM enforcement and TLS on")
    outputs = aws.deploy(assembly)
    workflows = runs.find_workflows(aws)
    if workflows and plan.documents:
        runs.start_runs(aws, workflows, plan.documents, progress.step)
    ended = runs.follow_runs(aws, workflows, progress.step)
    jobs = follow_jobs(aws, progress.step)
    if not jobs and plan.documents and not workflows:
        uri = _documents_uri(outputs)
        progress.step(f"Uploading {plan.documents} to {uri}, which the app reads")
        data.upload(aws.client("s3"), plan.documents, uri)
        progress.step("Deploying once more, for a new run of the job")
        outputs = aws.deploy(assemblies.with_new_run(assembly, f"local-{time.time_ns()}"))
        jobs = follow_jobs(aws, progress.step)
    progress.step("Done")
    progress.rest()
    _show_outputs(outputs, progress.say)
    show_runs(ended, progress.say)
    for job in jobs:
        show_predictions(aws.client("s3"), job, plan.labels, progress.say)
    _show_proof(aws, assembly, list(outputs), jobs, progress.say)
    if not jobs:
        progress.say(
            "\nNo job was started: there was nothing to classify. --documents PATH uploads some and passes their URI "
            "to the app as context `documents`, and puts them into the inboxes of workflows."
        )
    failed = [job for job in jobs if job["JobStatus"] != "COMPLETED"]
    failed_runs = [run for run in ended if run["status"] != "SUCCEEDED"]
    if failed_runs:
        raise LocalAwsError(
            "\n".join(f"Run {run['name']} is {run['status']}: {run.get('cause', '')}" for run in failed_runs)
        )
    if failed:
        lines = [f"Job {job['JobArn']} is {job['JobStatus']}: {job.get('Message', '')}" for job in failed]
        raise LocalAwsError("\n".join(lines))


def _synthesize(aws: LocalAws, plan: Plan) -> Path:
    arn = data.classifier_arn(aws)
    try:
        return aws.synthesize(plan.app, plan.full_context(aws))
    except CdkCliError as error:
        if not plan.train or arn not in str(error):
            raise
        raise LocalAwsError(
            f"{error}\n\nThe classifier that --train makes is in Region {aws.region} of account {aws.account}. An app "
            "whose stacks have another, fixed environment needs --account and --region."
        ) from error


def _check(aws: LocalAws, plan: Plan, assembly: Path) -> None:
    """Refuse what cannot work before it is deployed."""
    found = assemblies.problems(assembly, account=aws.account, region=aws.region, supported=aws.resource_types())
    if found:
        raise LocalAwsError("This app cannot be deployed locally:\n" + "\n".join(f"- {problem}" for problem in found))
    arn = data.classifier_arn(aws)
    if plan.train and not any(arn in json.dumps(template) for _, template in assemblies.templates(assembly)):
        raise LocalAwsError(
            f"The app does not use the classifier that --train makes ({arn}): it has to read the context key "
            'classifier_arn, as in app.node.try_get_context("classifier_arn"). Without --train it is deployed as it is.'
        )


def _documents_uri(outputs: dict[str, dict[str, str]]) -> str:
    found = [uri for values in outputs.values() for name, uri in values.items() if "DocumentsUri" in name]
    if len(found) == 1:
        return found[0]
    raise LocalAwsError(
        "No job was started, and the app does not read the documents that --documents uploads: it has to read the "
        'context key documents, as in app.node.try_get_context("documents"), or have one stack output DocumentsUri '
        f"(it has {len(found)})."
    )


def _in_background(work: Callable[[], None]) -> Callable[[], None]:
    """Begin some work, and return what waits for it and raises what it raised.

    The thread is a daemon: who stops does not wait for it.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def wait() -> None:
        thread.join()
        for error in raised:
            raise error

    return wait


def start(aws: LocalAws, progress: Progress) -> None:
    """Start the local AWS, with its tools."""
    if not toolchain.installed():
        progress.step("Installing the CDK CLI (only the first time)")
        toolchain.node_modules(progress.fetched)
    progress.step("Starting the local AWS")
    aws.start()


def prepare(aws: LocalAws, plan: Plan, progress: Progress) -> None:
    """Bootstrap, and bring in the data of a plan."""
    progress.step("Bootstrapping")
    aws.bootstrap()
    if plan.documents:
        progress.step(f"Uploading {plan.documents}")
        data.upload_documents(aws, plan.documents)
    if plan.train:
        progress.step(f"Training a classifier on {plan.train}")
        if not plan.multi_label and (label := data.several_labels(plan.train)):
            progress.step(
                f"{label!r} looks like several labels, and is trained as one: --mode multi-label takes them apart"
            )
        data.train_classifier(aws, plan.train, mode="MULTI_LABEL" if plan.multi_label else "MULTI_CLASS")
        progress.step("The classifier is trained")


def follow_jobs(aws: LocalAws, say: Callable[[str], None], patience: float = _JOB_PATIENCE) -> list[dict[str, Any]]:
    """Wait until no classification job is active.

    Args:
        aws: A started local AWS.
        say: Told of each change of a job's status.
        patience: Seconds to wait at most.

    Returns:
        All jobs of the account, the oldest first, as the API describes them.

    Raises:
        LocalAwsError: A job is still active after `patience`.
    """
    comprehend, seen = aws.client("comprehend"), dict[str, str]()
    deadline = time.monotonic() + patience
    while True:
        pages = comprehend.get_paginator("list_document_classification_jobs").paginate()
        jobs = [job for page in pages for job in page["DocumentClassificationJobPropertiesList"]][::-1]
        for job in jobs:
            if seen.get(job["JobId"]) != job["JobStatus"]:
                seen[job["JobId"]] = job["JobStatus"]
                say(f"Job {job.get('JobName') or job['JobId']} is {job['JobStatus']}")
        active = [job["JobId"] for job in jobs if job["JobStatus"] in {"SUBMITTED", "IN_PROGRESS"}]
        if not active:
            return jobs
        if time.monotonic() > deadline:
            raise LocalAwsError(f"Jobs are still active after {patience:.0f} s: {', '.join(active)}")
        time.sleep(0.1)


def _show_outputs(outputs: dict[str, dict[str, str]], say: Callable[[str], None]) -> None:
    say("\nStack outputs")
    for stack, values in outputs.items():
        for name, value in values.items():
            say(f"  {stack}.{name} = {value}")


def show_runs(ended: list[dict[str, Any]], say: Callable[[str], None]) -> None:
    """Show what runs have done, and count those of a burst of uploads that had nothing to do."""
    told = [(run["name"], json.loads(run["output"])) for run in ended if "output" in run]
    idle = Counter(output["Status"] for _, output in told if "JobId" not in output)
    for status, count in idle.items():
        if count > 1:
            say(f"\n{count} runs\n  Status = {status}")
    for run, output in told:
        if "JobId" not in output and idle[output["Status"]] > 1:
            continue
        say(f"\nRun {run}")
        for name, value in output.items():
            text = ", ".join(f"{key} {count}" for key, count in value.items()) if name == "Classes" else value
            say(f"  {name} = {text}")


def show_predictions(
    s3: Any,  # noqa: ANN401 - a boto3 client
    job: dict[str, Any],
    labels: Labels | None,
    say: Callable[[str], None],
) -> None:
    """Show what a completed job found; of another, nothing."""
    if job["JobStatus"] != "COMPLETED":
        return
    uri = job["OutputDataConfig"]["S3Uri"]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    summary = summarize(read_predictions(body), labels=labels, first=_SHOWN)
    say(f"\n{render_for_terminal(summary, source=uri)}".rstrip())


def _show_proof(
    aws: LocalAws, assembly: Path, stacks: list[str], jobs: list[dict[str, Any]], say: Callable[[str], None]
) -> None:
    """Say what has been shown by all this."""
    pages = aws.client("cloudformation").get_paginator("list_stack_resources")
    types = [
        found["ResourceType"]
        for stack in stacks
        for page in pages.paginate(StackName=stack)
        for found in page["StackResourceSummaries"]
    ]
    completed = sum(job["JobStatus"] == "COMPLETED" for job in jobs)
    narrow = assemblies.uses_bootstrap_roles(assembly)
    user = "a user who may only assume the roles of the bootstrap" if narrow else "the root user, as the app wants it"
    shown = (
        f"Shown: CloudFormation made {len(types)} resources of {len(set(types))} types for {user}; every "
        "call was signed, allowed by IAM and sent over TLS; "
        f"{completed} of {len(jobs)} jobs completed, with the permissions of their data access role."
    )
    width = min(shutil.get_terminal_size().columns, 100)
    say("\n" + textwrap.fill(shown, width, subsequent_indent=" " * 7))
