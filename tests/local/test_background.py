"""Whatever is raised in the background ends as a state that a client sees."""

import ast
import asyncio
import contextvars
import json
from pathlib import Path
from types import SimpleNamespace

import ministack
import pytest
from ministack.services import athena, lambda_svc, stepfunctions

import constructs_lib.local
from constructs_lib.local.comprehend import models, s3_documents, simulated_jobs, text_model, training_data
from constructs_lib.local.comprehend.state import STATE
from constructs_lib.local.hooks import functions, scheduler, step_functions
from constructs_lib.local.hooks.cloudformation import operations

# Every place of the local AWS that starts something in the background, and why nothing is lost there.
BACKGROUND = {
    "comprehend/simulated_jobs.py:_register": "a job: FAILED, below",
    "comprehend/models.py:start_training": "a training: IN_ERROR, below",
    "deployment.py:_in_background": "bootstrap and data of the command: raised when it is waited for (test_command.py)",
    "hooks/scheduler.py:invoke_target": "a schedule's or rule's execution: a dead letter, below",
    "step_progress.py:__enter__": "the last line of a terminal; steps are said by the main thread (test_progress.py)",
    "process.py:run": "ends a command that takes too long",
    "server.py:main": "ends the server when its parent is gone (test_command.py)",
}
# The same for MiniStack, in what an app of these constructs can reach.
MINISTACK = {
    "app.py:_handle_admin_reset": "shut (test_door.py)",
    "app.py:_handle_lifespan": "start scripts of a container, of which there are none",
    "core/concurrency.py:run_offloop": "awaited by who asked",
    "core/concurrency.py:run_reentrant": "awaited by who asked",
    "core/concurrency.py:spawn_background": "deliveries of services that these constructs do not use; logged",
    "core/lambda_runtime.py:_spawn": "what a function prints, into its log",
    "core/lambda_runtime.py:invoke": "what a function answers; without an answer in time the invocation is an error",
    "core/node_pool.py:_ensure": "not used: CloudFront functions",
    "core/node_pool.py:call": "not used: CloudFront functions",
    "services/athena.py:_start_query_execution": "a query: FAILED, below",
    "services/athena.py:_run_duckdb": "awaited by the query",
    "services/cloudformation/stacks.py:_create_stack_task_in_region": "an operation: a failed status, below",
    "services/cloudwatch_logs.py:_fanout_to_subscription_filters": "a function: its error, below",
    "services/cloudwatch_logs.py:_run": "a client that follows a log",
    "services/eventbridge.py:_dispatch_to_lambda": "a function: its error, below",
    "services/eventbridge.py:_dispatch_to_api_destination": "not used: leaves the machine",
    "services/eventbridge.py:_start_replay": "not used: archives",
    "services/eventbridge.py:start_scheduler": "the rules' clock: goes on after any fault",
    "services/glue.py:_start_crawler": "not used: crawlers",
    "services/glue.py:_start_job_run": "not used: jobs of Glue",
    "services/lambda_svc.py:_snapstart_provision_version_async": "a version: Failed",
    "services/lambda_svc.py:_ensure_reaper_thread": "ends idle functions",
    "services/lambda_svc.py:_schedule_state_transition": "a function becomes Active",
    "services/lambda_svc.py:invoke_async_with_retry": "a function: its error, tried again, then a dead letter, below",
    "services/lambda_svc.py:_route_async_failure": "the dead letter's own function: its error, below",
    "services/lambda_svc.py:_execute_function_docker": "not used: needs Docker",
    "services/lambda_svc.py:_execute_function_provided": "not used: runtimes of one's own",
    "services/lambda_svc.py:_ensure_poller": "not used: event source mappings",
    "services/s3.py:_schedule_restore_completed": "not used: archived objects",
    "services/s3.py:_schedule_restore_expiry": "not used: archived objects",
    "services/s3.py:_fire_s3_event_async": "an upload's event; a target that is not there is in the log",
    "services/scheduler.py:start_scheduler": "the schedules' clock: goes on after any fault",
    "services/sns.py:_subscribe": "not used: subscriptions that leave the machine",
    "services/sns.py:_fanout": "a function: its error, below; what leaves the machine is not used",
    "services/sns.py:_deliver_to_http": "not used: leaves the machine",
    "services/sns.py:_send_subscription_confirmation": "not used: leaves the machine",
    "services/stepfunctions.py:_start_execution": "an execution: FAILED, below",
    "services/stepfunctions.py:_invoke_resource_with_timeout": "awaited by the execution",
    "services/stepfunctions.py:_run_parallel_branches": "awaited by the execution",
    "services/stepfunctions.py:_run_map_items": "awaited by the execution",
    "services/stepfunctions.py:_run_distributed_map": "awaited by the execution",
}
# Of services that no template of these constructs names.
ELSEWHERE = ("core/container_reaper.py", "core/pgproxy.py")
REACHED = (
    *("athena", "cloudwatch", "cloudwatch_logs", "ec2", "eventbridge", "glue", "iam", "kms", "lambda_svc", "s3"),
    *("scheduler", "sns", "sqs", "ssm", "stepfunctions", "sts"),
)
STARTERS = {"Thread", "Timer", "ThreadPoolExecutor", "ProcessPoolExecutor", "create_task", "ensure_future", "to_thread"}

