"""Jobs of the local Comprehend, from request to predictions."""

import io
import json
import tarfile
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError
from local.bench import ACCOUNT, allow, policy, until


def predictions(bench, job):
    key = job["OutputDataConfig"]["S3Uri"].removeprefix(f"s3://{bench.bucket}/")
    body = bench.client("s3").get_object(Bucket=bench.bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        assert tar.getnames() == ["predictions.jsonl"]
        return [json.loads(line) for line in tar.extractfile("predictions.jsonl")]


def code_of(error):
    return error.value.response["Error"]["Code"]


def test_a_job_passes_through_its_states_and_writes_where_the_service_writes(bench, role):
    bench.aws.configure(job_seconds=1.5)
    started = bench.start(role, JobName="first run")
    assert started["JobStatus"] == "SUBMITTED"
    assert until(lambda: bench.describe(started["JobId"])["JobStatus"], "SUBMITTED".__ne__) == "IN_PROGRESS"
    job = bench.finished(started)
    assert job["JobStatus"] == "COMPLETED"
    assert (job["JobName"], job["JobArn"], job["DocumentClassifierArn"]) == (
        "first run",
        started["JobArn"],
        bench.classifier,
    )
    assert job["EndTime"] > job["SubmitTime"]
    expected = f"s3://{bench.bucket}/out/{ACCOUNT}-CLN-{job['JobId']}/output/output.tar.gz"
    assert job["OutputDataConfig"]["S3Uri"] == expected


def test_one_document_a_file_gives_one_prediction_a_file_and_empty_objects_give_none(bench, role):
    bench.write("in/more/b.txt", "I apply for position 4 and enclose my resume and certificates.")
    bench.write("in/folder/", "")
    bench.write("in-other/c.txt", "not below the prefix")
    found = predictions(bench, bench.run(role))
    assert [entry["File"] for entry in found] == ["a.txt", "b.txt"]
    assert [entry["Classes"][0]["Name"] for entry in found] == ["INVOICE", "APPLICATION"]
    assert all("Line" not in entry for entry in found)
    scores = [entry["Score"] for entry in found[0]["Classes"]]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1, abs=0.001)


def test_one_document_a_line_counts_lines_from_zero_and_skips_blank_ones(bench, role):
    bench.write("lines.txt", "parcel 9 arrived broken\r\n\r\nwe would like to order paper\n")
    config = {"S3Uri": f"s3://{bench.bucket}/lines.txt", "InputFormat": "ONE_DOC_PER_LINE"}
    found = predictions(bench, bench.run(role, InputDataConfig=config))
    assert [(entry["Line"], entry["Classes"][0]["Name"]) for entry in found] == [("0", "COMPLAINT"), ("2", "ORDER")]


def test_a_document_that_is_not_text_gets_an_error_of_its_own(bench, role):
    bench.client("s3").put_object(Bucket=bench.bucket, Key="in/z.pdf", Body=b"\xff\xfe%PDF")
    found = predictions(bench, bench.run(role))
    assert found[1] == {
        "File": "z.pdf",
        "ErrorCode": "UNSUPPORTED_ENCODING",
        "ErrorMessage": "The document is not UTF-8 text.",
    }


def test_a_job_without_documents_fails(bench, role):
    config = {"S3Uri": f"s3://{bench.bucket}/nothing/", "InputFormat": "ONE_DOC_PER_FILE"}
    job = bench.run(role, InputDataConfig=config)
    assert (job["JobStatus"], job["Message"][:12]) == ("FAILED", "NO_DOCUMENTS")


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("s3:GetObject", "NO_READ_ACCESS_TO_INPUT"),
        ("s3:ListBucket", "NO_READ_ACCESS_TO_INPUT"),
        ("s3:PutObject", "NO_WRITE_ACCESS_TO_OUTPUT"),
    ],
)
def test_a_role_that_lacks_a_permission_fails_the_job_with_the_message_of_the_service(bench, missing, message):
    bench.write("in/a.txt", "text")
    actions = {"s3:GetObject", "s3:ListBucket", "s3:PutObject"} - {missing}
    role = bench.role(allow(*actions, on=[f"arn:aws:s3:::{bench.bucket}", f"arn:aws:s3:::{bench.bucket}/*"]))
    job = bench.run(role)
    assert job["JobStatus"] == "FAILED"
    assert job["Message"].startswith(f"{message}: The provided data access role does not have")
    assert job["OutputDataConfig"]["S3Uri"].endswith("/output/output.tar.gz")


