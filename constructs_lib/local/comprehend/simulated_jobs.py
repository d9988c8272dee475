"""Document classification jobs: started, run in the background, described and listed."""

from __future__ import annotations

import contextvars
import secrets
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from constructs_lib.local.comprehend import access, models, s3_documents
from constructs_lib.local.comprehend.service_errors import ServiceError, invalid
from constructs_lib.local.comprehend.state import STATE
from constructs_lib.local.hooks import ec2 as network_interfaces
from constructs_lib.local.hooks import iam, kms, registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3
    from mypy_boto3_s3 import S3Client

_VPC_ACTIONS = (
    "CreateNetworkInterface",
    "CreateNetworkInterfacePermission",
    "DeleteNetworkInterface",
    "DeleteNetworkInterfacePermission",
    "DescribeNetworkInterfaces",
    "DescribeVpcs",
    "DescribeDhcpOptions",
    "DescribeSubnets",
    "DescribeSecurityGroups",
)


@dataclass
class Job:
    """A job and how far it is."""

    id: str
    arn: str
    output_uri: str
    request: dict[str, Any]
    classifier: models.Classifier
    status: str = "SUBMITTED"
    message: str = ""
    submitted: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether the job still counts against the quota of active jobs."""
        return self.status in {"SUBMITTED", "IN_PROGRESS"}

    def describe(self) -> dict[str, Any]:
        """The job's properties, as Describe and List answer."""
        hidden = {"ClientRequestToken", "Tags"}
        optional = {"Message": self.message, "EndTime": self.ended}
        return {
            **{name: value for name, value in self.request.items() if name not in hidden},
            "JobId": self.id,
            "JobArn": self.arn,
            "JobStatus": self.status,
            "SubmitTime": self.submitted,
            "DocumentClassifierArn": self.classifier.arn,
            "OutputDataConfig": {**self.request["OutputDataConfig"], "S3Uri": self.output_uri},
            **{name: value for name, value in optional.items() if value},
        }


def start(request: dict[str, Any], access_key: str) -> dict[str, Any]:
    """StartDocumentClassificationJob."""
    identifier = secrets.token_hex(16)
    arn = f"arn:aws:comprehend:{registry.region()}:{registry.account_id()}:document-classification-job/{identifier}"
    # The model's ARN was judged before; a policy that names only the model is the outdated form and not enough.
    access.require(access_key, "comprehend:StartDocumentClassificationJob", arn)
    if request.get("Tags"):
        access.require(access_key, "comprehend:TagResource", arn)
    access.require(access_key, "iam:PassRole", request["DataAccessRoleArn"], access.PASSED_TO_COMPREHEND)

    token = request.get("ClientRequestToken", identifier)
    known_request, known_job = STATE.tokens.get(token, (request, ""))
    if known_request != request:
        raise invalid("The client request token was used with other parameters.")
    if not known_job:
        _register(request, identifier, arn)
        STATE.tokens[token] = (request, identifier)
    job = STATE.jobs[known_job or identifier]
    return {
        "JobId": job.id,
        "JobArn": job.arn,
        "JobStatus": job.status,
        "DocumentClassifierArn": job.classifier.arn,
    }


def _register(request: dict[str, Any], identifier: str, arn: str) -> None:
    classifier, tags = models.model_of(request), access.tag_map(request)
    access.check_key(request.get("VolumeKmsKeyId"))
    access.check_key(request["OutputDataConfig"].get("KmsKeyId"))
    _check_quotas()
    folder = request["OutputDataConfig"]["S3Uri"].rstrip("/")
    output = f"{folder}/{registry.account_id()}-CLN-{identifier}/output/output.tar.gz"
    job = STATE.jobs[identifier] = Job(identifier, arn, output, request, classifier)
    STATE.tags[arn] = tags
    STATE.started.append(time.monotonic())
    # A thread does not inherit whose request this is; the copied context does.
    threading.Thread(target=contextvars.copy_context().run, args=(_run, job), daemon=True).start()


def _check_quotas() -> None:
    settings, now = STATE.settings, time.monotonic()
    STATE.started = [moment for moment in STATE.started if now - moment < 1]
    if settings.starts_per_second and len(STATE.started) >= settings.starts_per_second:
        raise ServiceError("ThrottlingException", "Rate exceeded")
    if settings.active_jobs and sum(job.active for job in STATE.jobs.values()) >= settings.active_jobs:
        raise ServiceError("TooManyRequestsException", f"More than {settings.active_jobs} active jobs.")


class JobError(Exception):
    """The job fails with this message."""


