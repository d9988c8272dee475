"""Every statement, word for word: a change of permissions is a change of this file."""

import itertools

import pytest

from constructs_lib._core.arns import Environment
from constructs_lib._iam import permissions, statements
from constructs_lib._iam.permissions import JobAccess
from constructs_lib._iam.statements import S3Location
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

LEAST = JobAccess(MODEL, ROLE, S3Location("arn:in", "mails/"), S3Location("arn:out", "results/"))
MOST = JobAccess(
    MODEL,
    ROLE,
    S3Location("arn:in", "mails/"),
    S3Location("arn:out", "results/"),
    documents_key=KeyReference("k1", "arn:key/1"),
    results_key=KeyReference("alias/results", "arn:key/*", "alias/results"),
    volume_key=KeyReference("k3", "arn:key/3"),
    in_network=True,
    textract_action="textract:AnalyzeDocument",
)


def data_access(*jobs):
    return permissions.data_access_statements(jobs, HERE)


def base(*, tags=False, outermost_id=None):
    return permissions.handler_base_statements(
        HERE, function_arn=FUNCTION, log_group_arn=LOG, stack_id=STACK, outermost_id=outermost_id, tags=tags
    )


def start(*jobs):
    return permissions.handler_start_statements(jobs, HERE)


def table(found):
    return [(each.sid, each.render()["Action"], each.render()["Resource"], dict(each.conditions)) for each in found]


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
LEAST_BASE = [
    ("WriteLog", ["logs:CreateLogStream", "logs:PutLogEvents"], LOG, {}),
    ("FollowJobs", "comprehend:DescribeDocumentClassificationJob", JOBS, {}),
    ("UntagJobs", "comprehend:UntagResource", JOBS, {}),
    ("ContinueWaiting", "lambda:InvokeFunction", FUNCTION, {}),
    (
        "AskForStack",
        [
            "cloudformation:DescribeStackEvents",
            "cloudformation:DescribeStackResource",
            "cloudformation:DescribeStacks",
        ],
        STACK,
        {},
    ),
]
OUTERMOST = ("AskForOutermostStack", "cloudformation:DescribeStacks", "arn:outermost", {})
TAG_JOBS = ("TagJobs", "comprehend:TagResource", JOBS, {})
LEAST_START = [
    ("StartJobs", "comprehend:StartDocumentClassificationJob", [MODEL, JOBS], {}),
    (
        "PassDataAccessRoles",
        "iam:PassRole",
        ROLE,
        {"StringEquals": {"iam:PassedToService": "comprehend.amazonaws.com"}},
    ),
    ("LookForDocuments", "s3:ListBucket", "arn:in", {"StringLike": {"s3:prefix": "mails/"}}),
]
MORE_START = [("ExtractText", "textract:AnalyzeDocument", "*", {})]
NETWORK = [
    ("FindNetworkInterfaces", "ec2:DescribeNetworkInterfaces", "*", {}),
    (
        "FindActiveJobs",
        [
            "comprehend:ListDocumentClassificationJobs",
            "comprehend:ListDocumentClassifiers",
            "comprehend:ListDominantLanguageDetectionJobs",
            "comprehend:ListEntitiesDetectionJobs",
            "comprehend:ListEntityRecognizers",
            "comprehend:ListKeyPhrasesDetectionJobs",
            "comprehend:ListSentimentDetectionJobs",
            "comprehend:ListTargetedSentimentDetectionJobs",
            "comprehend:ListTopicsDetectionJobs",
        ],
        "*",
        {},
    ),
    (
        "RemoveNetworkInterfaces",
        ["ec2:DeleteNetworkInterface", "ec2:DetachNetworkInterface"],
        "arn:aws-us-gov:ec2:us-gov-west-1:111122223333:network-interface/*",
        {"ArnEquals": {"ec2:Vpc": VPC}},
    ),
    ("DetachFromInstances", "ec2:DetachNetworkInterface", "arn:aws-us-gov:ec2:us-gov-west-1:*:instance/*", {}),
]
FLOW_LOGS = [("WriteFlowLogs", ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], LOG, {})]
KEY = KeyReference("k1", "arn:key/1")
GRANTS = [*statements.read_results("arn:out", "results/"), *statements.decrypt_results(KEY, HERE)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (data_access(LEAST), LEAST_DATA_ACCESS),
        (data_access(MOST), LEAST_DATA_ACCESS + MORE_DATA_ACCESS),
        (base(), LEAST_BASE),
        (base(tags=True), [*LEAST_BASE[:2], TAG_JOBS, *LEAST_BASE[2:]]),
        (base(outermost_id="arn:outermost"), [*LEAST_BASE, OUTERMOST]),
        (start(LEAST), LEAST_START),
        (start(MOST), LEAST_START + MORE_START),
        (permissions.network_statements(VPC, HERE), NETWORK),
        ([statements.write_flow_logs(LOG)], FLOW_LOGS),
        (
            GRANTS,
            [
                ("ReadResults", "s3:GetObject", "arn:out/results/*", {}),
                ("ListResults", "s3:ListBucket", "arn:out", {"StringLike": {"s3:prefix": "results/*"}}),
                ("DecryptResults", "kms:Decrypt", "arn:key/1", THROUGH_S3),
            ],
        ),
    ],
    ids=[
        "data-access-least",
        "data-access-most",
        "base",
        "base-tags",
        "base-nested",
        "start-least",
        "start-most",
        "network",
        "flow-logs",
        "grants",
    ],
)
def test_the_statements_are_as_reviewed(found, expected):
    assert table(found) == expected


