"""Which trained model a job classifies with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aws_cdk.interfaces.aws_comprehend import IDocumentClassifierRef, IFlywheelRef


class ModelKind(StrEnum):
    """The request field that names the model."""

    CLASSIFIER = "DocumentClassifierArn"
    FLYWHEEL = "FlywheelArn"


@dataclass(frozen=True)
class ClassificationModel:
    """A custom classification model: one classifier version, or a flywheel and its active version.

    Make one with a `from_*` method, so that a job has exactly one of the two.

    Args:
        kind: Which of the two request fields carries the ARN.
        arn: The ARN of the classifier or flywheel.

    Source: `DocumentClassifierArn` and `FlywheelArn` of `StartDocumentClassificationJob`.
    """

    kind: ModelKind
    arn: str

    @classmethod
    def from_classifier_arn(cls, arn: str) -> ClassificationModel:
        """Use a trained classifier.

        Args:
            arn: `arn:<partition>:comprehend:<region>:<account>:document-classifier/<name>[/version/<version>]`,
                at most 256 characters; or a token. A job that gets it checks it.

        Returns:
            The model.
        """
        return cls(ModelKind.CLASSIFIER, arn)

    @classmethod
    def from_flywheel_arn(cls, arn: str) -> ClassificationModel:
        """Use the active model version of a flywheel.

        Args:
            arn: `arn:<partition>:comprehend:<region>:<account>:flywheel/<name>`, at most 256 characters; or a
                token. A job that gets it checks it.

        Returns:
            The model.
        """
        return cls(ModelKind.FLYWHEEL, arn)

    @classmethod
    def from_classifier(cls, classifier: IDocumentClassifierRef) -> ClassificationModel:
        """Use a classifier that a CDK app defines.

        Args:
            classifier: Any reference to a classifier, such as `aws_comprehend.CfnDocumentClassifier`.

        Returns:
            The model.
        """
        return cls.from_classifier_arn(classifier.document_classifier_ref.document_classifier_arn)

    @classmethod
    def from_flywheel(cls, flywheel: IFlywheelRef) -> ClassificationModel:
        """Use a flywheel that a CDK app defines.

        Args:
            flywheel: Any reference to a flywheel, such as `aws_comprehend.CfnFlywheel`.

        Returns:
            The model.
        """
        return cls.from_flywheel_arn(flywheel.flywheel_ref.flywheel_arn)
