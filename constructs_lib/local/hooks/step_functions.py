"""Step Functions: every call that a state machine makes is made as its role, by the SDK, and judged like any other.

Stock MiniStack calls as root and in shapes of its own.
"""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

import contextlib
import contextvars
import functools
import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, UnknownServiceError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from jsonata.timebox import Timebox
from ministack.services import stepfunctions

from constructs_lib.local.hooks.iam import AssumeRoleDeniedError, assume_role_as_service

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3


@dataclass
class _Execution:
    """An execution that runs: its role is assumed once, and each client is made once."""

    arn: str
    clients: dict[str, Any] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def client(self, service: str) -> Any:
        with self.turn:  # the branches of a Map are threads
            if service not in self.clients:
                make: Any = self._session.client  # the stubs know each service by its literal name only
                self.clients[service] = make(service, config=_ONE_TRY)
            return self.clients[service]

    @functools.cached_property
    def _session(self) -> boto3.Session:
        machine = stepfunctions._executions[self.arn]["stateMachineArn"]
        role = stepfunctions._state_machines[machine]["roleArn"]
        try:
            return assume_role_as_service(role, "states.amazonaws.com", machine, "StepFunctions")
        except AssumeRoleDeniedError as error:
            raise stepfunctions._ExecutionError("States.TaskFailed", str(error)) from error

    def close(self) -> None:
        for client in self.clients.values():
            client.close()


_execution: contextvars.ContextVar[_Execution] = contextvars.ContextVar("execution")

# Where Step Functions' name of a service is not the SDK's.
_SERVICES = {"cloudwatchlogs": "logs", "eventbridge": "events", "sfn": "stepfunctions"}
_ONE_TRY = Config(retries={"total_max_attempts": 1}, read_timeout=960)
_SDK, _INTEGRATION = ":states:::aws-sdk:", ":states:::"


def time_expressions_by_the_processor() -> None:
    """Give an expression its second of the processor, not of the clock: here all executions share one machine."""
    Timebox.current_milli_time = staticmethod(lambda: time.thread_time_ns() // 1_000_000)


def call_as_the_machine() -> None:
    """Make the calls of Task states as the role of their state machine."""
    run, invoke = stepfunctions._run_execution, stepfunctions._invoke_resource
    optimized: dict[str, Callable[[Any], Any]] = {
        "lambda:invoke": _invoke_function,
        "states:startExecution": _start_execution,
        "states:startExecution.sync:2": _run_nested,
        "events:putEvents": _put_events,
    }

    def run_execution(execution_arn: str) -> None:
        with contextlib.closing(_Execution(execution_arn)) as execution:
            _execution.set(execution)
            run(execution_arn)

    def invoke_resource(resource: str, arguments: Any) -> Any:
        if not _execution.get(None):  # a state that is tested by itself
            return invoke(resource, arguments)
        if _SDK in resource:
            service, action = resource.partition(_SDK)[2].split(":")
            return _call(service, action, arguments)
        task = optimized.get(resource.partition(_INTEGRATION)[2])
        return task(arguments) if task else invoke(resource, arguments)

    stepfunctions._run_execution = run_execution
    stepfunctions._invoke_resource = invoke_resource


def _call(service: str, action: str, arguments: Any) -> Any:
    name = _SERVICES.get(service, service)
    prefix = stepfunctions._AWS_SDK_ERROR_PREFIX.get(service, service.capitalize())
    try:
        client = _execution.get().client(name)
    except UnknownServiceError as error:
        raise stepfunctions._ExecutionError("States.Runtime", str(error)) from error
    model = client.meta.service_model
    operation = next((found for found in model.operation_names if found.lower() == action.lower()), None)
    if operation is None:
        raise stepfunctions._ExecutionError("States.Runtime", f"{service} has no operation {action}")
    shape = model.operation_model(operation)
    try:
        answer = client._make_api_call(operation, _in_api_names(arguments or {}, shape.input_shape))
    except ClientError as error:
        raise _refusal(prefix, error, {found.name for found in shape.error_shapes}) from error
    except BotoCoreError as error:
        raise stepfunctions._ExecutionError(f"{prefix}.SdkClientException", str(error)) from error
    answer.pop("ResponseMetadata", None)
    return stepfunctions._convert_keys_to_sfn_convention(_json(answer))


def _refusal(prefix: str, error: ClientError, declared: set[str]) -> Exception:
    """Only what the API declares has a name of its own; the message ends as those of the SDK for Java do."""
    code = error.response["Error"]["Code"]
    names = {code, f"{code}Exception"} & declared
    named = next(iter(names)) if names else f"{prefix}Exception"
    named = named if named.endswith("Exception") else f"{named}Exception"
    answer = error.response["ResponseMetadata"]
    told = f"Service: {prefix}, Status Code: {answer['HTTPStatusCode']}, Request ID: {answer.get('RequestId', '-')}"
    failure: Exception = stepfunctions._ExecutionError(
        f"{prefix}.{named}", f"{error.response['Error']['Message']} ({told})"
    )
    return failure


def _in_api_names(value: Any, shape: Shape | None) -> Any:
    """Step Functions writes names in PascalCase, whatever the API does."""
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members: dict[str, Any] = dict(shape.members)
        names = {name.lower(): name for name in members}
        known = {str(names.get(str(name).lower(), name)): item for name, item in value.items()}
        return {name: _in_api_names(item, members.get(name)) for name, item in known.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_in_api_names(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {name: _in_api_names(item, shape.value) for name, item in value.items()}
    if shape is not None and shape.type_name == "string" and isinstance(value, dict | list):
        return json.dumps(value)  # JSON is taken where the API wants text
    return value


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_json(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.read().decode() if hasattr(value, "read") else value


def _invoke_function(arguments: Any) -> Any:
    client = _execution.get().client("lambda")
    try:
        answer = client.invoke(
            FunctionName=arguments["FunctionName"], Payload=json.dumps(arguments.get("Payload", {})).encode()
        )
    except ClientError as error:
        raise stepfunctions._ExecutionError(
            f"Lambda.{error.response['Error']['Code']}", error.response["Error"]["Message"]
        ) from error
    payload = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        kind = payload.get("errorType", "Lambda.Unknown") if isinstance(payload, dict) else "Lambda.Unknown"
        raise stepfunctions._ExecutionError(kind, json.dumps(payload))
    return {"StatusCode": answer["StatusCode"], "Payload": payload}


def _start_execution(arguments: Any) -> Any:
    return _call("sfn", "startExecution", arguments)


def _run_nested(arguments: Any) -> Any:
    started = _start_execution(arguments)
    while True:
        found = _call("sfn", "describeExecution", {"ExecutionArn": started["ExecutionArn"]})
        if found["Status"] == "SUCCEEDED":
            return {**found, "Input": json.loads(found["Input"]), "Output": json.loads(found["Output"])}
        if found["Status"] != "RUNNING":
            raise stepfunctions._ExecutionError("States.TaskFailed", json.dumps(found))
        time.sleep(0.05)


def _put_events(arguments: Any) -> Any:
    answer = _call("eventbridge", "putEvents", arguments)
    if answer.get("FailedEntryCount"):
        raise stepfunctions._ExecutionError("EventBridge.FailedEntry", json.dumps(answer))
    return answer