EVERY = [
    *data_access(LEAST),
    *data_access(MOST),
    *base(tags=True),
    *start(MOST),
    *permissions.network_statements(VPC, HERE),
    statements.write_flow_logs(LOG),
    statements.send_traces(),
    statements.run_in_vpc(),
    statements.send_insights(HERE),
    statements.decrypt_variables(KeyReference("arn:key", "arn:key")),
    statements.send_dead_letters("arn:queue"),
    *GRANTS,
]


def test_no_action_is_a_wildcard():
    assert not [action for each in EVERY for action in each.actions if "*" in action]


def test_only_what_has_no_resource_level_in_the_guides_is_allowed_on_everything():
    assert {each.sid for each in EVERY if "*" in each.resources} == {
        "UseNetwork",
        "ExtractText",
        "FindNetworkInterfaces",
        "FindActiveJobs",
        "SendTraces",
        "RunInVpc",
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
        "RemoveNetworkInterfaces",
        "DetachFromInstances",
        "WriteFlowLogs",
        "SendInsights",
        "ReadResults",
    }


def job_with(prefix):
    return JobAccess(MODEL, ROLE, S3Location("arn:in", prefix), S3Location("arn:out", "results/"))


def written(jobs, room):
    return permissions.fitting(jobs, lambda some: data_access(*some), lambda found: len(str(table(found))) < room)


def test_prefixes_stay_apart_as_long_as_there_is_room():
    jobs = [job_with(f"team-{number}/") for number in range(22)]
    found, wider = written(jobs, 5000)
    assert found[0].resources == [f"arn:in/team-{number}/*" for number in range(22)]
    assert wider == []


def test_prefixes_without_room_are_summed_up_and_the_function_may_still_ask_for_each():
    jobs = [job_with(f"team-{number}/") for number in range(22)]
    found, wider = written(jobs, 1000)
    assert found[0].resources == ["arn:in/team-*"]
    assert wider == ["team-"]
    (look,) = [each for each in start(*permissions.in_common(jobs)) if each.sid == "LookForDocuments"]
    assert look.conditions == {"StringLike": {"s3:prefix": "team-*"}}


def test_prefixes_with_nothing_in_common_never_open_the_whole_bucket():
    prefixes = ["".join(letters) for letters in itertools.product("abcde", repeat=2)]
    found, wider = written(list(map(job_with, prefixes)), 10)
    assert found[0].resources == [f"arn:in/{prefix}*" for prefix in prefixes]
    assert wider == []


def test_a_question_mark_in_a_key_stands_for_itself():
    found = {each.sid: each for each in (*data_access(job_with("faq/What?.txt")), *start(job_with("faq/What?.txt")))}
    assert found["ReadDocuments"].resources == ["arn:in/faq/What${?}.txt*"]
    assert found["LookForDocuments"].conditions == {"StringLike": {"s3:prefix": "faq/What${?}.txt"}}


def test_the_endpoint_of_a_network_without_jobs_lets_nothing_pass():
    (nothing,) = permissions.endpoint_statements([], account=None)
    assert nothing.render() == {"Sid": "UseNothing", "Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}


def test_the_endpoint_names_the_buckets_that_it_can_name_and_the_account_for_the_others():
    found = permissions.endpoint_statements(["arn:in"], account="111122223333")
    assert [each.sid for each in found] == ["UseBuckets", "UseObjects", "UseBucketsOfThisAccount"]
    assert found[-1].conditions == {"StringEquals": {"aws:ResourceAccount": "111122223333"}}
