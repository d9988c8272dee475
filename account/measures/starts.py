"""What a start does, and what Comprehend remembers of it."""

from __future__ import annotations

import contextlib
import secrets
import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from account.bench import TOO_MANY
from account.expectations import DifferenceError, NotMeasuredError, expect

if TYPE_CHECKING:
    from collections.abc import Generator

    from account.bench import Bench

HOUR = 3600
KNOWN_WITHIN = 60  # after that the handler says that the service has no record
DEFAULT_TIMEOUT = 900
INVALID = ("InvalidRequestException", "ValidationException")


def plain_role(bench: Bench) -> str:
    """A role that may do what a plain job needs, and one document."""
    bench.write("in/a.txt")
    return bench.data_access_role(bench.reads(), bench.writes())


def token_memory(bench: Bench) -> Generator[None, None, str]:
    """Start with the same token at the beginning and at the end of the run."""
    role, token = plain_role(bench), secrets.token_hex(32)
    first, begun = bench.start(role, ClientRequestToken=token), time.monotonic()
    expect(bench.start(role, ClientRequestToken=token) == first, "the same token at once started another job")
    yield
    again, minutes = bench.start(role, ClientRequestToken=token), (time.monotonic() - begun) / 60
    expect(again == first, f"after {minutes:.0f} minutes the same token started another job")
    return f"after {minutes:.0f} minutes the same token still means the same job"


def token_with_other_parameters(bench: Bench) -> str:
    """Start with a token that was used for another request."""
    role, token = plain_role(bench), secrets.token_hex(32)
    first = bench.start(role, ClientRequestToken=token)
    try:
        second = bench.start(role, ClientRequestToken=token, JobName="another")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        expect(code in INVALID, f"refused with {code}: {error}")
        return f"refused with {code}"
    raise DifferenceError("answered with the first job" if second == first else "started a second job")


def describe_at_once(bench: Bench) -> str:
    """Describe a job the moment its start has answered."""
    role = plain_role(bench)
    job, begun = bench.start(role), time.monotonic()
    looks = 0
    while True:
        looks += 1
        try:
            bench.describe(job)
        except ClientError as error:
            waited = time.monotonic() - begun
            expect(waited < bench.limit(KNOWN_WITHIN), f"still unknown after {waited:.0f} s: {error}")
            bench.sleep(1)
        else:
            return f"known at look {looks}, {time.monotonic() - begun:.1f} s after the start"


def job_of_one_line(bench: Bench) -> str:
    """Run a job on one line of text."""
    bench.write("in/a.txt")
    role = bench.data_access_role(bench.reads(), bench.writes())
    job = bench.completed(
        bench.start(role, InputDataConfig={"S3Uri": bench.uri("in/"), "InputFormat": "ONE_DOC_PER_LINE"})
    )
    seconds = (job["EndTime"] - job["SubmitTime"]).total_seconds()
    expect(seconds <= DEFAULT_TIMEOUT, f"a job of one line took {seconds:.0f} s")
    return f"a job of one line took {seconds:.0f} s"


def job_names(bench: Bench) -> str:
    """Start two jobs of one name."""
    role = plain_role(bench)
    try:
        first, second = (bench.start(role, JobName=bench.prefix) for _ in range(2))
    except ClientError as error:
        raise DifferenceError(f"a name cannot be used twice: {error}") from error
    expect(first != second, "the second start of a name answered with the first job")
    return "two jobs have the same name"


def active_jobs(bench: Bench) -> str:
    """Start one job more than may be active."""
    role, quota = plain_role(bench), bench.run.quota
    with bench.refusals("StartDocumentClassificationJob") as refused:
        for number in range(quota + 1):
            try:
                bench.start(role, patient=False)
            except ClientError as error:
                code = error.response["Error"]["Code"]
                expect(code in TOO_MANY, f"start {number + 1} was refused with {error}")
                expect(number == quota, f"start {number + 1} was refused with {code}; other jobs may be active")
                return f"start {number + 1} was refused with {error}"
            bench.sleep(1.2)
    raise DifferenceError(f"{quota + 1} jobs are active; refused in between: {', '.join(refused) or 'nothing'}")


def starts_in_a_second(bench: Bench) -> str:
    """Start two jobs without a pause."""
    role = plain_role(bench)
    with bench.refusals("StartDocumentClassificationJob") as refused, contextlib.suppress(ClientError):
        for _ in range(2):
            bench.start(role, patient=False)
    expect(refused, "two starts in a row were not slowed down")
    unknown = sorted(set(refused) - set(TOO_MANY))
    expect(not unknown, f"refused with {', '.join(unknown)}")
    return f"slowed down with {', '.join(sorted(set(refused)))}"


def without_model(bench: Bench) -> str:
    """Start a job without classifier and flywheel."""
    return _refused(bench, DocumentClassifierArn=None)


def with_two_models(bench: Bench) -> str:
    """Start a job with classifier and flywheel."""
    return _refused(bench, FlywheelArn=bench.run.arn("comprehend", "flywheel/no-such-flywheel"))


def _refused(bench: Bench, **changes: Any) -> str:  # noqa: ANN401 - any parameter
    role = plain_role(bench)
    try:
        bench.start(role, **changes)
    except ClientError as error:
        expect(error.response["Error"]["Code"] in INVALID, f"refused with {error}")
        return f"refused with {error}"
    raise DifferenceError("a job was started")


def oldest_record(bench: Bench) -> str:
    """Look how old the oldest job is of which the account has a record."""
    pages = bench.client("comprehend").get_paginator("list_document_classification_jobs").paginate()
    times = [job["SubmitTime"] for page in pages for job in page["DocumentClassificationJobPropertiesList"]]
    days = (time.time() - min(times).timestamp()) / 86400 if times else 0
    if days < 30:  # noqa: PLR2004 - what the assumption says
        raise NotMeasuredError(f"the oldest record of this account is {days:.0f} days old")
    return f"a job is still recorded after {days:.0f} days"
