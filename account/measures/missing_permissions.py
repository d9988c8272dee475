"""What a job whose role lacks something says, when, and what it needs until its end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from account.bench import COMPREHEND, allow
from account.expectations import DifferenceError, NotMeasuredError, expect
from account.measures.starts import plain_role

if TYPE_CHECKING:
    from account.bench import Bench

SETTLED = 30  # so long the handler looks at a job before it believes it

_NEEDED_IN_NETWORK = "ec2:CreateNetworkInterface"


def without_read(bench: Bench) -> str:
    """Run a job whose role may not read."""
    bench.write("in/a.txt")
    return fails(bench, bench.data_access_role(bench.writes()), "NO_READ_ACCESS")


def without_write(bench: Bench) -> str:
    """Run a job whose role may not write."""
    bench.write("in/a.txt")
    return fails(bench, bench.data_access_role(bench.reads()), "NO_WRITE_ACCESS")


def without_trust(bench: Bench) -> str:
    """Run a job whose role trusts another service."""
    bench.write("in/a.txt")
    role = bench.data_access_role(bench.reads(), bench.writes(), service="glue.amazonaws.com")
    return fails(bench, role, "assume|NO_READ_ACCESS")


def without_volume_key(bench: Bench) -> str:
    """Run a job whose role may not let the service use the volume key."""
    bench.write("in/a.txt")
    key = bench.key()
    return fails(bench, bench.data_access_role(bench.reads(), bench.writes()), r"\bkms\b", VolumeKmsKeyId=key)


def fails(bench: Bench, role: str, words: str, **changes: Any) -> str:  # noqa: ANN401 - any parameter
    """See a job fail for want of a right."""
    try:
        job = bench.finished(bench.start(role, **changes))
    except ClientError as error:
        raise DifferenceError(f"the start itself was refused: {error}") from error
    expect(job["JobStatus"] == "FAILED", f"the job is {job['JobStatus']}: it does not need this right")
    message, seconds = job.get("Message", ""), (job["EndTime"] - job["SubmitTime"]).total_seconds()
    expect(re.search(words, message, re.IGNORECASE), f"the message does not say {words}: {message}")
    expect(seconds < SETTLED, f"the job failed only after {seconds:.0f} s: {message}")
    return f"FAILED after {seconds:.0f} s: {message}"


def without_pass_role(bench: Bench) -> str:
    """Start a job as somebody who may not pass the role."""
    role = plain_role(bench)
    caller = bench.caller(allow("comprehend:StartDocumentClassificationJob", "comprehend:TagResource"))
    try:
        bench.start(role, caller=caller)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        expect(code == "AccessDeniedException", f"refused with {code}: {error}")
        return f"refused with {code}"
    raise DifferenceError("a job was started without iam:PassRole")


def caller_without_more(bench: Bench) -> str:
    """Start a job as somebody who may start and pass, and has no right on data."""
    role = plain_role(bench)
    job = bench.completed(bench.start(role, caller=_starter(bench, role)))
    return f"{len(bench.predictions(job))} predictions; the caller needs no right on buckets"


def rights_removed(bench: Bench) -> str:
    """Take the right to write away while the job runs."""
    role = plain_role(bench)
    job = bench.start(role)
    _until_running(bench, job)
    bench.put_policy(role, bench.reads())
    found = bench.finished(job)
    expect(found["JobStatus"] == "FAILED", f"the job is {found['JobStatus']}: it does not need its rights to the end")
    return f"FAILED: {found.get('Message')}"


def rights_replaced(bench: Bench) -> str:
    """Give the same rights by another policy and remove the first while the job runs."""
    role = plain_role(bench)
    job, iam, name = bench.start(role), bench.client("iam"), role.rpartition("/")[2]
    _until_running(bench, job)
    document = iam.get_role_policy(RoleName=name, PolicyName="proof")["PolicyDocument"]
    iam.put_role_policy(RoleName=name, PolicyName="successor", PolicyDocument=_text(document))
    iam.delete_role_policy(RoleName=name, PolicyName="proof")
    found = bench.completed(job)
    return f"COMPLETED with {len(bench.predictions(found))} predictions"


def textract_by_role(bench: Bench) -> str:
    """Read a PDF with Textract when only the data access role may use it."""
    return _textract(bench, role_may=True, caller_may=False)


def textract_by_caller(bench: Bench) -> str:
    """Read a PDF with Textract when only the caller may use it."""
    return _textract(bench, role_may=False, caller_may=True)


def _textract(bench: Bench, *, role_may: bool, caller_may: bool) -> str:
    if bench.run.local:
        raise NotMeasuredError("there is no Textract on the local AWS")
    bench.write("in/page.pdf", one_page("Please pay the total due on invoice number 7."))
    leave = allow("textract:DetectDocumentText", "textract:AnalyzeDocument")
    role = bench.data_access_role(bench.reads(), bench.writes(), *([leave] if role_may else []))
    caller = _starter(bench, role, *([leave] if caller_may else []))
    reading = {"DocumentReadAction": "TEXTRACT_DETECT_DOCUMENT_TEXT", "DocumentReadMode": "FORCE_DOCUMENT_READ_ACTION"}
    config = {"S3Uri": bench.uri("in/"), "InputFormat": "ONE_DOC_PER_FILE", "DocumentReaderConfig": reading}
    try:
        job = bench.completed(bench.start(role, caller=caller, InputDataConfig=config))
    except ClientError as error:
        raise DifferenceError(f"the start was refused: {error}") from error
    errors = [problem.code for prediction in bench.predictions(job) for problem in prediction.errors]
    expect(not errors, f"the page was not read: {', '.join(errors)}")
    return "the page was read"


def _starter(bench: Bench, role: str, *more: dict[str, Any]) -> Any:  # noqa: ANN401 - a boto3 client
    start = allow("comprehend:StartDocumentClassificationJob", "comprehend:TagResource")
    passing = allow("iam:PassRole", on=role, Condition={"StringEquals": {"iam:PassedToService": COMPREHEND}})
    return bench.caller(start, passing, *more)


def _until_running(bench: Bench, job: str) -> None:
    """Wait until the job has proven its access: the service has checked it, and works."""
    bench.until(lambda: bench.describe(job)["JobStatus"], lambda status: status != "SUBMITTED", seconds=900)
    bench.sleep(SETTLED)


def _text(document: Any) -> str:  # noqa: ANN401 - botocore parses it, some doubles do not
    from account.bench import policy  # noqa: PLC0415

    return document if isinstance(document, str) else policy(*document["Statement"])


def one_page(text: str) -> bytes:
    """A PDF of one page with one line, so small that it can be written by hand."""
    stream = f"BT /F1 14 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
            b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % count + table + trailer
