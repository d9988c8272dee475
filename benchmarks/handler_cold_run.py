"""Cold run of the handler beside a bare boto3 script that makes the same calls.

Each measurement is a fresh process: imports, clients, the questions to the stack, ListObjectsV2,
StartDocumentClassificationJob, DescribeDocumentClassificationJob, and the answer over TLS, against a stub server on
loopback. The two scripts take turns, so that a busy machine slows both. As on Lambda, the SDK is compiled already and
the function's code is not.

    python benchmarks/handler_cold_run.py [--rounds 15] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from report import median_ratio, progress

SOURCE = Path(__file__).parents[1] / "lambda_src"
RATIO_TARGET = 1.10
STACK = "arn:aws:cloudformation:us-east-1:123456789012:stack/example/1"
JOB = "arn:aws:comprehend:us-east-1:123456789012:document-classification-job/" + "0" * 32
REQUEST = {
    "DocumentClassifierArn": "arn:aws:comprehend:us-east-1:123456789012:document-classifier/mail",
    "InputDataConfig": {"S3Uri": "s3://documents/in/", "InputFormat": "ONE_DOC_PER_LINE"},
    "OutputDataConfig": {"S3Uri": "s3://results/out"},
    "DataAccessRoleArn": "arn:aws:iam::123456789012:role/data",
}
LISTING = (
    '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>documents</Name>'
    "<KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>in/a.txt</Key><Size>9</Size></Contents>"
    "</ListBucketResult>"
)

BEGAN = datetime.now(UTC)
ANSWERS = {
    "DescribeStackResource": (
        "<StackResourceDetail><LogicalResourceId>Job</LogicalResourceId><ResourceStatus>CREATE_IN_PROGRESS"
        "</ResourceStatus><LastUpdatedTimestamp>{now}</LastUpdatedTimestamp></StackResourceDetail>"
    ),
    "DescribeStacks": (
        "<Stacks><member><StackName>example</StackName><CreationTime>{now}</CreationTime>"
        "<StackStatus>CREATE_IN_PROGRESS</StackStatus></member></Stacks>"
    ),
}

BARE = """
import json, urllib.request, boto3
request, url = {request!r}, {url!r}
def ask():
    stack.describe_stack_resource(StackName={stack!r}, LogicalResourceId="Job")
    stack.describe_stacks(StackName={stack!r})
stack = boto3.client("cloudformation")
ask()
found = boto3.client("s3").list_objects_v2(Bucket="documents", Prefix="in/")["KeyCount"]
ask()
comprehend = boto3.client("comprehend")
job = comprehend.start_document_classification_job(**request, ClientRequestToken="0" * 64)
about = comprehend.describe_document_classification_job(JobId=job["JobId"])["DocumentClassificationJobProperties"]
body = json.dumps({{"Status": "SUCCESS", "PhysicalResourceId": about["JobArn"], "Data": {{"JobArn": about["JobArn"]}}}})
put = urllib.request.Request(url, body.encode(), {{"Content-Type": ""}}, method="PUT")
urllib.request.urlopen(put).close()
"""

HANDLER = """
import sys
sys.path.insert(0, {source!r})
from classification_job.handler import handle
class Context:
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:jobs"
    def get_remaining_time_in_millis(self):
        return 900_000
