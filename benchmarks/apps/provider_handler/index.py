"""Starts a job, told by the Provider framework."""

import boto3

comprehend = boto3.client("comprehend")


def on_event(event: dict, _context: object) -> dict:
    """Start a job for a new or changed resource; leave it alone when the resource goes."""
    if event["RequestType"] == "Delete":
        return {"PhysicalResourceId": event["PhysicalResourceId"]}
    request = {name: value for name, value in event["ResourceProperties"].items() if name != "ServiceToken"}
    job = comprehend.start_document_classification_job(**request, ClientRequestToken=event["RequestId"])
    return {"PhysicalResourceId": job["JobArn"], "Data": {"JobArn": job["JobArn"]}}
