"""Classifies with the active model version of a flywheel.

Use it where a flywheel retrains the model: which version is active is decided there, when a job starts, so this app
stays as it is. Deploy with another run id to classify again, with the version that is active then.

    cdk deploy --app 'python3 examples/flywheel.py' -c flywheel_arn=arn:aws:comprehend:... -c run_id=1
"""

import aws_cdk as cdk

from constructs_lib import ClassificationModel, DocumentClassificationPipeline

FLYWHEEL_ARN = "arn:aws:comprehend:us-east-1:111122223333:flywheel/mails"


def build(app: cdk.App) -> cdk.Stack:
    """Define the stack."""
    stack = cdk.Stack(app, "FlywheelClassification")
    pipeline = DocumentClassificationPipeline(
        stack,
        "Mails",
        model=ClassificationModel.from_flywheel_arn(app.node.try_get_context("flywheel_arn") or FLYWHEEL_ARN),
        run_id=app.node.try_get_context("run_id"),
    )
    cdk.CfnOutput(
        stack,
        "ClassifierArn",
        value=pipeline.job.document_classifier_arn,
        description="The version that the job uses",
    )
    return stack


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
