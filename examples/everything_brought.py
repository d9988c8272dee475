"""One job on buckets, keys, a role and a network that exist already.

Use it where another team owns storage and network. Nothing is looked up, so it synthesizes without an account; replace
the names below by yours. The job adds the statements that it needs to the role, unless that was imported with
`mutable=False`: then a warning lists them.

    cdk deploy --app 'python3 examples/everything_brought.py'
"""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DocumentClassificationJob,
    DocumentReader,
    Documents,
    FeatureType,
    InputFormat,
    Results,
)

CLASSIFIER_ARN = "arn:aws:comprehend:us-east-1:111122223333:document-classifier/contracts/version/3"
DOCUMENTS_KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
VOLUME_KEY_ARN = "arn:aws:kms:us-east-1:111122223333:key/66666666-7777-8888-9999-000000000000"
ROLE_ARN = "arn:aws:iam::111122223333:role/classification-data-access"


def build(app: cdk.App) -> cdk.Stack:
    """Define the stack."""
    stack = cdk.Stack(app, "BroughtClassification")
    documents = s3.Bucket.from_bucket_attributes(
        stack,
        "Documents",
        bucket_name="example-contracts",
        encryption_key=kms.Key.from_key_arn(stack, "DocumentsKey", DOCUMENTS_KEY_ARN),
    )
    results = s3.Bucket.from_bucket_name(stack, "Results", "example-contract-classes")
    job = DocumentClassificationJob(
        stack,
        "Contracts",
        model=ClassificationModel.from_classifier_arn(CLASSIFIER_ARN),
        documents=Documents.from_bucket(
            documents,
            "scans/",
            input_format=InputFormat.ONE_DOC_PER_FILE,
            reader=DocumentReader.analyze(FeatureType.TABLES, FeatureType.FORMS),
        ),
        results=Results.to_bucket(results, "contracts/", encryption_key="alias/contract-classes"),
        data_access_role=iam.Role.from_role_arn(stack, "DataAccessRole", ROLE_ARN),
        volume_encryption_key=VOLUME_KEY_ARN,
        network=_network(stack),
        job_name="contracts",
        tags={"cost-centre": "4711"},
    )
    cdk.CfnOutput(stack, "JobArn", value=job.job_arn)
    return stack


def _network(stack: cdk.Stack) -> ClassificationNetwork:
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["us-east-1a", "us-east-1b"],
        isolated_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        isolated_subnet_route_table_ids=["rtb-0123456789abcdef0", "rtb-0123456789abcdef1"],
    )
    group = ec2.SecurityGroup.from_security_group_id(stack, "SecurityGroup", "sg-0123456789abcdef0", mutable=False)
    return ClassificationNetwork(
        stack,
        "Network",
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        security_groups=[group],
    )


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
