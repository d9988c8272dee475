"""Whole histories of runs, played in virtual time: every way through the state machine."""

import gzip
import json
from dataclasses import replace

import pytest
from workflow.player import Machine, TaskError
from workflow.world import PARTS, SETTINGS, World

from constructs_lib.workflow import definition as written
from constructs_lib.workflow.definition import definition

LONGEST_CAUSE = 32_768  # of an execution


@pytest.fixture
def world():
    return World()


def test_what_waits_in_the_inbox_becomes_one_job_and_rows_of_the_table(world):
    world.upload("a.txt")
    world.upload("b.txt")
    run = world.run()
    assert run.status == "SUCCEEDED", run.cause
    (job,) = world.comprehend.jobs.values()
    assert run.output == {
        "Status": "COMPLETED",
        "DocumentsPrefix": f"batches/inbox/20270115T080000Z-{run.name}/",
        "Documents": 2,
        "JobId": job["JobId"],
        "JobArn": job["JobArn"],
        "OutputS3Uri": job["OutputDataConfig"]["S3Uri"],
        "PredictionsS3Uri": f"s3://results/results/predictions/dt={job['SubmitTime'][:10]}/{job['JobId']}.jsonl.gz",
        "Errors": 0,
        "Classes": {"INVOICE": 2},
    }
    key = run.output["PredictionsS3Uri"].removeprefix("s3://results/")
    rows = [json.loads(line) for line in gzip.decompress(world.s3.body(key, "results")).splitlines()]
    assert [row["class"] for row in rows] == ["INVOICE", "INVOICE"]
    assert world.s3.keys("inbox/") == []


def test_people_are_told_when_a_run_has_begun_and_when_it_is_done(world):
    world.upload("a.txt")
    run = world.run()
    assert world.statuses() == ["STARTED", "COMPLETED"]
    started, completed = world.events
    assert started["jobArn"] == run.output["JobArn"]
    assert "predictionsS3Uri" not in started
    assert completed["classes"] == {"INVOICE": 1}
    assert completed["executionArn"] == run.arn


def test_an_empty_inbox_costs_nothing(world):
    assert world.run().output["Status"] == "EMPTY"
    assert (world.comprehend.starts, world.events) == (0, [])


def test_a_burst_of_fifty_uploads_becomes_one_job_or_two(world):
    for number in range(50):
        world.upload(f"{number}.txt")
        world.machine.start({"Trigger": "UPLOAD"})
        world.clock.run(world.clock.now + 1)
    world.clock.run()
    assert 1 <= len(world.comprehend.jobs) <= 2
    assert len(world.comprehend.paid) == len(set(world.comprehend.paid)) == 50
    assert world.s3.keys("inbox/") == []
    assert {run.status for run in world.machine.executions} == {"SUCCEEDED"}


def test_an_older_run_is_found_on_a_later_page(monkeypatch):
    monkeypatch.setattr(written, "RUNS_A_PAGE", 4)
    world = World()
    world.upload("a.txt")
    oldest = world.machine.start()
    world.clock.run(world.clock.now + 10)
    for _ in range(12):  # hold nobody up, but fill the first pages
        world.machine.start({"JobId": oldest_job(world)})
    late = world.machine.start()
    for _ in range(12):
        world.machine.start({"JobId": oldest_job(world)})
    world.clock.run(world.clock.now + 130)
    assert oldest.status == "RUNNING"
    assert late.output == {"Status": "BUSY"}


@pytest.mark.parametrize("others", [9, 10, 11, 35])
def test_older_runs_of_a_prefix_hide_no_run_of_the_inbox(world, others):
    world.comprehend.strangers = lambda: 10  # all of them wait for a slot
    world.upload("x.txt", prefix="mails/2026/")
    older = [world.machine.start({"Prefix": "mails/2026/"}) for _ in range(others)]
    world.clock.run(world.clock.now + 10)
    world.upload("a.txt")
    first = world.machine.start()
    world.clock.run(world.clock.now + 10)
    world.upload("b.txt")
    second = world.run(until=world.clock.now + 130)
    assert {run.status for run in (*older, first)} == {"RUNNING"}
    assert second.output == {"Status": "BUSY"}
    assert second.visited.count("AskForInput") <= 2 * (others + 1)