@pytest.mark.parametrize(
    ("taken", "message"),
    [
        ("s3:GetObject", "NO_READ_ACCESS_TO_INPUT"),
        ("s3:ListBucket", "NO_READ_ACCESS_TO_INPUT"),
        ("s3:PutObject", "NO_WRITE_ACCESS_TO_OUTPUT"),
    ],
)
def test_a_running_job_fails_when_its_role_loses_a_right(bench, role, taken, message):
    bench.aws.configure(job_seconds=1)
    started = bench.start(role)
    until(lambda: bench.describe(started["JobId"])["JobStatus"], "IN_PROGRESS".__eq__)
    left = [
        {**statement, "Action": [action for action in statement["Action"] if action != taken] or ["s3:GetObjectAcl"]}
        for statement in bench.access_to_bucket()
    ]
    bench.client("iam").put_role_policy(RoleName=role.rpartition("/")[2], PolicyName="p", PolicyDocument=policy(*left))
    job = bench.finished(started)
    assert (job["JobStatus"], job["Message"].partition(":")[0]) == ("FAILED", message)


def test_a_running_job_fails_when_the_stack_of_its_policy_lets_go_of_it(bench):
    """An update that removes the policy, as a deployment does that replaces a job's rights."""
    bench.aws.configure(job_seconds=1)
    bench.write("in/a.txt", "Please pay the total due.")
    role = bench.role()
    document = json.loads(policy(*bench.access_to_bucket()))
    rights = {
        "Type": "AWS::IAM::Policy",
        "Properties": {"PolicyName": "of-job", "PolicyDocument": document, "Roles": [role.rpartition("/")[2]]},
    }
    other = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    assert bench.create_stack({"Rights": rights, "Other": other}) == "CREATE_COMPLETE"
    started = bench.start(role)
    until(lambda: bench.describe(started["JobId"])["JobStatus"], "IN_PROGRESS".__eq__)
    assert bench.update_stack({"Other": other}) == "UPDATE_COMPLETE"
    assert bench.finished(started)["Message"].startswith("NO_READ_ACCESS_TO_INPUT")


def test_a_volume_key_needs_a_grant_by_the_data_access_role(bench, role):
    key = bench.client("kms").create_key()["KeyMetadata"]["Arn"]
    job = bench.run(role, VolumeKmsKeyId=key)
    assert job["JobStatus"] == "FAILED"
    assert "kms:CreateGrant" in job["Message"]
    granted = bench.role(*bench.access_to_bucket(), allow("kms:CreateGrant", on=key), suffix="granted")
    assert bench.run(granted, VolumeKmsKeyId=key)["JobStatus"] == "COMPLETED"


def test_an_output_key_needs_a_data_key_and_encrypts_the_output(bench, role):
    key = bench.client("kms").create_key()["KeyMetadata"]["Arn"]
    output = {"S3Uri": f"s3://{bench.bucket}/out/", "KmsKeyId": key}
    job = bench.run(role, OutputDataConfig=output)
    assert job["Message"].startswith("NO_WRITE_ACCESS_TO_OUTPUT")
    assert "kms:GenerateDataKey" in job["Message"]
    granted = bench.role(*bench.access_to_bucket(), allow("kms:GenerateDataKey", on=key), suffix="granted")
    job = bench.run(granted, OutputDataConfig=output)
    key_of_output = job["OutputDataConfig"]["S3Uri"].removeprefix(f"s3://{bench.bucket}/")
    assert bench.client("s3").head_object(Bucket=bench.bucket, Key=key_of_output)["SSEKMSKeyId"] == key


