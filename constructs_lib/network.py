"""The network that a job's instances run in."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct, DependencyGroup

from constructs_lib._core.arns import Environment
from constructs_lib._core.choices import REMOVAL_POLICIES, is_removal_policy
from constructs_lib._core.environment_checks import check_environment, check_region
from constructs_lib._core.l1 import l1
from constructs_lib._core.memo import address_of, node_of, stack_of
from constructs_lib._core.objects import offers
from constructs_lib._core.subnets import Selected, check_count
from constructs_lib._core.tokens import is_known
from constructs_lib._core.warn import warn
from constructs_lib._iam import statements as say
from constructs_lib._iam.findings import acknowledge
from constructs_lib._iam.permissions import endpoint_statements, network_statements
from constructs_lib._iam.principals import own_service
from constructs_lib._iam.role_policy import RolePolicy, in_order, lazy_document
from constructs_lib.errors import ValidationError, problem
from constructs_lib.job_handler import ClassificationJobHandler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from constructs import IConstruct, IDependable

    from constructs_lib._core.buckets import BucketFacts
    from constructs_lib._iam.statements import Statement

RESOURCE_TYPE = "Custom::ClassificationNetworkInterfaces"

# Of the service's model, with which a test compares them.
SUBNETS = 16
SECURITY_GROUPS = 5

# No Region has more zones. VPC User Guide, "VPC CIDR blocks" and "Subnet CIDR blocks".
ZONES = 6
_VPC_PREFIX = (16, 28)
_SUBNET_PREFIX = (24, 28)

_MAX_AZS = 2
_CIDR = "10.0.0.0/16"
_DEFAULTS: Mapping[str, object] = {"max_azs": _MAX_AZS, "cidr": _CIDR}

# CloudFormation's limit: interfaces are freed minutes after the last job has ended, and a job may take long.
_SERVICE_TIMEOUT = 3600


@dataclass(frozen=True)
class NetworkBinding:
    """What a job gets of its network.

    Args:
        vpc_config: The `VpcConfig` of its request.
        dependable: What it depends on, so that its traffic finds its way.
    """

    vpc_config: Mapping[str, object]
    dependable: IDependable


@jsii.implements(ec2.IConnectable)
class ClassificationNetwork(Construct):
    """Subnets and security groups for jobs; what is not given is made, isolated from the internet.

    A VPC that is made has isolated subnets only, flow logs, and a gateway endpoint for S3 that lets jobs reach no other
    buckets than theirs, or, where jobs of other stacks use it, than those of the account: no NAT, no internet gateway.
    A given VPC is used as it is; without internet access it needs a gateway endpoint for S3 on the route tables of the
    subnets. A network whose subnets or groups the app owns removes the network interfaces that the service leaves
    behind, when it goes.

    Args:
        scope: Where it is defined.
        id: Its construct id.
        vpc: The VPC, with default tenancy. Default: - a VPC is made.
        vpc_subnets: Which subnets of the given VPC; they may be known by their ids alone. Default: - isolated subnets
            where a VPC is made, otherwise its private subnets.
        security_groups: One to five groups of the given VPC. Default: - a group is made, whose members may talk to
            each other and to S3.
        max_azs: How many Availability Zones a VPC that is made spans, 1 to 6; not with `vpc`. Default: 2.
        cidr: The addresses of a VPC that is made, /16 to /28; not with `vpc`. Default: 10.0.0.0/16.
        removal_policy: What becomes of the flow logs of a VPC that is made, with their stack.
            Default: `RemovalPolicy.RETAIN`.

    Raises:
        ValidationError: Options cannot work; lists all of them, before anything is defined.

    Source: `VpcConfig` of `StartDocumentClassificationJob`; Developer Guide, "Protect jobs by using an Amazon VPC".
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        vpc: ec2.IVpc | ec2.Vpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup | ec2.SecurityGroup] | None = None,
        max_azs: int = _MAX_AZS,
        cidr: str = _CIDR,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        problems = [
            *_check_given(vpc, vpc_subnets, security_groups),
            *_check_made(max_azs, cidr),
            *_check_either(vpc, max_azs=max_azs, cidr=cidr),
            *check_removal_policy(removal_policy),
        ]
        if not problems and vpc is not None:
            problems += check_region("vpc", f"a VPC in {vpc.env.region}", vpc.env.region, Environment.of(scope))
        selected: Selected | None = None
        if not problems and vpc is not None:
            selected = Selected.of(vpc, vpc_subnets)
            problems += selected.problems(SUBNETS)
        if problems:
            raise ValidationError(problems, f"{scope.node.path}/{id}".lstrip("/"))
        super().__init__(scope, id)
        self._environment = Environment.of(self)
        self._stack_address = address_of(stack_of(self))
        self._removal_policy = removal_policy
        self._buckets: dict[str, None] = {}
        self._is_shared_across_stacks = False
        self._dependencies = DependencyGroup()
        self._interfaces: cdk.CfnResource | None = None
        self._is_made = vpc is None
        self._vpc: ec2.IVpc = self._isolated_vpc(max_azs, cidr) if vpc is None else vpc
        self._subnets = self._vpc.isolated_subnets if selected is None else selected.subnets
        self._security_groups: list[ec2.ISecurityGroup] = (
            [self._closed_group()] if security_groups is None else list(security_groups)
        )
        self._connections = ec2.Connections(security_groups=self._security_groups)
        # Rules, and in a given VPC endpoints, may still be added: what belongs to these is found at synthesis.
        self._dependencies.add(*self._security_groups)
        if vpc is not None and cdk.Resource.is_owned_resource(vpc):
            self._dependencies.add(vpc)
        if selected is not None and selected.has_public:
            warn(
                self,
                "publicSubnets",
                "vpc_subnets holds public subnets, from which a job, whose interfaces have no public address, reaches "
                "S3 only through a gateway endpoint on their route tables; select private or isolated subnets",
            )

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

    def bind(
        self, user: IConstruct, buckets: Sequence[BucketFacts], handler: ClassificationJobHandler | None = None
    ) -> NetworkBinding:
        """Let a job, or what starts jobs, use the network.

        Args:
            user: Who.
            buckets: The buckets of its documents and results. One that the network's template cannot name opens the
                endpoint to all buckets of the account: naming it would make two stacks depend on each other.
            handler: What removes interfaces that are left behind, if it is of the network's stack.
                Default: - the handler that the jobs of the stack share.

        Returns:
            What the request says, and what to depend on.
        """
        user_address = handler.addr if handler else address_of(stack_of(user))
        for bucket in buckets:
            if self._can_name(bucket, user_address):
                self._buckets[bucket.arn] = None
            else:
                self._is_shared_across_stacks = True
        if self._interfaces is None and self._goes_with_app:
            is_near = handler is not None and handler.addr == self._stack_address
            self._interfaces = self._clean_up((handler if is_near else None) or ClassificationJobHandler.of(self))
        return NetworkBinding(self._vpc_config, self._interfaces or self._dependencies)

    def _can_name(self, bucket: BucketFacts, user_address: str) -> bool:
        if bucket.is_owned:
            return bucket.stack_address == self._stack_address
        # A token of another stack, such as a parameter, means nothing here.
        return is_known(bucket.name) or user_address == self._stack_address

    @cached_property
    def _vpc_config(self) -> dict[str, object]:
        return {
            "SecurityGroupIds": [group.security_group_id for group in self._security_groups],
            "Subnets": [subnet.subnet_id for subnet in self._subnets],
        }

    @cached_property
    def _vpc_arn(self) -> str:
        return self._vpc.vpc_arn

    @property
    def _goes_with_app(self) -> bool:
        """Whether deleting the app deletes subnets or groups, which interfaces of a job would hold up."""
        return self._is_made or any(
            cdk.Resource.is_owned_resource(part) for part in (*self._subnets, *self._security_groups)
        )

    def _clean_up(self, handler: ClassificationJobHandler) -> cdk.CfnResource:
        """Define what frees subnets and groups when they go: its rights live as long as they do."""
        policy = RolePolicy(
            self,
            "InterfacesPolicy",
            role=handler.role,
            statements=lambda: network_statements(self._vpc_arn, self._environment),
        )
        interfaces = cdk.CfnResource(
            self,
            "Interfaces",
            type=RESOURCE_TYPE,
            properties={
                "ServiceToken": handler.service_token,
                "ServiceTimeout": _SERVICE_TIMEOUT,
                "SubnetIds": self._vpc_config["Subnets"],
                "SecurityGroupIds": self._vpc_config["SecurityGroupIds"],
            },
        )
        interfaces.node.add_dependency(
            handler.dependable,
            policy,
            self._dependencies,
            *(each for each in self._subnets if cdk.Resource.is_owned_resource(each)),
        )
        return interfaces

    def _isolated_vpc(self, max_azs: int, cidr: str) -> ec2.IVpc:
        # The CDK's own Vpc looks the zones of a known Region up, in the account; these are what it falls back to.
        network = ec2.CfnVPC(self, "Vpc", cidr_block=cidr, enable_dns_hostnames=True, enable_dns_support=True)
        acknowledge(network, "VPCDefaultSecurityGroupClosed")
        vpc_id, path, azs = network.attr_vpc_id, node_of(self).path, cdk.Fn.get_azs()
        zones = [cdk.Fn.select(number, azs) for number in range(max_azs)]
        subnet_ids, table_ids, associations = [], [], []
        for number, (zone, block) in enumerate(zip(zones, _subnet_blocks(cidr, max_azs), strict=True)):
            subnet = ec2.CfnSubnet(
                self,
                f"Subnet{number + 1}",
                vpc_id=vpc_id,
                availability_zone=zone,
                cidr_block=block,
                map_public_ip_on_launch=False,
            )
            table = ec2.CfnRouteTable(self, f"RouteTable{number + 1}", vpc_id=vpc_id)
            subnet_ids.append(subnet.attr_subnet_id)
            table_ids.append(table.attr_route_table_id)
            associations.append(
                ec2.CfnSubnetRouteTableAssociation(
                    self,
                    f"RouteTableAssociation{number + 1}",
                    subnet_id=subnet_ids[-1],
                    route_table_id=table_ids[-1],
                )
            )
            for kind, resource in {"Subnet": subnet, "RouteTable": table}.items():
                cdk.Tags.of(resource).add("Name", f"{path}/{kind}{number + 1}")
        cdk.Tags.of(network).add("Name", path)
        vpc = ec2.Vpc.from_vpc_attributes(
            self,
            "IsolatedVpc",
            vpc_id=vpc_id,
            availability_zones=zones,
            isolated_subnet_ids=subnet_ids,
            isolated_subnet_route_table_ids=table_ids,
            vpc_cidr_block=network.attr_cidr_block,
        )
        self._log_flows(vpc)
        endpoint = vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        l1(endpoint, ec2.CfnVPCEndpoint).policy_document = lazy_document(self._endpoint_statements)
        self._dependencies.add(endpoint, *associations)
        return vpc

    def _log_flows(self, vpc: ec2.IVpc) -> None:
        group = logs.LogGroup(
            self, "FlowLogs", retention=logs.RetentionDays.ONE_YEAR, removal_policy=self._removal_policy
        )
        acknowledge(group, "CloudWatchLogGroupEncrypted")
        role = iam.Role(
            self,
            "FlowLogsRole",
            assumed_by=own_service(
                "vpc-flow-logs.amazonaws.com", self._environment, f"{self._environment.arn('ec2')}:vpc-flow-log/*"
            ),
            description="Writes the flow logs of the network of classification jobs",
        )
        group_arn = group.log_group_arn
        policy = RolePolicy(self, "FlowLogsPolicy", role=role, statements=lambda: [say.write_flow_logs(group_arn)])
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
        # The CDK names the rules of a group with itself after the stage.
        own, members, all_traffic = group.security_group_id, "Instances of a job talk to each other", "-1"
        came_from = ec2.CfnSecurityGroupIngress(
            group,
            "FromMembers",
            description=members,
            group_id=own,
            ip_protocol=all_traffic,
            source_security_group_id=own,
        )
        acknowledge(came_from, "EC2RestrictedCommonPorts")
        ec2.CfnSecurityGroupEgress(
            group,
            "ToMembers",
            description=members,
            group_id=own,
            ip_protocol=all_traffic,
            destination_security_group_id=own,
        )
        # The prefix list of S3 has another id in each Region and no attribute gives it; routes lead to S3 only.
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "S3 through the gateway endpoint")
        return group

    def _endpoint_statements(self) -> list[Statement]:
        account = self._environment.account if self._is_shared_across_stacks else None
        return in_order(self, endpoint_statements(list(self._buckets), account=account))


