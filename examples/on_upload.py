"""Classifies documents a minute after they have been uploaded, and mails when that fails.

Use it when documents come now and then and somebody waits for them. A burst of uploads becomes one job or two. For
thousands of uploads at a time a schedule is cheaper: each upload starts a run, and most find that another is on it.

    cdk deploy --app 'python3 examples/on_upload.py' -c classifier_arn=arn:aws:comprehend:... -c mail=ops@example.com
"""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions

from constructs_lib import ClassificationModel, DocumentClassificationWorkflow

CLASSIFIER_ARN = "arn:aws:comprehend:us-east-1:111122223333:document-classifier/mails"


def build(app: cdk.App) -> cdk.Stack:
    """Define the stack."""
    stack = cdk.Stack(app, "UploadClassification")
    workflow = DocumentClassificationWorkflow(
        stack,
        "Mails",
        model=ClassificationModel.from_classifier_arn(app.node.try_get_context("classifier_arn") or CLASSIFIER_ARN),
        run_on_upload=True,
    )
    topic = sns.Topic(stack, "Failures", enforce_ssl=True)
    topic.add_subscription(subscriptions.EmailSubscription(app.node.try_get_context("mail") or "ops@example.com"))
    # A line each: in one text the mail would show line breaks as \n.
    lines = ("$.detail.message", "$.detail.hint", "$.detail.executionArn")
    message = events.RuleTargetInput.from_multiline_text("\n".join(map(events.EventField.from_path, lines)))
    workflow.on_failed("MailFailures", target=targets.SnsTopic(topic, message=message))
    return stack


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
