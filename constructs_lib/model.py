"""Which trained model a job classifies with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from constructs_lib._core.arns import Arn
from constructs_lib._core.environment_checks import check_arn_environment, check_environment
from constructs_lib._core.objects import is_text, offers
from constructs_lib._core.tokens import is_known, is_pending
from constructs_lib._core.values import MadeByMethods
from constructs_lib.errors import problem

if TYPE_CHECKING:
    from aws_cdk.aws_comprehend import CfnDocumentClassifier, CfnFlywheel
    from aws_cdk.interfaces.aws_comprehend import IDocumentClassifierRef, IFlywheelRef

    from constructs_lib._core.arns import Environment

# Of the service's model, with which a test compares them.
ARN_LENGTH = 256
CLASSIFIER_ARN = re.compile(
    r"arn:aws(-[^:]+)?:comprehend:[a-zA-Z0-9-]*:[0-9]{12}:document-classifier/[a-zA-Z0-9](-*[a-zA-Z0-9])*"
    r"(/version/[a-zA-Z0-9](-*[a-zA-Z0-9])*)?"
)
FLYWHEEL_ARN = re.compile(r"arn:aws(-[^:]+)?:comprehend:[a-zA-Z0-9-]*:[0-9]{12}:flywheel/[a-zA-Z0-9](-*[a-zA-Z0-9])*")


class ModelKind(StrEnum):
    """The request field that names the model."""

    CLASSIFIER = "DocumentClassifierArn"
    FLYWHEEL = "FlywheelArn"


@dataclass(frozen=True)
class ClassificationModel(metaclass=MadeByMethods):
    """A custom classification model: one classifier version, or a flywheel and its active version.

    Make one with a `from_*` method, so that a job has exactly one of the two. The job that gets it checks it.

    Args:
        kind: Which of the two request fields carries the ARN.
        arn: The ARN of the classifier or flywheel.
        region: The Region of the stack that defines it, if a CDK app does.
        account: The account of that stack.

    Source: `DocumentClassifierArn` and `FlywheelArn` of `StartDocumentClassificationJob`.
    """

    kind: ModelKind
    arn: str
    region: str | None = None
    account: str | None = None

    @classmethod
    def from_classifier_arn(cls, arn: str) -> ClassificationModel:
        """Use a trained classifier.

        Args:
            arn: `arn:<partition>:comprehend:<region>:<account>:document-classifier/<name>[/version/<version>]`,
                at most 256 characters; or a token.

        Returns:
            The model.
        """
        return cls._make(kind=ModelKind.CLASSIFIER, arn=arn)

    @classmethod
    def from_flywheel_arn(cls, arn: str) -> ClassificationModel:
        """Use the active model version of a flywheel.

        Args:
            arn: `arn:<partition>:comprehend:<region>:<account>:flywheel/<name>`, at most 256 characters; or a
                token.

        Returns:
            The model.
        """
        return cls._make(kind=ModelKind.FLYWHEEL, arn=arn)

    @classmethod
    def from_classifier(cls, classifier: IDocumentClassifierRef | CfnDocumentClassifier) -> ClassificationModel:
        """Use a classifier that a CDK app defines.

        Args:
            classifier: Any reference to a classifier, such as `aws_comprehend.CfnDocumentClassifier`.

        Returns:
            The model.
        """
        if not offers(classifier, "document_classifier_ref"):
            return cls._make(kind=ModelKind.CLASSIFIER, arn=classifier)
        return cls._defined(
            ModelKind.CLASSIFIER, classifier, classifier.document_classifier_ref.document_classifier_arn
        )

    @classmethod
    def from_flywheel(cls, flywheel: IFlywheelRef | CfnFlywheel) -> ClassificationModel:
        """Use a flywheel that a CDK app defines.

        Args:
            flywheel: Any reference to a flywheel, such as `aws_comprehend.CfnFlywheel`.

        Returns:
            The model.
        """
        if not offers(flywheel, "flywheel_ref"):
            return cls._make(kind=ModelKind.FLYWHEEL, arn=flywheel)
        return cls._defined(ModelKind.FLYWHEEL, flywheel, flywheel.flywheel_ref.flywheel_arn)

    @classmethod
    def _defined(cls, kind: ModelKind, model: object, arn: str) -> ClassificationModel:
        env = model.env if offers(model, "env") else None  # type: ignore[attr-defined]
        return cls._make(kind=kind, arn=arn, region=env.region if env else None, account=env.account if env else None)

    def resource(self, environment: Environment) -> str:
        """Name the model in a policy.

        Args:
            environment: Where the job runs.

        Returns:
            Its ARN; while that is still to be looked up, one of the right form.
        """
        if is_pending(self.arn):
            return f"{environment.arn('comprehend')}:document-classifier/*"
        return self.arn

    def problems(self, environment: Environment) -> list[str]:
        """Check the model.

        Args:
            environment: Where the job runs.

        Returns:
            What is wrong; nothing for what only the deployment knows.
        """
        if is_text(self.arn) and not is_known(self.arn):
            return check_environment("model", "a model", self.region, self.account, environment)
        return self._pattern_problems() or self._environment_problems(environment)

    def _pattern_problems(self) -> list[str]:
        option, arn = "model", self.arn
        wanted, pattern, other, command, shape = (
            (
                "flywheel",
                FLYWHEEL_ARN,
                CLASSIFIER_ARN,
                "list-flywheels",
                "flywheel/<name>",
            )
            if self.kind == ModelKind.FLYWHEEL
            else (
                "document classifier",
                CLASSIFIER_ARN,
                FLYWHEEL_ARN,
                "list-document-classifiers",
                "document-classifier/<name>[/version/<version>]",
            )
        )
        if is_text(arn) and other.fullmatch(arn):
            right = "from_classifier_arn" if self.kind == ModelKind.FLYWHEEL else "from_flywheel_arn"
            return [problem(option, arn, f"the ARN of a {wanted}", f"use ClassificationModel.{right} for this one")]
        if is_text(arn) and pattern.fullmatch(arn) and len(arn) <= ARN_LENGTH:
            return []
        return [
            problem(
                option,
                arn,
                f"arn:<partition>:comprehend:<region>:<12-digit account>:{shape}, at most {ARN_LENGTH} characters",
                f"copy the ARN of the {wanted} from the Comprehend console or from `aws comprehend {command}`",
            )
        ]

    def _environment_problems(self, environment: Environment) -> list[str]:
        found = check_arn_environment("model", self.arn, environment)
        parts, account = Arn.parse(self.arn), environment.known_account
        if not found and parts and account and parts.account != account:
            return [
                problem(
                    "model",
                    self.arn,
                    f"a model of account {account}, the stack's",
                    "import the other account's model (`aws comprehend import-model`) and use the copy",
                )
            ]
        return found


def check_model(model: object, environment: Environment) -> list[str]:
    """Check what was given as a model.

    Args:
        model: Anything.
        environment: Where the job runs.

    Returns:
        Problems.
    """
    if isinstance(model, ClassificationModel):
        return model.problems(environment)
    return [problem("model", model, "a ClassificationModel", "use ClassificationModel.from_classifier_arn(...)")]
