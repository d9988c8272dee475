"""What is accepted here the service's model accepts, and what the model refuses is refused here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.service_model import accepts, shape_at

from constructs_lib import validation
from constructs_lib.documents import DocumentReader, FeatureType, InputFormat, ReadAction, ReadMode

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
    assert (not validation.check_model_arn(arn, flywheel=False)) == accepts("DocumentClassifierArn", arn)


@given(ARNS)
def test_a_flywheel_arn_is_judged_as_the_model_judges_it(arn):
    assert (not validation.check_model_arn(arn, flywheel=True)) == accepts("FlywheelArn", arn)


@given(st.text(max_size=300) | st.text("ab 1_.:/=+-%@*é中\u2028\u00b2", max_size=300))
def test_a_job_name_is_judged_as_the_model_judges_it(name):
    assert (not validation.check_job_name(name)) == accepts("JobName", name)


@given(
    st.text("abc/-_.*? \n", max_size=40) | st.text(max_size=1100), st.from_regex(r"[a-z0-9.A-Z-]{1,70}", fullmatch=True)
)
def test_a_prefix_that_is_accepted_makes_a_uri_that_the_model_accepts(prefix, bucket):
    if not validation.check_prefix("documents", prefix, bucket):
        assert accepts("InputDataConfig.S3Uri", f"s3://{bucket}/{prefix}")
        assert accepts("OutputDataConfig.S3Uri", f"s3://{bucket}/{prefix}")


@given(st.text("abcdef/-_. ", min_size=1, max_size=30).filter(lambda text: not text.startswith("/")))
def test_an_ordinary_prefix_is_accepted(prefix):
    assert not validation.check_prefix("documents", prefix, "bucket")


HEX = "0123456789abcdef"
KEY_IDS = st.uuids().map(str) | st.text(HEX, min_size=32, max_size=32).map("mrk-{}".format)
KMS = st.builds("arn:{}:kms:us-east-1:111122223333:".format, st.sampled_from(["aws", "aws-us-gov"]))
ALIASES = st.from_regex(r"alias/[a-zA-Z0-9/_-]{1,40}", fullmatch=True)
VOLUME_KEYS = KEY_IDS | st.builds("{}key/{}".format, KMS, KEY_IDS)
OUTPUT_KEYS = VOLUME_KEYS | ALIASES | st.builds("{}{}".format, KMS, ALIASES)


@given(VOLUME_KEYS)
def test_both_documented_formats_of_a_volume_key_are_accepted(key):
    assert not validation.check_key("volume_encryption_key", key, aliases=False)
    assert accepts("VolumeKmsKeyId", key)


@given(OUTPUT_KEYS)
def test_all_four_documented_formats_of_an_output_key_are_accepted(key):
    assert not validation.check_key("encryption_key", key, aliases=True)
    assert accepts("OutputDataConfig.KmsKeyId", key)


@given(ALIASES | st.builds("{}{}".format, KMS, ALIASES))
def test_an_alias_is_refused_as_a_volume_key(key):
    (found,) = validation.check_key("volume_encryption_key", key, aliases=False)
    assert "takes no alias" in found


@given(st.text(max_size=100))
def test_a_key_that_is_accepted_the_model_accepts(key):
    if not validation.check_key("encryption_key", key, aliases=True):
        assert accepts("OutputDataConfig.KmsKeyId", key)


@given(st.text(max_size=200), st.text(max_size=300))
def test_a_tag_that_is_accepted_the_model_accepts(key, value):
    refused = validation.check_tags({key: value})
    accepted = accepts("Tags[].Key", key) and accepts("Tags[].Value", value)
    assert bool(refused) == (not accepted or key.lower().startswith("aws:"))


@given(st.integers(0, 30), st.integers(0, 10))
def test_subnets_and_groups_are_counted_as_the_model_counts_them(subnets, groups):
    accepted = accepts("VpcConfig.Subnets", ["subnet-1"] * subnets) and accepts(
        "VpcConfig.SecurityGroupIds", ["sg-1"] * groups
    )
    assert (not validation.check_network(subnets, groups)) == accepted


@given(st.text(max_size=100) | st.builds("arn:{}:iam::{}:role/{}".format, PARTITIONS, ACCOUNTS, st.text(max_size=30)))
def test_a_role_arn_is_judged_as_the_model_judges_it(arn):
    assert (not validation.check_role_arn(arn, None)) == accepts("DataAccessRoleArn", arn)


@given(
    st.sampled_from([*InputFormat, "ONE_DOC_PER_PAGE"]),
    st.builds(
        DocumentReader,
        st.sampled_from([*ReadAction, "OCR"]),
        st.lists(st.sampled_from([*FeatureType, "LAYOUT"]), max_size=3).map(tuple),
        st.none() | st.sampled_from([*ReadMode, "FAST"]),
    )
    | st.none(),
)
def test_a_reader_that_is_accepted_the_model_accepts(input_format, reader):
    if validation.check_reader(input_format, reader):
        return
    assert accepts("InputDataConfig.InputFormat", str(input_format))
    if reader:
        assert accepts("InputDataConfig.DocumentReaderConfig.DocumentReadAction", str(reader.action))
        assert reader.mode is None or accepts("InputDataConfig.DocumentReaderConfig.DocumentReadMode", str(reader.mode))
        features = [str(feature) for feature in reader.features]
        assert not features or accepts("InputDataConfig.DocumentReaderConfig.FeatureTypes", features)


LIMITS = {
    "DocumentClassifierArn": {"max": validation.ARN_LENGTH, "pattern": validation.CLASSIFIER_ARN.pattern},
    "FlywheelArn": {"max": validation.ARN_LENGTH, "pattern": validation.FLYWHEEL_ARN.pattern},
    "DataAccessRoleArn": {
        "min": validation.ROLE_ARN_LENGTH[0],
        "max": validation.ROLE_ARN_LENGTH[1],
        "pattern": validation.ROLE_ARN.pattern,
    },
    "InputDataConfig.S3Uri": {"max": validation.S3_URI_LENGTH, "pattern": validation.S3_URI.pattern},
    "OutputDataConfig.S3Uri": {"max": validation.S3_URI_LENGTH, "pattern": validation.S3_URI.pattern},
    "OutputDataConfig.KmsKeyId": {"max": validation.KMS_KEY_ID_LENGTH, "pattern": r"^\p{ASCII}+$"},
    "VolumeKmsKeyId": {"max": validation.KMS_KEY_ID_LENGTH, "pattern": r"^\p{ASCII}+$"},
    "JobName": {"min": 1, "max": validation.JOB_NAME_LENGTH, "pattern": r"^([\p{L}\p{Z}\p{N}_.:/=+\-%@]*)$"},
    "Tags[].Key": {"min": 1, "max": validation.TAG_KEY_LENGTH},
    "Tags[].Value": {"min": 0, "max": validation.TAG_VALUE_LENGTH},
    "VpcConfig.Subnets": {"min": 1, "max": validation.SUBNETS},
    "VpcConfig.SecurityGroupIds": {"min": 1, "max": validation.SECURITY_GROUPS},
    "InputDataConfig.DocumentReaderConfig.FeatureTypes": {"min": 1, "max": validation.FEATURES},
}


@pytest.mark.parametrize("path", LIMITS)
def test_the_limits_are_those_of_the_service_model(path):
    limits = {name: value for name, value in shape_at(path).metadata.items() if name in {"min", "max", "pattern"}}
    assert limits == LIMITS[path], "the service's model has changed: change validation.py as well"


@pytest.mark.parametrize(
    ("path", "values", "enum"),
    [
        ("InputDataConfig.InputFormat", validation.INPUT_FORMATS, InputFormat),
        ("InputDataConfig.DocumentReaderConfig.DocumentReadAction", validation.READ_ACTIONS, ReadAction),
        ("InputDataConfig.DocumentReaderConfig.DocumentReadMode", validation.READ_MODES, ReadMode),
        ("InputDataConfig.DocumentReaderConfig.FeatureTypes[]", validation.FEATURE_TYPES, FeatureType),
    ],
)
def test_the_enums_are_those_of_the_service_model(path, values, enum):
    assert set(shape_at(path).enum) == set(values) == {str(member) for member in enum}


def test_the_known_regions_are_those_of_the_sdk():
    import boto3  # noqa: PLC0415 - only here

    session = boto3.session.Session()
    known = {
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("comprehend", partition_name=partition)
    }
    assert {region for region in known if "fips" not in region} == validation.REGIONS
