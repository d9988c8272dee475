"""Roles, networks, buckets and attributes that several jobs or stacks share, wherever they come from."""

import gc
import json
from contextlib import suppress
from pathlib import Path

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import assertions, cloudformation_include
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from support import CLASSIFIER_ARN, awaited, documents_in, job_properties, new_app, results_in, statements

from constructs_lib import (
    ClassificationModel,
    ClassificationNetwork,
    DataAccessRole,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    DocumentReader,
    Documents,
    InputFormat,
    Results,
)

MODEL = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN)
ENV = cdk.Environment(account="111122223333", region="us-east-1")
FILE = InputFormat.ONE_DOC_PER_FILE
DATA_ACCESS = "CustomDocumentClassificationJobHandlerDataAccess"


def add_job(stack, id="Job", **options):
    given = {"model": MODEL, "documents": documents_in(stack), "results": results_in(stack), **options}
    return DocumentClassificationJob(stack, id, **given)


def warnings_of(stack):
    found = assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value())
    return [str(each.entry.data) for each in found]


def data_access_ids(stack):
    template = assertions.Template.from_stack(stack)
    return [name for name in template.find_resources("AWS::IAM::Policy") if name.startswith(DATA_ACCESS)]


def test_a_role_is_one_role_however_it_is_found(stack):
    function = lambda_.Function(
        stack, "Function", code=lambda_.Code.from_inline("x"), handler="x", runtime=lambda_.Runtime.PYTHON_3_12
    )
    for id in ("A", "B"):
        add_job(stack, id, data_access_role=function.role)
        gc.collect()
    add_job(stack, "C", data_access_role=stack.node.find_child("Function").node.find_child("ServiceRole"))
    assert len(data_access_ids(stack)) == 1


def test_a_nested_stack_that_was_included_is_one_stack_however_it_is_found(stack, tmp_path):
    (tmp_path / "child.json").write_text(json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}))
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://example.com/child"}}
    (tmp_path / "parent.json").write_text(json.dumps({"Resources": {"Child": nested}}))
    included = cloudformation_include.CfnInclude(
        stack,
        "Included",
        template_file=str(tmp_path / "parent.json"),
        load_nested_stacks={
            "Child": cloudformation_include.CfnIncludeProps(template_file=str(tmp_path / "child.json"))
        },
    )
    for id in ("A", "B"):
        child = included.get_nested_stack("Child").stack
        add_job(child, id, documents=documents_in(stack), results=results_in(stack))
        del child
        gc.collect()
    stack.node.root.synth()


def test_a_policy_is_named_after_its_content():
    def ids(prefix):
        stack = cdk.Stack(new_app(), "Stack")
        add_job(stack, documents=documents_in(stack, prefix))
        (name,) = data_access_ids(stack)
        (policy,) = [
            each["Properties"]["PolicyName"]["Fn::Join"][1][0]
            for id, each in assertions.Template.from_stack(stack).find_resources("AWS::IAM::Policy").items()
            if id == name
        ]
        return name, policy, job_properties(assertions.Template.from_stack(stack))["Rights"]

    assert ids("a/") == ids("a/"), "nothing has changed, so nothing is replaced"
    for before, after in zip(ids("a/"), ids("b/"), strict=True):
        assert before != after


def test_a_policy_keeps_its_name_in_whatever_order_jobs_are_defined():
    def ids(order):
        stack = cdk.Stack(new_app(), "Stack")
        for number in order:
            reader = DocumentReader.detect_text() if number else None
            key = f"arn:aws:kms:us-east-1:111122223333:key/0000000{number}-0000-0000-0000-000000000000"
            results = results_in(stack, f"out-{number}/", encryption_key=key)
            add_job(
                stack, f"Job{number}", documents=documents_in(stack, f"in-{number}/", reader=reader), results=results
            )
        return data_access_ids(stack)

    assert ids([0, 1, 2]) == ids([2, 0, 1]) == ids([1, 2, 0])
    assert ids([0, 1]) != ids([0, 2])


def test_another_job_changes_the_policy_but_not_the_rights_of_the_first():
    def rights(jobs):
        stack = cdk.Stack(new_app(), "Stack")
        for number in range(jobs):
            add_job(stack, f"Job{number}", documents=documents_in(stack, f"in-{number}/"))
        return data_access_ids(stack), job_properties(assertions.Template.from_stack(stack), "Job0")["Rights"]

    (one_id, one), (two_id, two) = rights(1), rights(2)
    assert one_id != two_id
    assert one == two


