"""Create and Update: the decisions. Times are in seconds."""

import hashlib
import json
from contextlib import suppress
from typing import Any

from . import errors, history
from .errors import JobError
from .events import IDS, JOB_ARN
from .run import UNFINISHED, Answer, Run

SETTLED = 30  # Access faults come 12 to 14 s after the start.
PROVEN = {"SUBMITTED": 90, "IN_PROGRESS": SETTLED}  # Age at which a job is believed.
RESTARTS = 6


def create(run: Run) -> Answer:
    """Start a job and watch it to its milestone."""
    if not run.job_arn and not _has_documents(run):
        return _answer(run, run.not_started, {})
    while True:
        if not run.job_arn:
            _start(run)
        job = _watch(run)
        if job["JobStatus"] in (*UNFINISHED, "COMPLETED"):
            return _answer(run, run.job_arn, job)
        _next_attempt(run, job)


def update(run: Run) -> Answer:
    """Start a job when what is asked for changed; else keep the job and bring its tags up to date."""
    arn, job = run.physical_id, {}
    (old, old_tags), (new, tags) = _split(run.event.get("OldResourceProperties")), _split(run.job)
    if old != new:
        stack = run.call("cloudformation", "describe_stacks", StackName=run.event["StackId"])["Stacks"][0]
        if "ROLLBACK" not in stack["StackStatus"]:
            return create(run)
        arn, old_tags = history.earlier_id(run), tags
    if JOB_ARN.fullmatch(arn):
        with suppress(JobError):  # This need not fail an update.
            job = run.describe(arn, 30)
        removed = sorted(old_tags.keys() - tags.keys())
        changed = [{"Key": key, "Value": value} for key, value in tags.items() - old_tags.items()]
        if removed:  # First: together they may be more than fifty.
            run.call("comprehend", "untag_resource", ResourceArn=arn, TagKeys=removed)
        if changed:
            run.call("comprehend", "tag_resource", ResourceArn=arn, Tags=changed)
    return _answer(run, arn, job)


def _split(properties: Any) -> tuple[object, dict[str, str]]:
    """What makes a job another job, and its tags; nothing if they are broken."""
    try:
        request = dict(properties["Request"])
        tags = {tag["Key"]: tag.get("Value", "") for tag in request.pop("Tags", ())}
    except (KeyError, TypeError, ValueError):
        return None, {}
    return (request, properties.get("RunId", "")), tags


def _has_documents(run: Run) -> bool:
    uri, skip = run.request["InputDataConfig"]["S3Uri"], run.job["WhenEmpty"] == "SKIP"
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    place = {"Bucket": bucket, "Prefix": prefix}
    try:
        while True:  # The function's own role may be seconds old.
            page = run.call("s3", "list_objects_v2", 20 if skip else 0, **place)
            if any(each["Size"] for each in page.get("Contents", ())):
                return True
            if not page["IsTruncated"]:
                break
            place["ContinuationToken"] = page["NextContinuationToken"]
    except JobError as error:
        if "NoSuchBucket" in str(error):
            raise JobError(f"{error} Correct {uri}.") from error
        return True  # The service will judge.
    if skip:
        return False
    raise JobError(f"No document with content begins with {uri}. Upload some, or set WhenEmpty to SKIP.")


def _start(run: Run) -> None:
    """Start this attempt's job, or find it: all deliveries of an event walk one chain of tokens."""
    # Later, another delivery may have answered.
    if run.now() >= (run.signed + run.timeout if run.attempt else run.deadline):
        raise JobError(f"No job was started within {run.timeout} s. Raise the timeout.")
    parts = [*map(run.event.get, IDS), run.request, run.job.get("RunId", ""), run.attempt]
    token = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
    started = run.call("comprehend", "start_document_classification_job", **run.request, ClientRequestToken=token)
    run.job_arn = started["JobArn"]


def _watch(run: Run) -> Any:
    """Follow the job to its milestone or its end."""
    wanted, wait, status = run.job["WaitFor"], 0.5, "unknown to the service"
    while True:
        job, late = run.describe(run.job_arn), run.now() >= run.deadline
        if job:
            if job["JobStatus"] != status:
                status = job["JobStatus"]
                run.log("status", status=status, detail=job.get("Message"))
            if status not in UNFINISHED or wanted == "SUBMITTED" or (late and status == wanted):
                return job
            if wanted == "IN_PROGRESS" and run.now() - job["SubmitTime"].timestamp() >= PROVEN.get(status, 1e9):
                return job
        if late:
            after = f"{run.job_arn} is {status} after {run.timeout} s, not {wanted}"
            raise JobError(f"{after}; it runs on: no call can stop it. Raise the timeout, or wait for less.")
        run.pause(wait * (0.8 + 0.4 * run.chance()))
        wait = min(wait * 1.6, 20)


def _next_attempt(run: Run, job: Any) -> None:
    """Go on to the next token after a job that failed, or say why not; all deliveries decide alike."""
    message, submitted = job.get("Message", "no reason given"), job["SubmitTime"].timestamp()
    hint, ended = errors.access_hint(message, run.request), job.get("EndTime", job["SubmitTime"]).timestamp()
    earlier = submitted < run.signed - 5  # A deployment that failed used this request id before.
    too_new = (
        # So early a failure that nobody can have answered with success.
        run.job["WaitFor"] != "SUBMITTED"
        and ended - submitted < SETTLED
        and submitted - run.signed < errors.NOT_YET.within
        and hint
        and run.restarts < RESTARTS
        and ended + errors.NOT_YET.wait(run.restarts + 1, 1) + SETTLED < run.signed + run.timeout
    )
    if not (earlier or too_new):
        hint = hint or "Correct the cause and deploy with another run_id."
        raise JobError(f"{run.job_arn} is {job['JobStatus']}: {message} {hint}")
    run.log("starting again", earlier=earlier)
    run.attempt, run.job_arn = run.attempt + 1, ""
    if not earlier:
        run.restarts += 1
        run.pause(errors.NOT_YET.wait(run.restarts, run.chance()))


def _answer(run: Run, physical_id: str, job: Any) -> Answer:
    """Success with the resource's attributes: texts, never empty."""
    data = dict.fromkeys(("JobArn", "JobId", "DocumentClassifierArn", "OutputS3Uri"), "NOT_STARTED")
    data |= {"JobName": "UNNAMED", "JobStatus": "SKIPPED_EMPTY_INPUT"}
    if found := JOB_ARN.fullmatch(physical_id):
        output = job.get("OutputDataConfig", {}).get("S3Uri", "")
        if not output.endswith("/output.tar.gz"):  # Without its record: where the guide's examples have it.
            output = run.request["OutputDataConfig"]["S3Uri"].rstrip("/")
            output += f"/{found[1]}-CLN-{found[2]}/output/output.tar.gz"
        data |= {"JobArn": physical_id, "JobId": found[2], "JobStatus": "UNKNOWN", "OutputS3Uri": output}
    known = run.request | job
    return physical_id, data | {name: known[name] for name in data.keys() & known.keys()}, ""
