"""Jobs as `CustomResource` with the Provider framework and a handler of a few lines."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import custom_resources as cr
from common import Surroundings, synthesize


def add_jobs(given: Surroundings, names: list[str]) -> None:
    """Add the jobs to the stack."""
    role = given.data_access_role()
    on_event = lambda_.Function(
        given.stack,
        "OnEvent",
        code=lambda_.Code.from_asset(str(Path(__file__).parent / "provider_handler")),
        handler="index.on_event",
        initial_policy=given.start_statements(role),
        runtime=lambda_.Runtime.PYTHON_3_14,
        timeout=cdk.Duration.minutes(1),
    )
    provider = cr.Provider(given.stack, "Provider", on_event_handler=on_event)
    for name in names:
        job = cdk.CustomResource(
            given.stack,
            name,
            resource_type="Custom::ClassificationJob",
            service_token=provider.service_token,
            properties=given.request(role, name),
        )
        job.node.add_dependency(role, *given.needed)


synthesize(add_jobs)
