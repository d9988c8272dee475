"""Lambda: a function that raises tells the class of its error, where stock MiniStack says the same of all.

And whatever else is raised while a function is run is an error of that function, which is tried again and told.
"""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

import re
import traceback
from typing import Any

from ministack.services import lambda_svc

_UNTOLD = "Runtime.HandlerError"


def tell_errors_apart() -> None:
    """Give the error of a function the name that state machines catch it by."""
    execute = lambda_svc._execute_function_warm

    def execute_function_warm(function: dict[str, Any], event: Any, request_id: str) -> Any:
        try:
            result = execute(function, event, request_id)
        except Exception as error:  # noqa: BLE001 - often in a thread of its own: nobody else would ever hear of it
            body = {"errorType": "Lambda.Unknown", "errorMessage": repr(error)}
            return {"error": True, "body": body, "log": traceback.format_exc()}
        body = result.get("body")
        if result.get("error") and isinstance(body, dict) and body.get("errorType") == _UNTOLD:
            body["errorType"] = class_of_error(str(result.get("log", ""))) or _UNTOLD
        return result

    lambda_svc._execute_function_warm = execute_function_warm


def class_of_error(log: str) -> str | None:
    """Read the class of the last exception that a Python log shows."""
    _, found, trace = log.rpartition("Traceback (most recent call last):\n")
    raised = next((line for line in trace.splitlines() if line and not line.startswith(" ")), "") if found else ""
    name = re.match(r"(?:\w+\.)*(\w+)(?=:|$)", raised)
    return name[1] if name else None