def test_a_run_of_a_burst_of_uploads_asks_ten_others_only(world):
    world.upload("a.txt")
    for _ in range(60):
        world.machine.start({"Trigger": "UPLOAD"})
    world.clock.run()
    assert max(run.visited.count("AskForInput") for run in world.machine.executions) <= 2 * written.ASKED_AT_ONCE


def test_so_many_runs_of_a_prefix_that_a_history_could_not_tell_of_them_hold_nobody_up(monkeypatch):
    monkeypatch.setattr(written, "MOST_ASKED", 20)
    monkeypatch.setattr(written, "RUNS_A_PAGE", 15)
    world = World()
    world.comprehend.strangers = lambda: 10
    world.upload("x.txt", prefix="mails/2026/")
    for _ in range(60):
        world.machine.start({"Prefix": "mails/2026/"})
    world.upload("a.txt")
    run = world.run(until=world.clock.now + 130)
    assert "Collect" in run.visited
    assert run.visited.count("AskForInput") < 20 + written.ASKED_AT_ONCE


def oldest_job(world):
    return next(iter(world.comprehend.jobs))


def test_a_page_of_runs_with_the_longest_names_is_what_a_state_takes():
    machine = "arn:aws-us-gov:states:us-gov-west-1:111122223333:stateMachine:" + "m" * 80
    execution = {
        "ExecutionArn": f"{machine.replace('stateMachine', 'execution')}:{'e' * 80}",
        "Name": "e" * 80,
        "StartDate": "2026-11-26T02:45:39.123Z",
        "StateMachineArn": machine,
        "Status": "RUNNING",
        "RedriveCount": 1000,
        "RedriveDate": "2026-11-26T02:45:39.123Z",
    }
    assert len(json.dumps({"Executions": [execution] * written.RUNS_A_PAGE, "NextToken": "t" * 1024})) < 256 * 1024


def test_an_error_without_a_cause_is_told(world):
    world.upload("a.txt")
    world.function_faults += [("Collect", TaskError("States.Timeout"))] * 4
    run = world.run()
    assert (run.status, run.error) == ("FAILED", "States.Timeout")
    assert "Mend the cause" in run.cause
    assert world.statuses() == ["FAILED"]


def test_what_arrives_during_a_run_is_the_next_runs(world):
    world.upload("a.txt")
    world.machine.start()
    world.clock.at(world.clock.now + 200, lambda: (world.upload("b.txt"), world.machine.start({"Trigger": "UPLOAD"})))
    world.clock.run()
    _, upload, following = world.machine.executions
    assert upload.output == {"Status": "BUSY"}
    assert following.input == {"Trigger": "RUN"}
    assert following.output["Documents"] == 1
    assert len(world.comprehend.paid) == 2


def test_what_arrives_while_a_run_ends_is_not_forgotten(world):
    """Every second around the end of a run: the upload's own run, or the next one, takes it."""
    world.upload("a.txt")
    first = world.run()
    lasted = first.ended - first.started
    for second in range(-70, 5):
        again = World()
        again.upload("a.txt")
        again.machine.start()
        again.clock.at(
            again.clock.now + lasted + second,
            lambda again=again: (again.upload("b.txt"), again.machine.start({"Trigger": "UPLOAD"})),
        )
        again.clock.run()
        assert len(again.comprehend.paid) == 2, second
        assert again.s3.keys("inbox/") == [], second


def test_runs_of_a_prefix_hold_up_nobody_and_wait_for_nobody(world):
    world.upload("a.txt")
    world.upload("x.txt", prefix="mails/2026/11/24/")
    running = [world.machine.start({"Prefix": "mails/2026/11/24/"}), world.machine.start()]
    world.clock.run()
    assert [run.output["Status"] for run in running] == ["COMPLETED", "COMPLETED"]
    assert len(world.comprehend.jobs) == 2


def test_documents_of_a_prefix_stay_where_they_are(world):
    world.upload("x.txt", prefix="mails/2026/11/24/")
    run = world.run({"Prefix": "mails/2026/11/24/"})
    assert run.output["DocumentsPrefix"] == "mails/2026/11/24/"
    assert world.s3.keys("mails/") == ["mails/2026/11/24/x.txt"]
    assert "LookForMore" not in world.tasks


def test_a_prefix_without_documents_is_announced_and_not_paid_for(world):
    assert world.run({"Prefix": "mails/2026/11/24/"}).output["Status"] == "EMPTY"
    assert (world.statuses(), world.comprehend.starts) == (["EMPTY"], 0)


