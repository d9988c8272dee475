"""Values that no option expects, drawn for the tests of what becomes of them."""

import datetime as dt
import decimal
import math
import pathlib
import uuid

import aws_cdk as cdk
import hypothesis.strategies as st
import jsii
from aws_cdk import aws_comprehend as comprehend
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from support import CLASSIFIER_ARN

from constructs_lib import (
    ClassificationModel,
    DocumentReader,
    Documents,
    EmptyInput,
    FeatureType,
    InputFormat,
    JobMilestone,
    ReadMode,
    Results,
)

MODEL = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN)
FILE = InputFormat.ONE_DOC_PER_FILE

PLAIN = [
    None,
    True,
    False,
    0,
    1,
    -1,
    7,
    10**30,
    0.5,
    float("nan"),
    float("inf"),
    1j,
    "",
    " ",
    "x",
    "None",
    "false",
    "s3://bucket/prefix",
    "S3://bucket/prefix",
    "s3://",
    "https://example.com/x",
    "arn:aws:s3:::bucket",
    "arn:aws:iam::111122223333:role/x",
    "alias/aws/s3",
    "vpc-0123456789abcdef0",
    "a\nb",
    "a\x00b",
    "\ud800",
    "文書/",
    "x" * 5000,
    "${Token[",
    "${Token[printed.by.another.1]}",
    "dummy-value-for-/parameter",
    "*",
    b"bytes",
    [],
    ["a"],
    [None],
    (),
    {},
    {"a": 1},
    {1: "a"},
    {"a": "b"},
    {"a": float("nan")},
    {"a": b"bytes"},
    set(),
    object(),
    object,
    len,
    lambda: None,
    ValueError("x"),
    dt.timedelta(minutes=5),
    dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    decimal.Decimal(5),
    uuid.UUID(int=5),
    pathlib.Path("nowhere"),
]


def odd_values(stack):
    """Plain values, and objects of the CDK and of the library where they do not belong."""
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-0123456789abcdef0", availability_zones=["a"], private_subnet_ids=["subnet-1"]
    )
    return [
        *PLAIN,
        cdk.CfnParameter(stack, "Text").value_as_string,
        cdk.CfnParameter(stack, "List", type="CommaDelimitedList").value_as_list,
        cdk.Token.as_number(cdk.Lazy.any(_Producer())),
        cdk.Lazy.any(_Producer()),
        cdk.Fn.ref("Text"),
        stack,
        vpc,
        ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0123456789abcdef0"),
        ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
        s3.Bucket.from_bucket_name(stack, "Bucket", "a-bucket"),
        s3.CfnBucket(stack, "L1Bucket"),
        kms.Key.from_key_arn(
            stack, "Key", "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        ),
        kms.Alias.from_alias_name(stack, "Alias", "alias/x"),
        kms.CfnKey(stack, "L1Key"),
        iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/x"),
        iam.ServicePrincipal("lambda.amazonaws.com"),
        iam.Group(stack, "Users"),
        iam.AccountPrincipal("444455556666"),
        iam.ManagedPolicy.from_aws_managed_policy_name("ReadOnlyAccess"),
        comprehend.CfnFlywheel(stack, "Flywheel", data_access_role_arn="x", data_lake_s3_uri="x", flywheel_name="x"),
        lambda_.Function.from_function_name(stack, "Function", "theirs"),
        lambda_.Runtime.PYTHON_3_12,
        lambda_.Architecture.X86_64,
        logs.RetentionDays.ONE_DAY,
        *cdk.RemovalPolicy,
        cdk.Duration.minutes(5),
        cdk.Duration.days(5),
        cdk.Size.mebibytes(5),
        MODEL,
        Documents,
        Documents.from_uri("s3://a-bucket/in/", input_format=FILE),
        Results.to_uri("s3://a-bucket/out/"),
        DocumentReader.service_default(),
        FILE,
        FeatureType.FORMS,
        ReadMode.SERVICE_DEFAULT,
        JobMilestone.COMPLETED,
        EmptyInput.SKIP,
    ]


@jsii.implements(cdk.IStableAnyProducer)
class _Producer:
    def produce(self):
        return "produced"


TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(min_size=200, max_size=1500),
    st.builds(
        "".join,
        st.lists(
            st.sampled_from(
                [
                    *"/:*\n\x00é文 ",
                    "s3://",
                    "S3:/",
                    "arn:aws:",
                    "kms:us-east-1:",
                    "//",
                    "${Token[x.1]}",
                    "${Token[",
                    "a-bucket",
                ]
            ),
            max_size=8,
        ),
    ),
)
NUMBERS = st.one_of(st.integers(), st.floats(allow_nan=True), st.just(-1.888154589709e289), st.just(math.inf))
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.binary(max_size=20), st.sampled_from(PLAIN))
KEYS = st.one_of(TEXTS, st.integers(), st.none())


def anything(objects):
    """Draw plain values, objects of the CDK and of the library, and lists and mappings of both."""
    leaves = st.one_of(SCALARS, st.sampled_from(objects))
    return st.one_of(
        leaves, st.lists(leaves, max_size=4), st.dictionaries(KEYS, leaves, max_size=3), st.tuples(leaves, leaves)
    )