def test_the_same_token_gives_the_same_job_and_other_parameters_are_refused(bench, role):
    first, second = (bench.start(role, ClientRequestToken=f"{bench.name}-token") for _ in range(2))
    assert first["JobId"] == second["JobId"]
    with pytest.raises(ClientError) as error:
        bench.start(role, ClientRequestToken=f"{bench.name}-token", JobName="another")
    assert code_of(error) == "InvalidRequestException"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"JobName": "no!"}, "JobName"),
        ({"JobName": "x" * 257}, "less than or equal to 256"),
        ({"VpcConfig": {"SecurityGroupIds": ["sg-1"] * 6, "Subnets": ["subnet-1"]}}, "VpcConfig.SecurityGroupIds"),
        ({"InputDataConfig": {"S3Uri": "bucket/prefix"}}, "InputDataConfig.S3Uri"),
        ({"InputDataConfig": {"S3Uri": "s3://bucket", "InputFormat": "PER_PAGE"}}, "enum value set"),
        ({"DataAccessRoleArn": "role-without-arn-form"}, "DataAccessRoleArn"),
        ({"OutputDataConfig": {"S3Uri": "s3://bucket", "KmsKeyId": "schlüssel"}}, "OutputDataConfig.KmsKeyId"),
    ],
)
def test_a_request_that_breaks_the_model_of_the_api_is_refused(bench, changes, said):
    with pytest.raises(ClientError, match=said) as error:
        bench.start("arn:aws:iam::000000000000:role/any", **changes)
    assert code_of(error) == "ValidationException"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"DocumentClassifierArn": None}, "InvalidRequestException"),
        ({"FlywheelArn": "arn:aws:comprehend:us-east-1:000000000000:flywheel/f"}, "InvalidRequestException"),
        (
            {"DocumentClassifierArn": "arn:aws:comprehend:us-east-1:000000000000:document-classifier/unknown"},
            "ResourceNotFoundException",
        ),
        ({"VolumeKmsKeyId": "11111111-2222-3333-4444-555555555555"}, "KmsKeyValidationException"),
        ({"Tags": [{"Key": "aws:x", "Value": ""}]}, "InvalidRequestException"),
        ({"Tags": [{"Key": "a", "Value": ""}, {"Key": "a", "Value": ""}]}, "InvalidRequestException"),
        ({"Tags": [{"Key": str(n), "Value": ""} for n in range(51)]}, "TooManyTagsException"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(bench, role, changes, code):
    with pytest.raises(ClientError) as error:
        bench.start(role, **changes)
    assert code_of(error) == code


def test_an_unknown_job_is_not_found(bench):
    with pytest.raises(ClientError) as error:
        bench.describe("0" * 32)
    assert code_of(error) == "JobNotFoundException"


def active_jobs(aws):
    pages = aws.client("comprehend").get_paginator("list_document_classification_jobs").paginate()
    jobs = [job for page in pages for job in page["DocumentClassificationJobPropertiesList"]]
    return [job for job in jobs if job["JobStatus"] in {"SUBMITTED", "IN_PROGRESS"}]


def is_young(job):
    return datetime.now(UTC) - job["SubmitTime"] < timedelta(seconds=20)


def test_more_active_jobs_than_the_quota_are_too_many(bench, role):
    # The quota is the account's: jobs that other tests did not wait for count as well, and some of them last.
    until(lambda: active_jobs(bench.aws), lambda active: not any(map(is_young, active)), patience=60)
    assert bench.aws.configure(job_seconds=2)["active_jobs"] == 10
    bench.aws.configure(active_jobs=len(active_jobs(bench.aws)) + 2)
    jobs = [bench.start(role) for _ in range(2)]
    with pytest.raises(ClientError) as error:
        bench.start(role)
    assert code_of(error) == "TooManyRequestsException"
    for job in jobs:
        bench.finished(job)
    assert bench.start(role)["JobStatus"] == "SUBMITTED"


def test_a_second_start_within_a_second_is_throttled(bench, role):
    bench.aws.configure(starts_per_second=1)
    calls = bench.aws.calls()["StartDocumentClassificationJob"]
    bench.start(role)
    bench.start(role)  # botocore waits and tries again
    assert bench.aws.calls()["StartDocumentClassificationJob"] - calls > 2


def test_faults_come_as_often_as_told(bench, role):
    bench.aws.set_faults({"operation": "DescribeDocumentClassificationJob", "code": "Boom", "message": "m", "count": 1})
    job = bench.start(role)
    with pytest.raises(ClientError) as error:
        bench.describe(job["JobId"])
    assert code_of(error) == "Boom"
    assert bench.finished(job)["JobStatus"] == "COMPLETED"


def test_jobs_fail_on_demand_while_access_is_not_there_yet(bench, role):
    message = "NO_READ_ACCESS_TO_INPUT: The provided data access role does not have proper access to the input data."
    bench.aws.set_faults({"operation": "RunJob", "message": message, "count": None, "seconds": 0.5})
    assert bench.run(role)["Message"] == message
    until(lambda: bench.run(role)["JobStatus"], "COMPLETED".__eq__)


def test_an_unknown_setting_is_refused_by_name(bench):
    with pytest.raises(OSError, match="400"):
        bench.aws.configure(job_minutes=1)


def test_tags_come_and_go(bench, role):
    comprehend = bench.client("comprehend")
    arn = bench.start(role, Tags=[{"Key": "team", "Value": "post"}])["JobArn"]
    comprehend.tag_resource(ResourceArn=arn, Tags=[{"Key": "cost", "Value": "7"}])
    comprehend.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert comprehend.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "cost", "Value": "7"}]


def test_jobs_are_listed_newest_first_filtered_and_paged(bench, role):
    comprehend = bench.client("comprehend")
    started = [bench.start(role, JobName=bench.name)["JobId"] for _ in range(3)]

    def ids(**options):
        pages = comprehend.get_paginator("list_document_classification_jobs").paginate(**options)
        return [job["JobId"] for page in pages for job in page["DocumentClassificationJobPropertiesList"]]

    named = {"JobName": bench.name}
    assert ids(Filter=named) == started[::-1]
    assert ids(Filter=named, PaginationConfig={"PageSize": 2}) == started[::-1]
    newest = bench.describe(started[2])["SubmitTime"]
    assert started[2] not in ids(Filter={"SubmitTimeBefore": newest})
    assert set(started) <= set(ids())
    with pytest.raises(ClientError) as error:
        ids(Filter={**named, "JobStatus": "COMPLETED"})
    assert code_of(error) == "InvalidFilterException"
