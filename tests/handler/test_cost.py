"""Each path pays only for what it needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from handler.world import ANSWERS, JOBS

SOURCE = Path(__file__).parents[2] / "lambda_src"

SCRIPT = """
import json, sys
sys.path.insert(0, {source!r})
from classification_job.handler import handle
from classification_job.runtime import Runtime
class Outside(Runtime):
    def put(self, url, body):
        print(json.loads(body)["Status"], file=sys.stderr)
class Context:
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:jobs"
    def get_remaining_time_in_millis(self):
        return 900_000
handle({event!r}, Context(), Outside())
print(json.dumps(sorted(name.partition(".")[0] for name in sys.modules)), file=sys.stderr)
"""


def event(**changes):
    return {
        "RequestType": "Delete",
        "RequestId": "r1",
        "StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/a/b",
        "ResponseURL": f"https://{ANSWERS}/1?X-Amz-Date=20261126T000000Z",
        "ResourceType": "Custom::DocumentClassificationJob",
        "LogicalResourceId": "Job",
        "ResourceProperties": {},
    } | changes


@pytest.mark.parametrize(
    "given",
    [
        event(PhysicalResourceId="not-started/1"),
        event(PhysicalResourceId=f"{JOBS}0", ResourceProperties={"AbandonOnDelete": "true"}),
        event(
            RequestType="Create",
            ResourceType="Custom::ClassificationNetworkInterfaces",
            ResourceProperties={"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        ),
    ],
)
def test_a_path_that_calls_no_aws_imports_no_sdk(given):
    script = SCRIPT.format(source=str(SOURCE), event=given)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    status, modules = done.stderr.splitlines()
    assert status == "SUCCESS"
    assert not {"botocore", "boto3", "urllib3"} & set(json.loads(modules))


def test_the_handler_needs_nothing_but_the_standard_library_and_the_runtimes_sdk():
    imported = set()
    for path in (SOURCE / "classification_job").rglob("*.py"):
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]) and not words[1].startswith("."):
                imported.add(words[1].partition(".")[0])
    assert imported <= {*sys.stdlib_module_names, "botocore"}
