"""Jobs in a VPC, and the network they hold on to."""

import pytest
from botocore.exceptions import ClientError
from local.bench import ACCOUNT, REGION, allow, until

INTERFACE_ACTIONS = [
    *("ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"),
    *("ec2:DeleteNetworkInterfacePermission", "ec2:DescribeNetworkInterfaces", "ec2:DescribeVpcs"),
    *("ec2:DescribeDhcpOptions", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups"),
]


@pytest.fixture
def network(bench):
    """A VPC made by CloudFormation with all that CDK's constructs make of it: rules and flow log too."""
    bench.write("in/a.txt", "a document")
    vpc, group = {"Ref": "Vpc"}, {"Fn::GetAtt": ["Group", "GroupId"]}
    rule = {"IpProtocol": "-1", "GroupId": group}
    log_role = bench.role(service="vpc-flow-logs.amazonaws.com", suffix="flow")
    flow_log = {
        "ResourceId": vpc,
        "ResourceType": "VPC",
        "TrafficType": "ALL",
        "LogDestinationType": "cloud-watch-logs",
    }
    resources = {
        "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
        "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": vpc, "CidrBlock": "10.9.1.0/24"}},
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": {"VpcId": vpc, "GroupDescription": bench.name}},
        "In": {"Type": "AWS::EC2::SecurityGroupIngress", "Properties": {**rule, "SourceSecurityGroupId": group}},
        "Out": {
            "Type": "AWS::EC2::SecurityGroupEgress",
            "Properties": {**rule, "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.9.0.0/16"},
        },
        "Log": {
            "Type": "AWS::EC2::FlowLog",
            "Properties": {**flow_log, "LogGroupName": bench.name, "DeliverLogsPermissionArn": log_role},
        },
    }
    outputs = {"Subnet": {"Value": {"Ref": "Subnet"}}, "Group": {"Value": group}}
    assert bench.create_stack(resources, outputs) == "CREATE_COMPLETE"
    values = {output["OutputKey"]: output["OutputValue"] for output in bench.stack()["Outputs"]}
    return {"SecurityGroupIds": [values["Group"]], "Subnets": [values["Subnet"]]}


@pytest.fixture
def networker(bench):
    return bench.role(*bench.access_to_bucket(), allow(*INTERFACE_ACTIONS), suffix="networker")


def interfaces(bench, network):
    filters = [
        {"Name": "subnet-id", "Values": network["Subnets"]},
        {"Name": "group-id", "Values": network["SecurityGroupIds"]},
    ]
    return bench.client("ec2").describe_network_interfaces(Filters=filters)["NetworkInterfaces"]


def test_rules_and_flow_logs_of_the_template_are_there_and_go_with_the_stack(bench, network):
    ec2 = bench.client("ec2")
    group = ec2.describe_security_groups(GroupIds=network["SecurityGroupIds"])["SecurityGroups"][0]
    assert group["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == group["GroupId"]
    assert any(rule.get("FromPort") == 443 for rule in group["IpPermissionsEgress"])
    logs = [log for log in ec2.describe_flow_logs()["FlowLogs"] if log["ResourceId"] == group["VpcId"]]
    assert [log["TrafficType"] for log in logs] == ["ALL"]
    assert bench.delete_stack() == "DELETE_COMPLETE"
    assert not [log for log in ec2.describe_flow_logs()["FlowLogs"] if log["ResourceId"] == group["VpcId"]]


def test_a_job_holds_an_interface_of_comprehend_while_it_runs_and_no_longer(bench, network, networker):
    bench.aws.configure(job_seconds=2)
    started = bench.start(networker, VpcConfig=network)
    until(lambda: bench.describe(started["JobId"])["JobStatus"], "SUBMITTED".__ne__)
    (interface,) = interfaces(bench, network)
    assert interface["RequesterId"].endswith(":Comprehend")
    assert interface["Status"] == "in-use"
    assert bench.finished(started)["JobStatus"] == "COMPLETED"
    assert interfaces(bench, network) == []


def test_an_interface_left_behind_keeps_subnet_and_group_from_being_deleted(bench, network, networker):
    bench.aws.configure(keep_network_interfaces=True)
    assert bench.run(networker, VpcConfig=network)["JobStatus"] == "COMPLETED"
    (interface,) = interfaces(bench, network)
    assert interface["Status"] == "available"
    assert bench.delete_stack() == "DELETE_FAILED"
    assert "has dependencies and cannot be deleted" in bench.reasons()
    bench.client("ec2").delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])
    assert bench.delete_stack() == "DELETE_COMPLETE"