def test_two_versions_of_a_policy_fit_into_a_role_together(stack):
    role = DataAccessRole(stack, "Role")
    for number in range(60):
        add_job(stack, f"Job{number}", data_access_role=role, documents=documents_in(stack, f"department-{number}/"))
    text = json.dumps(statements(assertions.Template.from_stack(stack), DATA_ACCESS), separators=(",", ":"))
    assert len(text) <= 5120
    (told,) = [text for text in warnings_of(stack) if "all that begins with" in text]
    assert "'department-'" in told


def test_few_prefixes_stay_apart_without_a_word(stack):
    role = DataAccessRole(stack, "Role")
    for number in range(22):
        add_job(stack, f"Job{number}", data_access_role=role, documents=documents_in(stack, f"team-{number}/"))
    read = statements(assertions.Template.from_stack(stack), DATA_ACCESS)["ReadDocuments"]
    assert len(read["Resource"]) == 22
    assert not warnings_of(stack)


@pytest.mark.parametrize("account", [None, "111122223333"])
def test_the_report_of_roles_that_others_make_has_the_real_statements(account):
    app = new_app()
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account=account, region="us-east-1"))
    iam.Role.customize_roles(stack)
    DocumentClassificationPipeline(stack, "Pipeline", model=MODEL, tags={"team": "mail"})
    with suppress(RuntimeError):  # The CDK's own, which older ones print: roles are to be made before.
        app.synth()
    report = json.loads((Path(app.outdir) / "iam-policy-report.json").read_text())
    found = {
        role["roleConstructPath"].rpartition("/")[2]: [each["Sid"] for each in role["identityPolicyStatements"]]
        for role in report["roles"]
    }
    assert all(len(set(names)) == len(names) for names in found.values()), "each statement is reported once"
    assert {"ReadDocuments", "WriteResults", "EncryptVolumes", "UseNetwork"} <= set(found["DataAccessRole"])
    assert {"StartJobs", "PassDataAccessRoles", "TagJobs", "RemoveNetworkInterfaces"} <= set(found["Role"])
    assert found["FlowLogsRole"] == ["WriteFlowLogs"]


def test_a_shared_network_lets_named_buckets_pass_and_those_of_the_account_that_it_cannot_name():
    app = new_app()
    shared, jobs = cdk.Stack(app, "Shared", env=ENV), cdk.Stack(app, "Jobs", env=ENV)
    network = ClassificationNetwork(shared, "Network")
    far = s3.Bucket.from_bucket_attributes(jobs, "Far", bucket_name="far-away", account="444455556666")
    add_job(jobs, network=network, documents=Documents.from_bucket(far, "in/", input_format=FILE))
    (endpoint,) = assertions.Template.from_stack(shared).find_resources("AWS::EC2::VPCEndpoint").values()
    allowed = {each["Sid"]: each for each in endpoint["Properties"]["PolicyDocument"]["Statement"]}
    assert set(allowed) == {"UseBuckets", "UseObjects", "UseBucketsOfThisAccount"}
    assert "far-away" in str(allowed["UseBuckets"]["Resource"])
    (told,) = [text for text in warnings_of(jobs) if "bucket in account 444455556666" in text]
    assert "s3:GetObject" in told


def test_buckets_whose_names_only_the_stack_of_the_job_knows_make_no_circle():
    app = new_app()
    shared, jobs = cdk.Stack(app, "Shared"), cdk.Stack(app, "Jobs")
    network = ClassificationNetwork(shared, "Network")
    parameter = cdk.CfnParameter(jobs, "Name").value_as_string
    looked_up = ssm.StringParameter.value_for_string_parameter(jobs, "/name")
    add_job(
        jobs,
        network=network,
        documents=Documents.from_bucket(s3.Bucket.from_bucket_name(jobs, "A", parameter), "in/", input_format=FILE),
        results=Results.to_bucket(s3.Bucket.from_bucket_name(jobs, "B", looked_up)),
    )
    app.synth()
    assert [stack.stack_name for stack in jobs.dependencies] == ["Shared"]


def test_a_role_whose_name_is_cut_from_an_unknown_arn_gets_a_warning(stack):
    arn = cdk.CfnParameter(stack, "Arn").value_as_string
    add_job(stack, "A", data_access_role=iam.Role.from_role_arn(stack, "Cut", arn))
    name = cdk.CfnParameter(stack, "Name").value_as_string
    add_job(stack, "B", data_access_role=iam.Role.from_role_name(stack, "Named", name))
    (told,) = [text for text in warnings_of(stack) if "service-role" in text]
    assert "from_role_name" in told


def test_subnets_may_be_known_by_their_ids_alone(stack):
    vpc = ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-0123456789abcdef0", availability_zones=["a"])
    subnet = ec2.Subnet.from_subnet_id(stack, "Subnet", "subnet-0123456789abcdef0")
    network = ClassificationNetwork(stack, "Network", vpc=vpc, vpc_subnets=ec2.SubnetSelection(subnets=[subnet]))
    add_job(stack, network=network)
    found = job_properties(assertions.Template.from_stack(stack))["Request"]["VpcConfig"]["Subnets"]
    assert found == ["subnet-0123456789abcdef0"]