def _check_given(vpc: object, vpc_subnets: object, security_groups: object) -> list[str]:
    found: list[str] = []
    if vpc is not None and not offers(vpc, "vpc_id", "select_subnets"):
        found.append(problem("vpc", vpc, "an ec2.Vpc", "pass one, or import it with ec2.Vpc.from_lookup(...)"))
    if vpc_subnets is not None and not isinstance(vpc_subnets, ec2.SubnetSelection):
        allowed = "an ec2.SubnetSelection"
        found.append(problem("vpc_subnets", vpc_subnets, allowed, "pass ec2.SubnetSelection(subnets=[...])"))
    if security_groups is not None:
        found += _check_groups(security_groups)
    if vpc is None:
        found += [
            problem(option, "it without vpc", "it with the VPC that it is of", "pass vpc, too")
            for option, given in {"vpc_subnets": vpc_subnets, "security_groups": security_groups}.items()
            if given is not None
        ]
    return found


def _check_groups(groups: object) -> list[str]:
    if not isinstance(groups, list | tuple):
        return [problem("security_groups", groups, "a list of ec2.SecurityGroup", "pass a list")]
    wrong = [group for group in groups if not offers(group, "security_group_id", "add_egress_rule")]
    if wrong:
        return [problem("security_groups", wrong[0], "a list of ec2.SecurityGroup", "import groups known by their ids")]
    ids = [cast("ec2.ISecurityGroup", group).security_group_id for group in groups]
    return check_count("security_groups", ids, SECURITY_GROUPS, "groups")


