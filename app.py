"""Deploys one document classification pipeline; what it classifies and how comes from the context."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import aws_cdk as cdk

from constructs_lib import (
    ClassificationModel,
    DocumentClassificationPipeline,
    Documents,
    InputFormat,
    JobMilestone,
    ValidationError,
)

Choice = TypeVar("Choice", bound=StrEnum)

OPTIONS = ("classifier_arn", "flywheel_arn", "documents", "input_format", "run_id", "wait_for")

USAGE = """\
pass the model to classify with: -c classifier_arn=arn:aws:comprehend:...:document-classifier/NAME or -c \
flywheel_arn=arn:aws:comprehend:...:flywheel/NAME (one of them). More: -c documents=s3://BUCKET/PREFIX or a local \
file, -c input_format=ONE_DOC_PER_FILE or ONE_DOC_PER_LINE, -c run_id=TEXT, -c wait_for=SUBMITTED, IN_PROGRESS or \
COMPLETED"""


class ClassificationStack(cdk.Stack):
    """One pipeline."""

    def __init__(self, scope: cdk.App, id: str) -> None:
        super().__init__(scope, id)
        context = {name: _text(scope, name) for name in OPTIONS}
        DocumentClassificationPipeline(
            self,
            "Pipeline",
            model=_model(context["classifier_arn"], context["flywheel_arn"]),
            documents=self._documents(context["documents"], context["input_format"]),
            run_id=context["run_id"],
            wait_for=_choice(JobMilestone, "wait_for", context["wait_for"] or JobMilestone.IN_PROGRESS),
        )

    def _documents(self, place: str | None, input_format: str | None) -> Documents | None:
        if place is None:
            return None
        if ":" in place and not Path(place).exists():  # A URI, or what somebody takes for one: it says how to write it.
            file = InputFormat.ONE_DOC_PER_FILE
            return Documents.from_uri(place, input_format=_choice(InputFormat, "input_format", input_format or file))
        line = InputFormat.ONE_DOC_PER_LINE
        return Documents.from_asset(place, input_format=_choice(InputFormat, "input_format", input_format or line))


def _text(app: cdk.App, name: str) -> str | None:
    value = app.node.try_get_context(name)
    return None if value is None or value == "" else str(value)


def _model(classifier_arn: str | None, flywheel_arn: str | None) -> ClassificationModel:
    if classifier_arn and not flywheel_arn:
        return ClassificationModel.from_classifier_arn(classifier_arn)
    if flywheel_arn and not classifier_arn:
        return ClassificationModel.from_flywheel_arn(flywheel_arn)
    sys.exit(USAGE)


def _choice(choices: type[Choice], option: str, value: str) -> Choice:
    try:
        return choices(value)
    except ValueError:
        sys.exit(f"{option}: got {value!r}; allowed: {', '.join(choices)}; pass -c {option}=...")


def main() -> None:
    """Synthesize the app."""
    app = cdk.App()
    try:
        ClassificationStack(app, "DocumentClassification")
    except ValidationError as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
