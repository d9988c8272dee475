"""CloudFormation resource types that MiniStack lacks although its EC2 has the operations behind them.

Each is made and removed by the ordinary API call, as the server's root user.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from collections.abc import Callable

_RULE_PEERS = {  # property of the resource type: where the API's IpPermissions take it
    "CidrIp": ("IpRanges", "CidrIp"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "SourcePrefixListId": ("PrefixListIds", "PrefixListId"),
    "DestinationPrefixListId": ("PrefixListIds", "PrefixListId"),
    "SourceSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
    "DestinationSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}


@functools.cache
def _ec2() -> Any:  # noqa: ANN401 - parameters come from templates, so a typed client says nothing
    return boto3.client("ec2")


def _permissions(props: dict[str, Any]) -> list[dict[str, Any]]:
    permission: dict[str, Any] = {"IpProtocol": str(props["IpProtocol"])}
    permission |= {name: int(props[name]) for name in ("FromPort", "ToPort") if name in props}
    for name, (member, key) in _RULE_PEERS.items():
        if name in props:
            permission[member] = [{key: props[name]}]
    return [permission]


def _create_rule(direction: str, _logical_id: str, props: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    authorize = getattr(_ec2(), f"authorize_security_group_{direction}")
    answer = authorize(GroupId=props["GroupId"], IpPermissions=_permissions(props))
    rule = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    return rule, {"Id": rule}


def _delete_rule(direction: str, _rule: str, props: dict[str, Any]) -> None:
    revoke = getattr(_ec2(), f"revoke_security_group_{direction}")
    revoke(GroupId=props["GroupId"], IpPermissions=_permissions(props))


def _create_flow_log(_logical_id: str, props: dict[str, Any], _stack: str) -> tuple[str, dict[str, str]]:
    names = ("ResourceType", "TrafficType", "LogDestinationType", "LogDestination", "LogGroupName")
    answer = _ec2().create_flow_logs(
        ResourceIds=[props["ResourceId"]],
        **{name: props[name] for name in (*names, "DeliverLogsPermissionArn") if name in props},
    )
    return answer["FlowLogIds"][0], {"Id": answer["FlowLogIds"][0]}


def _delete_flow_log(flow_log: str, _props: dict[str, Any]) -> None:
    _ec2().delete_flow_logs(FlowLogIds=[flow_log])


RESOURCE_TYPES: dict[str, tuple[Callable[..., tuple[str, dict[str, str]]], Callable[..., None]]] = {
    "AWS::EC2::FlowLog": (_create_flow_log, _delete_flow_log),
    "AWS::EC2::SecurityGroupIngress": (
        functools.partial(_create_rule, "ingress"),
        functools.partial(_delete_rule, "ingress"),
    ),
    "AWS::EC2::SecurityGroupEgress": (
        functools.partial(_create_rule, "egress"),
        functools.partial(_delete_rule, "egress"),
    ),
}
