"""Every place where the local AWS reaches into MiniStack, and nothing else: one file for each service reached into.

MiniStack is pinned because of this folder. `install` puts the hooks in; each has a test that fails when it stops
working. The other public functions are what the local Comprehend needs of its surroundings: who calls, what a role may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack import app

from constructs_lib.local.hooks import (
    athena,
    cloudformation,
    door,
    ec2,
    functions,
    iam,
    registry,
    s3,
    scheduler,
    step_functions,
)

if TYPE_CHECKING:
    from constructs_lib.local.hooks.shapes import ResourceTypes, Service


def install(comprehend: Service, resource_types: ResourceTypes) -> Any:  # noqa: ANN401 - an ASGI application
    """Put every hook in.

    Args:
        comprehend: The service to register beside MiniStack's own.
        resource_types: CloudFormation resource types to add: how each is made and removed.

    Returns:
        MiniStack's ASGI application.
    """
    door.judge_root()
    registry.register(comprehend)
    cloudformation.install(resource_types)
    s3.complete_bucket_properties()
    s3.check_kms()
    s3.judge_conditions_of_copies()
    s3.check_tags_of_copies()
    s3.keep_buckets_with_objects()
    iam.refuse_what_the_model_refuses()
    iam.let_threads_assume_roles()
    step_functions.call_as_the_machine()
    step_functions.time_expressions_by_the_processor()
    scheduler.start_state_machines_as_the_target()
    athena.judge_by_workgroup()
    functions.tell_errors_apart()
    ec2.hold_network_interfaces()
    ec2.name_network_interfaces()
    return app.app
