"""Apps, values and readers of templates that the tests of constructs share."""

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from constructs_lib import Documents, InputFormat, Results

ROOT = Path(__file__).parents[1]
CLASSIFIER_ARN = "arn:aws:comprehend:us-east-1:111122223333:document-classifier/mails/version/1"
FLYWHEEL_ARN = "arn:aws:comprehend:us-east-1:111122223333:flywheel/mails"


def new_app(*, flags=True, **kwargs):
    """An app with the feature flags of cdk.json, or of a host that has none."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"] if flags else {}
    return cdk.App(context=context, analytics_reporting=False, **kwargs)


def documents_in(stack, prefix="documents/", **kwargs):
    bucket = stack.node.try_find_child("In") or s3.Bucket(stack, "In")
    return Documents.from_bucket(bucket, prefix, **{"input_format": InputFormat.ONE_DOC_PER_FILE, **kwargs})


def results_in(stack, prefix="results/", **kwargs):
    bucket = stack.node.try_find_child("Out") or s3.Bucket(stack, "Out")
    return Results.to_bucket(bucket, prefix, **kwargs)


def job_properties(template, logical_id_part=""):
    """The properties of the one job in a template, or of the one whose logical id begins with a text."""
    jobs = template.find_resources("Custom::DocumentClassificationJob")
    (found,) = [job["Properties"] for name, job in jobs.items() if name.startswith(logical_id_part)]
    return found


def awaited(template, kind="Custom::DocumentClassificationJob"):
    """The types of all resources that the one resource of a kind waits for, directly and through others."""
    resources = template.to_json()["Resources"]
    ahead = [name for name, resource in resources.items() if resource["Type"] == kind]
    assert len(ahead) == 1
    seen = set()
    while ahead:
        needed = set(resources[ahead.pop()].get("DependsOn", ())) - seen
        seen |= needed
        ahead += needed
    return [resources[name]["Type"] for name in seen]


def statements(template, prefix):
    """The statements of the policies whose logical ids begin with a text, by name."""
    return {
        statement["Sid"]: statement
        for name, policy in template.find_resources("AWS::IAM::Policy").items()
        if name.startswith(prefix)
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    }
