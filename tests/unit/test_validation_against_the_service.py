"""What is accepted here the service's model accepts, and what the model refuses is refused here."""

import unicodedata

import aws_cdk as cdk
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.service_model import accepts, shape_at

from constructs_lib import ClassificationModel, DocumentReader, FeatureType, InputFormat, ReadMode, keys, model, network
from constructs_lib._core import prefixes
from constructs_lib._core.arns import Environment
from constructs_lib._core.subnets import check_count
from constructs_lib._iam import roles
from constructs_lib._job import settings, tags, warnings
from constructs_lib.documents import ReadAction

ANYWHERE = Environment("aws", cdk.Aws.REGION, cdk.Aws.ACCOUNT_ID)

PARTITIONS = st.sampled_from(["aws", "aws-us-gov", "aws-iso", "awx", ""])
ACCOUNTS = st.sampled_from(["111122223333", "11112222333", "11112222333a"])
NAMES = st.from_regex(r"[a-zA-Z0-9-]{0,70}", fullmatch=True)
KINDS = st.sampled_from(["document-classifier", "flywheel", "entity-recognizer", "endpoint"])
REGIONS = st.sampled_from(["us-east-1", "", "eu_west_1"])
VERSIONS = st.sampled_from(["", "/version/1", "/version/-1", "/version/", "/v/1"])
ARNS = st.builds(
    "arn:{}:comprehend:{}:{}:{}/{}{}".format, PARTITIONS, REGIONS, ACCOUNTS, KINDS, NAMES, VERSIONS
) | st.text(max_size=300)


@given(ARNS)
def test_a_classifier_arn_is_judged_as_the_model_judges_it(arn):
    assert (not ClassificationModel.from_classifier_arn(arn).problems(ANYWHERE)) == accepts(
        "DocumentClassifierArn", arn
    )


@given(ARNS)
def test_a_flywheel_arn_is_judged_as_the_model_judges_it(arn):
    assert (not ClassificationModel.from_flywheel_arn(arn).problems(ANYWHERE)) == accepts("FlywheelArn", arn)


# Python and the model's judge know different versions of Unicode, which differ in what is assigned by now.
ASSIGNED = st.characters(exclude_categories=["Cn", "Cs"])


@given(st.text(ASSIGNED, max_size=300) | st.text("ab 1_.:/=+-%@*é中\u2028\u00b2", max_size=300))
def test_a_job_name_is_judged_as_the_model_judges_it(name):
    assert (not settings.check_job_name(name)) == accepts("JobName", name)


@given(
    st.text("abc/-_.*? \n", max_size=40) | st.text(max_size=1100), st.from_regex(r"[a-z0-9.A-Z-]{1,70}", fullmatch=True)
)
def test_a_prefix_that_is_accepted_makes_a_uri_that_the_model_accepts(prefix, bucket):
    if not prefixes.check_prefix("documents", prefix, bucket) + prefixes.check_bucket_name("documents", bucket):
        assert accepts("InputDataConfig.S3Uri", f"s3://{bucket}/{prefix}")
        assert accepts("OutputDataConfig.S3Uri", f"s3://{bucket}/{prefix}")


@given(st.text("abcdef/-_. ", min_size=1, max_size=30).filter(lambda text: not text.startswith("/")))
def test_an_ordinary_prefix_is_accepted(prefix):
    assert not prefixes.check_prefix("documents", prefix, "bucket")


HEX = "0123456789abcdef"
KEY_IDS = st.uuids().map(str) | st.text(HEX, min_size=32, max_size=32).map("mrk-{}".format)
KMS = st.builds("arn:{}:kms:us-east-1:111122223333:".format, st.sampled_from(["aws", "aws-us-gov"]))
ALIASES = st.from_regex(r"alias/[a-zA-Z0-9/_-]{1,40}", fullmatch=True)
VOLUME_KEYS = KEY_IDS | st.builds("{}key/{}".format, KMS, KEY_IDS)
OUTPUT_KEYS = VOLUME_KEYS | ALIASES | st.builds("{}{}".format, KMS, ALIASES)


@given(VOLUME_KEYS)
def test_both_documented_formats_of_a_volume_key_are_accepted(key):
    assert not keys.check_key_text("volume_encryption_key", key, aliases=False)
    assert accepts("VolumeKmsKeyId", key)


@given(OUTPUT_KEYS)
def test_all_four_documented_formats_of_an_output_key_are_accepted(key):
    assert not keys.check_key_text("encryption_key", key, aliases=True)
    assert accepts("OutputDataConfig.KmsKeyId", key)


@given(ALIASES | st.builds("{}{}".format, KMS, ALIASES))
def test_an_alias_is_refused_as_a_volume_key(key):
    (found,) = keys.check_key_text("volume_encryption_key", key, aliases=False)
    assert "takes no alias" in found


@given(st.text(max_size=100))
def test_a_key_that_is_accepted_the_model_accepts(key):
    if not keys.check_key_text("encryption_key", key, aliases=True):
        assert accepts("OutputDataConfig.KmsKeyId", key)


