"""The whole pipeline with one option: buckets, keys, role, network and job.

Use it to begin with. The first deployment finds no documents and starts nothing. Upload some to the `DocumentsUri` that
it prints, then deploy again with another run id:

    cdk deploy --app 'python3 examples/minimal.py' -c classifier_arn=arn:aws:comprehend:...
    aws s3 cp --recursive mails/ s3://.../documents/
    cdk deploy --app 'python3 examples/minimal.py' -c classifier_arn=arn:aws:comprehend:... -c run_id=1
"""

import aws_cdk as cdk

from constructs_lib import ClassificationModel, DocumentClassificationPipeline

CLASSIFIER_ARN = "arn:aws:comprehend:us-east-1:111122223333:document-classifier/mails"


def build(app: cdk.App) -> cdk.Stack:
    """Define the stack."""
    stack = cdk.Stack(app, "MinimalClassification")
    DocumentClassificationPipeline(
        stack,
        "Mails",
        model=ClassificationModel.from_classifier_arn(app.node.try_get_context("classifier_arn") or CLASSIFIER_ARN),
        run_id=app.node.try_get_context("run_id"),
    )
    return stack


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
