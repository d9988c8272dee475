"""Every IAM statement that a workflow writes beside those of a job, one function each, and who has which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from constructs_lib._iam import statements as of_jobs
from constructs_lib._iam.statements import Statement, decrypt_results

if TYPE_CHECKING:
    from collections.abc import Sequence

    from constructs_lib._core.arns import Environment
    from constructs_lib._iam.permissions import JobAccess
    from constructs_lib.keys import KeyReference

_STATES = "Step Functions Developer Guide"
_S3 = "Service Authorization Reference, Amazon S3"


def call_function(function_arn: str) -> Statement:
    """The state machine calls the workflow's function."""
    return Statement(
        "CallFunction",
        ["lambda:InvokeFunction"],
        [function_arn],
        "documents are collected and results unpacked by this function alone",
        f"{_STATES}, Invoke an AWS Lambda function with Step Functions",
    )


def give_notice(bus_arn: str) -> Statement:
    """The state machine tells what becomes of runs."""
    return Statement(
        "GiveNotice",
        ["events:PutEvents"],
        [bus_arn],
        "people and programs are told when a run has begun, ended or failed, on this bus alone",
        f"{_STATES}, Add EventBridge events with Step Functions",
    )


def deliver_logs() -> Statement:
    """The state machine has its log delivered."""
    return Statement(
        "DeliverLogs",
        [
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ],
        ["*"],
        "the log of runs is delivered by CloudWatch Logs, whose deliveries have no resource level",
        f"{_STATES}, Using CloudWatch Logs to log execution history",
    )


def trace_runs() -> Statement:
    """The state machine sends traces."""
    return Statement(
        "TraceRuns",
        [
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        ],
        ["*"],
        "runs are traced, and traces have no resource level",
        f"{_STATES}, Trace Step Functions request data in AWS X-Ray",
    )


def look_for_other_runs(machine_arn: str, executions_arn: str) -> list[Statement]:
    """A run looks whether another one is about."""
    why = "one run of the inbox at a time: the younger gives way to the older"
    source = "Service Authorization Reference, AWS Step Functions"
    return [
        Statement("ListRuns", ["states:ListExecutions"], [machine_arn], why, source),
        Statement("AskForInputs", ["states:DescribeExecution"], [executions_arn], why, source),
    ]


def start_next_run(machine_arn: str) -> Statement:
    """A run starts the next one."""
    return Statement(
        "StartNextRun",
        ["states:StartExecution"],
        [machine_arn],
        "what arrived during a run is the next run's",
        f"{_STATES}, Start a new AWS Step Functions state machine from a running execution",
    )