def test_a_schedules_prefix_is_made_of_the_time_it_was_due(world):
    world.upload("x.txt", prefix="mails/2027/01/14/")
    schedule = {"Prefix": "mails/%Y/%m/%d/", "Time": "2027-01-15T00:30:00Z", "Offset": 86400}
    assert world.run({"Schedule": schedule}).output["DocumentsPrefix"] == "mails/2027/01/14/"


def test_hours_are_part_of_a_schedules_prefix(world):
    schedule = {"Prefix": "mails/%Y/%m/%d/%H/", "Time": "2027-03-01T00:05:00Z", "Offset": 3600}
    run = world.run({"Schedule": schedule})
    assert run.output["DocumentsPrefix"] == "mails/2027/02/28/23/"


def test_two_deliveries_of_one_schedule_pay_once(world):
    world.upload("x.txt", prefix="mails/2027/01/14/")
    schedule = {"Prefix": "mails/%Y/%m/%d/", "Time": "2027-01-15T00:30:00Z", "Offset": 86400}
    runs = [world.machine.start({"Schedule": schedule}) for _ in range(2)]
    world.clock.run()
    assert len(world.comprehend.jobs) == 1
    assert runs[0].output == runs[1].output
    assert len(world.s3.keys("results/predictions/", "results")) == 1


def test_two_workflows_with_one_schedule_start_each_a_job_of_its_own(world):
    """Tokens are the account's: the same one for two models would give the second one the first one's job."""
    world.upload("x.txt", prefix="mails/2027/01/14/")
    other = Machine(world.machine.definition, world.clock, world.machine.tasks)
    other.arn = world.machine.arn.replace("Runs", "OtherRuns")
    schedule = {"Prefix": "mails/%Y/%m/%d/", "Time": "2027-01-15T00:30:00Z", "Offset": 86400}
    runs = [machine.start({"Schedule": schedule}) for machine in (world.machine, other)]
    world.clock.run()
    assert len({run.output["JobId"] for run in runs}) == 2


def test_two_schedules_of_the_inbox_at_once_are_one_job(world):
    world.upload("a.txt")
    runs = [world.machine.start(), world.machine.start()]
    world.clock.run()
    assert sorted(run.output["Status"] for run in runs) == ["BUSY", "COMPLETED"]
    assert len(world.comprehend.jobs) == 1


def test_a_job_that_exists_is_followed_and_unpacked(world):
    world.upload("a.txt")
    first = world.run().output
    world.s3.objects = {place: found for place, found in world.s3.objects.items() if "predictions/dt" not in place[1]}
    again = world.run({"JobId": first["JobId"]}).output
    assert again["PredictionsS3Uri"] == first["PredictionsS3Uri"]
    assert world.comprehend.starts == 1
    assert world.statuses() == ["STARTED", "COMPLETED", "COMPLETED"]


def test_a_job_that_still_runs_is_adopted(world):
    world.upload("a.txt")
    world.machine.start()
    world.clock.run(world.clock.now + 100)
    (job,) = world.comprehend.jobs
    adopted = world.run({"JobId": job})
    assert adopted.output["Status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        (
            {"prefix": "inbox/"},
            "the input of a run has no prefix; it may have Prefix or JobId, or nothing, which means",
        ),
        ({"Prefix": "inbox/", "JobId": "abc"}, "a run takes either a Prefix or a JobId, not both"),
        ({"Prefix": ""}, "Prefix must be text that keys of documents begin with"),
        ({"Prefix": 7}, "Prefix must be text"),
        ({"Prefix": None}, "Prefix must be text"),
        ({"Prefix": "inbox/" + "x" * 40_000}, "Prefix has more than 1024 characters"),
        ({"Schedule": {}}, "Schedule must be as a schedule of the workflow sends it; give a Prefix"),
        ({"Schedule": "mails/"}, "Schedule must be"),
        ({"Schedule": None}, "Schedule must be"),
        ({"Schedule": {"Prefix": "mails/", "Time": "today", "Offset": 0}}, "Schedule must be"),
        ({"Schedule": {"Prefix": "mails/", "Time": 7, "Offset": 0}}, "Schedule must be"),
        ({"Ended": 7}, "Ended must be as the rule of the workflow sends it"),
        ({"Ended": "arn", "Prefix": "inbox/"}, "a run takes either a Prefix or a JobId, not both"),
        ({"JobId": "arn:aws:..."}, "JobId must be the id of a job"),
        ({"JobId": []}, "JobId must be the id of a job"),
        ({"JobId": ""}, "JobId must be the id of a job, up to 32 letters, digits and hyphens"),
        ({"JobId": "a" * 33}, "JobId must be the id of a job, up to 32 letters"),
        ({"x" * 40_000: 1}, "the input of a run has no xxx"),
        ([], "the input of a run must be a JSON object, {} for the inbox"),
        ("inbox/", "the input of a run must be a JSON object, {} for the inbox"),
    ],
)
def test_a_wrong_input_fails_with_one_sentence(world, given, cause):
    run = world.run(given)
    assert (run.status, run.error) == ("FAILED", "WrongInput")
    assert run.cause.startswith(cause)
    assert len(run.cause) < LONGEST_CAUSE
    assert world.statuses() == ["FAILED"]
    assert world.tasks == []


