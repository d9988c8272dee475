"""Step Functions: SDK integrations of Comprehend, called under the state machine's role."""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

import contextvars
import json
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import ClientError
from ministack.services import stepfunctions

from constructs_lib.local.hooks.iam import AssumeRoleDeniedError, assume_role_as_service

if TYPE_CHECKING:
    from constructs_lib.local.hooks.shapes import Service

_execution: contextvars.ContextVar[str] = contextvars.ContextVar("execution")


def call_comprehend(comprehend: Service) -> None:
    """SDK integrations of Comprehend, called under the state machine's role."""
    run, dispatch = stepfunctions._run_execution, stepfunctions._dispatch_aws_sdk_json

    def run_execution(execution_arn: str) -> None:
        _execution.set(execution_arn)
        run(execution_arn)

    def dispatch_aws_sdk_json(info: Any, service: str, action: str, parameters: dict[str, Any]) -> Any:
        if service != "comprehend":
            return dispatch(info, service, action, parameters)
        operation = action[0].upper() + action[1:]
        machine = stepfunctions._executions[_execution.get()]["stateMachineArn"]
        try:
            session = assume_role_as_service(
                stepfunctions._state_machines[machine]["roleArn"],
                "states.amazonaws.com",
                machine,
                "StepFunctions",
            )
            client: Any = session.client("comprehend", config=Config(retries={"total_max_attempts": 1}))
            answer = client._make_api_call(operation, parameters)
        except AssumeRoleDeniedError as error:
            raise stepfunctions._ExecutionError("States.TaskFailed", str(error)) from error
        except ClientError as error:
            code = stepfunctions._prefix_sdk_error(service, error.response["Error"]["Code"])
            raise stepfunctions._ExecutionError(code, error.response["Error"]["Message"]) from error
        answer.pop("ResponseMetadata")
        return json.loads(json.dumps(answer, default=lambda moment: moment.isoformat()))

    stepfunctions._AWS_SDK_SERVICE_MAP["comprehend"] = {
        "target_prefix": comprehend.TARGET_PREFIX,
        "protocol": "json",
    }
    stepfunctions._run_execution = run_execution
    stepfunctions._dispatch_aws_sdk_json = dispatch_aws_sdk_json
