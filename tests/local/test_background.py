"""Whatever is raised in the background ends as a state that a client sees."""

import ast
import asyncio
from pathlib import Path

import pytest

import constructs_lib.local
from constructs_lib.local.comprehend import models, s3_documents, simulated_jobs, text_model, training_data
from constructs_lib.local.comprehend.state import STATE
from constructs_lib.local.hooks import scheduler
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


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_any_fault_while_a_schedule_starts_its_machine_is_a_dead_letter(monkeypatch, fault):
    letters = []
    monkeypatch.setattr(scheduler, "assume_role_as_service", failing(fault))
    monkeypatch.setattr(scheduler.eventbridge, "_dispatch_to_sqs", lambda *arguments: letters.append(arguments[1]))
    target = {"Arn": "m", "RoleArn": "r", "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:000000000000:q"}}
    scheduler._start(target, "the input", "scheduler.amazonaws.com", {})
    assert letters == ["the input"]


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
