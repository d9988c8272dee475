"""What the three ways have in common: the stack, its buckets and key, the command line."""

from __future__ import annotations

import argparse
import json
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from constructs_lib import ClassificationNetwork

if TYPE_CHECKING:
    from collections.abc import Callable

COMPREHEND = "comprehend.amazonaws.com"
CLASSIFIER_ARN = "arn:aws:comprehend:us-east-1:000000000000:document-classifier/local"
DOCUMENTS, RESULTS = "input/", "results/"
# Developer Guide, "Protect jobs by using an Amazon VPC".
IN_NETWORK = [
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
]


@dataclass(frozen=True)
class Surroundings:
    """What the jobs of a stack share."""

    stack: cdk.Stack
    documents: s3.IBucket
    results: s3.IBucket
    key: kms.IKey
    network: ClassificationNetwork | None = None

    @property
    def needed(self) -> list[ClassificationNetwork]:
        """What a job waits for beside its role."""
        return [self.network] if self.network else []

    @property
    def every_job(self) -> str:
        """The ARN of a job whose id is not known yet."""
        return (
            f"arn:{cdk.Aws.PARTITION}:comprehend:{self.stack.region}:{self.stack.account}:document-classification-job/*"
        )

    def request(self, role: iam.IRole, name: str) -> dict[str, object]:
        """The request of a job, as the API has it."""
        in_network = {}
        if self.network:
            groups = [group.security_group_id for group in self.network.security_groups]
            subnets = [subnet.subnet_id for subnet in self.network.subnets]
            in_network = {
                "VolumeKmsKeyId": self.key.key_arn,
                "VpcConfig": {"SecurityGroupIds": groups, "Subnets": subnets},
            }
        return {
            **in_network,
            "JobName": name,
            "DocumentClassifierArn": CLASSIFIER_ARN,
            "InputDataConfig": {
                "S3Uri": f"s3://{self.documents.bucket_name}/{DOCUMENTS}",
                "InputFormat": "ONE_DOC_PER_FILE",
            },
            "OutputDataConfig": {
                "S3Uri": f"s3://{self.results.bucket_name}/{RESULTS}",
                "KmsKeyId": self.key.key_arn,
            },
            "DataAccessRoleArn": role.role_arn,
        }

    def data_access_role(self) -> iam.Role:
        """The role that `DocumentClassificationJob` would make and fill, by hand."""
        role = iam.Role(
            self.stack,
            "DataAccess",
            assumed_by=iam.ServicePrincipal(
                COMPREHEND,
                conditions={
                    "StringEquals": {"aws:SourceAccount": self.stack.account},
                    "ArnLike": {"aws:SourceArn": self.every_job},
                },
            ),
        )
        objects = self.documents.arn_for_objects(f"{DOCUMENTS}*"), self.results.arn_for_objects(f"{RESULTS}*")
        listing = {"StringLike": {"s3:prefix": [f"{DOCUMENTS}*", DOCUMENTS.rstrip("/")]}}
        through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{self.stack.region}.amazonaws.com"}}
        statements = [
            iam.PolicyStatement(actions=["s3:GetObject"], resources=[objects[0]]),
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.documents.bucket_arn], conditions=listing),
            iam.PolicyStatement(actions=["s3:PutObject"], resources=[objects[1]]),
            iam.PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self.key.key_arn], conditions=through_s3
            ),
        ]
        if self.network:
            # Without these no job starts in a network, or with a key for its volumes.
            statements += [
                iam.PolicyStatement(actions=["kms:CreateGrant"], resources=[self.key.key_arn]),
                iam.PolicyStatement(actions=IN_NETWORK, resources=["*"]),
            ]
        for statement in statements:
            role.add_to_policy(statement)
        return role

    def start_statements(self, role: iam.IRole) -> list[iam.PolicyStatement]:
        """What whoever starts these jobs must be allowed."""
        return [
            iam.PolicyStatement(
                actions=["comprehend:StartDocumentClassificationJob"], resources=[CLASSIFIER_ARN, self.every_job]
            ),
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": COMPREHEND}},
            ),
        ]


def synthesize(add_jobs: Callable[[Surroundings, list[str]], None]) -> None:
    """Run an app: read the command line, build, synthesize, and print the peak memory of this process in KiB."""
    parser = argparse.ArgumentParser()
    parser.add_argument("jobs", type=int)
    parser.add_argument("output")
    parser.add_argument("--stack", default="Stack")
    parser.add_argument("--network", action="store_true", help="give the jobs a network, a role and a volume key")
    parser.add_argument("--documents", help="name of a bucket that is there already")
    given = parser.parse_args()
    context = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]
    app = cdk.App(context=context, outdir=given.output, analytics_reporting=False)
    add_jobs(_surroundings(cdk.Stack(app, given.stack), given), [f"job-{n}" for n in range(given.jobs)])
    app.synth()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(f"{peak // 1024 if sys.platform == 'darwin' else peak}\n")


def _surroundings(stack: cdk.Stack, given: argparse.Namespace) -> Surroundings:
    documents = given.documents
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    return Surroundings(
        stack,
        s3.Bucket.from_bucket_name(stack, "Documents", documents) if documents else _bucket(stack, "Documents", None),
        _bucket(stack, "Results", key),
        key,
        ClassificationNetwork(stack, "Network") if given.network else None,
    )


def _bucket(stack: cdk.Stack, id: str, key: kms.IKey | None) -> s3.Bucket:
    return s3.Bucket(
        stack,
        id,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED,
        encryption_key=key,
        enforce_ssl=True,
    )
