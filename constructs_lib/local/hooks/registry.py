"""One more service beside MiniStack's own: routed to, named in policies, with its condition keys."""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401, PLR0917

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core import iam_actions, router
from ministack.core.responses import get_account_id, get_region

from constructs_lib.local.hooks.shapes import parsed

if TYPE_CHECKING:
    from constructs_lib.local.hooks.shapes import Service


def register(comprehend: Service) -> None:
    """Register a service under the name comprehend."""
    app.SERVICE_REGISTRY["comprehend"] = {"module": "comprehend"}
    app.SERVICE_HANDLERS["comprehend"] = comprehend.handle_request
    app._loaded_modules["comprehend"] = comprehend
    router.SERVICE_PATTERNS["comprehend"] = {"target_prefixes": [comprehend.TARGET_PREFIX], "host_patterns": []}
    iam_actions.SERVICE_TO_IAM_NAMESPACE["comprehend"] = "comprehend"
    resource_arn, request_context = iam_actions.extract_resource_arn, iam_actions.request_tag_context

    def extract_resource_arn(
        service: str,
        method: str,
        path: str,
        headers: Any,
        body: bytes,
        query: Any,
        region: str,
        account: str,
    ) -> str:
        if service != "comprehend":
            return str(resource_arn(service, method, path, headers, body, query, region, account))
        return comprehend.resource_arn(headers["x-amz-target"].rpartition(".")[2], parsed(body), region, account)

    def request_tag_context(service: str, action: str, body: bytes, params: Any) -> dict[str, Any]:
        keys: dict[str, Any] = request_context(service, action, body, params)
        return {**keys, **comprehend.condition_keys(parsed(body))} if service == "comprehend" else keys

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_actions.request_tag_context = request_tag_context


def account_id() -> str:
    """The account of the running request."""
    return str(get_account_id())


def region() -> str:
    """The Region of the running request."""
    return str(get_region())