handle({event!r}, Context())
"""


class Stub(BaseHTTPRequestHandler):
    """Answers as S3, Comprehend and CloudFormation's bucket do."""

    protocol_version = "HTTP/1.1"
    answers: list[dict[str, Any]]
    calls: list[str]

    def do_GET(self) -> None:
        """List the documents."""
        self.calls.append("ListObjectsV2")
        self._reply(LISTING.encode(), "application/xml")

    def do_POST(self) -> None:
        """Tell of the stack, start or describe the job."""
        body = self._body().decode()
        for operation, answer in ANSWERS.items():
            if f"Action={operation}&" in body:
                self.calls.append(operation)
                result = answer.format(now=BEGAN.strftime("%Y-%m-%dT%H:%M:%SZ"))
                text = f"<{operation}Response><{operation}Result>{result}</{operation}Result></{operation}Response>"
                self._reply(text.encode(), "text/xml")
                return
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        self.calls.append(operation)
        about = {"JobId": "0" * 32, "JobArn": JOB, "JobStatus": "COMPLETED", "SubmitTime": time.time()}
        if operation == "DescribeDocumentClassificationJob":
            about = {"DocumentClassificationJobProperties": about}
        self._reply(json.dumps(about).encode(), "application/x-amz-json-1.1")

    def do_PUT(self) -> None:
        """Take the answer."""
        self.calls.append("answer")
        self.answers.append(json.loads(self._body()))
        self._reply(b"", "text/plain")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _reply(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def certificate(folder: Path) -> Path:
    """A certificate for loopback and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "stub.pem"
    plain = serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


def measure(rounds: int) -> dict[str, Any]:
    """Run both scripts in turns; seconds of each."""
    servers = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pem = certificate(folder)
        calls: dict[str, list[str]] = {"http": [], "https": []}
        answers: list[dict[str, Any]] = []
        for scheme, seen in calls.items():
            kind = type("Bound", (Stub,), {"calls": seen, "answers": answers})
            server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
            if scheme == "https":
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(pem)
                server.socket = context.wrap_socket(server.socket, server_side=True)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            servers.append(server)
        aws, target = (
            f"{scheme}://127.0.0.1:{server.server_port}" for scheme, server in zip(calls, servers, strict=True)
        )
        shutil.copytree(SOURCE, folder / "code", ignore=shutil.ignore_patterns("__pycache__"))
        event = {
            "RequestType": "Create",
            "RequestId": "r1",
            "StackId": STACK,
            "ResponseURL": f"{target}/answer?X-Amz-Date={BEGAN:%Y%m%dT%H%M%SZ}",
            "ResourceType": "Custom::DocumentClassificationJob",
            "LogicalResourceId": "Job",
            "ResourceProperties": {
                "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:jobs",
                "Request": REQUEST,
                "WaitFor": "IN_PROGRESS",
                "Timeout": "900",
                "WhenEmpty": "FAIL",
            },
        }
        scripts = {
            "bare": BARE.format(request=REQUEST, stack=STACK, url=f"{target}/answer"),
            "handler": HANDLER.format(source=str(folder / "code"), event=event),
        }
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": name,
            "PYTHONDONTWRITEBYTECODE": "1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": aws,
            "AWS_LAMBDA_FUNCTION_NAME": "jobs",
            "RESPONSE_URL_HOSTS": target.removeprefix("https://"),
            "SSL_CERT_FILE": str(pem),
        }
        seconds: dict[str, list[float]] = {"bare": [], "handler": []}
        try:
            for number in range(rounds + 1):  # The first round warms the disk.
                progress(f"cold run: round {number} of {rounds}")
                for which, script in scripts.items():
                    seconds[which].append(_run(script, environment))
        finally:
            for server in servers:
                server.shutdown()
                server.server_close()
    stack = ["DescribeStackResource", "DescribeStacks"]
    wanted = [*stack, "ListObjectsV2", *stack, "StartDocumentClassificationJob", "DescribeDocumentClassificationJob"]
    if calls["http"] != wanted * (2 * rounds + 2) or {each["Status"] for each in answers} != {"SUCCESS"}:
        raise SystemExit("The two scripts did not make the same calls with success.")
    return {which: times[1:] for which, times in seconds.items()}


def _run(script: str, environment: dict[str, str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own interpreter and script
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    if done.returncode:
        raise SystemExit(f"A script failed:\n{done.stderr}")
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="measurements of each script (default: 15)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    seconds = measure(given.rounds)
    result: dict[str, Any] = {
        which: {"min": min(times), "median": statistics.median(times), "max": max(times)}
        for which, times in seconds.items()
    }
    result["ratio"] = median_ratio(seconds["handler"], seconds["bare"])
    result["ratio_target"] = RATIO_TARGET
    result["code_bytes"] = sum(path.stat().st_size for path in (SOURCE / "classification_job").rglob("*.py"))
    if given.json:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
        return
    for which in ("bare", "handler"):
        times = result[which]
        sys.stdout.write(
            f"{which:8} min {times['min']:.3f} s  median {times['median']:.3f} s  max {times['max']:.3f} s\n"
        )
    sys.stdout.write(f"median ratio of the pairs {result['ratio']:.2f} (at most {RATIO_TARGET})\n")
    sys.stdout.write(f"code {result['code_bytes']} bytes unpacked\n")


if __name__ == "__main__":
    main()
