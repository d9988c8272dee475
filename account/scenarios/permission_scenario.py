"""The data access role without each of its permissions, one at a time: which are needed, and what their lack says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from account.expectations import expect
from benchmarks.job_with_everything import add_job_with_everything, request_of
from benchmarks.taking_away import mutations

if TYPE_CHECKING:
    import aws_cdk as cdk

    from account.bench import Bench

_PROPAGATION = 20  # seconds
_SETTLED = 40  # seconds after which a job has proven its access

# What these jobs can do without, by statement and what was taken from it.
SPARE = {
    ("EncryptResults", "kms:Decrypt"): "only a multipart upload decrypts, and these results are small",
    ("ListDocuments", "s3:prefix in"): "covers the other way to ask for the prefix, without its slash",
    ("ExtractText", "textract:DetectDocumentText"): "only PDF files and images are read with Textract",
}


def of_the_data_access_role(bench: Bench) -> str:
    """Start a job after each thing that is taken away; each must make it fail, but for what it can do without."""
    request, role = _job_with_everything(bench)
    iam, name = bench.client("iam"), role.rpartition("/")[2]
    without = _problem(bench, request)
    expect(not without, f"with all permissions the job fails: {without}")
    needed, spare = 0, []
    for inline in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=name, PolicyName=inline)["PolicyDocument"]
        for mutation in mutations(document):
            _put(bench, name, inline, mutation.policy)
            if _problem(bench, request):
                needed += 1
            elif (mutation.sid, mutation.taken) not in SPARE:
                spare.append(f"{mutation.sid} {mutation.taken}")
        _put(bench, name, inline, document)
    expect(needed, "nothing that was taken away made a difference")
    expect(not spare, f"the job works without {'; '.join(spare)}")
    return f"{needed} of {needed + len(SPARE)} things are needed; not: {', '.join(' '.join(each) for each in SPARE)}"


def _put(bench: Bench, role: str, name: str, document: dict[str, Any]) -> None:
    bench.client("iam").put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))
    bench.sleep(_PROPAGATION)


def _problem(bench: Bench, request: dict[str, Any]) -> str:
    """Why a job fails, or nothing once it has proven its access."""
    try:
        job = bench.start(request["DataAccessRoleArn"], **request)
    except ClientError as error:
        return str(error)
    found = bench.describe(job)
    waited = 0
    while found["JobStatus"] == "SUBMITTED" or (found["JobStatus"] == "IN_PROGRESS" and waited < _SETTLED):
        bench.sleep(5)
        waited += 5 if found["JobStatus"] == "IN_PROGRESS" and not bench.run.local else 0
        found = bench.describe(job)
    return str(found.get("Message") or "failed") if found["JobStatus"] == "FAILED" else ""


def _job_with_everything(bench: Bench) -> tuple[dict[str, Any], str]:
    """Deploy a job that uses every option that permissions depend on; its request, and its role's ARN."""

    def build(run_id: str, stack: cdk.Stack) -> None:
        add_job_with_everything(stack, bench.run.classifier, run_id=run_id)

    bucket = bench.deploy(lambda stack: build("1", stack))["DocumentsName"]
    bench.client("s3").put_object(Bucket=bucket, Key="in/mail.txt", Body=b"Please pay the total due on invoice 7.")
    bench.deploy(lambda stack: build("2", stack))
    (job,) = bench.jobs()
    return request_of(job, bench.cloud.account), job["DataAccessRoleArn"]
