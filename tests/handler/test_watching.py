"""Create: the job is started and followed to its milestone."""

import pytest
from handler.world import ACCOUNT, EPOCH, MODEL, NO_READ, Crash, error, properties, request, timeout


def test_a_job_that_works_is_reported_with_every_attribute(world):
    answer = world.create(properties(request(JobName="mails")))
    job = world.comprehend.all[0]
    job_id = job.arn.rpartition("/")[2]
    assert answer["Status"] == "SUCCESS"
    assert answer["PhysicalResourceId"] == job.arn
    assert answer["Data"] == {
        "JobArn": job.arn,
        "JobId": job_id,
        "JobName": "mails",
        "JobStatus": "IN_PROGRESS",
        "DocumentClassifierArn": MODEL,
        "OutputS3Uri": f"s3://results/out/{ACCOUNT}-CLN-{job_id}/output/output.tar.gz",
    }


def test_the_request_reaches_the_service_unchanged(world):
    given = request(
        VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        VolumeKmsKeyId="1234abcd-12ab-34cd-56ef-1234567890ab",
        Tags=[{"Key": "team", "Value": ""}],
    )
    given["InputDataConfig"]["DocumentReaderConfig"] = {
        "DocumentReadAction": "TEXTRACT_ANALYZE_DOCUMENT",
        "FeatureTypes": ["TABLES"],
    }
    world.create(properties(given))
    assert world.comprehend.all[0].request == given


def test_attributes_that_are_unknown_are_documented_words_and_never_empty(world):
    given = request(FlywheelArn=f"arn:aws:comprehend:us-east-1:{ACCOUNT}:flywheel/mail")
    del given["DocumentClassifierArn"]
    data = world.create(properties(given))["Data"]
    assert (data["JobName"], data["DocumentClassifierArn"]) == ("UNNAMED", "NOT_STARTED")


def test_the_service_knows_best_where_the_output_is(world):
    world.comprehend.output = "s3://results/elsewhere/output.tar.gz"
    assert world.create()["Data"]["OutputS3Uri"] == "s3://results/elsewhere/output.tar.gz"


def test_where_the_service_names_only_the_prefix_the_output_is_below_it(world):
    world.comprehend.output = "{prefix}/"
    data = world.create(properties(request(OutputDataConfig={"S3Uri": "s3://results/out/"})))["Data"]
    assert data["OutputS3Uri"] == f"s3://results/out/{ACCOUNT}-CLN-{data['JobId']}/output/output.tar.gz"


def test_submitted_needs_no_more_than_the_start(world):
    answer = world.create(properties(WaitFor="SUBMITTED"))
    assert answer["Data"]["JobStatus"] == "SUBMITTED"
    assert world.now - world.comprehend.all[0].submitted < 1


def test_completed_waits_to_the_end(world):
    answer = world.create(properties(WaitFor="COMPLETED"))
    assert answer["Data"]["JobStatus"] == "COMPLETED"


def test_a_job_in_progress_is_believed_only_when_access_faults_would_have_shown(world):
    world.comprehend.queue = 1
    world.create()
    assert 30 <= world.now - world.comprehend.all[0].submitted < 50


def test_a_job_that_ends_in_seconds_is_answered_in_seconds(world):
    world.comprehend.queue, world.comprehend.work = 0.5, 1.5
    answer = world.create()
    assert answer["Data"]["JobStatus"] == "COMPLETED"
    assert world.now - world.comprehend.all[0].submitted < 4


def test_a_job_that_still_waits_in_the_queue_after_90_seconds_is_accepted(world):
    world.comprehend.queue = 100_000
    answer = world.create()
    assert answer["Data"]["JobStatus"] == "SUBMITTED"
    assert 90 <= world.now - world.comprehend.all[0].submitted < 115


