import io
import zipfile
from pathlib import Path

import pytest
from local.bench import Bench, allow


@pytest.fixture
def bench(behaving_aws, trained_classifier, unique_name):
    behaving_aws.configure(job_seconds=0.4, starts_per_second=0)
    return Bench(behaving_aws, trained_classifier, unique_name)


@pytest.fixture
def role(bench):
    """A data access role that may do what a plain job needs, and a document to classify."""
    bench.write("in/a.txt", "Please pay the total due on invoice number 7 within thirty days.")
    return bench.role(*bench.access_to_bucket())


@pytest.fixture(scope="session")
def function(local_aws):
    """The recorder, deployed once under a role that may do no more than it needs."""
    bench = Bench(local_aws, None, "recorder")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.write(Path(__file__).parent / "recorder.py", "recorder.py")
    role = bench.role(
        *bench.access_to_bucket(),
        allow("cloudformation:DescribeStacks", "cloudformation:DescribeStackEvents"),
        allow("cloudformation:DescribeStackResource"),
        allow("lambda:InvokeFunction", on="arn:aws:lambda:*:*:function:recorder"),
        service="lambda.amazonaws.com",
    )
    return bench.client("lambda").create_function(
        FunctionName="recorder",
        Runtime="python3.13",
        Handler="recorder.handle",
        Role=role,
        Timeout=30,
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": {"BUCKET": bench.bucket}},
    )["FunctionArn"]


@pytest.fixture
def resource(function):
    def custom(**properties):
        return {
            "Type": "Custom::Recorded",
            "Properties": {"ServiceToken": function, "ServiceTimeout": 10, **properties},
        }

    return custom