def _check_made(max_azs: object, cidr: object) -> list[str]:
    if type(max_azs) is not int or not 1 <= max_azs <= ZONES:
        return [problem("max_azs", max_azs, f"1 to {ZONES}, an int", "a job runs in one zone; more are for failures")]
    if isinstance(cidr, str) and not is_known(cidr):
        return []
    allowed = f"an IPv4 block such as 10.0.0.0/16, /{_VPC_PREFIX[0]} to /{_VPC_PREFIX[1]}"
    try:
        block = ipaddress.IPv4Network(cidr) if isinstance(cidr, str) else None
    except ValueError as error:
        return [problem("cidr", cidr, allowed, str(error))]
    if block is None or not _VPC_PREFIX[0] <= block.prefixlen <= _VPC_PREFIX[1]:
        advice = "write it as text" if block is None else "a VPC takes no block of another size"
        return [problem("cidr", cidr, allowed, advice)]
    if block.prefixlen + _doublings(max_azs) > _SUBNET_PREFIX[1]:
        advice = f"a subnet is at least a /{_SUBNET_PREFIX[1]}; take a larger block, or fewer zones"
        return [problem("cidr", cidr, f"room for {max_azs} subnets", advice)]
    return []


def _check_either(vpc: object, **of_made: object) -> list[str]:
    """Refuse options of a VPC that is made beside a given one, on which they have no effect."""
    return [
        problem(option, value, "it without vpc only", "leave out one of the two: a given VPC is used as it is")
        for option, value in of_made.items()
        if vpc is not None and value != _DEFAULTS[option]
    ]


