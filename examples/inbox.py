"""Classifies what arrives in an inbox, every hour, for as long as the stack is there.

Use it when documents keep coming. Whatever waits becomes one job; predictions become rows of a table; somebody is told
when a run fails, when a schedule cannot start one, or when documents wait longer than a day.

    cdk deploy --app 'python3 examples/inbox.py' -c classifier_arn=arn:aws:comprehend:... -c mail=ops@example.com
"""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions

from constructs_lib import ClassificationModel, DocumentClassificationWorkflow

CLASSIFIER_ARN = "arn:aws:comprehend:us-east-1:111122223333:document-classifier/mails"


def build(app: cdk.App) -> cdk.Stack:
    """Define the stack."""
    stack = cdk.Stack(app, "InboxClassification")
    workflow = DocumentClassificationWorkflow(
        stack,
        "Mails",
        model=ClassificationModel.from_classifier_arn(app.node.try_get_context("classifier_arn") or CLASSIFIER_ARN),
        schedule=scheduler.ScheduleExpression.rate(cdk.Duration.hours(1)),
        max_documents=100_000,
    )
    topic = sns.Topic(stack, "Alarms", enforce_ssl=True)
    if mail := app.node.try_get_context("mail"):
        topic.add_subscription(subscriptions.EmailSubscription(mail))
    workflow.add_alarms(actions.SnsAction(topic), max_age=cdk.Duration.days(1))
    workflow.add_dashboard()
    return stack


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