def test_a_job_that_fails_reports_the_message_of_the_service_and_a_hint(world):
    world.comprehend.fails = "INPUT_TOO_LARGE: The input is too large."
    answer = world.create()
    assert answer["Status"] == "FAILED"
    assert "INPUT_TOO_LARGE: The input is too large." in answer["Reason"]
    assert "run_id" in answer["Reason"]
    assert answer["PhysicalResourceId"] == world.comprehend.all[0].arn
    assert len(world.comprehend.all) == 1


@pytest.mark.parametrize(
    ("message", "named"),
    [
        (NO_READ, ["s3:GetObject", "s3://documents/in/", "role/data"]),
        (
            "NO_WRITE_ACCESS_TO_OUTPUT: no write access",
            ["s3:PutObject", "s3://results/out", "kms:GenerateDataKey", "key-1"],
        ),
        ("Comprehend cannot assume the role", ["comprehend.amazonaws.com", "role/data"]),
        ("TEXTRACT_ACCESS_DENIED: no text", ["textract:DetectDocumentText", "DocumentReader", "role/data"]),
        ("The KMS key is not usable", ["kms:CreateGrant", "volume-key"]),
    ],
)
def test_an_access_fault_that_stays_names_statement_and_place(world, message, named):
    world.comprehend.fails = message
    given = request(VolumeKmsKeyId="volume-key", OutputDataConfig={"S3Uri": "s3://results/out", "KmsKeyId": "key-1"})
    answer = world.create(properties(given))
    assert answer["Status"] == "FAILED"
    assert all(name in answer["Reason"] for name in (message, *named)), answer["Reason"]


def test_an_access_fault_that_new_permissions_explain_starts_the_job_again(world):
    world.comprehend.access_from = world.now + 40
    answer = world.create()
    assert answer["Status"] == "SUCCESS"
    assert len(world.comprehend.running()) == 1
    assert 2 <= len(world.comprehend.all) <= 4


def test_restarts_are_bounded_in_number_and_time(world):
    world.comprehend.access_from = float("inf")
    answer = world.create()
    assert "NO_READ_ACCESS_TO_INPUT" in answer["Reason"]
    assert len(world.comprehend.all) <= 7
    assert world.now - world.comprehend.all[0].submitted < 400


def test_an_access_fault_long_after_the_event_is_no_matter_of_new_permissions(world):
    world.faults["start_document_classification_job"] = [error("TooManyRequestsException")] * 6
    world.comprehend.fails = NO_READ
    answer = world.create(properties(Timeout="3600"))
    assert answer["Status"] == "FAILED"
    assert len(world.comprehend.all) == 1


def test_a_job_that_is_not_done_in_time_says_what_it_is_and_that_it_runs_on(world):
    answer = world.create(properties(WaitFor="COMPLETED", Timeout="120"))
    assert answer["Status"] == "FAILED"
    assert "IN_PROGRESS after 120 s, not COMPLETED" in answer["Reason"]
    assert "runs on" in answer["Reason"]


def test_a_job_in_progress_at_a_short_deadline_is_success(world):
    world.comprehend.queue = 2
    answer = world.create(properties(Timeout="10"))
    assert answer["Data"]["JobStatus"] == "IN_PROGRESS"


def test_a_job_that_describe_does_not_know_yet_is_waited_for(world):
    world.comprehend.hidden = 15
    assert world.create()["Status"] == "SUCCESS"


@pytest.mark.parametrize("vanishes", [False, True])
def test_a_job_without_a_record_is_an_error_after_a_minute_or_so(world, vanishes):
    world.comprehend.hidden, world.comprehend.vanish = (0, True) if vanishes else (1e9, False)
    answer = world.create()
    assert "no record" in answer["Reason"]
    assert "ListDocumentClassificationJobs" in answer["Reason"]
    assert "run_id" in answer["Reason"]
    assert answer["PhysicalResourceId"] == world.comprehend.all[0].arn
    assert 60 < world.now - world.comprehend.all[0].submitted < 100


