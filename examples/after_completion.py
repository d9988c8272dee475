"""Starts a state machine of your own with the predictions of each run.

Use it to go on with what a run has found: here people are asked, by a queue, to look at documents with errors.

    cdk deploy --app 'python3 examples/after_completion.py' -c classifier_arn=arn:aws:comprehend:...
"""

import aws_cdk as cdk
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from constructs_lib import ClassificationModel, DocumentClassificationWorkflow

CLASSIFIER_ARN = "arn:aws:comprehend:us-east-1:111122223333:document-classifier/mails"


def build(app: cdk.App) -> cdk.Stack:
    """Define the stack."""
    stack = cdk.Stack(app, "ClassificationAndThen")
    workflow = DocumentClassificationWorkflow(
        stack,
        "Mails",
        model=ClassificationModel.from_classifier_arn(app.node.try_get_context("classifier_arn") or CLASSIFIER_ARN),
        schedule=scheduler.ScheduleExpression.rate(cdk.Duration.hours(1)),
    )
    review = sqs.Queue(stack, "Review", enforce_ssl=True)
    tell = tasks.SqsSendMessage(
        stack,
        "AskForReview",
        queue=review,
        message_body=sfn.TaskInput.from_object(
            {
                "predictions": sfn.JsonPath.string_at("$.detail.predictionsS3Uri"),
                "errors": sfn.JsonPath.number_at("$.detail.errors"),
            }
        ),
    )
    has_errors = sfn.Choice(stack, "HasErrors").when(sfn.Condition.number_greater_than("$.detail.errors", 0), tell)
    machine = sfn.StateMachine(
        stack,
        "AndThen",
        definition_body=sfn.DefinitionBody.from_chainable(has_errors.otherwise(sfn.Pass(stack, "NothingToReview"))),
    )
    workflow.on_completed("GoOn", target=targets.SfnStateMachine(machine))
    return stack


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
