"""Classifies the same documents with several models, to compare them.

Use it before a new model replaces an old one. Every night each model reads the same prefix, where the documents stay;
the two tables show where the models disagree.

    cdk deploy --app 'python3 examples/several_models.py' -c old=arn:aws:comprehend:... -c new=arn:aws:comprehend:...
"""

import aws_cdk as cdk
from aws_cdk import aws_scheduler as scheduler

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DocumentClassificationWorkflow,
    Documents,
    InputFormat,
    PrivateBucket,
)

MODELS = "old", "new"
CLASSIFIER_ARN = "arn:aws:comprehend:us-east-1:111122223333:document-classifier/mails/version/{}"


def build(app: cdk.App) -> cdk.Stack:
    """Define the stack."""
    stack = cdk.Stack(app, "ModelComparison")
    mails = PrivateBucket(stack, "MailBucket")
    network = ClassificationNetwork(stack, "Network")
    for name in MODELS:
        arn = app.node.try_get_context(name) or CLASSIFIER_ARN.format(name)
        workflow = DocumentClassificationWorkflow(
            stack,
            f"{name.title()}Model",
            model=ClassificationModel.from_classifier_arn(arn),
            documents=Documents.from_bucket(mails, f"inbox-{name}/", input_format=InputFormat.ONE_DOC_PER_FILE),
            network=network,
            tags={"model": name},
        )
        workflow.add_schedule(
            "Nightly",
            schedule=scheduler.ScheduleExpression.cron(hour="2", minute="0", time_zone=cdk.TimeZone.ETC_UTC),
            prefix="mails/%Y/%m/%d/",
            offset=cdk.Duration.days(1),
        )
    cdk.CfnOutput(stack, "MailBucketName", value=mails.bucket_name)
    return stack


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
