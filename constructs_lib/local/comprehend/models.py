"""Classifiers and flywheels: what a job classifies with."""

from __future__ import annotations

import contextvars
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from constructs_lib.local.comprehend import access, s3_documents, text_model, training_data
from constructs_lib.local.comprehend.service_errors import ServiceError, invalid, not_found
from constructs_lib.local.comprehend.state import STATE
from constructs_lib.local.hooks import iam, registry


@dataclass
class Classifier:
    """A custom classifier and how far its training is."""

    arn: str
    request: dict[str, Any]
    status: str = "SUBMITTED"
    message: str = ""
    model: text_model.TextModel | None = None
    submitted: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None

    def describe(self) -> dict[str, Any]:
        """The classifier's properties, as Describe answers."""
        hidden = {"DocumentClassifierName", "ClientRequestToken", "Tags", "ModelPolicy"}
        properties = {name: value for name, value in self.request.items() if name not in hidden}
        optional = {"Message": self.message, "EndTime": self.ended}
        return {
            "DocumentClassifierArn": self.arn,
            "Status": self.status,
            "SubmitTime": self.submitted,
            **properties,
            **{name: value for name, value in optional.items() if value},
        }


def classifier_arn(request: dict[str, Any], region: str, account: str) -> str:
    """The ARN that a classifier of this request gets."""
    version = f"/version/{request['VersionName']}" if "VersionName" in request else ""
    name = request.get("DocumentClassifierName", "*")
    return f"arn:aws:comprehend:{region}:{account}:document-classifier/{name}{version}"


def create_classifier(request: dict[str, Any], access_key: str) -> dict[str, Any]:
    """CreateDocumentClassifier: start to train on the labelled CSV."""
    access.require(access_key, "iam:PassRole", request["DataAccessRoleArn"], access.PASSED_TO_COMPREHEND)
    return {"DocumentClassifierArn": start_training(request).arn}


def start_training(request: dict[str, Any]) -> Classifier:
    """Register the classifier and train it in the background.

    Raises:
        ServiceError: Its name is taken, or it cannot be trained here.
    """
    config = request["InputDataConfig"]
    if config.get("DataFormat", "COMPREHEND_CSV") != "COMPREHEND_CSV" or "S3Uri" not in config:
        raise invalid(
            "The local Comprehend trains on CSV files only: leave DataFormat unset or COMPREHEND_CSV, and give S3Uri. "
            f"Got DataFormat {config.get('DataFormat', 'unset')}."
        )
    if config.get("DocumentType", "PLAIN_TEXT_DOCUMENT") != "PLAIN_TEXT_DOCUMENT":
        raise invalid(f"The local Comprehend trains on plain text only, got DocumentType {config['DocumentType']}.")
    arn = classifier_arn(request, registry.region(), registry.account_id())
    if arn in STATE.classifiers:
        raise ServiceError("ResourceInUseException", f"The specified resource name is already in use: {arn}")
    classifier = STATE.classifiers[arn] = Classifier(arn, request)
    STATE.tags[arn] = access.tag_map(request)
    # A thread does not inherit whose request this is; the copied context does.
    threading.Thread(target=contextvars.copy_context().run, args=(_train, classifier), daemon=True).start()
    return classifier


def _train(classifier: Classifier) -> None:
    request, begun = classifier.request, time.monotonic()
    classifier.status = "TRAINING"
    try:
        s3 = s3_documents.client(access.assume_data_access_role(request["DataAccessRoleArn"], classifier.arn))
        files = [content for _, content in s3_documents.read_objects(s3, request["InputDataConfig"]["S3Uri"])]
        multi_label = request.get("Mode") == "MULTI_LABEL"
        delimiter = request["InputDataConfig"].get("LabelDelimiter", "|") if multi_label else None
        classifier.model = text_model.train(training_data.read(files, delimiter=delimiter), multi_label=multi_label)
        time.sleep(max(0.0, STATE.settings.training_seconds - (time.monotonic() - begun)))
    except (ClientError, iam.AssumeRoleDeniedError) as error:
        classifier.message = access.no_read_access(error)
    except ValueError as error:
        classifier.message = f"INVALID_INPUT_DATA: {error}"
    except Exception as error:  # noqa: BLE001 - a thread of its own: nobody else would ever hear of it
        classifier.message = f"INTERNAL_ERROR: {error!r}"
    classifier.ended = datetime.now(UTC)
    classifier.status = "IN_ERROR" if classifier.message else "TRAINED"


