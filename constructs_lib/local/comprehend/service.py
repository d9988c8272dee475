"""The door of the local Comprehend: one request in, one response out, and what IAM and CloudFormation need to know."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from constructs_lib.local.comprehend import access, models, simulated_jobs, validation
from constructs_lib.local.comprehend.service_errors import DeniedError, ServiceError, json_response, not_found
from constructs_lib.local.comprehend.state import STATE
from constructs_lib.local.hooks import iam

if TYPE_CHECKING:
    from collections.abc import Callable

    from constructs_lib.local.hooks.shapes import Response

TARGET_PREFIX = "Comprehend_20171127"


def _tag(request: dict[str, Any], _access_key: str) -> dict[str, Any]:
    STATE.tags[request["ResourceArn"]] = access.tag_map(request, _tags(request["ResourceArn"]))
    return {}


def _untag(request: dict[str, Any], _access_key: str) -> dict[str, Any]:
    tags = _tags(request["ResourceArn"])
    for key in request["TagKeys"]:
        tags.pop(key, None)
    return {}


def _list_tags(request: dict[str, Any], _access_key: str) -> dict[str, Any]:
    tags = [{"Key": key, "Value": value} for key, value in _tags(request["ResourceArn"]).items()]
    return {"ResourceArn": request["ResourceArn"], "Tags": tags}


def _tags(arn: str) -> dict[str, str]:
    if arn not in STATE.tags:
        raise not_found(arn)
    return STATE.tags[arn]


# Lists of what does not run here, or in no network; who cleans a network up asks for them.
_EMPTY_LISTS = (
    "ListDocumentClassifiers",
    "ListDominantLanguageDetectionJobs",
    "ListEntitiesDetectionJobs",
    "ListEntityRecognizers",
    "ListKeyPhrasesDetectionJobs",
    "ListSentimentDetectionJobs",
    "ListTargetedSentimentDetectionJobs",
    "ListTopicsDetectionJobs",
)
_OPERATIONS: dict[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
    "StartDocumentClassificationJob": simulated_jobs.start,
    "DescribeDocumentClassificationJob": simulated_jobs.describe,
    "ListDocumentClassificationJobs": simulated_jobs.list_jobs,
    "CreateDocumentClassifier": models.create_classifier,
    "DescribeDocumentClassifier": models.describe_classifier,
    "DeleteDocumentClassifier": models.delete_classifier,
    "CreateFlywheel": models.create_flywheel,
    "DescribeFlywheel": models.describe_flywheel,
    "DeleteFlywheel": models.delete_flywheel,
    "TagResource": _tag,
    "UntagResource": _untag,
    "ListTagsForResource": _list_tags,
}


async def handle_request(
    _method: str, _path: str, headers: dict[str, str], body: bytes, _query: dict[str, Any]
) -> Response:
    """Answer one request; its caller has been authenticated and may act on `resource_arn`."""
    operation = headers["x-amz-target"].rpartition(".")[2]
    STATE.calls[operation] += 1
    if operation in _EMPTY_LISTS:
        return json_response({})
    if operation not in _OPERATIONS:
        message = f"The local Comprehend does not know {operation}."
        return ServiceError("UnknownOperationException", message).response
    try:
        STATE.raise_fault(operation)
        request = json.loads(body or b"{}")
        validation.check(operation, request)
        return json_response(_OPERATIONS[operation](request, iam.access_key_of(headers)))
    except (ServiceError, DeniedError) as error:
        return error.response


def resource_arn(_operation: str, request: dict[str, Any], region: str, account: str) -> str:
    """The resource that a policy must name for this request; starting a job needs the job's ARN too."""
    for name in ("DocumentClassifierArn", "FlywheelArn", "ResourceArn"):
        if name in request:
            return str(request[name])
    if "JobId" in request:
        return f"arn:aws:comprehend:{region}:{account}:document-classification-job/{request['JobId']}"
    if "DocumentClassifierName" in request:
        return models.classifier_arn(request, region, account)
    if "FlywheelName" in request:
        return models.flywheel_arn(request, region, account)
    return "*"


def condition_keys(request: dict[str, Any]) -> dict[str, Any]:
    """The condition keys `comprehend:*` that the request fills."""
    network = request.get("VpcConfig") or {}
    keys = {
        "comprehend:VolumeKmsKey": request.get("VolumeKmsKeyId"),
        "comprehend:OutputKmsKey": (request.get("OutputDataConfig") or {}).get("KmsKeyId"),
        "comprehend:VpcSubnets": network.get("Subnets"),
        "comprehend:VpcSecurityGroupIds": network.get("SecurityGroupIds"),
    }
    return {name: value for name, value in keys.items() if value is not None}


def reset() -> None:
    """Forget everything; MiniStack's reset calls this."""
    STATE.reset()


def _provision_classifier(_logical_id: str, props: dict[str, Any], _stack_name: str) -> tuple[str, dict[str, str]]:
    validation.check("CreateDocumentClassifier", props)
    classifier = models.start_training(props)
    while classifier.status in {"SUBMITTED", "TRAINING"}:
        time.sleep(0.05)
    if classifier.status == "IN_ERROR":
        del STATE.classifiers[classifier.arn]
        raise RuntimeError(classifier.message)
    return classifier.arn, {"Arn": classifier.arn}


def _remove_classifier(arn: str, _props: dict[str, Any]) -> None:
    STATE.classifiers.pop(arn, None)


def _provision_flywheel(_logical_id: str, props: dict[str, Any], _stack_name: str) -> tuple[str, dict[str, str]]:
    validation.check("CreateFlywheel", props)
    arn = models.register_flywheel(props)["FlywheelArn"]
    return arn, {"Arn": arn}


def _remove_flywheel(arn: str, _props: dict[str, Any]) -> None:
    STATE.flywheels.pop(arn, None)


RESOURCE_TYPES = {
    "AWS::Comprehend::DocumentClassifier": (_provision_classifier, _remove_classifier),
    "AWS::Comprehend::Flywheel": (_provision_flywheel, _remove_flywheel),
}
