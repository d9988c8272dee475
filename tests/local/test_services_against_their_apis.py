"""The services around Comprehend beside their API models and beside moto, operation by operation, for what is used.

Used by the constructs' functions and state machines, by the CDK CLI, and by the command that follows them.
"""

import io
import json
import time
import zipfile

import boto3
import pytest
from local.bench import until
from local.test_against_the_api import members
from moto import mock_aws

ALLOW = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [ALLOW]})


def trust(service):
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


MACHINE = {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}}
TEMPLATE = {
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
    "Outputs": {"Arn": {"Value": {"Ref": "Topic"}, "Export": {"Name": "topic"}}},
}


class Answers:
    """What each operation of a world answers: as JSON over the wire where that is its protocol, otherwise as parsed."""

    def __init__(self, client_of):
        self._client_of, self._clients, self._raw = client_of, {}, {}
        self.found, self.shapes = {}, {}

    def ask(self, service, operation, **parameters):
        client = self._client(service)
        parsed = client._make_api_call(operation, parameters)
        model = client.meta.service_model
        streams = any(hasattr(value, "read") for value in parsed.values())
        is_json = "json" in model.metadata["protocol"] and not streams
        told = json.loads(self._raw["body"] or b"{}") if is_json else parsed
        name = f"{service}.{operation}"
        self.found[name] = {member: value for member, value in told.items() if member != "ResponseMetadata"}
        self.shapes[name] = model.operation_model(operation).output_shape
        return parsed

    def _client(self, service):
        if service not in self._clients:
            self._clients[service] = self._client_of(service)
            keep = lambda response_dict, **_: self._raw.update(response_dict)  # noqa: E731 - one line
            self._clients[service].meta.events.register("before-parse", keep)
        return self._clients[service]


def role_of(ask, name):
    return ask("iam", "GetRole", RoleName=name)["Role"]["Arn"]


def arn_of_queue(ask, name):
    queue = ask("sqs", "GetQueueUrl", QueueName=name)["QueueUrl"]
    return ask("sqs", "GetQueueAttributes", QueueUrl=queue, AttributeNames=["All"])["Attributes"]["QueueArn"]


def iam(ask, name):
    ask("iam", "CreateRole", RoleName=name, AssumeRolePolicyDocument=trust("states"))
    ask("iam", "PutRolePolicy", RoleName=name, PolicyName="p", PolicyDocument=POLICY)
    ask("iam", "GetRole", RoleName=name)
    ask("iam", "GetRolePolicy", RoleName=name, PolicyName="p")
    ask("sts", "GetCallerIdentity")


def s3(ask, name):
    bucket = f"{name}-data"
    ask("s3", "CreateBucket", Bucket=bucket)
    ask("s3", "PutObject", Bucket=bucket, Key="in/a", Body=b"a,b\n")
    ask("s3", "HeadObject", Bucket=bucket, Key="in/a")
    ask("s3", "GetObject", Bucket=bucket, Key="in/a")["Body"].read()
    ask("s3", "ListObjectsV2", Bucket=bucket)
    ask("s3", "CopyObject", Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "in/a"})
    ask("s3", "DeleteObject", Bucket=bucket, Key="b")
    upload = {
        "Bucket": bucket,
        "Key": "c",
        "UploadId": ask("s3", "CreateMultipartUpload", Bucket=bucket, Key="c")["UploadId"],
    }
    part = {"PartNumber": 1, "ETag": ask("s3", "UploadPart", **upload, PartNumber=1, Body=b"x")["ETag"]}
    ask("s3", "CompleteMultipartUpload", **upload, MultipartUpload={"Parts": [part]})
    other = ask("s3", "CreateMultipartUpload", Bucket=bucket, Key="d")["UploadId"]
    ask("s3", "AbortMultipartUpload", Bucket=bucket, Key="d", UploadId=other)


