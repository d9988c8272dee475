"""The Lambda function: does one task of a run, says what came of it."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from . import collect, measure, metrics, unpack
from .environment import Settings
from .run_errors import ServiceUnavailable

_PATIENT = Config(
    retries={"mode": "standard", "total_max_attempts": 8},
    max_pool_connections=collect.WORKERS,
    connect_timeout=5,
    read_timeout=60,
)
_FAULT = 500  # HTTP's for faults of the service
_client = boto3.client("s3", config=_PATIENT)
_remover = boto3.client("s3", config=_PATIENT.merge(Config(retries={"total_max_attempts": 1})))


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Do what the state machine asks for.

    Args:
        event: `Task`, and what the task needs: `Run`, `Prefix` or `Job`.
        context: Of Lambda.

    Returns:
        What the run goes on with.

    Raises:
        ServiceUnavailable: S3 cannot serve at the moment.
    """
    try:
        return _do(event, context)
    except BotoCoreError as error:
        raise ServiceUnavailable(str(error)) from error
    except ClientError as error:
        if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= _FAULT:
            raise ServiceUnavailable(str(error)) from error
        raise


def _do(event: dict[str, Any], context: Any) -> dict[str, Any]:
    settings, now = Settings.read(), time.time()
    match event["Task"]:
        case "Measure":
            return measure.measure(_client, settings, event["Prefix"])
        case "Collect":
            batch = collect.collect(
                _client,
                _remover,
                settings,
                event["Run"],
                remaining=lambda: context.get_remaining_time_in_millis() / 1000,
            )
            age = (datetime.now(UTC) - batch.oldest).total_seconds() if batch.oldest else 0.0
            metrics.emit(now, settings.workflow, {"OldestDocument": max(0.0, age), "Refused": batch.refused})
            _log("collected", run=event["Run"], **batch.result())
            return batch.result()
        case "LookForMore":
            return measure.anything_left(_client, settings)
        case "Unpack":
            job = event["Job"]
            found = unpack.unpack(_client, settings, job, event["Run"])
            values: dict[str, float] = {"Documents": found.documents, "Errors": found.errors}
            if job.get("EndTime"):
                values["JobTime"] = _seconds(job["EndTime"]) - _seconds(job["SubmitTime"])
            metrics.emit(now, settings.workflow, values)
            for name, count in found.classes.most_common():
                _log("class", run=event["Run"], job=job["JobId"], className=name, count=count)
            return found.result()
        case other:
            raise ValueError(f"no task {other!r}: this function and its state machine are of different versions")


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _log(message: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"message": message, **more}) + "\n")