def test_a_prefix_that_the_role_may_not_read_fails_with_one_sentence(world):
    run = world.run({"Prefix": "secret/"})
    assert run.error == "WrongPrefix"
    assert run.cause == (
        "Prefix 'secret/' lies outside of what the workflow's data access role may read: begin it with "
        + " or ".join(map(repr, SETTINGS.readable))
    )
    assert world.comprehend.starts == 0


@pytest.mark.parametrize(
    ("limits", "error"), [({"max_documents": 1}, "TooManyDocuments"), ({"max_bytes": 20}, "TooMuchInput")]
)
def test_a_run_over_a_limit_fails_before_it_costs_anything(limits, error):
    world = World(settings=replace(SETTINGS, **limits))
    world.upload("a.txt", prefix="mails/2026/11/24/")
    world.upload("b.txt", prefix="mails/2026/11/24/")
    run = world.run({"Prefix": "mails/2026/11/24/"})
    assert (run.status, run.error, world.comprehend.starts) == ("FAILED", error, 0)
    assert run.cause.endswith("up to what the service allows")
    assert world.tasks == ["Measure"]


def test_slots_that_others_hold_are_waited_for(world):
    world.upload("a.txt")
    world.comprehend.strangers = lambda: 10 if world.clock.now < world.clock_begin + 7200 else 0
    world.clock_begin = world.clock.now
    run = world.run()
    assert run.output["Status"] == "COMPLETED"
    assert run.ended - run.started < 7200 + 120 + 600
    assert world.comprehend.refused > 50


def test_slots_that_never_come_free_end_the_run_by_its_timeout(world):
    world.upload("a.txt")
    world.comprehend.strangers = lambda: 10
    run = world.run()
    assert run.error == "Comprehend.TooManyRequestsException"
    assert "L-E65FE76A" in run.cause
    assert 18 * 3600 < run.ended - run.started < 30 * 3600
    assert world.statuses() == ["FAILED"]
    # What it had collected waits in its batch.
    assert world.s3.keys("batches/") == [f"batches/inbox/20270115T080000Z-{run.name}/a.txt"]


THROTTLED = "Rate exceeded (Service: Comprehend, Status Code: 400, Request ID: 1)"
BROKEN = "null (Service: Comprehend, Status Code: 503, Request ID: 1)"


@pytest.mark.parametrize("words", [THROTTLED, BROKEN])
def test_throttling_under_a_general_name_is_waited_out_like_any_other(world, words):
    """Only errors that the API declares have a name of their own; these tell by their message."""
    world.upload("a.txt")
    begin, refused = world.clock.now, TaskError("Comprehend.ComprehendException", words)
    world.comprehend.refuses = lambda: refused if world.clock.now < begin + 5 * 3600 else None
    run = world.run()
    assert run.output["Status"] == "COMPLETED"
    assert 5 * 3600 < run.ended - run.started < 5 * 3600 + 1200
    assert "message" not in world.events[0]


def test_throttling_that_never_ends_ends_the_run_by_its_timeout(world):
    world.upload("a.txt")
    world.comprehend.refuses = lambda: TaskError("Comprehend.ComprehendException", THROTTLED)
    run = world.run()
    assert (run.error, run.cause[:13]) == ("Comprehend.ComprehendException", "Rate exceeded")
    assert "L-5674A323" in run.cause
    assert 24 * 3600 < run.ended - run.started < 24 * 3600 + 1200
    # Three events of the history for each, of 25,000 in all.
    assert run.transitions < 4000


