"""A second stack that uses what the job of the first one found, and follows it from job to job.

Use it when another team reads the results. An export would not do: CloudFormation does not change what another stack
imports, and every new job has new results. A parameter of Systems Manager may change; the second stack looks it up with
each of its deployments.

    cdk deploy --all --app 'python3 examples/other_stack.py' -c classifier_arn=arn:aws:comprehend:...
"""

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm

from constructs_lib import ClassificationModel, DocumentClassificationPipeline

CLASSIFIER_ARN = "arn:aws:comprehend:us-east-1:111122223333:document-classifier/mails"
RESULTS = "/mails/classification/results-uri"


def build(app: cdk.App) -> cdk.Stack:
    """Define the stacks; the first one is returned."""
    stack = cdk.Stack(app, "SharedClassification")
    pipeline = DocumentClassificationPipeline(
        stack,
        "Mails",
        model=ClassificationModel.from_classifier_arn(app.node.try_get_context("classifier_arn") or CLASSIFIER_ARN),
        run_id=app.node.try_get_context("run_id"),
    )
    ssm.StringParameter(stack, "Results", parameter_name=RESULTS, string_value=pipeline.job.output_s3_uri)

    readers = cdk.Stack(app, "Readers")
    readers.add_dependency(stack, "it looks the parameter up")
    uri = ssm.StringParameter.value_for_string_parameter(readers, RESULTS)
    lambda_.Function(
        readers,
        "Reader",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline(
            "import os\n\n\ndef handler(event, context):\n    return os.environ['RESULTS_URI']\n"
        ),
        environment={"RESULTS_URI": uri},
    )
    return stack


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
