"""A Lambda function for custom resources: records every event it gets, then answers as the resource asks for."""

import json
import os
import sys
import time
import urllib.request

import boto3

s3, cloudformation = boto3.client("s3"), boto3.client("cloudformation")


def handle(event, _context):
    sys.stdout.write(json.dumps({"message": "got it", "RequestId": event["RequestId"]}) + "\n")
    stack = {"StackName": event["StackId"]}
    event["Seen"] = {
        "StackStatus": cloudformation.describe_stacks(**stack)["Stacks"][0]["StackStatus"],
        "Events": len(cloudformation.describe_stack_events(**stack)["StackEvents"]),
    }
    resource = cloudformation.describe_stack_resource(**stack, LogicalResourceId=event["LogicalResourceId"])
    for name in ("PhysicalResourceId", "ResourceStatus", "LastUpdatedTimestamp"):
        event["Seen"][name] = str(resource["StackResourceDetail"].get(name, ""))
    event["Seen"]["Knows"] = event["ResourceProperties"].get("Secret") in os.environ.values()
    event["Seen"]["ResponseUrlHosts"] = os.environ["RESPONSE_URL_HOSTS"]
    bucket, folder = os.environ["BUCKET"], f"{event['StackId'].split('/')[1]}/"
    s3.put_object(Bucket=bucket, Key=f"{folder}{time.time_ns()}", Body=json.dumps(event))
    how = event["ResourceProperties"].get(event["RequestType"], "SUCCESS")
    if how == "RAISE_TWICE":
        calls = s3.list_objects_v2(Bucket=bucket, Prefix=folder)["KeyCount"]
        if calls < 3:
            raise RuntimeError("on purpose")
        how = "SUCCESS"
    if how == "RELAY":
        event["ResourceProperties"][event["RequestType"]] = "SUCCESS"
        boto3.client("lambda").invoke(
            FunctionName=os.environ["AWS_LAMBDA_FUNCTION_NAME"], InvocationType="Event", Payload=json.dumps(event)
        )
        return
    if how == "SILENT":
        return
    answer = {name: event[name] for name in ("RequestId", "StackId", "LogicalResourceId")}
    answer |= {
        "Status": how,
        "Reason": "on purpose",
        "PhysicalResourceId": event["ResourceProperties"].get("Id", "one"),
    }
    if how == "LONG":
        answer |= {"Status": "SUCCESS", "Data": {"Value": "x" * 4096}}
    if how == "NO_ID":
        answer |= {"Status": "SUCCESS", "PhysicalResourceId": ""}
    url, body = event["ResponseURL"], json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(url, body, {"content-type": ""}, method="PUT"))  # noqa: S310 - loopback