def kms(ask, _name):
    key = ask("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    ask("kms", "DescribeKey", KeyId=key)
    cipher = ask("kms", "GenerateDataKey", KeyId=key, KeySpec="AES_256")["CiphertextBlob"]
    ask("kms", "Decrypt", CiphertextBlob=cipher)


def messages(ask, name):
    queue = ask("sqs", "CreateQueue", QueueName=name)["QueueUrl"]
    target = arn_of_queue(ask, name)
    ask("sqs", "SendMessage", QueueUrl=queue, MessageBody="hello")
    ask("sqs", "ReceiveMessage", QueueUrl=queue)
    topic = ask("sns", "CreateTopic", Name=name)["TopicArn"]
    ask("sns", "Subscribe", TopicArn=topic, Protocol="sqs", Endpoint=target)
    ask("sns", "Publish", TopicArn=topic, Message="hello")


def stepfunctions(ask, name):
    role = role_of(ask, name)
    machine = ask("stepfunctions", "CreateStateMachine", name=name, definition=json.dumps(MACHINE), roleArn=role)
    machine = {"stateMachineArn": machine["stateMachineArn"]}
    ask("stepfunctions", "DescribeStateMachine", **machine)
    ask("stepfunctions", "ListStateMachines")
    run = {"executionArn": ask("stepfunctions", "StartExecution", **machine, input="{}")["executionArn"]}
    until(lambda: ask("stepfunctions", "DescribeExecution", **run)["status"], lambda status: status != "RUNNING")
    ask("stepfunctions", "ListExecutions", **machine)
    ask("stepfunctions", "GetExecutionHistory", **run)


def events(ask, name):
    target, role = arn_of_queue(ask, name), role_of(ask, name)
    ask("events", "CreateEventBus", Name=name)
    ask("events", "PutRule", Name=name, EventBusName=name, EventPattern=json.dumps({"source": ["me"]}))
    ask("events", "PutTargets", Rule=name, EventBusName=name, Targets=[{"Id": "1", "Arn": target}])
    ask("events", "ListTargetsByRule", Rule=name, EventBusName=name)
    ask("events", "PutEvents", Entries=[{"Source": "me", "DetailType": "d", "Detail": "{}", "EventBusName": name}])
    schedule = {"ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    ask("scheduler", "CreateSchedule", Name=name, **schedule, Target={"Arn": target, "RoleArn": role})
    ask("scheduler", "GetSchedule", Name=name)
    ask("scheduler", "ListSchedules", NamePrefix=name)


def watching(ask, name):
    metric = {"Namespace": name, "MetricName": "M"}
    ask("cloudwatch", "PutMetricData", Namespace=name, MetricData=[{"MetricName": "M", "Value": 1.0}])
    limits = {"ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 1, "Threshold": 1.0}
    ask("cloudwatch", "PutMetricAlarm", AlarmName=name, **metric, **limits, Period=60, Statistic="Sum")
    ask("cloudwatch", "DescribeAlarms", AlarmNames=[name])
    ask("logs", "CreateLogGroup", logGroupName=name)
    stream = {"logGroupName": name, "logStreamName": "s"}
    ask("logs", "CreateLogStream", **stream)
    ask("logs", "PutLogEvents", **stream, logEvents=[{"timestamp": int(time.time() * 1000), "message": "hello"}])
    ask("logs", "DescribeLogGroups", logGroupNamePrefix=name)
    ask("logs", "FilterLogEvents", logGroupName=name)


def ec2(ask, name):
    vpc = ask("ec2", "CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ask("ec2", "CreateSubnet", VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    group = ask("ec2", "CreateSecurityGroup", GroupName=name, Description="d", VpcId=vpc)["GroupId"]
    ask("ec2", "DescribeSubnets", SubnetIds=[subnet])
    ask("ec2", "DescribeSecurityGroups", GroupIds=[group])
    made = ask("ec2", "CreateNetworkInterface", SubnetId=subnet, Groups=[group])["NetworkInterface"]
    interface = {"NetworkInterfaceId": made["NetworkInterfaceId"]}
    ask("ec2", "DescribeNetworkInterfaces", NetworkInterfaceIds=[made["NetworkInterfaceId"]])
    ask("ec2", "DeleteNetworkInterface", **interface)


def queries(ask, name):
    bucket = f"{name}-data"
    ask("glue", "CreateDatabase", DatabaseInput={"Name": name})
    ask("glue", "GetDatabase", Name=name)
    table = {
        "Name": "t",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"classification": "csv"},
        "StorageDescriptor": {
            "Columns": [{"Name": "a", "Type": "string"}, {"Name": "b", "Type": "string"}],
            "Location": f"s3://{bucket}/in/",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde"},
        },
    }
    ask("glue", "CreateTable", DatabaseName=name, TableInput=table)
    ask("glue", "GetTable", DatabaseName=name, Name="t")
    ask("glue", "GetPartitions", DatabaseName=name, TableName="t")
    ask("athena", "GetWorkGroup", WorkGroup="primary")
    place = {"OutputLocation": f"s3://{bucket}/queries/"}
    query = ask("athena", "StartQueryExecution", QueryString="SELECT 1 AS one", ResultConfiguration=place)
    query = {"QueryExecutionId": query["QueryExecutionId"]}
    until(
        lambda: ask("athena", "GetQueryExecution", **query)["QueryExecution"]["Status"]["State"],
        lambda state: state not in {"QUEUED", "RUNNING"},
    )
    ask("athena", "GetQueryResults", **query)


def functions(ask, name):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("index.py", "def handle(event, context):\n    return {'got': event}\n")
    role = ask("iam", "CreateRole", RoleName=f"{name}-f", AssumeRolePolicyDocument=trust("lambda"))["Role"]["Arn"]
    function = {"FunctionName": name, "Runtime": "python3.12", "Handler": "index.handle", "Role": role}
    ask("lambda", "CreateFunction", **function, Code={"ZipFile": archive.getvalue()})
    ask("lambda", "GetFunctionConfiguration", FunctionName=name)
    ask("lambda", "Invoke", FunctionName=name, Payload=b"{}")["Payload"].read()


def cloudformation(ask, name):
    stack = ask("cloudformation", "CreateStack", StackName=name, TemplateBody=json.dumps(TEMPLATE))
    stack = {"StackName": stack["StackId"]}
    until(
        lambda: ask("cloudformation", "DescribeStacks", **stack)["Stacks"][0]["StackStatus"],
        lambda status: status == "CREATE_COMPLETE",
    )
    ask("cloudformation", "DescribeStackEvents", **stack)
    ask("cloudformation", "DescribeStackResource", **stack, LogicalResourceId="Topic")
    ask("cloudformation", "ListStackResources", **stack)
    ask("cloudformation", "ListStacks")
    ask("cloudformation", "GetTemplate", **stack)


# Each uses what those before it have made.
PARTS = (iam, s3, kms, messages, stepfunctions, events, watching, ec2, queries, functions, cloudformation)
# Where moto needs packages of its own for a service, its model alone is the measure; moto also lets no machine run.
BESIDE_MOTO = (iam, s3, kms, messages, watching, ec2, functions)


@pytest.fixture(scope="session")
def local(local_aws):
    world = Answers(local_aws.session().client)
    for part in PARTS:
        part(world.ask, "beside-their-apis")
    return world


@pytest.fixture(scope="session")
def moto():
    with mock_aws(config={"lambda": {"use_docker": False}}):
        world = Answers(lambda service: boto3.client(service, region_name="us-east-1"))
        for part in BESIDE_MOTO:
            part(world.ask, "beside-their-apis")
    return world


def problems(value, shape, path):  # noqa: C901 - one branch a kind of shape
    """What an answer holds that the model does not know or does not allow."""
    if value is None or path.endswith(("PolicyDocument", "TemplateBody")):
        return  # absent, or text that the SDK has parsed
    if shape.type_name == "structure":
        for name in set(shape.required_members) - value.keys():
            yield f"{path}.{name} is missing"
        for name, inner in value.items():
            if name not in shape.members:
                yield f"{path}.{name} is not in the model"
            elif not hasattr(inner, "read"):
                yield from problems(inner, shape.members[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for inner in value:
            yield from problems(inner, shape.member, path)
    elif shape.type_name == "string":
        if not isinstance(value, str) or len(value) > shape.metadata.get("max", len(value)):
            yield f"{path} is {value!r}"
        elif shape.enum and value and value not in shape.enum:
            yield f"{path} is {value!r}, which is none of {shape.enum}"


# What the local AWS answers beside the models: a name of its own for what stands in Configuration, too.
BESIDE_THE_MODEL = {"athena.GetWorkGroup": [".WorkGroup.WorkGroupConfiguration is not in the model"]}
# What moto answers and the local AWS does not; that it answers more is nothing that a client could miss.
INTERFACE = ("Association", "Ipv6Addresses", "RequesterId", "RequesterManaged")
MISSING = {
    "iam.CreateRole": ["Role.RoleLastUsed"],
    "iam.GetRole": ["Role.RoleLastUsed"],
    "s3.PutObject": ["ChecksumCRC32"],
    "s3.CopyObject": ["CopyObjectResult.ChecksumCRC32"],
    "s3.ListObjectsV2": ["Contents.ChecksumAlgorithm"],
    "s3.CompleteMultipartUpload": ["VersionId"],  # which AWS has only where versions are kept
    "kms.CreateKey": ["KeyMetadata.AWSAccountId"],
    "kms.DescribeKey": ["KeyMetadata.AWSAccountId"],
    "sqs.GetQueueAttributes": ["Attributes.SqsManagedSseEnabled"],
    "cloudwatch.DescribeAlarms": ["MetricAlarms.Metrics", "MetricAlarms.StateReasonData"],
    "logs.FilterLogEvents": ["searchedLogStreams.logStreamName", "searchedLogStreams.searchedCompletely"],
    "ec2.CreateVpc": ["Vpc.Ipv6CidrBlockAssociationSet"],
    "ec2.CreateSubnet": ["Subnet.Ipv6CidrBlockAssociationSet"],
    "ec2.DescribeSubnets": ["Subnets.Ipv6CidrBlockAssociationSet"],
    "ec2.DescribeSecurityGroups": ["SecurityGroups.SecurityGroupArn"],
    "ec2.CreateNetworkInterface": [f"NetworkInterface.{name}" for name in INTERFACE],
    "ec2.DescribeNetworkInterfaces": ["NetworkInterfaces.Ipv6Addresses", "NetworkInterfaces.RequesterManaged"],
}


def test_no_answer_is_beside_its_model_but_those_that_are_known(local):
    found = {}
    for name, answer in local.found.items():
        if local.shapes[name] is not None and (told := sorted(set(problems(answer, local.shapes[name], "")))):
            found[name] = told
    assert found == BESIDE_THE_MODEL


def test_no_member_that_moto_answers_is_missing_but_those_that_are_known(local, moto):
    found = {name: sorted(members(answer) - members(local.found[name])) for name, answer in moto.found.items()}
    assert {name: missing for name, missing in found.items() if missing} == MISSING
