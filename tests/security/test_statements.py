"""Every statement, word for word: a change of permissions is a change of this file."""

import itertools

import pytest

from constructs_lib._core.arns import Environment
from constructs_lib._iam import statements as permissions
from constructs_lib._iam.statements import JobNeeds, Place
from constructs_lib.keys import KeyReference

HERE = Environment("aws-us-gov", "us-gov-west-1", "111122223333")
MODEL = "arn:aws-us-gov:comprehend:us-gov-west-1:111122223333:document-classifier/mails"
ROLE = "arn:aws-us-gov:iam::111122223333:role/access"
JOBS = "arn:aws-us-gov:comprehend:us-gov-west-1:111122223333:document-classification-job/*"
VPC = "arn:aws-us-gov:ec2:us-gov-west-1:111122223333:vpc/vpc-1"
FUNCTION = "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:f"
LOG = "arn:aws-us-gov:logs:us-gov-west-1:111122223333:log-group:g:*"
STACK = "arn:aws-us-gov:cloudformation:us-gov-west-1:111122223333:stack/s/1"
THROUGH_S3 = {"StringEquals": {"kms:ViaService": "s3.us-gov-west-1.amazonaws.com"}}

LEAST = JobNeeds(MODEL, ROLE, Place("arn:in", "mails/"), Place("arn:out", "results/"))
MOST = JobNeeds(
    MODEL,
    ROLE,
    Place("arn:in", "mails/"),
    Place("arn:out", "results/"),
    documents_key=KeyReference("k1", "arn:key/1"),
    results_key=KeyReference("alias/results", "arn:key/*", "alias/results"),
    volume_key=KeyReference("k3", "arn:key/3"),
    in_network=True,
    network_arn=VPC,
    textract_action="textract:AnalyzeDocument",
)


def data_access(*jobs):
    return permissions.data_access_statements(jobs, HERE)


def handler(*jobs, tags=False):
    return permissions.handler_statements(
        jobs, HERE, function_arn=FUNCTION, log_group_arn=LOG, stack_id=STACK, tags=tags
    )


def table(statements):
    return [
        (each.sid, each.render()["Action"], each.render()["Resource"], dict(each.conditions)) for each in statements
    ]


LEAST_DATA_ACCESS = [
    ("ReadDocuments", "s3:GetObject", "arn:in/mails/*", {}),
    ("ListDocuments", "s3:ListBucket", "arn:in", {"StringLike": {"s3:prefix": ["mails/*", "mails"]}}),
    ("WriteResults", "s3:PutObject", "arn:out/results/*", {}),
]
MORE_DATA_ACCESS = [
    ("DecryptDocuments", "kms:Decrypt", "arn:key/1", THROUGH_S3),
    (
        "EncryptResultsByAlias",
        ["kms:Decrypt", "kms:GenerateDataKey"],
        "arn:key/*",
        {**THROUGH_S3, "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/results"}},
    ),
    ("EncryptVolumes", "kms:CreateGrant", "arn:key/3", {}),
    (
        "UseNetwork",
        [
            "ec2:CreateNetworkInterface",
            "ec2:CreateNetworkInterfacePermission",
            "ec2:DeleteNetworkInterface",
            "ec2:DeleteNetworkInterfacePermission",
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ],
        "*",
        {},
    ),
    ("ExtractText", "textract:AnalyzeDocument", "*", {}),
]
LEAST_HANDLER = [
    ("WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], LOG, {}),
    ("StartJobs", "comprehend:StartDocumentClassificationJob", [MODEL, JOBS], {}),
    ("FollowJobs", "comprehend:DescribeDocumentClassificationJob", JOBS, {}),
    ("UntagJobs", "comprehend:UntagResource", JOBS, {}),
    (
        "PassDataAccessRoles",
        "iam:PassRole",
        ROLE,
        {"StringEquals": {"iam:PassedToService": "comprehend.amazonaws.com"}},
    ),
    ("LookForDocuments", "s3:ListBucket", "arn:in", {"StringLike": {"s3:prefix": "mails/"}}),
    ("ContinueWaiting", "lambda:InvokeFunction", FUNCTION, {}),
    ("AskForStack", ["cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks"], STACK, {}),
]
MORE_HANDLER = [
    ("ExtractText", "textract:AnalyzeDocument", "*", {}),
    ("TagJobs", "comprehend:TagResource", JOBS, {}),
    ("AskForSuccessor", "cloudformation:DescribeStackResource", STACK, {}),
    ("FindNetworkInterfaces", "ec2:DescribeNetworkInterfaces", "*", {}),
    (
        "DeleteNetworkInterfaces",
        "ec2:DeleteNetworkInterface",
        "arn:aws-us-gov:ec2:us-gov-west-1:111122223333:network-interface/*",
        {"ArnEquals": {"ec2:Vpc": VPC}},
    ),
]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (data_access(LEAST), LEAST_DATA_ACCESS),
        (data_access(MOST), LEAST_DATA_ACCESS + MORE_DATA_ACCESS),
        (handler(LEAST), LEAST_HANDLER),
        (handler(MOST, tags=True), LEAST_HANDLER + MORE_HANDLER),
        (
            permissions.flow_log_statements(LOG),
            [("WriteFlowLogs", ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], LOG, {})],
        ),
    ],
    ids=["data-access-least", "data-access-most", "handler-least", "handler-most", "flow-logs"],
)
def test_the_statements_are_as_reviewed(found, expected):
    assert table(found) == expected


