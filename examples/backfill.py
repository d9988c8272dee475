"""Classifies many prefixes that have piled up over the years, at most eight at a time.

Use it once, beside a workflow that runs on. The account has ten slots for jobs, which the Distributed Map leaves two of
to others. Each prefix is a run of its own; its documents stay where they are.

    cdk deploy --app 'python3 examples/backfill.py' -c classifier_arn=arn:aws:comprehend:...
    aws stepfunctions start-execution --state-machine-arn <BackfillArn> \
        --input '{"prefixes": ["archive/2023/", "archive/2024/", "archive/2025/"]}'
"""

import aws_cdk as cdk
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from constructs_lib import ClassificationModel, DocumentClassificationWorkflow, Documents

CLASSIFIER_ARN = "arn:aws:comprehend:us-east-1:111122223333:document-classifier/mails"


def build(app: cdk.App) -> cdk.Stack:
    """Define the stack."""
    stack = cdk.Stack(app, "BackfillClassification")
    workflow = DocumentClassificationWorkflow(
        stack,
        "Archive",
        model=ClassificationModel.from_classifier_arn(app.node.try_get_context("classifier_arn") or CLASSIFIER_ARN),
        documents=Documents.in_new_bucket("archive/"),
    )
    run = tasks.StepFunctionsStartExecution(
        stack,
        "Run",
        state_machine=workflow.state_machine,
        input=sfn.TaskInput.from_object({"Prefix": sfn.JsonPath.string_at("$")}),
        integration_pattern=sfn.IntegrationPattern.RUN_JOB,
        result_selector={"Output": sfn.JsonPath.object_at("$.Output")},
    )
    every_prefix = sfn.DistributedMap(
        stack, "Prefixes", items_path="$.prefixes", max_concurrency=8, tolerated_failure_percentage=100
    )
    backfill = sfn.StateMachine(
        stack,
        "Backfill",
        definition_body=sfn.DefinitionBody.from_chainable(every_prefix.item_processor(run)),
    )
    cdk.CfnOutput(stack, "BackfillArn", value=backfill.state_machine_arn)
    return stack


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