@given(st.text(max_size=200), st.text(max_size=300))
def test_a_tag_that_is_accepted_the_model_accepts(key, value):
    refused = tags.check_tags({key: value})
    accepted = accepts("Tags[].Key", key) and accepts("Tags[].Value", value)
    one_line = not any(unicodedata.category(letter) in {"Cc", "Cs", "Zl", "Zp"} for letter in key + value)
    assert bool(refused) == (not accepted or key.lower().startswith("aws:") or not one_line)


@given(st.integers(0, 30), st.integers(0, 10))
def test_subnets_and_groups_are_counted_as_the_model_counts_them(subnets, groups):
    accepted = accepts("VpcConfig.Subnets", ["subnet-1"] * subnets) and accepts(
        "VpcConfig.SecurityGroupIds", ["sg-1"] * groups
    )
    found = [
        *check_count("vpc_subnets", [f"subnet-{number}" for number in range(subnets)], network.SUBNETS, ""),
        *check_count("security_groups", [f"sg-{number}" for number in range(groups)], network.SECURITY_GROUPS, ""),
    ]
    assert (not found) == accepted


@given(st.text(max_size=100) | st.builds("arn:{}:iam::{}:role/{}".format, PARTITIONS, ACCOUNTS, st.text(max_size=30)))
def test_a_role_arn_is_judged_as_the_model_judges_it(arn):
    assert (not roles.check_role_arn("data_access_role", arn, ANYWHERE)) == accepts("DataAccessRoleArn", arn)


READERS = st.builds(
    lambda features, mode: DocumentReader.analyze(*features, mode=mode),
    st.lists(st.sampled_from([*FeatureType, "LAYOUT"]), min_size=1, max_size=3),
    st.none() | st.sampled_from([*ReadMode, "FAST"]),
) | st.builds(DocumentReader.detect_text, st.none() | st.sampled_from([*ReadMode, "FAST"]))


@given(READERS)
def test_a_reader_that_is_accepted_the_model_accepts(reader):
    if reader.problems():
        return
    assert accepts("InputDataConfig.DocumentReaderConfig.DocumentReadAction", str(reader.action))
    assert reader.mode is None or accepts("InputDataConfig.DocumentReaderConfig.DocumentReadMode", str(reader.mode))
    features = [str(feature) for feature in reader.features]
    assert not features or accepts("InputDataConfig.DocumentReaderConfig.FeatureTypes", features)


LIMITS = {
    "DocumentClassifierArn": {"max": model.ARN_LENGTH, "pattern": model.CLASSIFIER_ARN.pattern},
    "FlywheelArn": {"max": model.ARN_LENGTH, "pattern": model.FLYWHEEL_ARN.pattern},
    "DataAccessRoleArn": {
        "min": roles.ROLE_ARN_LENGTH[0],
        "max": roles.ROLE_ARN_LENGTH[1],
        "pattern": roles.ROLE_ARN.pattern,
    },
    "InputDataConfig.S3Uri": {"max": prefixes.S3_URI_LENGTH, "pattern": prefixes.S3_URI.pattern},
    "OutputDataConfig.S3Uri": {"max": prefixes.S3_URI_LENGTH, "pattern": prefixes.S3_URI.pattern},
    "OutputDataConfig.KmsKeyId": {"max": keys.KMS_KEY_ID_LENGTH, "pattern": r"^\p{ASCII}+$"},
    "VolumeKmsKeyId": {"max": keys.KMS_KEY_ID_LENGTH, "pattern": r"^\p{ASCII}+$"},
    "JobName": {"min": 1, "max": settings.JOB_NAME_LENGTH, "pattern": r"^([\p{L}\p{Z}\p{N}_.:/=+\-%@]*)$"},
    "Tags[].Key": {"min": 1, "max": tags.TAG_KEY_LENGTH},
    "Tags[].Value": {"min": 0, "max": tags.TAG_VALUE_LENGTH},
    "VpcConfig.Subnets": {"min": 1, "max": network.SUBNETS},
    "VpcConfig.SecurityGroupIds": {"min": 1, "max": network.SECURITY_GROUPS},
    "InputDataConfig.DocumentReaderConfig.FeatureTypes": {"min": 1, "max": len(FeatureType)},
}


@pytest.mark.parametrize("path", LIMITS)
def test_the_limits_are_those_of_the_service_model(path):
    limits = {name: value for name, value in shape_at(path).metadata.items() if name in {"min", "max", "pattern"}}
    assert limits == LIMITS[path], "the service's model has changed: change the limits here as well"


@pytest.mark.parametrize(
    ("path", "enum"),
    [
        ("InputDataConfig.InputFormat", InputFormat),
        ("InputDataConfig.DocumentReaderConfig.DocumentReadAction", ReadAction),
        ("InputDataConfig.DocumentReaderConfig.DocumentReadMode", ReadMode),
        ("InputDataConfig.DocumentReaderConfig.FeatureTypes[]", FeatureType),
    ],
)
def test_the_enums_are_those_of_the_service_model(path, enum):
    assert set(shape_at(path).enum) == {str(member) for member in enum}


def test_the_known_regions_are_those_of_the_sdk():
    import boto3  # noqa: PLC0415 - only here

    session = boto3.session.Session()
    known = {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("comprehend", partition_name=partition)
    }
    assert {region for region in known if "fips" not in region} == warnings.REGIONS
