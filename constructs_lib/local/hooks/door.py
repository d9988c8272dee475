"""The door: nothing comes in unless it is signed by somebody this local AWS knows.

Other users of the machine can connect to loopback, too. MiniStack takes several key ids for its root user without
looking at the signature and serves control paths to everybody; here there is one root key, its signature is judged like
any other, and what is not AWS's is shut.
"""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote
from xml.sax.saxutils import escape

from ministack.core import iam_evaluator, router
from ministack.core.responses import set_request_account_id, set_request_region
from ministack.services import s3, sts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

CONTROL_PREFIX = "/_local/"
# Addresses that hold a secret of their own, as the presigned URLs have that they stand for.
_SECRET_ADDRESSES = ("/_ministack/cfn-response/", "/_ministack/cfn-signal/")


def judge_root() -> None:
    """Know the root user by its one key, and judge its signature."""

    def is_root_access_key(access_key: str) -> bool:
        return access_key == os.environ["AWS_ACCESS_KEY_ID"]

    iam_evaluator.is_root_access_key = sts.is_root_access_key = is_root_access_key
    # Asked only for whether a signature need not be judged.
    iam_evaluator._is_root_key = lambda _access_key: False


def guarded(application: Application, control: Application, account: str) -> Application:
    """Put the door in front of an application.

    Args:
        application: MiniStack's ASGI application.
        control: Answers on the control path, to the root user only.
        account: The account served.

    Returns:
        An ASGI application that lets nobody else in.
    """

    async def door(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await application(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        path = scope["path"]
        body = await _body(receive)
        if not path.startswith(_SECRET_ADDRESSES):
            set_request_account_id(account)
            caller = _caller(scope, body, account)
            if isinstance(caller, iam_evaluator.AuthError):
                await _refuse(scope, send, caller.code, caller.message)
                return
            if path.startswith(CONTROL_PREFIX) and caller.principal_type != "Root":
                await _refuse(scope, send, "AccessDenied", "The control path is the root user's.")
                return
            if path.startswith(("/_ministack/", "/_localstack/")):
                await _refuse(scope, send, "AccessDenied", f"{path} is shut.")
                return
        chosen = control if path.startswith(CONTROL_PREFIX) else application
        await chosen(scope, _replay(body, receive), send)

    return door


def _caller(scope: dict[str, Any], body: bytes, account: str) -> Any:
    """The credential that signed a request, or the error that says why there is none."""
    method, path = scope["method"], scope["path"]
    query = parse_qs(scope.get("query_string", b"").decode(), keep_blank_values=True)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    access_key = router.extract_access_key_id(headers, query)
    if not access_key:
        return iam_evaluator.AuthError("MissingAuthenticationToken", "Request is missing Authentication Token")
    if iam_evaluator._s3_presigned_query(query) and not headers.get("authorization"):
        if s3._verify_presigned_sigv4(method, path, headers, query) is not None:
            return iam_evaluator.AuthError("SignatureDoesNotMatch", "The presigned URL is not valid (any longer).")
        caller = iam_evaluator.resolve_credential(access_key, account)
    else:
        set_request_region(router.extract_region(headers, query))
        raw_path = (scope.get("raw_path") or quote(path).encode()).decode("latin-1")
        iam_evaluator.pin_signed_request(method, raw_path, query, scope["headers"])
        iam_evaluator.pin_signed_body(body)
        caller = iam_evaluator.authenticate(access_key, account)
    if caller is None or isinstance(caller, iam_evaluator.CredentialResolutionError):
        return iam_evaluator.AuthError(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    return caller


async def _body(receive: Any) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)  # also ends when the client is gone
    return b"".join(parts)


def _replay(body: bytes, receive: Any) -> Any:
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Any:
        return messages.pop() if messages else await receive()

    return again


async def _refuse(scope: dict[str, Any], send: Any, code: str, message: str) -> None:
    """Refuse in the protocol of the service that was meant, so that its clients understand."""
    headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
    credential = headers.get(b"authorization", "").partition("Credential=")[2].split("/")
    service = credential[3] if len(credential) > 3 else "s3"  # noqa: PLR2004 - its place in a credential scope
    error = f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    if service == "s3":
        body = error
    elif service == "ec2":
        body = f"<Response><Errors>{error}</Errors></Response>"
    elif headers.get(b"content-type", "").startswith("application/x-www-form-urlencoded"):
        body = f"<ErrorResponse>{error}</ErrorResponse>"
    else:
        body = json.dumps({"__type": code, "message": message})
    kind = b"application/json" if body.startswith("{") else b"application/xml"
    await send({"type": "http.response.start", "status": 403, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": body.encode()})
