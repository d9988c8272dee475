"""What CloudFormation, Lambda and EventBridge do around a job."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from account.expectations import NotMeasuredError, expect
from account.measures.starts import plain_role

if TYPE_CHECKING:
    from collections.abc import Generator

    import aws_cdk as cdk

    from account.bench import Bench

RESPONSE_HOST = re.compile(r"cloudformation-custom-resource-response-[a-z0-9]+\.s3[.-][a-z0-9.-]*amazonaws\.com(\.cn)?")

# Answers with what it sees of its event's URL, never with the URL, and with what its runtime brings.
_FUNCTION = """
import json, sys, urllib.parse, urllib.request
import boto3, botocore.session

def handle(event, _context):
    url = urllib.parse.urlsplit(event["ResponseURL"])
    query = urllib.parse.parse_qs(url.query)
    model = botocore.session.get_session().get_service_model("comprehend")
    shape = model.operation_model("StartDocumentClassificationJob").input_shape
    data = {
        "Host": url.hostname, "Dated": str("X-Amz-Date" in query), "Expires": query.get("X-Amz-Expires", ["none"])[0],
        "Boto3": boto3.__version__, "Python": sys.version.split()[0],
        "Members": str({"FlywheelArn", "Tags", "VpcConfig"} <= set(shape.members)
            and "DocumentReaderConfig" in shape.members["InputDataConfig"].members),
    }
    answer = {name: event[name] for name in ("RequestId", "StackId", "LogicalResourceId")}
    answer |= {"Status": "SUCCESS", "PhysicalResourceId": "probe", "Data": data}
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT"))
"""


def date_of_response_url(bench: Bench) -> str:
    """Let a function of its own look whether its event's URL is dated."""
    seen = bench.shared("probe", _probe)
    expect(seen["Dated"] == "True", "the URL has no X-Amz-Date")
    return f"X-Amz-Date is there, and X-Amz-Expires says {seen['Expires']} s"


def host_of_response_url(bench: Bench) -> str:
    """Let a function of its own look where its answer goes."""
    if bench.run.local:
        raise NotMeasuredError("the local AWS takes answers on loopback")
    host = bench.shared("probe", _probe)["Host"]
    expect(RESPONSE_HOST.fullmatch(host), f"answers go to {host}")
    return f"answers go to {host}"


def sdk_of_runtime(bench: Bench) -> str:
    """Let a function of its own look what its boto3 knows."""
    seen = bench.shared("probe", _probe)
    expect(
        seen["Members"] == "True", f"boto3 {seen['Boto3']} of Python {seen['Python']} lacks parameters of the request"
    )
    return f"boto3 {seen['Boto3']} of Python {seen['Python']} knows all parameters"


def events_of_jobs(bench: Bench) -> Generator[None, None, str]:
    """Listen to Comprehend's events while the other steps run their jobs."""
    queue, role = bench.deploy(_ear)["Queue"], plain_role(bench)
    bench.completed(bench.start(role))
    yield
    heard = bench.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=0 if bench.run.local else 20)
    messages = [message["Body"] for message in heard.get("Messages", ())]
    expect(not messages, f"there are events: {' '.join(messages)}")
    return "no event of Comprehend came"


def _probe(stack: cdk.Stack) -> None:
    import aws_cdk as cdk  # noqa: PLC0415 - takes a second, and most steps need none of it
    from aws_cdk import aws_lambda as lambda_  # noqa: PLC0415
    from aws_cdk import aws_logs as logs  # noqa: PLC0415

    function = lambda_.Function(
        stack,
        "Probe",
        runtime=lambda_.Runtime.PYTHON_3_14,
        handler="index.handle",
        code=lambda_.Code.from_inline(_FUNCTION),
        timeout=cdk.Duration.minutes(1),
        log_group=logs.LogGroup(stack, "Log"),
    )
    probe = cdk.CfnResource(
        stack,
        "Seen",
        type="Custom::Probe",
        properties={"ServiceToken": function.function_arn, "ServiceTimeout": 300},
    )
    for name in ("Host", "Dated", "Expires", "Boto3", "Python", "Members"):
        cdk.CfnOutput(stack, name, value=probe.get_att(name).to_string())


def _ear(stack: cdk.Stack) -> None:
    import aws_cdk as cdk  # noqa: PLC0415 - takes a second, and most steps need none of it
    from aws_cdk import aws_events as events  # noqa: PLC0415
    from aws_cdk import aws_events_targets as targets  # noqa: PLC0415
    from aws_cdk import aws_sqs as sqs  # noqa: PLC0415

    queue = sqs.Queue(stack, "Heard")
    events.Rule(
        stack,
        "OfComprehend",
        event_pattern=events.EventPattern(
            source=["aws.comprehend"],
            # Where a trail records API calls, each of them is an event, too.
            detail_type=events.Match.anything_but("AWS API Call via CloudTrail"),
        ),
        targets=[targets.SqsQueue(queue)],
    )
    cdk.CfnOutput(stack, "Queue", value=queue.queue_url)