def test_a_refusal_under_a_general_name_is_waited_for_as_long_as_rights_take_to_arrive(world):
    world.upload("a.txt")
    world.comprehend.refuses = lambda: TaskError("Comprehend.ComprehendException", "is not authorized")
    run = world.run()
    assert run.status == "FAILED"
    assert run.ended - run.started < 700


def test_a_name_that_is_used_again_is_another_batch_and_another_job(world):
    """Names are free again 90 days after a run has ended."""
    for name in ("a.txt", "b.txt"):
        world.upload(name)
        run = world.machine.start(name="monday")
        world.clock.run()
        assert run.output["Documents"] == 1
        world.clock.now += 100 * 86400
    assert len(world.comprehend.jobs) == 2
    assert len({key.split("/")[2] for key in world.s3.keys("batches/")}) == 2


def test_the_documents_of_a_run_that_failed_run_again(world):
    world.upload("a.txt")
    world.comprehend.fate = lambda number: (
        (400, "FAILED", "INTERNAL_ERROR") if number == 1 else (360, "COMPLETED", None)
    )
    failed = world.run()
    assert (failed.error, failed.cause[:14]) == ("JobFailed", "INTERNAL_ERROR")
    (event,) = [event for event in world.events if event["status"] == "FAILED"]
    again = world.run({"Prefix": event["documentsPrefix"]})
    assert again.output["Documents"] == 1


def test_rights_that_have_not_arrived_yet_are_waited_for(world):
    world.upload("a.txt")
    late = (14, "FAILED", "NO_READ_ACCESS_TO_INPUT: The provided data access role does not have proper access.")
    world.comprehend.fate = lambda number: late if number < 3 else (360, "COMPLETED", None)
    assert world.run().output["Status"] == "COMPLETED"
    assert len(world.comprehend.jobs) == 3
    assert world.statuses() == ["STARTED", "COMPLETED"]


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        ("NO_READ_ACCESS_TO_INPUT: no", "s3:GetObject on the documents"),
        ("NO_WRITE_ACCESS_TO_OUTPUT: no", "s3:PutObject on the results' prefix"),
        ("cannot assume the role", "Let comprehend.amazonaws.com assume"),
        ("KMS said no", "kms:CreateGrant"),
    ],
)
def test_a_role_without_rights_ends_the_run_with_what_to_allow(world, message, hint):
    world.upload("a.txt")
    world.comprehend.fate = lambda _: (14, "FAILED", message)
    run = world.run()
    assert (run.error, len(world.comprehend.jobs)) == ("JobFailed", 3)
    assert hint in run.cause
    assert hint in world.events[-1]["hint"]
    assert world.events[-1]["message"] == message


def test_a_fault_after_the_first_seconds_is_not_tried_again(world):
    world.upload("a.txt")
    world.comprehend.fate = lambda _: (300, "FAILED", "NO_WRITE_ACCESS_TO_OUTPUT: late")
    world.run()
    assert len(world.comprehend.jobs) == 1


def test_a_job_that_was_stopped_ends_the_run(world):
    world.upload("a.txt")
    world.comprehend.fate = lambda _: (300, "STOPPED", None)
    world.comprehend._end = lambda job, status, _message: job.update(JobStatus=status)
    run = world.run()
    assert (run.error, run.cause[:27]) == ("JobStopped", "the service gave no reason ")


def test_a_job_that_takes_too_long_ends_the_run_and_says_how_to_go_on(world):
    world.upload("a.txt")
    world.comprehend.fate = lambda _: (30 * 3600, "COMPLETED", None)
    run = world.run()
    assert run.error == "RunTimedOut"
    assert "the job is IN_PROGRESS after 86400 s" in run.cause
    assert '{"JobId": "..."}' in run.cause
    assert run.transitions < 1200


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ResourceUnavailableException", "must be TRAINED"),
        ("ResourceNotFoundException", "must exist in this account"),
        ("KmsKeyValidationException", "enabled, symmetric"),
        ("TooManyTagsException", "50 tags"),
    ],
)
def test_a_start_that_is_refused_says_what_to_do(world, code, hint):
    world.upload("a.txt")
    world.comprehend.refusals = [TaskError(f"Comprehend.{code}", "the service's words")] * 20
    run = world.run()
    assert run.error == f"Comprehend.{code}"
    assert run.cause.startswith("the service's words ")
    assert hint in run.cause


