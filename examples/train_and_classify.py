"""Trains a classifier and classifies with it, in one app.

Use it when labelled examples live beside the code. CloudFormation waits until the classifier is trained, which takes
minutes to hours, and starts the job afterwards; later deployments train again only when the labelled file has changed.
Upload documents to the `DocumentsUri` that it prints, then deploy with another run id.

    cdk deploy --app 'python3 examples/train_and_classify.py'
"""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_comprehend as comprehend
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets

from constructs_lib import ClassificationModel, DocumentClassificationPipeline

LABELLED_MAILS = Path(__file__).parent / "data" / "training.csv"


def build(app: cdk.App) -> cdk.Stack:
    """Define the stack."""
    stack = cdk.Stack(app, "TrainedClassification")
    labelled = s3_assets.Asset(stack, "LabelledMails", path=str(LABELLED_MAILS))
    role = _training_role(stack, labelled)
    classifier = comprehend.CfnDocumentClassifier(
        stack,
        "Classifier",
        data_access_role_arn=role.role_arn,
        document_classifier_name="mails",
        # A trained classifier never changes. New examples make a new version, which replaces this one.
        version_name=labelled.asset_hash[:16],
        language_code="en",
        mode="MULTI_CLASS",
        input_data_config=comprehend.CfnDocumentClassifier.DocumentClassifierInputDataConfigProperty(
            data_format="COMPREHEND_CSV", s3_uri=labelled.s3_object_url
        ),
    )
    # The role's ARN alone does not make it wait for the role's policy.
    classifier.node.add_dependency(role)
    DocumentClassificationPipeline(
        stack,
        "Mails",
        model=ClassificationModel.from_classifier(classifier),
        run_id=app.node.try_get_context("run_id"),
    )
    return stack


def _training_role(stack: cdk.Stack, labelled: s3_assets.Asset) -> iam.Role:
    classifiers = stack.format_arn(service="comprehend", resource="document-classifier", resource_name="*")
    role = iam.Role(
        stack,
        "TrainingRole",
        assumed_by=iam.ServicePrincipal(
            "comprehend.amazonaws.com",
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": classifiers},
            },
        ),
    )
    for action, resource in {
        "s3:GetObject": labelled.bucket.arn_for_objects(labelled.s3_object_key),
        "s3:ListBucket": labelled.bucket.bucket_arn,
    }.items():
        role.add_to_policy(iam.PolicyStatement(actions=[action], resources=[resource]))
    return role


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