def test_a_describe_that_is_throttled_and_fails_is_tried_again(world):
    world.faults["describe_document_classification_job"] = [
        error("ThrottlingException"),
        error("InternalServerException", status=500),
        timeout(),
    ]
    assert world.create()["Status"] == "SUCCESS"
    assert len(world.comprehend.all) == 1


def test_only_the_code_of_an_error_says_that_a_record_is_missing(world):
    denied = error("AccessDeniedException", "User: assumed-role/PageNotFound/jobs is not authorized")
    world.faults["describe_document_classification_job"] = [denied] * 100
    assert "AccessDeniedException" in world.create()["Reason"]


def test_a_stop_that_is_under_way_is_no_success(world):
    job = world.comprehend
    job.queue = 1e9
    world.invoke(world.event("Create", properties()))
    world.pass_time(5)
    job.all[0].stopped = world.now
    world.pass_time(80)
    assert world.answers == {}
    world.pass_time(200)
    (answer,) = next(iter(world.answers.values()))
    assert "is STOPPED: no reason given" in answer["Reason"]


def test_a_job_without_documents_is_looked_for_once(world):
    world.comprehend.access_from = world.now + 40
    world.create()
    assert world.s3.pages == 1


def test_an_access_fault_at_the_deadline_is_reported_as_what_it_is(world):
    world.comprehend.access_from = float("inf")
    answer = world.create(properties(Timeout="13"))
    assert "NO_READ_ACCESS_TO_INPUT" in answer["Reason"]
    assert answer["PhysicalResourceId"] == world.comprehend.all[0].arn


@pytest.mark.parametrize("seconds", [15, 20, 30, 45, 60, 100])
def test_a_timeout_that_is_too_short_for_another_start_ends_with_the_words_of_the_service(world, seconds):
    world.comprehend.access_from = float("inf")
    answer = world.create(properties(Timeout=str(seconds)))
    assert "NO_READ_ACCESS_TO_INPUT" in answer["Reason"]
    assert answer["PhysicalResourceId"] == world.comprehend.all[-1].arn


@pytest.mark.parametrize("left", [1, 5, 12, 25])
def test_a_job_that_runs_at_the_deadline_is_proven_beyond_it(world, left):
    world.comprehend.queue = 0.5
    world.faults["start_document_classification_job"] = [error("TooManyRequestsException")] * 99
    world.scheduler.spawn(900 - left, world.faults.clear)
    world.chance = 0.5
    answer = world.create()
    if answer["Status"] == "SUCCESS":
        assert world.now - world.comprehend.all[0].submitted >= 30
    else:
        assert world.comprehend.all == []


@pytest.mark.parametrize("timeout", [1, 5, 12, 13, 20, 40, 900])
@pytest.mark.parametrize("queue", [0.5, 5, 13])
@pytest.mark.parametrize("milestone", ["IN_PROGRESS", "COMPLETED"])
def test_no_deployment_is_green_with_a_job_that_fails_for_want_of_access(world, timeout, queue, milestone):
    world.comprehend.queue, world.comprehend.access_from = queue, float("inf")
    start = world.comprehend.start_document_classification_job

    def start_that_looks_good(**given):
        answer = start(**given)
        job = world.comprehend.all[-1]
        job.fails, job.queue, job.lost = "", queue, world.now + 13

        def fail():
            job.fails, job.queue = NO_READ, 13

        world.scheduler.spawn(13, fail)
        return answer

    world.comprehend.start_document_classification_job = start_that_looks_good
    answer = world.create(properties(Timeout=str(timeout), WaitFor=milestone))
    assert answer["Status"] == "FAILED"
    if milestone == "IN_PROGRESS":
        assert "NO_READ_ACCESS_TO_INPUT" in answer["Reason"]


def test_a_job_that_cannot_be_proven_in_time_fails_the_deployment(world):
    world.comprehend.queue = 0.5
    answer = world.create(properties(Timeout="20", ServiceTimeout="30"))
    assert answer["Status"] == "FAILED"
    assert "not yet proven to have access" in answer["Reason"]
    assert "runs on" in answer["Reason"]


