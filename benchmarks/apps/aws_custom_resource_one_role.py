"""Jobs as `AwsCustomResource`, tuned: all of them share one role that was made for the function."""

from aws_cdk import aws_iam as iam
from aws_cdk import custom_resources as cr
from common import Surroundings, synthesize


def add_jobs(given: Surroundings, names: list[str]) -> None:
    """Add the jobs to the stack."""
    role = given.data_access_role()
    caller = iam.Role(
        given.stack,
        "Caller",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AWSLambdaBasicExecutionRole")],
    )
    for statement in given.start_statements(role):
        caller.add_to_policy(statement)
    for name in names:
        start = cr.AwsSdkCall(
            service="Comprehend",
            action="StartDocumentClassificationJob",
            parameters=given.request(role, name),
            physical_resource_id=cr.PhysicalResourceId.from_response("JobArn"),
        )
        job = cr.AwsCustomResource(
            given.stack,
            name,
            resource_type="Custom::ClassificationJob",
            on_create=start,
            on_update=start,
            role=caller,
            install_latest_aws_sdk=False,
        )
        job.node.add_dependency(role, caller, *given.needed)


synthesize(add_jobs)
