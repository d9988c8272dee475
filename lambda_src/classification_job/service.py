"""The AWS calls: thin, every failure a `Fault`."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from .errors import Fault
from .runtime import Runtime

UNFINISHED = ("SUBMITTED", "IN_PROGRESS", "STOP_REQUESTED")
_GONE = ("JobNotFoundException", "ResourceNotFoundException")


class Service:
    """AWS as this handler uses it."""

    def __init__(self, outside: Runtime) -> None:
        self._outside = outside

    def call(self, client: str, operation: str, **arguments: object) -> dict[str, Any]:
        """Call an operation by its botocore name."""
        try:
            answer: dict[str, Any] = getattr(self._outside.client(client), operation)(**arguments)
        except ClientError as error:
            about, status = error.response["Error"], error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            raise Fault(about.get("Code", ""), about.get("Message", ""), status or 400) from error
        except ParamValidationError as error:
            raise Fault("InvalidRequestException", str(error)) from error
        except BotoCoreError as error:
            raise Fault(type(error).__name__, str(error), 0) from error
        return answer

    def start(self, request: dict[str, Any], token: str) -> str:
        """Start a job, or find the one that this token started; its ARN."""
        answer = self.call("comprehend", "start_document_classification_job", **request, ClientRequestToken=token)
        return str(answer["JobArn"])

    def describe(self, job_arn: str) -> dict[str, Any]:
        """The job as the service describes it; empty when it has no record of it."""
        job_id = job_arn.rpartition("/")[2]
        try:
            answer = self.call("comprehend", "describe_document_classification_job", JobId=job_id)
        except Fault as fault:
            if fault.code in _GONE:
                return {}
            raise
        return {"JobArn": job_arn, **answer["DocumentClassificationJobProperties"]}

    def tag(self, job_arn: str, old: dict[str, str], new: dict[str, str]) -> bool:
        """Change the tags that differ and leave those of others; False when the job's record is gone."""
        removed = sorted(old.keys() - new.keys())
        changed = [{"Key": key, "Value": value} for key, value in new.items() if old.get(key) != value]
        try:
            if removed:  # First: together they may be more than fifty.
                self.call("comprehend", "untag_resource", ResourceArn=job_arn, TagKeys=removed)
            if changed:
                self.call("comprehend", "tag_resource", ResourceArn=job_arn, Tags=changed)
        except Fault as fault:
            if fault.code in _GONE:
                return False
            raise
        return True

    def has_documents(self, s3_uri: str) -> bool:
        """Whether an object with content begins with this URI."""
        bucket, _, prefix = s3_uri.removeprefix("s3://").partition("/")
        more: dict[str, str] = {}
        while True:
            page = self.call("s3", "list_objects_v2", Bucket=bucket, Prefix=prefix, **more)
            if any(found["Size"] for found in page.get("Contents", ())):
                return True
            if "NextContinuationToken" not in page:
                return False
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def stack_status(self, stack_id: str) -> str:
        """The status of a stack."""
        return str(self.call("cloudformation", "describe_stacks", StackName=stack_id)["Stacks"][0]["StackStatus"])
