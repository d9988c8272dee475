"""A user's app: composes the installed package, passes mypy --strict, and synthesizes into the folder it is given."""

import sys
from typing import TYPE_CHECKING, assert_type

import aws_cdk as cdk
from aws_cdk import aws_comprehend as comprehend
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

import constructs_lib
from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DataAccessRole,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    DocumentReader,
    Documents,
    EmptyInput,
    FeatureType,
    InputFormat,
    JobMilestone,
    ReadMode,
    Results,
    ValidationError,
)

if TYPE_CHECKING:
    # A name that is not there is an error, which strict mypy would report if this were not one.
    from constructs_lib import NoSuchName  # type: ignore[attr-defined]  # noqa: F401


class Mails(cdk.Stack):
    """Every option once, with a value of each type that it takes."""

    def __init__(self, scope: cdk.App, classifier_arn: str) -> None:
        super().__init__(scope, "Mails")
        classifier = comprehend.CfnDocumentClassifier(
            self,
            "Classifier",
            data_access_role_arn="arn:aws:iam::111122223333:role/training",
            document_classifier_name="mails",
            input_data_config=comprehend.CfnDocumentClassifier.DocumentClassifierInputDataConfigProperty(
                s3_uri="s3://training/mails.csv"
            ),
            language_code="en",
        )
        flywheel = comprehend.CfnFlywheel(
            self,
            "Flywheel",
            data_access_role_arn="arn:aws:iam::111122223333:role/flywheel",
            data_lake_s3_uri="s3://lake",
            flywheel_name="mails",
        )
        models = [
            ClassificationModel.from_classifier_arn(classifier_arn),
            ClassificationModel.from_flywheel_arn("arn:aws:comprehend:us-east-1:111122223333:flywheel/mails"),
            ClassificationModel.from_classifier(classifier),
            ClassificationModel.from_flywheel(flywheel),
        ]
        vpc = ec2.Vpc(self, "Vpc")
        network = ClassificationNetwork(
            self,
            "Network",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
            security_groups=[ec2.SecurityGroup(self, "Group", vpc=vpc)],
        )
        bucket = s3.Bucket(self, "Bucket")
        brought = s3.Bucket.from_bucket_name(self, "Brought", "brought")
        key = kms.Key(self, "Key")
        readers = [
            None,
            DocumentReader.detect_text(ReadMode.SERVICE_DEFAULT),
            DocumentReader.analyze(FeatureType.FORMS),
        ]
        keys = [None, key, key.add_alias("mails"), "alias/mails"]
        for number, (model, reader, results_key) in enumerate(zip(models, [*readers, None], keys, strict=True)):
            job = DocumentClassificationJob(
                self,
                f"Job{number}",
                model=model,
                documents=Documents.from_bucket(
                    bucket, f"in/{number}/", input_format=InputFormat.ONE_DOC_PER_FILE, reader=reader
                ),
                results=Results.to_bucket(brought, f"out/{number}/", encryption_key=results_key),
                data_access_role=DataAccessRole(self, f"Role{number}"),
                volume_encryption_key=key,
                network=network,
                job_name=f"job-{number}",
                tags={"number": str(number)},
                run_id="1",
                wait_for=JobMilestone.COMPLETED,
                timeout=cdk.Duration.minutes(30),
                when_empty=EmptyInput.SKIP,
            )
        assert_type(job.job_arn, str)
        assert_type(job.data_access_role, iam.IRole | iam.Role)
        reader_role = iam.Role(self, "Reader", assumed_by=iam.AccountRootPrincipal())
        assert_type(job.grant_describe(reader_role), iam.Grant)
        assert_type(job.grant_read_results(reader_role), iam.Grant)
        ec2.SecurityGroup(self, "Other", vpc=vpc).connections.allow_from(network, ec2.Port.tcp(443))
        pipeline = DocumentClassificationPipeline(
            self,
            "Pipeline",
            model=models[0],
            encryption_key=key,
            volume_encryption_key="11111111-2222-3333-4444-555555555555",
            access_logs_bucket=bucket,
            removal_policy=cdk.RemovalPolicy.DESTROY,
            network_isolation=False,
        )
        assert_type(pipeline.documents_bucket, s3.Bucket | None)
        assert_type(pipeline.network, ClassificationNetwork | None)
        cdk.CfnOutput(self, "Arn", value=pipeline.job.job_arn)


def main() -> None:
    """Synthesize; a mistake in the options is one error that lists every problem."""
    try:
        Mails(cdk.App(), "not an ARN")
    except ValidationError as error:
        assert_type(error.problems, tuple[str, ...])
        sys.stdout.write(f"Refused, as it must be: {error}\n")
    app = cdk.App(outdir=sys.argv[1])
    Mails(app, "arn:aws:comprehend:us-east-1:111122223333:document-classifier/mails")
    app.synth()
    sys.stdout.write(f"synthesized with {constructs_lib.__file__}\n")


if __name__ == "__main__":
    main()