def describe_classifier(request: dict[str, Any], _access_key: str) -> dict[str, Any]:
    """DescribeDocumentClassifier."""
    return {"DocumentClassifierProperties": _classifier(request["DocumentClassifierArn"]).describe()}


def delete_classifier(request: dict[str, Any], _access_key: str) -> dict[str, Any]:
    """DeleteDocumentClassifier."""
    arn = request["DocumentClassifierArn"]
    if any(job.active and job.classifier.arn == arn for job in STATE.jobs.values()):
        raise ServiceError("ResourceInUseException", f"A job uses the classifier: {arn}")
    del STATE.classifiers[_classifier(arn).arn]
    STATE.tags.pop(arn, None)
    return {}


def flywheel_arn(request: dict[str, Any], region: str, account: str) -> str:
    """The ARN that a flywheel of this request gets."""
    return f"arn:aws:comprehend:{region}:{account}:flywheel/{request.get('FlywheelName', '*')}"


def create_flywheel(request: dict[str, Any], access_key: str) -> dict[str, Any]:
    """CreateFlywheel, for a classifier that exists already: it is the active model."""
    access.require(access_key, "iam:PassRole", request["DataAccessRoleArn"], access.PASSED_TO_COMPREHEND)
    return register_flywheel(request)


def register_flywheel(request: dict[str, Any]) -> dict[str, Any]:
    """Register a flywheel whose active model is the given classifier."""
    if "ActiveModelArn" not in request:
        raise invalid("The local Comprehend makes flywheels only around a classifier that exists: give ActiveModelArn.")
    model = _classifier(request["ActiveModelArn"]).arn
    arn = flywheel_arn(request, registry.region(), registry.account_id())
    if arn in STATE.flywheels:
        raise ServiceError("ResourceInUseException", f"The specified resource name is already in use: {arn}")
    STATE.flywheels[arn] = {
        "FlywheelArn": arn,
        "ActiveModelArn": model,
        "DataAccessRoleArn": request["DataAccessRoleArn"],
        "DataLakeS3Uri": request["DataLakeS3Uri"],
        "ModelType": "DOCUMENT_CLASSIFIER",
        "Status": "ACTIVE",
        "CreationTime": datetime.now(UTC),
    }
    STATE.tags[arn] = access.tag_map(request)
    return {"FlywheelArn": arn, "ActiveModelArn": model}


def describe_flywheel(request: dict[str, Any], _access_key: str) -> dict[str, Any]:
    """DescribeFlywheel."""
    return {"FlywheelProperties": _flywheel(request["FlywheelArn"])}


def delete_flywheel(request: dict[str, Any], _access_key: str) -> dict[str, Any]:
    """DeleteFlywheel."""
    del STATE.flywheels[_flywheel(request["FlywheelArn"])["FlywheelArn"]]
    return {}


def model_of(request: dict[str, Any]) -> Classifier:
    """The trained classifier that a job request names, directly or through a flywheel.

    Raises:
        ServiceError: Both or neither are named, there is no such resource, or it is not trained.
    """
    named = [request[name] for name in ("DocumentClassifierArn", "FlywheelArn") if name in request]
    if len(named) != 1:
        raise invalid("Exactly one of DocumentClassifierArn and FlywheelArn is required.")
    arn = _flywheel(named[0])["ActiveModelArn"] if "FlywheelArn" in request else named[0]
    classifier = _classifier(arn)
    if classifier.model is None:
        raise ServiceError("ResourceUnavailableException", f"The classifier is {classifier.status}: {arn}")
    return classifier


def _classifier(arn: str) -> Classifier:
    if arn not in STATE.classifiers:
        raise not_found(arn)
    classifier: Classifier = STATE.classifiers[arn]
    return classifier


def _flywheel(arn: str) -> dict[str, Any]:
    if arn not in STATE.flywheels:
        raise not_found(arn)
    return STATE.flywheels[arn]
