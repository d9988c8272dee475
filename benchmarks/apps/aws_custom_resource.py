"""Jobs as `AwsCustomResource`, with a policy each, as its documentation shows."""

from aws_cdk import custom_resources as cr
from common import Surroundings, synthesize


def add_jobs(given: Surroundings, names: list[str]) -> None:
    """Add the jobs to the stack."""
    role = given.data_access_role()
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
            policy=cr.AwsCustomResourcePolicy.from_statements(given.start_statements(role)),
            install_latest_aws_sdk=False,
        )
        job.node.add_dependency(role, *given.needed)


synthesize(add_jobs)
