"""Classifies yesterday's documents every night, from prefixes that are named after the day.

Use it for documents that another system stores by date, such as `mails/2026/11/24/`. They stay where they are. What is
stored for a day after its run is missed; an inbox has no such gap.

    cdk deploy --app 'python3 examples/nightly.py' -c classifier_arn=arn:aws:comprehend:... -c bucket=my-mails
"""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler

from constructs_lib import ClassificationModel, DocumentClassificationWorkflow, Documents, InputFormat

CLASSIFIER_ARN = "arn:aws:comprehend:us-east-1:111122223333:document-classifier/mails"


def build(app: cdk.App) -> cdk.Stack:
    """Define the stack."""
    stack = cdk.Stack(app, "NightlyClassification")
    mails = s3.Bucket.from_bucket_name(stack, "MailBucket", app.node.try_get_context("bucket") or "my-mails")
    workflow = DocumentClassificationWorkflow(
        stack,
        "Mails",
        model=ClassificationModel.from_classifier_arn(app.node.try_get_context("classifier_arn") or CLASSIFIER_ARN),
        documents=Documents.from_bucket(mails, "late-mails/", input_format=InputFormat.ONE_DOC_PER_FILE),
    )
    workflow.add_schedule(
        "Nightly",
        schedule=scheduler.ScheduleExpression.cron(hour="2", minute="0", time_zone=cdk.TimeZone.ETC_UTC),
        prefix="mails/%Y/%m/%d/",
        offset=cdk.Duration.days(1),
    )
    return stack


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