FAULTS = [
    MemoryError("no more"),
    KeyError("Boom"),
    OSError(5, "Input/output error"),
    ZeroDivisionError(),
    ValueError("x"),
]


def starters(folder):
    """Each function of a folder that starts something, as file:function."""
    for file in sorted(folder.rglob("*.py")):
        for function in ast.walk(ast.parse(file.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                calls = [node.func for node in inside(function) if isinstance(node, ast.Call)]
                if STARTERS & {getattr(call, "attr", getattr(call, "id", "")) for call in calls}:
                    yield f"{file.relative_to(folder)}:{function.name}"


def inside(function):
    """The nodes of a function, those of functions in it aside."""
    for node in ast.iter_child_nodes(function):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from inside(node)


def test_every_place_that_starts_something_in_the_background_is_known():
    assert set(starters(Path(constructs_lib.local.__file__).parent)) == set(BACKGROUND)


def test_every_place_of_ministack_that_does_so_is_known_where_an_app_can_reach_it():
    folder = Path(ministack.__file__).parent
    own = ("app.py", "core/", "services/cloudformation/", *(f"services/{name}.py" for name in REACHED))
    found = {place for place in starters(folder) if place.startswith(own) and not place.startswith(ELSEWHERE)}
    assert found == set(MINISTACK)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(STATE.settings, "job_seconds", 0)
    monkeypatch.setattr(STATE.settings, "training_seconds", 0)


def failing(fault):
    def fail(*_args, **_kwargs):
        raise fault

    return fail


@pytest.fixture
def job():
    request = {"InputDataConfig": {"S3Uri": "s3://b/in"}, "OutputDataConfig": {"S3Uri": "s3://b/out"}}
    model = models.Classifier("arn", {}, "TRAINED", model=text_model.TextModel(None, [], multi_label=False))
    return simulated_jobs.Job("id", "arn", "s3://b/out/o", {**request, "DataAccessRoleArn": "arn"}, model)


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize("where", ["_check_access", "_network", "_predictions", "archive", "write"])
def test_any_fault_of_a_job_fails_it_with_its_reason(monkeypatch, job, fault, where):
    monkeypatch.setattr(simulated_jobs, "_check_access", lambda _job: (None, None))
    monkeypatch.setattr(simulated_jobs, "_predictions", lambda _job, _s3: [])
    monkeypatch.setattr(s3_documents, "write", lambda *_: None)
    monkeypatch.setattr(simulated_jobs if where.startswith("_") else s3_documents, where, failing(fault))
    simulated_jobs._run(job)
    described = job.describe()
    assert (described["JobStatus"], described["Message"]) == ("FAILED", f"INTERNAL_ERROR: {fault!r}")
    assert "EndTime" in described


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize(
    "where", [(models.access, "assume_data_access_role"), (training_data, "read"), (text_model, "train")]
)
def test_any_fault_while_training_ends_in_error_with_its_reason(monkeypatch, fault, where):
    monkeypatch.setattr(models.access, "assume_data_access_role", lambda *_: None)
    monkeypatch.setattr(s3_documents, "client", lambda _session: None)
    monkeypatch.setattr(s3_documents, "read_objects", lambda *_: [("k", b"")])
    monkeypatch.setattr(training_data, "read", lambda *_, **__: None)
    monkeypatch.setattr(*where, failing(fault))
    classifier = models.Classifier("arn", {"DataAccessRoleArn": "r", "InputDataConfig": {"S3Uri": "s3://b/k"}})
    models._train(classifier)
    described = classifier.describe()
    assert described["Status"] == "IN_ERROR"
    assert repr(fault) in described["Message"] or str(fault) in described["Message"]


@pytest.fixture
def start(monkeypatch):
    """Start a machine as the Scheduler or a rule does; the dead letters of that are returned."""
    letters = []
    monkeypatch.setattr(scheduler.sqs, "_queue_by_arn", lambda arn: {"url": f"https://{arn}"})
    monkeypatch.setattr(scheduler.sqs, "queue_policy_allows", lambda *_: True)
    monkeypatch.setattr(scheduler.eventbridge, "_dispatch_to_sqs", lambda *arguments: letters.append(arguments[1]))

    def run(service, fault, letter_fault=None):
        def send_message(*, MessageBody, **_):  # noqa: N803 - the API's name
            if letter_fault:
                raise letter_fault
            letters.append(MessageBody)

        client = SimpleNamespace(start_execution=failing(fault), send_message=send_message)
        session = SimpleNamespace(client=lambda _service: client)
        monkeypatch.setattr(scheduler, "assume_role_as_service", lambda *_: session)
        queue = "arn:aws:sqs:us-east-1:000000000000:q"
        target = {"Arn": "m", "RoleArn": "r", "DeadLetterConfig": {"Arn": queue}}
        scheduler._start(target, "the input", f"{service}.amazonaws.com", {})
        return letters

    return run


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize("service", ["scheduler", "events"])
def test_any_fault_while_a_machine_is_started_is_a_dead_letter(start, service, fault):
    assert start(service, fault) == ["the input"]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_any_fault_while_a_dead_letter_is_sent_is_in_the_log(start, caplog, fault):
    assert start("scheduler", KeyError("first"), letter_fault=fault) == []
    assert "not started: m ('first'), kept: nowhere" in caplog.text


@pytest.fixture
def stack(monkeypatch):
    stack = {"StackName": "s", "StackId": "arn:stack/s/1", "StackStatus": "", "_resources": {}, "Outputs": []}
    monkeypatch.setitem(operations.cloudformation._stacks, "s", stack)
    return stack


@pytest.mark.parametrize(
    ("operation", "update", "status"),
    [
        ("deploy", False, "CREATE_FAILED"),
        ("deploy", True, "UPDATE_ROLLBACK_FAILED"),
        ("delete", False, "DELETE_FAILED"),
    ],
)
def test_an_operation_on_a_stack_that_breaks_inside_ends_as_failed(monkeypatch, stack, operation, update, status):
    engine = operations._Engine()
    monkeypatch.setattr(engine, f"_{operation}", failing(KeyError("Boom")))
    previous = {"previous_stack": {"_resources": {}}} if update else {}
    asyncio.run(getattr(engine, operation)("s", stack["StackId"], **previous))
    assert (stack["StackStatus"], stack["StackStatusReason"]) == (status, "Internal failure: KeyError('Boom')")
    events = operations.cloudformation._stack_events.pop(stack["StackId"])
    assert events[-1]["ResourceStatus"] == status
    assert operations._operations == {}


# --- What MiniStack starts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_any_fault_while_a_function_is_run_is_an_error_of_the_function(monkeypatch, fault):
    monkeypatch.setattr(lambda_svc, "_execute_function_warm", failing(fault))
    functions.tell_errors_apart()
    result = lambda_svc._execute_function_warm({}, {}, "request")
    assert result["error"] is True
    assert result["body"] == {"errorType": "Lambda.Unknown", "errorMessage": repr(fault)}
    assert type(fault).__name__ in result["log"]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_any_fault_of_a_task_fails_its_execution_with_the_reason(monkeypatch, fault):
    for name in ("_run_execution", "_invoke_resource"):
        monkeypatch.setattr(stepfunctions, name, getattr(stepfunctions, name))
    step_functions.call_as_the_machine()
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sqs:listQueues", "End": True}
    definition = json.dumps({"StartAt": "Ask", "States": {"Ask": task}})
    execution = {"stateMachineArn": "m", "status": "RUNNING", "input": "{}", "name": "n", "startDate": 0, "events": []}
    monkeypatch.setitem(stepfunctions._state_machines, "m", {"name": "m", "definition": definition, "roleArn": "r"})
    monkeypatch.setitem(stepfunctions._executions, "e", execution)
    monkeypatch.setattr(step_functions, "assume_role_as_service", failing(fault))
    monkeypatch.setattr(stepfunctions, "_emit_execution_status_event", lambda _execution: None)
    contextvars.copy_context().run(stepfunctions._run_execution, "e")
    assert (execution["status"], execution["cause"]) == ("FAILED", str(fault))


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_any_fault_of_a_query_fails_it_with_the_reason(monkeypatch, fault):
    query = {"Status": {"State": "QUEUED"}, "Statistics": {}}
    monkeypatch.setitem(athena._executions, "q", query)
    monkeypatch.setattr(athena, "get_athena_engine", failing(fault))
    asyncio.run(athena._execute_query("q", "SELECT 1", "default", None))
    assert (query["Status"]["State"], query["Status"]["StateChangeReason"]) == ("FAILED", str(fault))