def list_waiting(bucket_arn: str, prefixes: Sequence[str]) -> Statement:
    """The workflow's function lists documents."""
    return Statement(
        "ListWaiting",
        ["s3:ListBucket"],
        [bucket_arn],
        "documents are found, counted and measured before anything is paid for",
        _S3,
        {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
    )


def take_from_inbox(bucket_arn: str, inbox: str) -> Statement:
    """The workflow's function takes documents out of the inbox."""
    return Statement(
        "TakeFromInbox",
        ["s3:DeleteObject", "s3:GetObject", "s3:GetObjectTagging"],
        [f"{bucket_arn}/{inbox}*"],
        "a document is copied with its tags and then removed, so that no second run finds it",
        _S3,
    )


def fill_batches(bucket_arn: str, batches: str) -> Statement:
    """The workflow's function puts documents into batches."""
    return Statement(
        "FillBatches",
        ["s3:DeleteObject", "s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"],
        [f"{bucket_arn}/{batches}*"],
        "a job takes a prefix, so documents of a run come under one; a copy that another run has, too, is dropped, "
        "and one of a call that died is compared",
        _S3,
    )


def unpack_results(bucket_arn: str, folder: str) -> Statement:
    """The workflow's function reads what jobs have written."""
    return Statement(
        "ReadArchives",
        ["s3:GetObject"],
        [f"{bucket_arn}/{folder}*/output/output.tar.gz"],
        "the archive of a job becomes rows of the table",
        _S3,
    )


def write_predictions(bucket_arn: str, predictions: str) -> Statement:
    """The workflow's function writes rows of the table."""
    return Statement(
        "WritePredictions",
        ["s3:AbortMultipartUpload", "s3:PutObject"],
        [f"{bucket_arn}/{predictions}*"],
        "the rows of a job are one object, and nothing of it is left when it cannot be finished",
        _S3,
    )


def use_keys(keys: Sequence[KeyReference | None], environment: Environment) -> list[Statement]:
    """The workflow's function reads and writes what is encrypted."""
    used = [key for key in dict.fromkeys(keys) if key]
    return [
        Statement(
            "UseKey",
            ["kms:Decrypt", "kms:GenerateDataKey"],
            statement.resources,
            "documents and results are encrypted with this key; copying takes both",
            "Amazon S3 User Guide, Using server-side encryption with AWS KMS keys",
            statement.conditions,
        )
        for key in used
        for statement in decrypt_results(key, environment)
    ]


def start_runs(machine_arn: str) -> Statement:
    """A schedule, a rule or a user starts runs."""
    return Statement(
        "StartRuns",
        ["states:StartExecution"],
        [machine_arn],
        "runs of this state machine are started, and of no other",
        "Service Authorization Reference, AWS Step Functions",
    )


def send_undelivered(queue_arn: str) -> Statement:
    """The Scheduler keeps what it could not start."""
    return Statement(
        "SendUndelivered",
        ["sqs:SendMessage"],
        [queue_arn],
        "a start that could not be made is kept where somebody sees it",
        "EventBridge Scheduler User Guide, Configuring a dead-letter queue",
    )


def receive_undelivered(queue_arn: str, rule_arn: str) -> Statement:
    """EventBridge keeps what its rule could not start."""
    return Statement(
        "ReceiveUndelivered",
        ["sqs:SendMessage"],
        [queue_arn],
        "a start that could not be made is kept where somebody sees it",
        "EventBridge User Guide, Using dead-letter queues to process undelivered events",
        {"ArnEquals": {"aws:SourceArn": rule_arn}},
        principal={"Service": "events.amazonaws.com"},
    )


def query_table(environment: Environment, database: str, table: str) -> list[Statement]:
    """A reader of predictions queries the table."""
    glue = environment.arn("glue")
    return [
        Statement(
            "ReadTable",
            ["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"],
            [f"{glue}:catalog", f"{glue}:database/{database}", f"{glue}:table/{database}/{table}"],
            "whoever was granted it finds the columns and the place of the rows",
            "Athena User Guide, Configure access to databases and tables in the AWS Glue Data Catalog",
        ),
        Statement(
            "QueryTable",
            [
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:GetWorkGroup",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
            ],
            [f"{environment.arn('athena')}:workgroup/*"],
            "whoever was granted it asks in a workgroup of their own choice",
            "Service Authorization Reference, Amazon Athena",
        ),
    ]


@dataclass(frozen=True)
class RunNeeds:
    """What the runs of a workflow touch beside what their jobs touch.

    Args:
        job: What a job touches; its documents are the inbox.
        batches: The prefix of batches.
        prefixes: Every prefix that runs may read.
        predictions: The prefix of the table's rows; None without a table.
    """

    job: JobAccess
    batches: str
    prefixes: Sequence[str]
    predictions: str | None


def machine_statements(job: JobAccess, environment: Environment, *, function_arn: str, bus_arn: str) -> list[Statement]:
    """Say what the state machine may do; `tag_jobs` comes with tags, `look_for_other_runs` when it is there.

    Args:
        job: What a job touches.
        environment: Where it runs.
        function_arn: The workflow's function.
        bus_arn: Where notices go.

    Returns:
        The statements.
    """
    return [
        of_jobs.start_jobs([job.model_arn], environment),
        of_jobs.follow_jobs(environment),
        of_jobs.pass_data_access_roles([job.role_arn]),
        *of_jobs.extract_text([job.textract_action]),
        call_function(function_arn),
        give_notice(bus_arn),
        deliver_logs(),
        trace_runs(),
    ]


def function_statements(access: RunNeeds, environment: Environment, *, log_group_arn: str) -> list[Statement]:
    """Say what the workflow's function may do.

    Args:
        access: What runs touch.
        environment: Where it runs.
        log_group_arn: Its log group and the streams in it, `arn:...:log-group:<name>:*`.

    Returns:
        The statements.
    """
    inbox, results = access.job.documents, access.job.results
    unpacks = access.predictions is not None
    return [
        of_jobs.write_log(log_group_arn),
        list_waiting(inbox.bucket_arn, access.prefixes),
        take_from_inbox(inbox.bucket_arn, inbox.prefix),
        fill_batches(inbox.bucket_arn, access.batches),
        *([unpack_results(results.bucket_arn, results.prefix)] if unpacks else []),
        *([write_predictions(results.bucket_arn, access.predictions)] if access.predictions is not None else []),
        *use_keys([access.job.documents_key, access.job.results_key if unpacks else None], environment),
    ]


def scheduler_statements(machine_arn: str, queue_arn: str) -> list[Statement]:
    """Say what the role of schedules may do.

    Args:
        machine_arn: The state machine.
        queue_arn: The queue of starts that could not be made.

    Returns:
        The statements.
    """
    return [start_runs(machine_arn), send_undelivered(queue_arn)]
