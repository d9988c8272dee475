"""Uploads a local folder in the same deployment, then classifies what is in it.

Use it for documents that live beside the code. The job depends on the upload, and the folder's hash is its run id, so
changed documents start a new job and unchanged ones start none.

    cdk deploy --app 'python3 examples/upload_documents.py' -c classifier_arn=arn:aws:comprehend:...
"""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_s3_deployment as s3_deployment

from constructs_lib import ClassificationModel, DocumentClassificationJob, Documents, InputFormat, Results

CLASSIFIER_ARN = "arn:aws:comprehend:us-east-1:111122223333:document-classifier/mails"
MAILS = Path(__file__).parent / "data" / "documents"


def build(app: cdk.App) -> cdk.Stack:
    """Define the stack."""
    stack = cdk.Stack(app, "UploadedClassification")
    bucket = s3.Bucket(
        stack,
        "Bucket",
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
    )
    mails = s3_assets.Asset(stack, "Mails", path=str(MAILS))
    upload = s3_deployment.BucketDeployment(
        stack,
        "Upload",
        destination_bucket=bucket,
        destination_key_prefix="documents/",
        sources=[s3_deployment.Source.bucket(mails.bucket, mails.s3_object_key)],
    )
    job = DocumentClassificationJob(
        stack,
        "Job",
        model=ClassificationModel.from_classifier_arn(app.node.try_get_context("classifier_arn") or CLASSIFIER_ARN),
        documents=Documents.from_bucket(bucket, "documents/", input_format=InputFormat.ONE_DOC_PER_FILE),
        results=Results.to_bucket(bucket, "results/"),
        run_id=mails.asset_hash,
    )
    job.node.add_dependency(upload)
    cdk.CfnOutput(stack, "JobArn", value=job.job_arn)
    cdk.CfnOutput(stack, "ResultsUri", value=job.output_s3_uri)
    return stack


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