def test_a_start_without_permission_says_whom_to_allow_what(world):
    world.upload("a.txt")
    message = "User: arn:aws:sts::1:assumed-role/Machine/x is not authorized to perform: iam:PassRole on resource: r"
    world.comprehend.refusals = [TaskError("Comprehend.ComprehendException", message)] * 20
    assert world.run().cause == f"{message} Allow the role that the message names what it names."


# Ends that a run cannot tell of by itself


@pytest.mark.parametrize(
    ("given", "prefix"),
    [
        ({}, "batches/inbox/20270115T080000Z-run-00001"),
        ({"Prefix": "mails/2026/"}, "mails/2026/"),
    ],
)
def test_a_run_that_is_aborted_is_told_as_failed_and_says_how_to_go_on(world, given, prefix):
    world.upload("a.txt")
    world.upload("a.txt", prefix="mails/2026/")
    run = world.machine.start(given)
    world.clock.run(world.clock.now + 100)
    world.machine.stop(run)
    world.clock.run()
    (event,) = [event for event in world.events if event["status"] == "FAILED"]
    assert (event["executionArn"], event["error"], event["message"]) == (run.arn, "RunAborted", "the run was aborted")
    assert event["documentsPrefix"].startswith(prefix)
    assert "What it had collected lies in its batch" in event["hint"]
    teller = world.machine.executions[-1]
    assert (teller.status, teller.output) == ("SUCCEEDED", {"Status": "TOLD"})
    assert world.s3.keys("inbox/") == ([] if not given else ["inbox/a.txt"])


def test_what_an_aborted_run_had_collected_runs_again_by_what_was_told(world):
    world.upload("a.txt")
    run = world.machine.start()
    world.clock.run(world.clock.now + 10)
    world.machine.stop(run)
    world.clock.run()
    assert world.run({"Prefix": world.events[-1]["documentsPrefix"]}).output["Documents"] == 1


def test_a_run_that_takes_longer_than_the_machine_allows_is_told(world):
    """Nothing is answered, ever: the run's own timeout is not looked at then."""
    world.upload("a.txt")

    def silence(_request, _execution):
        yield 48 * 3600

    world.machine.tasks[":startDocumentClassificationJob"] = silence
    run = world.run()
    assert run.status == "TIMED_OUT"
    (event,) = world.events
    assert (event["error"], event["message"]) == ("RunTimedOut", "the run took more than 93600 s")


def test_an_error_that_no_state_can_catch_is_told(world):
    world.upload("a.txt")
    world.comprehend.refusals = [TaskError("States.DataLimitExceeded", "The state/task returned a result with a size")]
    run = world.run()
    assert run.error == "States.DataLimitExceeded"
    (event,) = world.events
    assert (event["error"], event["message"][:14]) == ("States.DataLimitExceeded", "The state/task")


def test_a_run_that_ends_by_itself_is_told_once(world):
    world.upload("a.txt")
    world.comprehend.fate = lambda _: (400, "FAILED", "INTERNAL_ERROR")
    world.run()
    assert (world.statuses(), len(world.machine.executions)) == (["STARTED", "FAILED"], 1)


def test_a_run_that_tells_of_another_holds_nobody_up(world):
    world.upload("a.txt")
    aborted = world.machine.start()
    world.machine.stop(aborted)
    following = world.run()
    assert following.output["Status"] == "COMPLETED"
    assert "Busy" not in following.visited
    assert "WaitForOtherRun" not in following.visited


@pytest.mark.parametrize("after", [0, 150])
def test_a_service_that_is_down_for_an_hour_delays_a_run_only(world, after):
    world.upload("a.txt")
    begin = world.clock.now
    world.comprehend.down = lambda: begin + after <= world.clock.now < begin + after + 3600
    assert world.run().output["Status"] == "COMPLETED"


def test_a_bucket_that_is_gone_says_what_to_do(world):
    world.upload("a.txt")
    error = "An error occurred (NoSuchBucket) when calling the ListObjectsV2 operation"
    told = json.dumps({"errorType": "ClientError", "errorMessage": error})
    world.function_faults = [("Collect", TaskError("ClientError", told))] * 9
    run = world.run()
    assert run.cause == f"{error} The bucket is gone: deploy again with a bucket that exists."


def test_a_function_that_dies_while_it_collects_is_called_again(world):
    world.upload("a.txt")
    world.function_faults = [("Collect", TaskError("Sandbox.Timedout", "2026 Task timed out after 900 seconds"))]
    assert world.run().output["Documents"] == 1
    assert world.tasks.count("Collect") == 2


