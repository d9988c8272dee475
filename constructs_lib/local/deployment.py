"""One deployment from an empty local AWS to predictions on the terminal."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from constructs_lib.local import assembly as assemblies
from constructs_lib.local import data, toolchain
from constructs_lib.local.errors import LocalAwsError
from constructs_lib.predictions import Labels, read_predictions, render_for_terminal, summarize

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from constructs_lib.local.aws import LocalAws

_JOB_PATIENCE = 600.0
_SHOWN = 100  # documents; when the command ends, their predictions are gone


@dataclass(frozen=True)
class Plan:
    """What to deploy and with which data.

    Args:
        app: Folder with a cdk.json.
        context: Context values for the app.
        train: Labelled CSV; its classifier's ARN goes to the app as context `classifier_arn`.
        documents: File or folder; its S3 URI goes to the app as context `documents`.
        labels: The right classes of the documents.
    """

    app: Path
    context: dict[str, str] = field(default_factory=dict)
    train: Path | None = None
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


class Progress:
    """Says what is being done, with the seconds since the beginning."""

    def __init__(self, *, verbose: bool) -> None:
        self._begun = time.monotonic()
        self._verbose = verbose

    def step(self, text: str) -> None:
        """Say what begins now."""
        _say(f"[{time.monotonic() - self._begun:5.1f} s] {text}")

    def detail(self, line: str) -> None:
        """Say what a tool says, when asked to."""
        if self._verbose:
            _say(f"          {line}")


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
    with ThreadPoolExecutor(1) as background:
        prepared = background.submit(prepare, aws, plan, progress)
        try:
            progress.step("Synthesizing the app")
            assembly = aws.synthesize(plan.app, plan.full_context(aws))
            prepared.result()
        except BaseException:
            aws.stop()  # also ends what the background waits for
            raise
    found = assemblies.problems(assembly, account=aws.account, region=aws.region, supported=aws.resource_types())
    if found:
        raise LocalAwsError("This app cannot be deployed locally:\n" + "\n".join(f"- {problem}" for problem in found))
    progress.step("Deploying with the CDK CLI, with IAM enforcement and TLS on")
    outputs = aws.deploy(assembly)
    jobs = follow_jobs(aws, progress.step)
    progress.step("Done")
    _show_outputs(outputs)
    for job in jobs:
        _show_predictions(aws, job, plan.labels)
    if not jobs:
        _say(
            "\nNo job was started: there was nothing to classify. --documents PATH uploads some and passes their URI "
            "to the app as context `documents`."
        )
    failed = [job for job in jobs if job["JobStatus"] != "COMPLETED"]
    if failed:
        lines = [f"Job {job['JobArn']} is {job['JobStatus']}: {job.get('Message', '')}" for job in failed]
        raise LocalAwsError("\n".join(lines))


def start(aws: LocalAws, progress: Progress) -> None:
    """Start the local AWS, with its tools."""
    if not toolchain.installed():
        progress.step("Installing the CDK CLI (only the first time)")
        toolchain.node_modules()
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
        data.train_classifier(aws, plan.train)


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


def _show_outputs(outputs: dict[str, dict[str, str]]) -> None:
    _say("\nStack outputs")
    for stack, values in outputs.items():
        for name, value in values.items():
            _say(f"  {stack}.{name} = {value}")


def _show_predictions(aws: LocalAws, job: dict[str, Any], labels: Labels | None) -> None:
    if job["JobStatus"] != "COMPLETED":
        return
    uri = job["OutputDataConfig"]["S3Uri"]
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
    summary = summarize(read_predictions(body), labels=labels, first=_SHOWN)
    _say(f"\n{render_for_terminal(summary, source=uri)}".rstrip())


def _say(text: str) -> None:
    """Write whole lines: steps are announced from two threads."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