def _doublings(count: int) -> int:
    return math.ceil(math.log2(count))


def _subnet_blocks(cidr: str, count: int) -> list[str]:
    """Cut the block of a VPC into as many subnets, of 256 addresses or less."""
    if not is_known(cidr):
        bits = 32 - _SUBNET_PREFIX[0]
        return [cdk.Fn.select(number, cdk.Fn.cidr(cidr, count, str(bits))) for number in range(count)]
    block = ipaddress.IPv4Network(cidr)
    size = max(_SUBNET_PREFIX[0], block.prefixlen + _doublings(count))
    return [str(subnet) for subnet, _ in zip(block.subnets(new_prefix=size), range(count), strict=False)]


def check_removal_policy(value: object) -> list[str]:
    """Check a removal policy.

    Args:
        value: Anything.

    Returns:
        Problems.
    """
    if is_removal_policy(value):
        return []
    return [problem("removal_policy", value, REMOVAL_POLICIES, "use cdk.RemovalPolicy.RETAIN or .DESTROY")]


def check_network(network: object, environment: Environment) -> list[str]:
    """Check what was given as a network.

    Args:
        network: Anything.
        environment: Where the job runs.

    Returns:
        Problems.
    """
    if isinstance(network, ClassificationNetwork):
        env = Environment.of(network)
        return check_environment("network", "a network", env.region, env.account, environment)
    advice = "use ClassificationNetwork(..., vpc=...)"
    return [problem("network", network, "a ClassificationNetwork", advice)]