def test_a_job_whose_end_is_waited_for_is_not_given_time_to_prove_itself(world):
    world.comprehend.queue = 1
    before = world.now
    assert "not COMPLETED" in world.create(properties(Timeout="20", WaitFor="COMPLETED"))["Reason"]
    assert world.now - before < 28


def test_a_job_that_waits_in_the_queue_at_the_deadline_is_not_called_in_progress(world):
    world.comprehend.queue = 1e6
    answer = world.create(properties(Timeout="60", ServiceTimeout="100"))
    assert "is SUBMITTED after 60 s, not IN_PROGRESS" in answer["Reason"]


@pytest.mark.parametrize("missing", ["SubmitTime", "EndTime", "JobStatus", "Message"])
@pytest.mark.parametrize("fails", ["", NO_READ])
def test_a_description_without_a_field_ends_as_what_it_is(world, missing, fails):
    about = world.comprehend._about
    world.comprehend._about = lambda job: {name: value for name, value in about(job).items() if name != missing}
    world.comprehend.fails = fails
    answer = world.create()
    assert "Error" not in answer.get("Reason", "")
    if missing == "JobStatus":
        assert "no record" in answer["Reason"]
    else:
        assert answer["Status"] == ("FAILED" if fails else "SUCCESS")
        assert not fails or NO_READ in answer["Reason"] or missing == "Message"
    assert len(world.comprehend.all) <= 7


def test_a_job_without_a_submit_time_is_followed_for_as_long_as_any_other(world):
    about = world.comprehend._about
    world.comprehend._about = lambda job: about(job) | {"SubmitTime": None}
    world.comprehend.queue = 1
    assert world.create()["Status"] == "SUCCESS"
    assert 30 <= world.now - world.comprehend.all[0].submitted < 55


@pytest.mark.parametrize("function", [-10, 0, 10])
@pytest.mark.parametrize("service", [-10, 10])
@pytest.mark.parametrize("dates", [True, False])
def test_a_job_is_settled_on_one_clock(world, function, service, dates):
    world.function_clock, world.comprehend.clock, world.comprehend.queue = lambda: function, service, 1
    world.dates = dates
    assert world.create()["Status"] == "SUCCESS"
    assert 30 <= world.now - world.comprehend.all[0].submitted < 55


def test_a_record_that_comes_and_goes_is_not_given_up(world):
    find = world.comprehend.describe_document_classification_job

    def flickering(**given):
        world.comprehend.hidden = 1e9 if int(world.now - EPOCH) % 80 < 45 else 0
        return find(**given)

    world.comprehend.describe_document_classification_job = flickering
    assert world.create(properties(WaitFor="COMPLETED"))["Data"]["JobStatus"] == "COMPLETED"


@pytest.mark.parametrize(("queue", "proven"), [(5, 35), (31, 61), (70, 90), (300, 90)])
def test_a_job_is_believed_when_it_has_worked_for_half_a_minute_or_is_old_enough(world, queue, proven):
    world.comprehend.queue = queue
    before = world.now
    assert world.create()["Status"] == "SUCCESS"
    assert proven <= world.now - before < proven + 25


def test_a_description_that_is_refused_does_not_hide_the_running_job(world):
    world.faults["describe_document_classification_job"] = [None] + [error("ValidationException")] * 9
    answer = world.create()
    (job,) = world.comprehend.all
    assert f"{job.arn} may run on" in answer["Reason"]


def test_a_run_that_comes_at_the_last_moment_and_finds_no_record_answers(world):
    world.life, world.comprehend.vanish = 60, True
    world.faults["describe_document_classification_job"] = [None, None, None, Crash()]
    answer = world.create(properties(Timeout="12", ServiceTimeout="132"))
    (job,) = world.comprehend.all
    assert f"{job.arn} was started, but the service has had no record of it" in answer["Reason"]
    assert world.violations == []