def test_an_interface_in_use_is_not_deleted_until_it_is_detached(bench, network, networker):
    bench.aws.configure(keep_network_interfaces=True, stay_attached=True)
    assert bench.run(networker, VpcConfig=network)["JobStatus"] == "COMPLETED"
    (interface,) = interfaces(bench, network)
    ec2, wanted = bench.client("ec2"), {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
    with pytest.raises(ClientError, match="currently in use"):
        ec2.delete_network_interface(**wanted)
    ec2.detach_network_interface(AttachmentId=interface["Attachment"]["AttachmentId"])
    assert interfaces(bench, network)[0]["Status"] == "available"
    ec2.delete_network_interface(**wanted)
    assert interfaces(bench, network) == []


@pytest.mark.parametrize("allowed", [True, False])
def test_a_policy_may_ask_in_which_vpc_an_interface_is_that_is_detached_and_deleted(bench, network, networker, allowed):
    bench.aws.configure(keep_network_interfaces=True, stay_attached=True)
    bench.run(networker, VpcConfig=network)
    (interface,) = interfaces(bench, network)
    vpc = f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc/{interface['VpcId'] if allowed else 'vpc-1'}"
    statement = allow(
        *("ec2:DetachNetworkInterface", "ec2:DeleteNetworkInterface"),
        on=f"arn:aws:ec2:{REGION}:{ACCOUNT}:network-interface/*",
        Condition={"ArnEquals": {"ec2:Vpc": vpc}},
    )
    ec2 = bench.client("ec2", bench.user(statement))
    if not allowed:
        with pytest.raises(ClientError, match="not authorized"):
            ec2.detach_network_interface(AttachmentId=interface["Attachment"]["AttachmentId"])
        return
    ec2.detach_network_interface(AttachmentId=interface["Attachment"]["AttachmentId"])
    ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterfaceId"])


def test_interfaces_are_found_by_a_pattern_and_an_unknown_filter_is_refused(bench, network, networker):
    bench.aws.configure(keep_network_interfaces=True)
    bench.run(networker, VpcConfig=network)
    ec2 = bench.client("ec2")
    mine = [{"Name": "subnet-id", "Values": network["Subnets"]}]
    for pattern, found in (("*:Comprehend", 1), ("*:Textract", 0)):
        filters = [*mine, {"Name": "requester-id", "Values": [pattern]}]
        assert len(ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]) == found
    with pytest.raises(ClientError, match="The filter 'colour' is invalid"):
        ec2.describe_network_interfaces(Filters=[{"Name": "colour", "Values": ["red"]}])


@pytest.mark.parametrize("missing", ["ec2:CreateNetworkInterfacePermission", "ec2:DescribeDhcpOptions"])
def test_a_role_that_lacks_a_network_permission_fails_the_job(bench, network, missing):
    actions = [action for action in INTERFACE_ACTIONS if action != missing]
    role = bench.role(*bench.access_to_bucket(), allow(*actions), suffix="lacking")
    job = bench.run(role, VpcConfig=network)
    assert job["JobStatus"] == "FAILED"
    assert missing in job["Message"]


def test_a_subnet_that_does_not_exist_fails_the_job(bench, network, networker):
    job = bench.run(networker, VpcConfig={**network, "Subnets": ["subnet-0123456789abcdef0"]})
    assert job["JobStatus"] == "FAILED"
    assert "subnet-0123456789abcdef0" in job["Message"]
