"""The local control path: settings and faults, for tests and for playing with failures by hand.

`POST /_local/settings {"job_seconds": 30}` changes settings; `POST /_local/faults [{"operation": ..., "code": ...}]`
replaces the faults. Both answer with what holds now. `/_local/calls` counts the requests of each operation, and
`/_local/resource-types` lists what CloudFormation can deploy.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from constructs_lib.local.comprehend.state import STATE, Fault
from constructs_lib.local.hooks import cloudformation
from constructs_lib.local.hooks.door import CONTROL_PREFIX


async def handle(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401 - the ASGI callables
    """Answer one request on the control path."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    try:
        status, answer = 200, _apply(scope["path"].removeprefix(CONTROL_PREFIX), json.loads(body or b"null"))
    except (KeyError, TypeError, ValueError) as error:
        status, answer = 400, {"error": str(error)}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


def _apply(what: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if what == "settings":
        STATE.settings = dataclasses.replace(STATE.settings, **(value or {}))
        return dataclasses.asdict(STATE.settings)
    if what == "faults":
        STATE.faults = [Fault(**fault) for fault in value or []]
        return len(STATE.faults)
    if what == "calls":
        return STATE.calls
    if what == "resource-types":
        return sorted(cloudformation.resource_types())
    raise ValueError(f"{CONTROL_PREFIX}{what} does not exist; there are settings, faults, calls and resource-types")
