"""The AWS calls: thin, and every failure a `Fault`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from .errors import Fault
from .events import parse_job_arn

if TYPE_CHECKING:
    from .runtime import Runtime

UNFINISHED = ("SUBMITTED", "IN_PROGRESS", "STOP_REQUESTED")


@dataclass(frozen=True)
class Job:
    """A job as the service describes it; `submitted` in Unix seconds, 0 when unknown."""

    arn: str
    status: str
    message: str = ""
    submitted: float = 0.0
    name: str = ""
    classifier: str = ""
    output: str = ""
    vpc: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())

    @property
    def id(self) -> str:
        """The id that the service gave it."""
        return self.arn.rpartition("/")[2]


class Service:
    """AWS as this handler uses it."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def call(self, client: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """Call an operation by its botocore name.

        Raises:
            Fault: It failed.
        """
        try:
            answer: dict[str, Any] = getattr(self._runtime.client(client), operation)(**arguments)
        except ClientError as error:
            about = error.response.get("Error", {})
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
            raise Fault(about.get("Code", "Unknown"), about.get("Message", ""), status) from error
        except ParamValidationError as error:
            raise Fault("ParamValidationError", str(error)) from error
        except BotoCoreError as error:
            raise Fault(type(error).__name__, str(error), 0) from error
        return answer

    def start(self, request: dict[str, Any], token: str) -> str:
        """Start a job, or find the one that this token started. Returns its ARN."""
        answer = self.call("comprehend", "start_document_classification_job", **request, ClientRequestToken=token)
        return str(answer["JobArn"])

    def describe(self, job_arn: str) -> Job | None:
        """The job; None when the service has no record of it."""
        try:
            about = self.call("comprehend", "describe_document_classification_job", JobId=job_arn.rpartition("/")[2])[
                "DocumentClassificationJobProperties"
            ]
        except Fault as fault:
            if fault.code in ("JobNotFoundException", "ResourceNotFoundException"):
                return None
            raise
        vpc = about.get("VpcConfig", {})
        submitted = about.get("SubmitTime")
        return Job(
            arn=about.get("JobArn", job_arn),
            status=about["JobStatus"],
            message=about.get("Message", ""),
            submitted=submitted.timestamp() if submitted else 0.0,
            name=about.get("JobName", ""),
            classifier=about.get("DocumentClassifierArn", ""),
            output=about.get("OutputDataConfig", {}).get("S3Uri", ""),
            vpc=(frozenset(vpc.get("Subnets", ())), frozenset(vpc.get("SecurityGroupIds", ()))),
        )

    def tag(self, job_arn: str, old: dict[str, str], new: dict[str, str]) -> bool:
        """Change the tags that differ; leave those of others. Returns False when the job's record is gone."""
        gone = sorted(old.keys() - new.keys())
        changed = [{"Key": key, "Value": value} for key, value in sorted(new.items()) if old.get(key) != value]
        try:
            if gone:  # First, so that fifty tags never become more.
                self.call("comprehend", "untag_resource", ResourceArn=job_arn, TagKeys=gone)
            if changed:
                self.call("comprehend", "tag_resource", ResourceArn=job_arn, Tags=changed)
        except Fault as fault:
            if fault.code in ("ResourceNotFoundException", "JobNotFoundException"):
                return False
            raise
        return True

    def has_documents(self, s3_uri: str) -> bool:
        """Whether an object with content begins with this URI; stops at the first."""
        bucket, _, prefix = s3_uri.removeprefix("s3://").partition("/")
        more: dict[str, str] = {}
        while True:
            page = self.call("s3", "list_objects_v2", Bucket=bucket, Prefix=prefix, **more)
            if any(item["Size"] > 0 for item in page.get("Contents", ())):
                return True
            if not page.get("IsTruncated"):
                return False
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def stack_status(self, stack_id: str) -> str:
        """The status of a stack."""
        return str(self.call("cloudformation", "describe_stacks", StackName=stack_id)["Stacks"][0]["StackStatus"])


def derived_output(job_arn: str, prefix: str) -> str:
    """Where the service puts the results of a job (as its guide's examples show): known without its record."""
    account, job_id = parse_job_arn(job_arn) or ("", "")
    return f"{prefix.rstrip('/')}/{account}-CLN-{job_id}/output/output.tar.gz"
