"""The network that a job's instances run in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct, DependencyGroup

from constructs_lib._core.arns import Environment
from constructs_lib._core.l1 import l1
from constructs_lib._iam.findings import acknowledge
from constructs_lib._iam.role_policy import RolePolicy, lazy_document
from constructs_lib._iam.statements import Statement, endpoint_statements, flow_log_statements

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk.aws_s3 import IBucket
    from constructs import IDependable


@jsii.implements(ec2.IConnectable)
class ClassificationNetwork(Construct):
    """Subnets and security groups for jobs; what is not given is made, isolated from the internet.

    A VPC that is made has isolated subnets only, flow logs, and a gateway endpoint for S3 that lets jobs reach no other
    buckets than theirs: no NAT, no internet gateway. A given VPC is used as it is; without internet access it needs a
    gateway endpoint for S3 on the route tables of the subnets.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        vpc: The VPC, with default tenancy. Default: - a VPC is made.
        vpc_subnets: Which subnets of the VPC. Default: - isolated subnets where a VPC is made, otherwise its private
            subnets.
        security_groups: One to five groups. Default: - a group is made, whose members may talk to each other and to
            S3.
        max_azs: How many Availability Zones a VPC that is made spans. Default: 2.

    Source: `VpcConfig` of `StartDocumentClassificationJob`; Developer Guide, "Protect jobs by using an Amazon VPC".
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        max_azs: int = 2,
    ) -> None:
        super().__init__(scope, id)
        self._buckets: list[str] = []
        self._shared_across_stacks = False
        self._ready = DependencyGroup()
        self._made = vpc is None
        self._vpc = self._isolated_vpc(max_azs) if vpc is None else vpc
        self._subnets = self._vpc.select_subnets(**({} if vpc_subnets is None else _arguments(vpc_subnets))).subnets
        self._security_groups = [self._closed_group()] if security_groups is None else list(security_groups)
        self._connections = ec2.Connections(security_groups=self._security_groups)
        # Rules, and in a given VPC endpoints, may still be added: what belongs to these is found at synthesis.
        self._ready.add(*self._security_groups)
        if vpc is not None and cdk.Resource.is_owned_resource(vpc):
            self._ready.add(vpc)

    @property
    def vpc(self) -> ec2.IVpc:
        """The VPC."""
        return self._vpc

    @property
    def subnets(self) -> list[ec2.ISubnet]:
        """The subnets that jobs run in."""
        return list(self._subnets)

    @property
    def security_groups(self) -> list[ec2.ISecurityGroup]:
        """The groups that the interfaces of jobs are in."""
        return list(self._security_groups)

    @property
    def connections(self) -> ec2.Connections:
        """Opens and closes traffic between jobs and others."""
        return self._connections

    def _isolated_vpc(self, max_azs: int) -> ec2.IVpc:
        # The CDK's own Vpc looks the zones of a known Region up, in the account; these are what it falls back to.
        network = ec2.CfnVPC(self, "Vpc", cidr_block="10.0.0.0/16", enable_dns_hostnames=True, enable_dns_support=True)
        acknowledge(network, "VPCDefaultSecurityGroupClosed")
        zones = [cdk.Fn.select(number, cdk.Fn.get_azs()) for number in range(max_azs)]
        subnets, tables = [], []
        for number, zone in enumerate(zones):
            subnet = ec2.CfnSubnet(
                self,
                f"Subnet{number + 1}",
                vpc_id=network.attr_vpc_id,
                availability_zone=zone,
                cidr_block=f"10.0.{number}.0/24",
                map_public_ip_on_launch=False,
            )
            table = ec2.CfnRouteTable(self, f"RouteTable{number + 1}", vpc_id=network.attr_vpc_id)
            association = ec2.CfnSubnetRouteTableAssociation(
                self,
                f"RouteTableAssociation{number + 1}",
                subnet_id=subnet.attr_subnet_id,
                route_table_id=table.attr_route_table_id,
            )
            for resource in (subnet, table):
                cdk.Tags.of(resource).add("Name", resource.node.path)
            self._ready.add(association)
            subnets.append(subnet)
            tables.append(table)
        cdk.Tags.of(network).add("Name", self.node.path)
        vpc = ec2.Vpc.from_vpc_attributes(
            self,
            "IsolatedVpc",
            vpc_id=network.attr_vpc_id,
            availability_zones=zones,
            isolated_subnet_ids=[subnet.attr_subnet_id for subnet in subnets],
            isolated_subnet_route_table_ids=[table.attr_route_table_id for table in tables],
            vpc_cidr_block=network.attr_cidr_block,
        )
        self._log_flows(vpc)
        endpoint = vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        l1(endpoint, ec2.CfnVPCEndpoint).policy_document = lazy_document(self._endpoint_statements)
        self._ready.add(endpoint)
        return vpc

    def _log_flows(self, vpc: ec2.IVpc) -> None:
        environment = Environment.of(self)
        group = logs.LogGroup(self, "FlowLogs", retention=logs.RetentionDays.ONE_YEAR)
        acknowledge(group, "CloudWatchLogGroupEncrypted")
        role = iam.Role(
            self,
            "FlowLogsRole",
            assumed_by=iam.ServicePrincipal(
                "vpc-flow-logs.amazonaws.com",
                conditions={
                    "StringEquals": {"aws:SourceAccount": environment.account},
                    "ArnLike": {"aws:SourceArn": f"{environment.arn('ec2')}:vpc-flow-log/*"},
                },
            ),
            description="Writes the flow logs of the network of classification jobs",
        )
        policy = RolePolicy(
            self, "FlowLogsPolicy", role=role, statements=lambda: flow_log_statements(group.log_group_arn)
        )
        # The CDK would let the role pass itself on as well, which flow logs do not need.
        destination = ec2.FlowLogDestination.to_cloud_watch_logs(group, role.without_policy_updates())
        vpc.add_flow_log("FlowLog", destination=destination).node.add_dependency(policy)

    def _closed_group(self) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "SecurityGroup",
            vpc=self._vpc,
            allow_all_outbound=False,
            description="Document classification jobs",
        )
        group.connections.allow_internally(ec2.Port.all_traffic(), "Instances of a job talk to each other")
        for rule in group.node.find_all():
            if isinstance(rule, ec2.CfnSecurityGroupIngress):
                acknowledge(rule, "EC2RestrictedCommonPorts")
        # The prefix list of S3 has another id in each Region and no attribute gives it; routes lead to S3 only.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "S3 through the gateway endpoint")
        return group

    def _endpoint_statements(self) -> list[Statement]:
        if self._shared_across_stacks:
            return endpoint_statements([], account=Environment.of(self).account)
        if not self._buckets:
            # A policy without statements is none, and then the endpoint would be open to all buckets.
            return endpoint_statements(
                [f"arn:{Environment.of(self).partition}:s3:::no-job-uses-a-bucket"], account=None
            )
        return endpoint_statements(self._buckets, account=None)

    def admit(self, *buckets: IBucket) -> None:
        """Let jobs of this network reach buckets.

        Args:
            buckets: The buckets. One that another stack than the network's defines opens the endpoint to all buckets
                of the account: naming it would make the two stacks depend on each other.
        """
        own_stack = cdk.Stack.of(self)
        for bucket in buckets:
            if cdk.Resource.is_owned_resource(bucket) and cdk.Stack.of(bucket) is not own_stack:
                self._shared_across_stacks = True
            elif bucket.bucket_arn not in self._buckets:
                self._buckets.append(bucket.bucket_arn)

    @property
    def goes_with_app(self) -> bool:
        """Whether deleting the app deletes subnets or groups, which interfaces of a job would hold up."""
        return self._made or any(
            cdk.Resource.is_owned_resource(part) for part in (*self._subnets, *self._security_groups)
        )

    @property
    def ready(self) -> IDependable:
        """What a job depends on so that its traffic finds its way."""
        return self._ready


def _arguments(selection: ec2.SubnetSelection) -> dict[str, Any]:
    # select_subnets takes the members of a selection, not a selection.
    names = ("availability_zones", "one_per_az", "subnet_filters", "subnet_group_name", "subnets", "subnet_type")
    return {name: getattr(selection, name) for name in names}