def test_a_call_that_may_still_run_is_repeated_only_after_it_must_have_ended(world):
    world.upload("a.txt")
    world.function_faults = [("Collect", TaskError("Lambda.SdkClientException", "connection reset"))]
    run = world.run()
    assert run.output["Documents"] == 1
    assert run.ended - run.started > 900


def test_a_damaged_archive_fails_the_run_and_leaves_no_half_object(world):
    world.upload("a.txt")
    end = world.comprehend._end

    def damage(job, status, message):
        end(job, status, message)
        key = job["OutputDataConfig"]["S3Uri"].removeprefix("s3://results/")
        world.s3.write(key, world.s3.body(key, "results")[:-20], "results")

    world.comprehend._end = damage
    run = world.run()
    assert run.error == "BadArchiveError"
    assert "The job is paid for" in run.cause
    assert world.s3.keys("results/predictions/", "results") == []
    assert world.s3.uploads == {}
    assert world.tasks.count("Unpack") == 1


def test_an_unpacking_that_dies_is_repeated_to_the_same_key(world):
    world.upload("a.txt")
    world.function_faults = [("Unpack", TaskError("Lambda.Unknown", "out of memory"))]
    assert world.run().output["Status"] == "COMPLETED"
    assert len(world.s3.keys("results/predictions/", "results")) == 1


def test_a_job_without_a_record_says_so(world):
    run = world.run({"JobId": "f" * 32})
    assert run.error == "Comprehend.JobNotFoundException"
    assert "no record of this job" in run.cause


def test_a_failed_run_leaves_what_arrived_meanwhile_to_the_next_one(world):
    world.upload("a.txt")
    world.comprehend.fate = lambda number: (400, "FAILED", "broken") if number == 1 else (360, "COMPLETED", None)
    world.machine.start()
    world.clock.at(world.clock.now + 200, lambda: world.upload("b.txt"))
    world.clock.run()
    failed, following = world.machine.executions
    assert (failed.status, following.output["Documents"]) == ("FAILED", 1)


def test_runs_that_fail_do_not_start_each_other_for_ever(world):
    world.upload("a.txt")
    world.comprehend.refusals = [TaskError("Comprehend.ResourceNotFoundException", "no")] * 20
    world.run()
    assert len(world.machine.executions) == 1
    world.upload("b.txt")
    world.function_faults = [("Collect", TaskError("CannotCollect", "no"))] * 9
    world.run()
    assert len(world.machine.executions) == 2


def test_runs_that_cannot_start_a_job_leave_the_inbox_alone():
    world = World(settings=replace(SETTINGS, max_documents=1))
    for number in range(20):
        world.upload(f"{number}.txt")
    world.comprehend.refusals = [TaskError("Comprehend.ResourceNotFoundException", "no such model")] * 100
    world.run()
    assert len(world.machine.executions) == 1
    assert len(world.s3.keys("inbox/")) == 19


def test_a_notice_that_cannot_be_given_fails_a_run_that_was_done(world):
    world.upload("a.txt")
    world.announcing = [TaskError("EventBridge.FailedEntry", "no such bus")] * 40
    run = world.run()
    assert run.status == "FAILED"
    assert "no such bus" in run.cause


def test_a_last_look_that_fails_does_not_change_what_the_run_has_done(world):
    world.upload("a.txt")
    world.function_faults = [("LookForMore", TaskError("ClientError", "x"))] * 9
    assert world.run().output["Status"] == "COMPLETED"


def test_a_workflow_without_a_table_unpacks_nothing():
    world = World(replace(PARTS, table=False))
    world.upload("a.txt")
    run = world.run()
    assert run.output["Status"] == "COMPLETED"
    assert "Unpack" not in world.tasks
    assert "PredictionsS3Uri" not in run.output


def test_jobs_carry_the_name_that_was_asked_for_and_the_runs():
    world = World(replace(PARTS, job_name="mails"))
    world.upload("a.txt")
    run = world.run()
    (job,) = world.comprehend.jobs.values()
    assert job["JobName"] == f"mails {run.name}"


def test_every_state_is_reachable_and_every_next_exists():
    states = definition(PARTS)["States"]
    following = {
        name: {state.get("Next"), state.get("Default")}
        | {rule["Next"] for rule in (*state.get("Choices", ()), *state.get("Catch", ()))}
        for name, state in states.items()
    }
    assert set().union(*following.values()) - {None} == set(states) - {"Begin"}