EVERY = [*data_access(LEAST), *data_access(MOST), *handler(MOST, tags=True), *permissions.flow_log_statements(LOG)]


def test_no_action_is_a_wildcard():
    assert not [action for each in EVERY for action in each.actions if "*" in action]


def test_only_what_has_no_resource_level_in_the_guides_is_allowed_on_everything():
    assert {each.sid for each in EVERY if "*" in each.resources} == {
        "UseNetwork",
        "ExtractText",
        "FindNetworkInterfaces",
    }


def test_every_statement_says_why_and_who_says_so():
    assert all(len(each.why) > 20 and len(each.source) > 20 for each in EVERY)


def test_a_wildcard_in_an_arn_stands_for_what_nobody_knows_before():
    open_ended = {each.sid for each in EVERY for arn in each.resources if arn.endswith("*") and arn != "*"}
    assert open_ended == {
        "ReadDocuments",
        "WriteResults",
        "EncryptResultsByAlias",
        "WriteLog",
        "StartJobs",
        "FollowJobs",
        "UntagJobs",
        "TagJobs",
        "DeleteNetworkInterfaces",
        "WriteFlowLogs",
    }


def job_with(prefix):
    return JobNeeds(MODEL, ROLE, Place("arn:in", prefix), Place("arn:out", "results/"))


def test_many_prefixes_are_summed_up_and_the_function_may_still_ask_for_each():
    jobs = [job_with(f"in/{number}/") for number in range(permissions.MOST_PREFIXES + 1)]
    (read,) = [each for each in data_access(*jobs) if each.sid == "ReadDocuments"]
    assert read.resources == ["arn:in/in/*"]
    (look,) = [each for each in handler(*jobs) if each.sid == "LookForDocuments"]
    assert look.conditions == {"StringLike": {"s3:prefix": "in/*"}}


def test_prefixes_with_nothing_in_common_never_open_the_whole_bucket():
    prefixes = ["".join(letters) for letters in itertools.product("abcde", repeat=2)]
    (read,) = [each for each in data_access(*map(job_with, prefixes)) if each.sid == "ReadDocuments"]
    assert read.resources == [f"arn:in/{prefix}*" for prefix in prefixes]


def test_a_network_of_others_is_not_cleared():
    brought = JobNeeds(MODEL, ROLE, Place("arn:in", "mails/"), Place("arn:out", "results/"), in_network=True)
    assert "UseNetwork" in {each.sid for each in data_access(brought)}
    assert not {each.sid for each in handler(brought)} & {"FindNetworkInterfaces", "DeleteNetworkInterfaces"}
