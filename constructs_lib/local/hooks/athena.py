"""Athena: requests are judged on their workgroup, where stock MiniStack names no resource."""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions
from ministack.services import athena

from constructs_lib.local.hooks.shapes import parsed


def judge_by_workgroup() -> None:
    """Name the workgroup that a request about a query is for."""
    resource_arn = iam_actions.extract_resource_arn

    def extract_resource_arn(service: str, *request: Any) -> str:
        method, path, headers, body, query, region, account = request
        if service != "athena":
            return str(resource_arn(service, method, path, headers, body, query, region, account))
        asked = parsed(body)
        execution = athena._executions.get(asked.get("QueryExecutionId", "")) or {}
        group = asked.get("WorkGroup") or execution.get("WorkGroup") or "primary"
        return f"arn:aws:athena:{region}:{account}:workgroup/{group}"

    iam_actions.extract_resource_arn = extract_resource_arn
