"""Stacks that go while their job runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from account.expectations import expect
from account.scenarios.job_scenarios import job
from constructs_lib import ClassificationNetwork

if TYPE_CHECKING:
    from account.bench import Bench

_PATIENCE = cdk.Duration.hours(1)


def without_network(bench: Bench) -> str:
    """Destroy a stack while its job runs: the job keeps what it needs, and its results arrive."""
    return _destroyed_while_running(bench, network=False)


def with_network(bench: Bench) -> str:
    """The same in a network of the stack's own: it goes, whatever the service leaves in it."""
    return _destroyed_while_running(bench, network=True)


def _destroyed_while_running(bench: Bench, *, network: bool) -> str:
    bench.write("in/a.txt")

    def build(stack: cdk.Stack) -> None:
        place = ClassificationNetwork(stack, "Network") if network else None
        made = job(bench, stack, "Job", results="out/", network=place, timeout=_PATIENCE)
        cdk.CfnOutput(stack, "JobId", value=made.job_id)

    started = bench.deploy(build)["JobId"]
    before = bench.describe(started)
    expect(before["JobStatus"] != "COMPLETED", "the job had ended before the stack went")
    bench.destroy()
    found = bench.completed(started)
    expect(len(bench.predictions(found)) == 1, "the job has no prediction")
    if not network:
        return "the stack went and the job completed"
    filters = [{"Name": "subnet-id", "Values": before["VpcConfig"]["Subnets"]}]
    left = bench.client("ec2").describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    expect(not left, f"{len(left)} interfaces are left")
    return "stack, network and interfaces went and the job completed"
