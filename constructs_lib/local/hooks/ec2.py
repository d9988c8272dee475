"""EC2: network interfaces that a service makes."""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2
from ministack.services.cloudformation import provisioners

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

_INTERFACE_FILTERS: dict[str, Callable[[dict[str, Any]], set[str]]] = {
    "subnet-id": lambda interface: {interface["SubnetId"]},
    "vpc-id": lambda interface: {interface["VpcId"]},
    "group-id": lambda interface: {group["GroupId"] for group in interface["Groups"]},
    "status": lambda interface: {interface["Status"]},
    "requester-id": lambda interface: {interface.get("RequesterId", "")},
}


def hold_network_interfaces() -> None:
    """Show who made an interface, find it by filters, and refuse to delete subnets and groups that one uses.

    Policies may ask in which VPC an interface is that somebody wants to delete.
    """
    request_context = iam_actions.request_tag_context

    def xml(interface: dict[str, Any]) -> str:
        before, end, _ = ec2._eni_fields_xml(interface).rpartition("</item>")
        return f"{before}<requesterId>{interface.get('RequesterId', '')}</requesterId>{end}"

    def describe(parameters: dict[str, Any]) -> Any:
        ids, filters = ec2._parse_member_list(parameters, "NetworkInterfaceId"), ec2._parse_filters(parameters)
        found = [
            interface
            for interface in ec2._network_interfaces.values()
            if (not ids or interface["NetworkInterfaceId"] in ids)
            and all(_INTERFACE_FILTERS[name](interface) & set(values) for name, values in filters.items())
        ]
        items = "".join(xml(interface) for interface in found)
        content = f"<networkInterfaceSet>{items}</networkInterfaceSet>"
        return ec2._xml(200, "DescribeNetworkInterfacesResponse", content)

    def request_tag_context(service: str, action: str, body: bytes, params: Any) -> dict[str, Any]:
        keys: dict[str, Any] = request_context(service, action, body, params)
        wanted = iam_actions._query_param(params, "NetworkInterfaceId")
        if action != "ec2:DeleteNetworkInterface" or wanted not in ec2._network_interfaces:
            return keys
        vpc = ec2._network_interfaces[wanted]["VpcId"]
        return {**keys, "ec2:Vpc": f"arn:aws:ec2:{get_region()}:{get_account_id()}:vpc/{vpc}"}

    iam_actions.request_tag_context = request_tag_context
    ec2._ACTION_MAP["DescribeNetworkInterfaces"] = describe
    for resource_type, name in (("AWS::EC2::Subnet", "subnet-id"), ("AWS::EC2::SecurityGroup", "group-id")):
        handler = provisioners._RESOURCE_HANDLERS[resource_type]
        handler["delete"] = functools.partial(_delete_unless_used, handler["delete"], _INTERFACE_FILTERS[name])


def _delete_unless_used(
    delete: Callable[..., None], users: Callable[[dict[str, Any]], set[str]], physical_id: str, *args: Any
) -> None:
    for interface in ec2._network_interfaces.values():
        if physical_id in users(interface):
            raise ValueError(f"{physical_id} has dependencies and cannot be deleted: {interface['NetworkInterfaceId']}")
    delete(physical_id, *args)


def enter_network(session: boto3.Session, subnet: str, groups: list[str]) -> str:
    """Make the network interface of a job, as its data access role, in use and marked as Comprehend's.

    Returns:
        Id of the network interface.
    """
    client, caller = session.client("ec2"), session.client("sts").get_caller_identity()
    answer = client.create_network_interface(SubnetId=subnet, Groups=groups, Description="Comprehend job")
    identifier = str(answer["NetworkInterface"]["NetworkInterfaceId"])
    ec2._network_interfaces[identifier] |= {"RequesterId": caller["UserId"], "Status": "in-use"}
    return identifier


def leave_network(session: boto3.Session, interface: str, *, keep: bool) -> None:
    """Release the network interface of a job, and remove it as its data access role unless it is to linger."""
    ec2._network_interfaces[interface]["Status"] = "available"
    if not keep:
        session.client("ec2").delete_network_interface(NetworkInterfaceId=interface)