def test_public_subnets_get_a_warning(stack):
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["a"],
        public_subnet_ids=["subnet-0123456789abcdef0"],
    )
    ClassificationNetwork(stack, "Network", vpc=vpc)
    assert [text for text in warnings_of(stack) if "no public address" in text]


@pytest.mark.parametrize(
    ("cidr", "zones", "blocks"),
    [
        ("10.0.0.0/16", 2, ["10.0.0.0/24", "10.0.1.0/24"]),
        ("192.168.4.0/24", 3, ["192.168.4.0/26", "192.168.4.64/26", "192.168.4.128/26"]),
        ("10.1.0.0/28", 1, ["10.1.0.0/28"]),
    ],
)
def test_the_block_of_a_network_is_cut_into_its_subnets(stack, cidr, zones, blocks):
    ClassificationNetwork(stack, "Network", cidr=cidr, max_azs=zones)
    subnets = assertions.Template.from_stack(stack).find_resources("AWS::EC2::Subnet").values()
    assert [subnet["Properties"]["CidrBlock"] for subnet in subnets] == blocks


def test_a_network_of_the_app_cleans_up_after_its_last_job(stack):
    add_job(stack, network=ClassificationNetwork(stack, "Network"))
    template = assertions.Template.from_stack(stack)
    (clean_up,) = template.find_resources("Custom::ClassificationNetworkInterfaces").values()
    assert len(clean_up["Properties"]["SubnetIds"]) == 2
    assert len(clean_up["Properties"]["SecurityGroupIds"]) == 1
    assert "RemoveNetworkInterfaces" in statements(template, "NetworkInterfacesPolicy")
    assert "Custom::ClassificationNetworkInterfaces" in awaited(template)


def test_a_network_of_others_is_left_alone(stack):
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["a"],
        private_subnet_ids=["subnet-0123456789abcdef0"],
        private_subnet_route_table_ids=["rtb-1"],
    )
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0123456789abcdef0", mutable=False)
    add_job(stack, network=ClassificationNetwork(stack, "Network", vpc=vpc, security_groups=[group]))
    template = assertions.Template.from_stack(stack)
    template.resource_count_is("Custom::ClassificationNetworkInterfaces", 0)
    assert "ec2:DescribeNetworkInterfaces" not in json.dumps(
        statements(template, "CustomDocumentClassificationJobHandlerPolicy")
    )


def test_a_bucket_policy_that_an_aspect_adds_is_waited_for(stack):
    @jsii.implements(cdk.IAspect)
    class Guards:
        def visit(self, node):
            if isinstance(node, s3.Bucket):
                node.add_to_resource_policy(
                    iam.PolicyStatement(
                        effect=iam.Effect.DENY,
                        actions=["s3:DeleteObject"],
                        resources=[node.arn_for_objects("*")],
                        principals=[iam.AnyPrincipal()],
                    )
                )

    uri = {"documents": Documents.from_uri("s3://first/in/", input_format=FILE), "results": Results.to_uri("s3://out")}
    add_job(stack, "A", **uri)
    late = s3.Bucket(stack, "Late")
    add_job(stack, "B", **{**uri, "documents": Documents.from_bucket(late, "in/", input_format=FILE)})
    cdk.Aspects.of(stack).add(Guards())
    resources = assertions.Template.from_stack(stack).to_json()["Resources"]
    (job,) = [each for name, each in resources.items() if name.startswith("B") and "Request" in each["Properties"]]
    assert "AWS::S3::BucketPolicy" in [resources[name]["Type"] for name in job["DependsOn"]]


def test_keys_are_taken_as_references_too(stack):
    add_job(
        stack,
        volume_encryption_key=kms.CfnKey(stack, "Volumes"),
        results=results_in(stack, encryption_key=kms.CfnKey(stack, "ResultsKey")),
    )
    request = job_properties(assertions.Template.from_stack(stack))["Request"]
    assert request["VolumeKmsKeyId"] == {"Fn::GetAtt": ["Volumes", "Arn"]}
    assert request["OutputDataConfig"]["KmsKeyId"] == {"Fn::GetAtt": ["ResultsKey", "Arn"]}


def test_a_scan_without_a_reader_gets_a_warning_and_the_service_s_default_the_permission(stack):
    add_job(stack, "A", documents=documents_in(stack, "scans/a.PDF"))
    (told,) = warnings_of(stack)
    assert "TEXTRACT_ACCESS_DENIED" in told
    assert "DocumentReader.service_default()" in told


