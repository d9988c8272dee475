"""An app for tests on the local AWS: workflows that uploads start, that people start and whose model is not trained."""

import aws_cdk as cdk
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs

from constructs_lib import (
    ClassificationModel,
    DocumentClassificationWorkflow,
    Documents,
    InputFormat,
)


def build(app, classifier_arn, untrained_arn):
    """Define the stack."""
    stack = cdk.Stack(app, "Workflows")
    model = ClassificationModel.from_classifier_arn(classifier_arn)
    notices = sqs.Queue(stack, "Notices")
    uploads = DocumentClassificationWorkflow(stack, "Uploads", model=model, run_on_upload=True, network_isolation=False)
    uploads.on_state_change("Tell", target=targets.SqsQueue(notices))
    # The CDK lets events into a log group by a function of its own, which takes an SDK's client from the runtime.
    audit = logs.LogGroup(stack, "Audit", removal_policy=cdk.RemovalPolicy.DESTROY)
    uploads.on_state_change("Audit", target=targets.CloudWatchLogGroup(audit))
    plain = s3.Bucket(stack, "Plain", removal_policy=cdk.RemovalPolicy.DESTROY)
    manual = DocumentClassificationWorkflow(
        stack,
        "Manual",
        model=model,
        documents=Documents.from_bucket(plain, "in/", input_format=InputFormat.ONE_DOC_PER_FILE),
        network_isolation=False,
        job_name="manual",
        tags={"team": "mail"},
        max_documents=3,
        max_input_size=cdk.Size.kibibytes(64),
    )
    manual.on_failed("Tell", target=targets.SqsQueue(notices))
    untrained = DocumentClassificationWorkflow(
        stack,
        "Untrained",
        model=ClassificationModel.from_classifier_arn(untrained_arn),
        documents=Documents.from_bucket(plain, "waiting/", input_format=InputFormat.ONE_DOC_PER_FILE),
        network_isolation=False,
    )
    untrained.on_failed("Tell", target=targets.SqsQueue(notices))
    manual.add_schedule(
        "Nightly",
        schedule=scheduler.ScheduleExpression.cron(minute="0", hour="2"),
        prefix="mails/%Y/%m/%d/",
        offset=cdk.Duration.days(1),
    )
    reader = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    manual.grant_read_predictions(reader)
    answers = s3.Bucket(stack, "Answers", removal_policy=cdk.RemovalPolicy.DESTROY)
    answers.grant_read_write(reader)
    for name, value in {
        "NoticesUrl": notices.queue_url,
        "ReaderArn": reader.role_arn,
        "AnswersName": answers.bucket_name,
        "PlainName": plain.bucket_name,
        "ManualResults": manual.results_bucket.bucket_name,
        "ManualRole": manual.data_access_role.role_name,
    }.items():
        cdk.CfnOutput(stack, name, value=value)
