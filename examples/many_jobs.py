"""Several jobs in one stack, a mailbox each, that share buckets, role and network.

Use it to classify many sources apart from each other. All jobs share one handler function and one policy a role, so
hundreds fit into a stack. A mailbox without mail starts no job.

    cdk deploy --app 'python3 examples/many_jobs.py' -c classifier_arn=arn:aws:comprehend:... -c run_id=2026-11-24
"""

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DataAccessRole,
    DocumentClassificationJob,
    Documents,
    EmptyInput,
    InputFormat,
    Results,
)

CLASSIFIER_ARN = "arn:aws:comprehend:us-east-1:111122223333:document-classifier/mails"
MAILBOXES = ("info", "orders", "support")


def build(app: cdk.App) -> cdk.Stack:
    """Define the stack."""
    stack = cdk.Stack(app, "MailboxClassification")
    model = ClassificationModel.from_classifier_arn(app.node.try_get_context("classifier_arn") or CLASSIFIER_ARN)
    mails = _bucket(stack, "Mails")
    classes = _bucket(stack, "Classes")
    role = DataAccessRole(stack, "DataAccessRole")
    network = ClassificationNetwork(stack, "Network")
    for mailbox in MAILBOXES:
        job = DocumentClassificationJob(
            stack,
            mailbox.title(),
            model=model,
            documents=Documents.from_bucket(mails, f"{mailbox}/", input_format=InputFormat.ONE_DOC_PER_FILE),
            results=Results.to_bucket(classes, f"{mailbox}/"),
            data_access_role=role,
            network=network,
            job_name=mailbox,
            tags={"mailbox": mailbox},
            run_id=app.node.try_get_context("run_id"),
            when_empty=EmptyInput.SKIP,
        )
        cdk.CfnOutput(stack, f"{mailbox.title()}JobArn", value=job.job_arn)
    return stack


def _bucket(stack: cdk.Stack, name: str) -> s3.Bucket:
    return s3.Bucket(
        stack,
        name,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.KMS,
        bucket_key_enabled=True,
        enforce_ssl=True,
    )


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