def _run(job: Job) -> None:
    duration, begun = STATE.settings.job_seconds, time.monotonic()
    try:
        session, s3 = _check_access(job)
        with _network(job, session):
            _sleep_until(begun + duration / 4)
            job.status = "IN_PROGRESS"
            _sleep_until(begun + duration)
            # Last of all: a role that loses a right while its job runs fails it, as on AWS.
            archive = s3_documents.archive(_predictions(job, s3))
            s3_documents.write(s3, job.output_uri, archive, job.request["OutputDataConfig"].get("KmsKeyId"))
    except JobError as error:
        job.message = str(error)
    except ClientError as error:  # access was there when the job began
        job.message = access.no_write_access(error)
    except Exception as error:  # noqa: BLE001 - a thread of its own: nobody else would ever hear of it
        job.message = f"INTERNAL_ERROR: {error!r}"
    job.ended = datetime.now(UTC)
    job.status = "FAILED" if job.message else "COMPLETED"


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _check_access(job: Job) -> tuple[boto3.Session, S3Client]:
    """Do what the service does before it works: assume the role, read, write, ask for the volume key."""
    if fault := STATE.fault("RunJob"):
        raise JobError(fault.message)
    request, output = job.request, job.request["OutputDataConfig"]
    try:
        session = access.assume_data_access_role(request["DataAccessRoleArn"], job.arn)
        s3 = s3_documents.client(session)
        first = next(s3_documents.read_objects(s3, request["InputDataConfig"]["S3Uri"]), None)
    except (ClientError, iam.AssumeRoleDeniedError) as error:
        raise JobError(access.no_read_access(error)) from error
    if first is None:
        raise JobError(f"NO_DOCUMENTS: No documents were found under {request['InputDataConfig']['S3Uri']}.")
    try:
        check_file = f"{output['S3Uri'].rstrip('/')}/.write_access_check_file.temp"
        s3_documents.write(s3, check_file, b"", output.get("KmsKeyId"))
    except ClientError as error:
        raise JobError(access.no_write_access(error)) from error
    if key := request.get("VolumeKmsKeyId"):
        _require(session, "kms:CreateGrant", str(kms.key_arn(key)))
    return session, s3


def _require(session: boto3.Session, action: str, resource: str) -> None:
    if response := iam.denial(iam.access_key_of_session(session), action, resource):
        raise JobError(f"The provided data access role lacks {action}: {response[2].decode()}")


@contextmanager
def _network(job: Job, session: boto3.Session) -> Iterator[None]:
    """Work with a network interface in the job's VPC, if it has one."""
    network = job.request.get("VpcConfig")
    if network is None:
        yield
        return
    for action in _VPC_ACTIONS:
        _require(session, f"ec2:{action}", "*")
    ec2 = session.client("ec2")
    try:
        ec2.describe_subnets(SubnetIds=network["Subnets"])
        ec2.describe_security_groups(GroupIds=network["SecurityGroupIds"])
        interface = network_interfaces.enter_network(session, network["Subnets"][0], network["SecurityGroupIds"])
    except ClientError as error:
        raise JobError(f"The job cannot work in the given VPC: {error}") from error
    try:
        yield
    finally:
        # A role that may not do so any longer leaves its interface behind.
        with suppress(ClientError):
            network_interfaces.leave_network(
                session, interface, keep=STATE.settings.keep_network_interfaces, attached=STATE.settings.stay_attached
            )


def _predictions(job: Job, s3: S3Client) -> list[dict[str, Any]]:
    config, model = job.request["InputDataConfig"], job.classifier.model
    try:
        found = [
            document
            for key, content in s3_documents.read_objects(s3, config["S3Uri"])
            for document in s3_documents.documents(key, content, config.get("InputFormat", "ONE_DOC_PER_FILE"))
        ]
    except ClientError as error:
        raise JobError(access.no_read_access(error)) from error
    readable = [document.text for document in found if document.text is not None]
    results = iter(model.classify(readable) if model else [])
    return [document.prediction(document.error if document.text is None else next(results)) for document in found]


def describe(request: dict[str, Any], _access_key: str) -> dict[str, Any]:
    """DescribeDocumentClassificationJob."""
    job = STATE.jobs.get(request["JobId"])
    if job is None:
        raise ServiceError("JobNotFoundException", f"The specified job was not found: {request['JobId']}")
    return {"DocumentClassificationJobProperties": job.describe()}


def list_jobs(request: dict[str, Any], _access_key: str) -> dict[str, Any]:
    """ListDocumentClassificationJobs: newest first, one filter at a time."""
    wanted = request.get("Filter", {})
    if len(wanted) > 1:
        raise ServiceError("InvalidFilterException", "Only one filter at a time.")
    matches = {
        "JobName": lambda job, value: job.request.get("JobName") == value,
        "JobStatus": lambda job, value: job.status == value,
        "SubmitTimeBefore": lambda job, value: job.submitted.timestamp() < value,
        "SubmitTimeAfter": lambda job, value: job.submitted.timestamp() > value,
    }
    found = [
        job.describe()
        for job in sorted(STATE.jobs.values(), key=lambda job: job.submitted, reverse=True)
        if all(matches[name](job, value) for name, value in wanted.items())
    ]
    begin, size = int(request.get("NextToken", 0)), request.get("MaxResults", 100)
    more = {"NextToken": str(begin + size)} if begin + size < len(found) else {}
    return {"DocumentClassificationJobPropertiesList": found[begin : begin + size], **more}
