"""EC2: network interfaces that a service makes."""
# Reaching inside is what this folder is for, and the signatures are MiniStack's.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

import functools
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region, now_iso
from ministack.services import ec2
from ministack.services.cloudformation import provisioners

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3

_INTERFACE_FILTERS: dict[str, Callable[[dict[str, Any]], set[str]]] = {
    "attachment.attachment-id": lambda interface: {(interface.get("Attachment") or {}).get("AttachmentId", "")},
    "description": lambda interface: {interface["Description"]},
    "group-id": lambda interface: {group["GroupId"] for group in interface["Groups"]},
    "network-interface-id": lambda interface: {interface["NetworkInterfaceId"]},
    "requester-id": lambda interface: {interface.get("RequesterId", "")},
    "status": lambda interface: {interface["Status"]},
    "subnet-id": lambda interface: {interface["SubnetId"]},
    "vpc-id": lambda interface: {interface["VpcId"]},
}


def hold_network_interfaces() -> None:
    """Show who made an interface and find it by filters; what is in use is not deleted, nor what it uses."""
    delete, detach = ec2._ACTION_MAP["DeleteNetworkInterface"], ec2._ACTION_MAP["DetachNetworkInterface"]

    def delete_if_free(parameters: dict[str, Any]) -> Any:
        identifier = ec2._p(parameters, "NetworkInterfaceId")
        if (ec2._network_interfaces.get(identifier) or {}).get("Attachment"):
            message = f"Network interface '{identifier}' is currently in use."
            return ec2._error("InvalidParameterValue", message, 400)
        return delete(parameters)

    def detach_if_attached(parameters: dict[str, Any]) -> Any:
        attachment = ec2._p(parameters, "AttachmentId")
        if _attached(attachment) is None:
            return ec2._error("InvalidAttachmentID.NotFound", f"The attachment '{attachment}' does not exist", 400)
        return detach(parameters)

    ec2._ACTION_MAP["DescribeNetworkInterfaces"] = _describe
    ec2._ACTION_MAP["DeleteNetworkInterface"] = delete_if_free
    ec2._ACTION_MAP["DetachNetworkInterface"] = detach_if_attached
    for resource_type, name in (("AWS::EC2::Subnet", "subnet-id"), ("AWS::EC2::SecurityGroup", "group-id")):
        handler = provisioners._RESOURCE_HANDLERS[resource_type]
        handler["delete"] = functools.partial(_delete_unless_used, handler["delete"], _INTERFACE_FILTERS[name])


def name_network_interfaces() -> None:
    """Let policies name the interface that is detached or deleted, and ask for its VPC (`ec2:Vpc`)."""
    request_context, resource_arn = iam_actions.request_tag_context, iam_actions.extract_resource_arn

    def request_tag_context(service: str, action: str, body: bytes, params: Any) -> dict[str, Any]:
        keys: dict[str, Any] = request_context(service, action, body, params)
        interface = None
        if action in {"ec2:DeleteNetworkInterface", "ec2:DetachNetworkInterface"}:
            wanted = [iam_actions._query_param(params, name) for name in ("NetworkInterfaceId", "AttachmentId")]
            interface = ec2._network_interfaces.get(wanted[0]) or _attached(wanted[1])
        if interface is None:
            return keys
        return {**keys, "ec2:Vpc": f"arn:aws:ec2:{get_region()}:{get_account_id()}:vpc/{interface['VpcId']}"}

    def extract_resource_arn(service: str, *args: Any) -> str:
        attachment = iam_actions._query_param(args[4], "AttachmentId") if service == "ec2" else ""
        if interface := _attached(attachment):
            identifier = interface["NetworkInterfaceId"]
            return f"arn:aws:ec2:{get_region()}:{get_account_id()}:network-interface/{identifier}"
        return str(resource_arn(service, *args))

    iam_actions.request_tag_context, iam_actions.extract_resource_arn = request_tag_context, extract_resource_arn


def _attached(attachment: str) -> dict[str, Any] | None:
    for interface in ec2._network_interfaces.values():
        if attachment and (interface.get("Attachment") or {}).get("AttachmentId") == attachment:
            found: dict[str, Any] = interface
            return found
    return None


def _describe(parameters: dict[str, Any]) -> Any:
    ids, filters = ec2._parse_member_list(parameters, "NetworkInterfaceId"), ec2._parse_filters(parameters)
    for name in filters.keys() - _INTERFACE_FILTERS.keys():
        return ec2._error("InvalidParameterValue", f"The filter '{name}' is invalid", 400)
    for missing in set(ids) - set(ec2._network_interfaces.keys()):
        return ec2._error(
            "InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{missing}' does not exist", 400
        )
    found = [
        interface
        for interface in ec2._network_interfaces.values()
        if (not ids or interface["NetworkInterfaceId"] in ids)
        and all(_matches(_INTERFACE_FILTERS[name](interface), values) for name, values in filters.items())
    ]
    items = "".join(_xml(interface) for interface in found)
    return ec2._xml(200, "DescribeNetworkInterfacesResponse", f"<networkInterfaceSet>{items}</networkInterfaceSet>")


def _matches(values: set[str], patterns: list[str]) -> bool:
    return any(fnmatchcase(value, pattern) for value in values for pattern in patterns)


def _xml(interface: dict[str, Any]) -> str:
    before, _, _ = ec2._eni_fields_xml(interface).rpartition("</item>")
    return f"{before}<requesterId>{interface.get('RequesterId', '')}</requesterId></item>"


def _delete_unless_used(
    delete: Callable[..., None], users: Callable[[dict[str, Any]], set[str]], physical_id: str, *args: Any
) -> None:
    for interface in ec2._network_interfaces.values():
        if physical_id in users(interface):
            raise ValueError(f"{physical_id} has dependencies and cannot be deleted: {interface['NetworkInterfaceId']}")
    delete(physical_id, *args)


def enter_network(session: boto3.Session, subnet: str, groups: list[str]) -> str:
    """Make the network interface of a job, as its data access role, attached and marked as Comprehend's.

    Returns:
        Id of the network interface.
    """
    client, caller = session.client("ec2"), session.client("sts").get_caller_identity()
    answer = client.create_network_interface(SubnetId=subnet, Groups=groups, Description="Comprehend job")
    identifier = str(answer["NetworkInterface"]["NetworkInterfaceId"])
    attachment = {"AttachmentId": identifier.replace("eni-", "eni-attach-"), "DeviceIndex": 1, "AttachTime": now_iso()}
    ec2._network_interfaces[identifier] |= {
        "RequesterId": caller["UserId"],
        "Status": "in-use",
        "Attachment": attachment,
    }
    return identifier


def leave_network(session: boto3.Session, interface: str, *, keep: bool, attached: bool) -> None:
    """Release the network interface of a job, and remove it as its data access role unless it is to linger."""
    record = ec2._network_interfaces.get(interface)
    if record is None or (keep and attached):  # gone already, or left as it is
        return
    record |= {"Status": "available", "Attachment": None}
    if not keep:
        session.client("ec2").delete_network_interface(NetworkInterfaceId=interface)
