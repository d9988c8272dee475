"""What a step works with: names, data, roles, jobs and stacks of its own, all marked as the run's."""

from __future__ import annotations

import contextlib
import json
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import aws_cdk as cdk
from botocore.exceptions import ClientError

from account.anchors import ROOT
from account.cloud import CloudError
from account.expectations import DifferenceError, NotMeasuredError
from constructs_lib.local.local_errors import LocalAwsError
from constructs_lib.predictions import read_predictions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from account.cloud import Cloud
    from constructs_lib.predictions import Prediction

T = TypeVar("T")

TAG = "cdk-comprehend-classification:account-run"
STEP_TAG = "cdk-comprehend-classification:account-step"
COMPREHEND = "comprehend.amazonaws.com"
TEXT = "Please pay the total due on invoice number 7 within thirty days of the date above."
TOO_MANY = ("TooManyRequestsException", "ThrottlingException", "ResourceLimitExceededException")
_SLOT_LIMIT = 1800
ACTIVE = ("SUBMITTED", "IN_PROGRESS", "STOP_REQUESTED")

# jsii is one process that answers one question after the other.
_synthesis = threading.Lock()


@dataclass
class Run:
    """One run in one account.

    Args:
        cloud: The account.
        name: The run's name, part of every name that is made.
        pace: How much of a time on AWS passes here: 1 on AWS, less on the local AWS.
        quota: How many jobs may be active.
        classifier: ARN of a trained classifier.
        local: Whether this is the local AWS.
        slowness: How much slower this machine is at the moment than an idle one: jobs of the local AWS take longer.
        scratch: A folder for what is synthesized.
        interrupt: Ends what runs on this machine, so that a run that is stopped goes on to its clean-up.
    """

    cloud: Cloud
    name: str
    pace: float = 1.0
    quota: int = 10
    classifier: str = ""
    local: bool = False
    slowness: float = 1.0
    interrupt: Callable[[], None] = lambda: None
    scratch: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    began: float = field(default_factory=time.time)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _made: set[str] = field(default_factory=set)
    _tags_of: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """What every name begins with."""
        return f"account-{self.name}"

    def pause(self, seconds: float) -> None:
        """Let seconds pass, unless the run is stopped.

        Raises:
            NotMeasuredError: It is.
        """
        if self._stopping.wait(seconds):
            raise NotMeasuredError("the run was stopped")

    def stop(self) -> None:
        """Let every step end at its next pause."""
        self._stopping.set()
        self.interrupt()

    @property
    def tags(self) -> list[dict[str, str]]:
        """The mark of everything that is made."""
        return [{"Key": TAG, "Value": self.name}]

    def jobs(self, step: str = "") -> list[dict[str, Any]]:
        """The jobs of the run, or of one of its steps, oldest first; told by their tags."""
        wanted = {TAG: self.name} | ({STEP_TAG: step} if step else {})
        comprehend, found = self.cloud.client("comprehend"), []
        pages = comprehend.get_paginator("list_document_classification_jobs").paginate(
            Filter={"SubmitTimeAfter": self.began - 60}
        )
        for job in (job for page in pages for job in page["DocumentClassificationJobPropertiesList"]):
            if job["JobArn"] not in self._tags_of:
                listed = comprehend.list_tags_for_resource(ResourceArn=job["JobArn"])["Tags"]
                self._tags_of[job["JobArn"]] = {tag["Key"]: tag["Value"] for tag in listed}
            if wanted.items() <= self._tags_of[job["JobArn"]].items():
                found.append(job)
        return sorted(found, key=lambda job: job["SubmitTime"])

    @property
    def partition(self) -> str:
        """The AWS partition."""
        return getattr(self.cloud, "partition", "aws")

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something in this account and Region."""
        return f"arn:{self.partition}:{service}:{self.cloud.region}:{self.cloud.account}:{resource}"

    def bucket(self) -> str:
        """The run's bucket for documents and results of steps, made on first use."""
        name = f"{self.prefix}-{self.cloud.account}"
        with self.making(name) as made:
            if not made:
                s3 = self.cloud.client("s3")
                elsewhere = self.cloud.region != "us-east-1"
                place: Any = (
                    {"CreateBucketConfiguration": {"LocationConstraint": self.cloud.region}} if elsewhere else {}
                )
                s3.create_bucket(Bucket=name, **place)
                s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": self.tags})
        return name

    @contextlib.contextmanager
    def making(self, name: str) -> Iterator[bool]:
        """Let one step make what several use, while the others wait; yields whether it is made already."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            yield name in self._made
            self._made.add(name)


class Bench:
    """The part of a run that belongs to one step."""

    def __init__(self, run: Run, step: str) -> None:
        self.run, self.cloud, self.step = run, run.cloud, step
        self.prefix = f"{run.prefix}-{step}"
        self._assemblies: dict[str, Path] = {}

    @property
    def tags(self) -> list[dict[str, str]]:
        """The mark of everything that this step makes."""
        return [*self.run.tags, {"Key": STEP_TAG, "Value": self.step}]

    def client(self, service: str) -> Any:  # noqa: ANN401 - a boto3 client
        """A boto3 client of the account."""
        return self.cloud.client(service)

    # --- Time -------------------------------------------------------------------------------------------------------

    def sleep(self, seconds: float) -> None:
        """Let a time pass that is given as on AWS."""
        self.run.pause(self.limit(seconds))

    def limit(self, seconds: float) -> float:
        """How long that time on AWS is here."""
        return seconds * self.run.pace

    def until(self, look: Callable[[], T], is_it: Callable[[T], bool], *, seconds: float, every: float = 5) -> T:
        """Look again and again.

        Args:
            look: What to look at.
            is_it: Whether it is what is waited for.
            seconds: How long to wait at most on AWS; on the local AWS twenty seconds at least.
            every: Seconds between two looks.

        Raises:
            DifferenceError: It did not come.
        """
        deadline = time.monotonic() + max(self.limit(seconds), 20 * self.run.slowness if self.run.local else 0)
        while not is_it(found := look()):
            if time.monotonic() > deadline:
                raise DifferenceError(f"still {found!r:.300} after {seconds:.0f} s")
            self.run.pause(max(self.limit(every), 0.03))
        return found

    # --- Data -------------------------------------------------------------------------------------------------------

    @property
    def folder(self) -> str:
        """The step's folder in the run's bucket, as a prefix of keys."""
        return f"{self.step}/"

    def uri(self, name: str = "") -> str:
        """The S3 URI of something in the step's folder."""
        return f"s3://{self.run.bucket()}/{self.folder}{name}"

    def write(self, name: str, text: str | bytes = TEXT) -> None:
        """Write an object into the step's folder."""
        body = text.encode() if isinstance(text, str) else text
        self.client("s3").put_object(Bucket=self.run.bucket(), Key=f"{self.folder}{name}", Body=body)

    def predictions(self, job: dict[str, Any]) -> list[Prediction]:
        """The predictions of a completed job.

        Raises:
            DifferenceError: They are not where the job says.
        """
        bucket, _, key = job["OutputDataConfig"]["S3Uri"].removeprefix("s3://").partition("/")
        try:
            return list(read_predictions(self.client("s3").get_object(Bucket=bucket, Key=key)["Body"]))
        except ClientError as error:
            raise DifferenceError(f"no output at {job['OutputDataConfig']['S3Uri']}: {error}") from error

    # --- Roles ------------------------------------------------------------------------------------------------------

    def data_access_role(self, *statements: dict[str, Any], service: str = COMPREHEND, name: str = "data") -> str:
        """Make a role for jobs and wait until it can be expected to be known everywhere; returns its ARN."""
        trust = allow("sts:AssumeRole", Principal={"Service": service})
        return self._role(name, trust, statements)

    def reads(self, *actions: str) -> dict[str, Any]:
        """Leave to read the step's documents."""
        bucket = f"arn:{self.run.partition}:s3:::{self.run.bucket()}"
        return allow(*(actions or ("s3:GetObject", "s3:ListBucket")), on=[bucket, f"{bucket}/*"])

    def writes(self) -> dict[str, Any]:
        """Leave to write the step's results."""
        return allow("s3:PutObject", on=f"arn:{self.run.partition}:s3:::{self.run.bucket()}/*")

    def caller(self, *statements: dict[str, Any], name: str = "caller") -> Any:  # noqa: ANN401 - a boto3 client
        """A Comprehend client of a role that may do only this."""
        trust = allow("sts:AssumeRole", Principal={"AWS": f"arn:{self.run.partition}:iam::{self.cloud.account}:root"})
        arn = self._role(name, trust, statements)
        keys = self.client("sts").assume_role(RoleArn=arn, RoleSessionName="account")["Credentials"]
        return self.cloud.client(
            "comprehend",
            {
                "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
                "AWS_SESSION_TOKEN": keys["SessionToken"],
            },
        )

    def key(self) -> str:
        """Make a KMS key; returns its ARN."""
        tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in self.tags]
        return str(self.client("kms").create_key(Tags=tags)["KeyMetadata"]["Arn"])

    def put_policy(self, role_arn: str, *statements: dict[str, Any]) -> None:
        """Replace what a role may do."""
        self.client("iam").put_role_policy(
            RoleName=role_arn.rpartition("/")[2], PolicyName="proof", PolicyDocument=policy(*statements)
        )

    def _role(self, name: str, trust: dict[str, Any], statements: tuple[dict[str, Any], ...]) -> str:
        iam, full = self.client("iam"), f"{self.prefix}-{name}"
        role = iam.create_role(RoleName=full, AssumeRolePolicyDocument=policy(trust), Tags=self.tags)["Role"]
        if statements:
            self.put_policy(role["Arn"], *statements)
        self.sleep(20)  # a maintainer of other tools puts propagation at 2 s without a promise; samples wait 10 to 15
        return str(role["Arn"])

    # --- Jobs -------------------------------------------------------------------------------------------------------

    def request(self, role: str, documents: str = "in/", **changes: object) -> dict[str, Any]:
        """A request that starts a job on the step's documents; None takes a parameter away."""
        request = {
            "DocumentClassifierArn": self.run.classifier,
            "InputDataConfig": {"S3Uri": self.uri(documents), "InputFormat": "ONE_DOC_PER_FILE"},
            "OutputDataConfig": {"S3Uri": self.uri("out/")},
            "DataAccessRoleArn": role,
            "Tags": self.tags,
            **changes,
        }
        return {name: value for name, value in request.items() if value is not None}

    def start(
        self,
        role: str,
        documents: str = "in/",
        *,
        caller: Any = None,  # noqa: ANN401 - a boto3 client
        patient: bool = True,
        **changes: object,
    ) -> str:
        """Start a job; returns its id. Who is patient waits for a slot while other steps have them all."""
        client = caller or self.client("comprehend")
        request = self.request(role, documents, **changes)
        deadline = time.monotonic() + max(self.limit(_SLOT_LIMIT), 20)
        while True:
            try:
                return str(client.start_document_classification_job(**request)["JobId"])
            except ClientError as error:
                refused = error.response["Error"]["Code"] not in TOO_MANY
                if refused or not patient or time.monotonic() > deadline:
                    raise
            self.run.pause(max(self.limit(20), 0.05))

    def describe(self, job_id: str) -> dict[str, Any]:
        """A job as the service describes it."""
        answer = self.client("comprehend").describe_document_classification_job(JobId=job_id)
        return dict(answer["DocumentClassificationJobProperties"])

    def finished(self, job_id: str, *, minutes: float = 40) -> dict[str, Any]:
        """A job when it has ended, however it ended."""
        return self.until(
            lambda: self.describe(job_id),
            lambda job: job["JobStatus"] not in ACTIVE,
            seconds=minutes * 60,
            every=10,
        )

    def completed(self, job_id: str) -> dict[str, Any]:
        """A job that has completed.

        Raises:
            DifferenceError: It failed.
        """
        job = self.finished(job_id)
        if job["JobStatus"] != "COMPLETED":
            raise DifferenceError(f"job {job_id} is {job['JobStatus']}: {job.get('Message', 'no message')}")
        return job

    def jobs(self) -> list[dict[str, Any]]:
        """The jobs of this step, oldest first."""
        return self.run.jobs(self.step)

    @contextlib.contextmanager
    def refusals(self, operation: str) -> Iterator[list[str]]:
        """The codes of all refusals of one of Comprehend's operations meanwhile, also of those that are tried again."""
        codes: list[str] = []

        def hear(parsed_response: dict[str, Any] | None = None, **_: object) -> None:
            if code := ((parsed_response or {}).get("Error") or {}).get("Code"):
                codes.append(str(code))

        comprehend, event = self.client("comprehend"), f"response-received.comprehend.{operation}"
        comprehend.meta.events.register(event, hear)
        try:
            yield codes
        finally:
            comprehend.meta.events.unregister(event, hear)

    # --- Stacks -----------------------------------------------------------------------------------------------------

    def stack(self, suffix: str = "stack") -> str:
        """The name of one of the step's stacks."""
        return f"{self.prefix}-{suffix}"

    def deploy(
        self, build: Callable[[cdk.Stack], object], suffix: str = "stack", kind: type[cdk.Stack] = cdk.Stack
    ) -> dict[str, str]:
        """Deploy one of the step's stacks, for the first time or again.

        Args:
            build: Defines what is in it.
            suffix: Which of the step's stacks.
            kind: The class of the stack.

        Returns:
            Its outputs.

        Raises:
            DifferenceError: The deployment failed.
        """
        self._assemblies[suffix] = self._synthesize(build, self.stack(suffix), kind)
        try:
            return self.cloud.deploy(self._assemblies[suffix]).get(self.stack(suffix), {})
        except (CloudError, LocalAwsError) as error:
            raise DifferenceError(f"the deployment failed: {reason_of(str(error))}") from error

    def shared(self, name: str, build: Callable[[cdk.Stack], object]) -> dict[str, str]:
        """Deploy a stack that several steps look at, once in a run; returns its outputs."""
        owner = Bench(self.run, "shared")
        with self.run.making(name) as made:
            if not made:
                owner.deploy(build, name)
        outputs = owner.describe_stack(name)["Outputs"]
        return {each["OutputKey"]: each["OutputValue"] for each in outputs}

    def destroy(self, suffix: str = "stack") -> None:
        """Destroy a stack and see it gone.

        Raises:
            DifferenceError: Something of it is left.
        """
        identifier = self.describe_stack(suffix)["StackId"]
        try:
            self.cloud.destroy(self._assemblies[suffix])
        except (CloudError, LocalAwsError) as error:
            raise DifferenceError(f"destroying failed: {reason_of(str(error))}") from error
        status = self.client("cloudformation").describe_stacks(StackName=identifier)["Stacks"][0]["StackStatus"]
        if status != "DELETE_COMPLETE":
            raise DifferenceError(f"the stack is {status}")

    def describe_stack(self, suffix: str = "stack") -> dict[str, Any]:
        """One of the step's stacks as CloudFormation describes it."""
        return dict(self.client("cloudformation").describe_stacks(StackName=self.stack(suffix))["Stacks"][0])

    def resources(self, kind: str, suffix: str = "stack") -> list[dict[str, Any]]:
        """The resources of one type in one of the step's stacks."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        summaries = (
            each for page in pages.paginate(StackName=self.stack(suffix)) for each in page["StackResourceSummaries"]
        )
        return [each for each in summaries if each["ResourceType"] == kind]

    def _synthesize(self, build: Callable[[cdk.Stack], object], name: str, kind: type[cdk.Stack]) -> Path:
        directory = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.run.scratch))
        with _synthesis:
            app = cdk.App(outdir=str(directory), context=_flags(), analytics_reporting=False)
            stack = kind(app, name)
            build(stack)
            for tag in self.tags:
                cdk.Tags.of(app).add(tag["Key"], tag["Value"])
            cdk.RemovalPolicies.of(app).destroy()
            app.synth()
        return directory


_WITHOUT = ("validateAgainstDefaultRules", "annotationsInValidationReport", "explicitStackTags")


def _flags() -> dict[str, Any]:
    """The flags of the project's own app; the CDK's rules have been tried by its tests and take seconds."""
    flags: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    # With explicit tags the stack itself would have none, and CloudFormation's own resources neither.
    without = {f"@aws-cdk/core:{name}" for name in _WITHOUT}
    return {name: value for name, value in flags.items() if name not in without}


def allow(*actions: str, on: object = None, **more: object) -> dict[str, Any]:
    """A statement of a policy; of a trust policy when a principal is given."""
    resource = {} if "Principal" in more else {"Resource": on or "*"}
    return {"Effect": "Allow", "Action": list(actions), **resource, **more}


def policy(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def reason_of(said: str) -> str:
    """The lines of the CLI's output that say why, or the last ones."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    failed = [line for line in lines if "FAILED" in line and ("Message" in line or ":" in line)]
    return " ".join(failed[:2] or lines[-3:])[:1500]
