"""What jobs leave in a VPC."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from account.bench import Bench, allow
from account.expectations import expect
from account.measures.missing_permissions import fails

if TYPE_CHECKING:
    import aws_cdk as cdk

LEFT = 600  # so long after a job's end the library looks for interfaces

ACTIONS = (
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)


def interfaces(bench: Bench) -> str:
    """Run a job in a VPC and watch its interfaces come and go."""
    network, ec2 = _network(bench), bench.client("ec2")
    bench.write("in/a.txt")
    role = bench.data_access_role(bench.reads(), bench.writes(), allow(*ACTIONS))
    filters = [{"Name": "subnet-id", "Values": network["Subnets"]}]
    earlier = {
        each["NetworkInterfaceId"] for each in ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    }
    job = bench.start(role, VpcConfig=network)
    seen: dict[str, dict[str, Any]] = {}

    def look() -> list[dict[str, Any]]:
        listed = ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
        found = [each for each in listed if each["NetworkInterfaceId"] not in earlier]
        seen.update({each["NetworkInterfaceId"]: each for each in found})
        return found

    while bench.describe(job)["JobStatus"] in {"SUBMITTED", "IN_PROGRESS"}:
        look()
        bench.run.pause(max(bench.limit(10), 0.02))
    bench.completed(job)
    ended = time.monotonic()
    while look():
        waited = time.monotonic() - ended
        expect(waited < bench.limit(LEFT), f"{len(look())} interfaces are still there {waited:.0f} s after the job")
        bench.run.pause(max(bench.limit(10), 0.02))
    expect(seen, "the job had no interface in the subnet")
    others = [each["RequesterId"] for each in seen.values() if not each.get("RequesterId", "").endswith(":Comprehend")]
    expect(not others, f"an interface's RequesterId is {', '.join(others)}")
    return f"{len(seen)} interfaces, requested by ...:Comprehend, gone {time.monotonic() - ended:.0f} s after the job"


def without_network_rights(bench: Bench) -> str:
    """Run a job in a VPC whose role may not make interfaces."""
    network = _network(bench)
    bench.write("in/a.txt")
    return fails(bench, bench.data_access_role(bench.reads(), bench.writes()), "ec2|vpc|network", VpcConfig=network)


def _network(bench: Bench) -> dict[str, list[str]]:
    """A VPC without a way out but to S3."""
    outputs = bench.shared("network", _vpc)
    return {"Subnets": [outputs["SubnetId"]], "SecurityGroupIds": [outputs["GroupId"]]}


def _vpc(stack: cdk.Stack) -> None:
    import aws_cdk as cdk  # noqa: PLC0415 - takes a second, and most steps need none of it
    from aws_cdk import aws_ec2 as ec2  # noqa: PLC0415

    vpc = ec2.Vpc(
        stack,
        "Vpc",
        max_azs=1,
        nat_gateways=0,
        restrict_default_security_group=False,
        subnet_configuration=[ec2.SubnetConfiguration(name="jobs", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)],
        gateway_endpoints={"S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3)},
    )
    group = ec2.SecurityGroup(stack, "Group", vpc=vpc)
    group.add_ingress_rule(group, ec2.Port.all_traffic())
    cdk.CfnOutput(stack, "SubnetId", value=vpc.isolated_subnets[0].subnet_id)
    cdk.CfnOutput(stack, "GroupId", value=group.security_group_id)