def test_the_service_s_default_reader_says_nothing_in_the_request(stack):
    add_job(stack, documents=documents_in(stack, "scans/a.pdf", reader=DocumentReader.service_default()))
    template = assertions.Template.from_stack(stack)
    assert set(job_properties(template)["Request"]["InputDataConfig"]) == {"S3Uri", "InputFormat"}
    assert statements(template, DATA_ACCESS)["ExtractText"]["Action"] == "textract:DetectDocumentText"
    assert not warnings_of(stack)


def test_the_key_of_an_asset_s_bucket_is_allowed(stack):
    key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    add_job(stack, documents=Documents.from_asset(__file__, encryption_key=key))
    found = statements(assertions.Template.from_stack(stack), DATA_ACCESS)
    assert found["DecryptDocuments"]["Resource"] == key


def test_an_attribute_in_another_stack_gets_a_warning_with_what_to_do_instead():
    app = new_app()
    first, second = cdk.Stack(app, "First"), cdk.Stack(app, "Second")
    job = add_job(first)
    cdk.CfnOutput(first, "Own", value=job.job_arn)
    ssm.StringParameter(second, "Theirs", string_value=job.job_arn)
    app.synth()
    assert not warnings_of(first)
    assert any("ssm.StringParameter" in text and "JobArn" in text for text in warnings_of(second))


def test_an_attribute_in_a_nested_stack_gets_none(stack):
    nested = cdk.NestedStack(stack, "Nested")
    job = add_job(stack)
    ssm.StringParameter(nested, "Inner", string_value=job.job_arn)
    assert not warnings_of(stack)


def test_outputs_are_named_after_the_pipeline_alone_or_not_there(stack):
    options = {"model": MODEL, "network_isolation": False}
    DocumentClassificationPipeline(stack, "Mails", **options)
    DocumentClassificationPipeline(stack, "Silent", outputs=False, **options)
    outputs = assertions.Template.from_stack(stack).find_outputs("*")
    assert set(outputs) == {"MailsJobArn", "MailsJobStatus", "MailsResultsUri", "MailsDocumentsUri"}


def test_letting_go_at_once_is_said_only_when_it_is_wanted(stack):
    add_job(stack, "A")
    DocumentClassificationPipeline(stack, "B", model=MODEL, network_isolation=False, abandon_on_delete=True)
    template = assertions.Template.from_stack(stack)
    assert "AbandonOnDelete" not in job_properties(template, "A")
    assert job_properties(template, "B")["AbandonOnDelete"] == "true"


def test_a_pipeline_puts_documents_and_results_where_it_is_told(stack):
    pipeline = DocumentClassificationPipeline(
        stack,
        "Mails",
        model=MODEL,
        network_isolation=False,
        documents=Documents.in_new_bucket("mails/", input_format=InputFormat.ONE_DOC_PER_LINE),
        results=Results.to_uri("s3://their-bucket/out"),
    )
    request = job_properties(assertions.Template.from_stack(stack))["Request"]
    assert request["InputDataConfig"]["InputFormat"] == "ONE_DOC_PER_LINE"
    assert "/mails/" in str(request["InputDataConfig"]["S3Uri"])
    assert request["OutputDataConfig"]["S3Uri"] == "s3://their-bucket/out/"
    assert pipeline.results_bucket.bucket_name == "their-bucket"
    assert job_properties(assertions.Template.from_stack(stack))["WhenEmpty"] == "SKIP"


def test_a_role_is_warned_of_once_a_stack_however_many_jobs_use_it(stack):
    fixed = iam.Role.from_role_arn(stack, "Fixed", "arn:aws:iam::111122223333:role/x", mutable=False)
    unknown = iam.Role.from_role_arn(stack, "Unknown", cdk.CfnParameter(stack, "RoleArn").value_as_string)
    for number in range(3):
        for name, role in {"Fixed": fixed, "Unknown": unknown}.items():
            add_job(
                stack, f"{name}Job{number}", data_access_role=role, documents=documents_in(stack, f"{name}-{number}/")
            )
    (missing,) = [text for text in warnings_of(stack) if "data_access_role cannot be changed" in text]
    assert all(f"/Fixed-{number}/*" in missing for number in range(3))
    assert "Unknown-" not in missing
    assert len([text for text in warnings_of(stack) if "the first slash" in text]) == 1


def test_a_region_is_warned_of_once_a_stack():
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(region="eu-north-1"))
    model = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN.replace("us-east-1", "eu-north-1"))
    for number in range(3):
        add_job(stack, f"Job{number}", model=model)
    assert len([text for text in warnings_of(stack) if "was not known to have" in text]) == 1
