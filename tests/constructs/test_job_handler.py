"""The function that serves jobs, as platform teams set it."""

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import assertions, custom_resources
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct
from support import CLASSIFIER_ARN, awaited, documents_in, job_properties, new_app, results_in, statements

from constructs_lib import (
    ClassificationJobHandler,
    ClassificationModel,
    ClassificationNetwork,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    PrivateBucket,
    ValidationError,
)

MODEL = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN)


def add_job(stack, id="Job", **options):
    given = {"model": MODEL, "documents": documents_in(stack), "results": results_in(stack), **options}
    return DocumentClassificationJob(stack, id, **given)


def function_of(stack):
    (function,) = assertions.Template.from_stack(stack).find_resources("AWS::Lambda::Function").values()
    return function["Properties"]


def log_groups_of(stack):
    return list(assertions.Template.from_stack(stack).find_resources("AWS::Logs::LogGroup").values())


def actions_of(stack):
    """All that the role of the function may do."""
    return {
        action
        for policy in assertions.Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
        if "JobHandlerRole" in str(policy["Properties"]["Roles"])
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }


def test_the_handler_of_a_stack_is_found_from_anywhere_in_it(stack):
    assert ClassificationJobHandler.of(Construct(stack, "Deep")) is ClassificationJobHandler.of(stack)


def test_a_construct_of_the_user_with_the_old_id_is_in_nobody_s_way(stack):
    Construct(stack, "DocumentClassificationJobs")
    add_job(stack)
    function_of(stack)


def test_every_option_reaches_the_function(stack):
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-0123456789abcdef0"],
        private_subnet_route_table_ids=["rtb-1"],
    )
    handler = ClassificationJobHandler(
        stack,
        "Handler",
        runtime=lambda_.Runtime.PYTHON_3_12,
        architecture=lambda_.Architecture.X86_64,
        memory_size=512,
        log_retention=logs.RetentionDays.ONE_WEEK,
        removal_policy=cdk.RemovalPolicy.DESTROY,
        vpc=vpc,
        security_groups=[ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-0123456789abcdef0")],
        environment={"HTTPS_PROXY": "http://proxy"},
        environment_encryption=kms.Key(stack, "Key"),
        role=iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")),
    )
    add_job(stack, handler=handler)
    made = function_of(stack)
    assert (made["Runtime"], made["Architectures"], made["MemorySize"]) == ("python3.12", ["x86_64"], 512)
    assert made["Environment"]["Variables"] == {"HTTPS_PROXY": "http://proxy", "STACK_ID": {"Ref": "AWS::StackId"}}
    assert made["VpcConfig"] == {
        "SecurityGroupIds": ["sg-0123456789abcdef0"],
        "SubnetIds": ["subnet-0123456789abcdef0"],
    }
    assert "KmsKeyArn" in made
    (group,) = log_groups_of(stack)
    assert (group["DeletionPolicy"], group["Properties"]["RetentionInDays"]) == ("Delete", 7)
    assert handler.metric_errors().metric_name == "Errors"


def test_a_pipeline_and_its_network_are_served_by_the_handler_that_was_given(stack):
    handler = ClassificationJobHandler(stack, "Handler")
    DocumentClassificationPipeline(stack, "Pipeline", model=MODEL, handler=handler)
    function_of(stack)
    assert "Handler" in str(job_properties(assertions.Template.from_stack(stack))["ServiceToken"])


def test_a_handler_of_another_stack_is_refused(stack):
    other = ClassificationJobHandler(cdk.Stack(stack.node.root, "Other"), "Handler")
    with pytest.raises(ValidationError, match="handler: got 'a handler of stack Other'"):
        add_job(stack, handler=other)


def test_options_that_contradict_each_other_are_refused(stack):
    with pytest.raises(ValidationError) as caught:
        ClassificationJobHandler(
            stack,
            "Handler",
            log_group=logs.LogGroup(stack, "Log"),
            log_retention=logs.RetentionDays.ONE_DAY,
            vpc_subnets=ec2.SubnetSelection(),
        )
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["log_retention", "vpc_subnets"]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("runtime", lambda_.Runtime.NODEJS_22_X),
        ("runtime", lambda_.Runtime.PYTHON_3_10),
        ("runtime", lambda_.Runtime.PROVIDED_AL2023),
        ("environment", {"STACK_ID": "x"}),
        ("environment", {"RECURSIVE_LOOP": "Allow"}),
        ("environment", {"AWS_REGION": "x"}),
        ("environment", {"1st": "x"}),
        ("environment", {"A": "x"}),
        ("environment", {"_A": "x"}),
    ],
)
def test_what_the_function_cannot_run_with_is_refused(stack, option, value):
    with pytest.raises(ValidationError, match=f"{option}: got "):
        ClassificationJobHandler(stack, "Handler", **{option: value})


def test_a_variable_that_lambda_does_not_take_is_named_without_what_the_others_hold(stack):
    with pytest.raises(ValidationError, match="environment: got") as caught:
        ClassificationJobHandler(stack, "Handler", environment={"TOKEN": "secret", "1st": "secret"})
    assert "['1st']" in str(caught.value)
    assert "TOKEN" not in str(caught.value)
    assert "secret" not in str(caught.value)


KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
KEY_ARN = f"arn:aws:kms:us-east-1:111122223333:key/{KEY_ID}"


@pytest.mark.parametrize("form", ["key", "L1", "alias", "import", "text", "id", "parameter"])
def test_variables_take_a_key_in_every_form_and_the_role_may_decrypt_with_it(form):
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))
    forms = {
        "key": lambda: kms.Key(stack, "Key"),
        "L1": lambda: kms.CfnKey(stack, "Key"),
        "alias": lambda: kms.Alias(stack, "Alias", alias_name="alias/x", target_key=kms.Key(stack, "Key")),
        "import": lambda: kms.Key.from_key_arn(stack, "Key", KEY_ARN),
        "text": lambda: KEY_ARN,
        "id": lambda: KEY_ID,
        "parameter": lambda: cdk.CfnParameter(stack, "Key").value_as_string,
    }
    ClassificationJobHandler(stack, "Handler", environment={"TOKEN": "x"}, environment_encryption=forms[form]())
    template = assertions.Template.from_stack(stack)
    named = function_of(stack)["KmsKeyArn"]
    assert statements(template, "HandlerHostPolicy")["DecryptVariables"]["Resource"] == named
    if isinstance(named, str):
        assert named == KEY_ARN
    (function,) = template.find_resources("AWS::Lambda::Function").values()
    assert any(name.startswith("HandlerHostPolicy") for name in function["DependsOn"])


def test_variables_take_no_alias_that_does_not_know_its_key(stack):
    for alias in ("alias/x", kms.Alias.from_alias_name(stack, "Alias", "alias/x")):
        with pytest.raises(ValidationError, match="environment_encryption: got 'alias/x'"):
            ClassificationJobHandler(stack, "Handler", environment_encryption=alias)


def test_a_vpc_and_keys_of_another_region_are_refused(stack):
    here = cdk.Stack(stack.node.root, "Here", env=cdk.Environment(account="111122223333", region="us-east-1"))
    there = cdk.Stack(stack.node.root, "There", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    key = kms.Key(there, "Key")
    with pytest.raises(ValidationError) as caught:
        ClassificationJobHandler(here, "Handler", vpc=ec2.Vpc(there, "Vpc"), environment_encryption=key)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["vpc", "environment_encryption"]
    with pytest.raises(ValidationError, match="encryption_key: got 'a key in eu-west-1'"):
        PrivateBucket(here, "Bucket", encryption_key=key)


def test_the_configuration_of_custom_resources_is_obeyed(stack):
    config = custom_resources.CustomResourceConfig.of(stack)
    config.add_log_retention_lifetime(logs.RetentionDays.TEN_YEARS)
    config.add_removal_policy(cdk.RemovalPolicy.DESTROY)
    config.add_lambda_runtime(lambda_.Runtime.PYTHON_3_12)
    add_job(stack)
    (group,) = log_groups_of(stack)
    assert (group["DeletionPolicy"], group["Properties"]["RetentionInDays"]) == ("Delete", 3653)
    assert function_of(stack)["Runtime"] == "python3.12"


def test_a_property_injector_s_additions_get_their_permissions():
    @jsii.implements(cdk.IPropertyInjector)
    class Platform:
        @property
        def construct_unique_id(self):
            return lambda_.Function.PROPERTY_INJECTION_ID

        def inject(self, original_props, *_):
            # jsii hands a dictionary over, in the names of JavaScript.
            return {**original_props, "tracing": "Active", "deadLetterQueueEnabled": True}

    app = new_app(property_injectors=[Platform()])
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))
    add_job(stack)
    made = function_of(stack)
    assert made["TracingConfig"] == {"Mode": "Active"}
    assert "DeadLetterConfig" in made
    assert {"xray:PutTraceSegments", "sqs:SendMessage"} <= actions_of(stack)


def test_an_aspect_s_additions_get_their_permissions(stack):
    queue = sqs.Queue(stack, "DeadLetters")

    @jsii.implements(cdk.IAspect)
    class Platform:
        def visit(self, node):
            if isinstance(node, lambda_.CfnFunction):
                node.tracing_config = lambda_.CfnFunction.TracingConfigProperty(mode="Active")
                node.dead_letter_config = lambda_.CfnFunction.DeadLetterConfigProperty(target_arn=queue.queue_arn)
                node.layers = ["arn:aws:lambda:us-east-1:580247275435:layer:LambdaInsightsExtension-Arm64:20"]
                node.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
                    security_group_ids=["sg-0123456789abcdef0"], subnet_ids=["subnet-0123456789abcdef0"]
                )
                node.timeout = 60

    add_job(stack)
    cdk.Aspects.of(stack).add(Platform())
    assert function_of(stack)["Timeout"] == 60
    added = {"xray:PutTraceSegments", "sqs:SendMessage", "logs:CreateLogGroup", "ec2:AssignPrivateIpAddresses"}
    assert added <= actions_of(stack)


def test_nothing_of_that_is_allowed_when_nobody_adds_it(stack):
    add_job(stack)
    assert not {"xray:PutTraceSegments", "sqs:SendMessage", "logs:CreateLogGroup"} & actions_of(stack)


def test_a_function_in_a_vpc_has_what_lambda_needs_there_before_it_is_made(stack):
    vpc = ec2.Vpc(stack, "Vpc", max_azs=1, restrict_default_security_group=False)
    add_job(stack, handler=ClassificationJobHandler(stack, "Handler", vpc=vpc))
    template = assertions.Template.from_stack(stack)
    assert "RunInVpc" in statements(template, "HandlerHostPolicy")
    assert "AWS::IAM::Policy" in awaited(template, "AWS::Lambda::Function")


@pytest.mark.parametrize(
    ("policies", "kept"),
    [
        ([cdk.RemovalPolicy.DESTROY], "Delete"),
        ([cdk.RemovalPolicy.RETAIN], "Retain"),
        ([cdk.RemovalPolicy.DESTROY, cdk.RemovalPolicy.RETAIN], "Retain"),
        ([cdk.RemovalPolicy.RETAIN, cdk.RemovalPolicy.DESTROY], "Retain"),
    ],
)
def test_the_log_that_pipelines_share_is_kept_when_any_of_them_keeps_its_data(stack, policies, kept):
    for number, policy in enumerate(policies):
        DocumentClassificationPipeline(
            stack, f"Pipeline{number}", model=MODEL, network_isolation=False, removal_policy=policy
        )
    (group,) = log_groups_of(stack)
    assert group["DeletionPolicy"] == kept


def test_flow_logs_go_with_a_pipeline_that_goes(stack):
    DocumentClassificationPipeline(stack, "Pipeline", model=MODEL, removal_policy=cdk.RemovalPolicy.DESTROY)
    assert {group["DeletionPolicy"] for group in log_groups_of(stack)} == {"Delete"}


def test_a_network_alone_has_no_function(stack):
    ClassificationNetwork(stack, "Network")
    assertions.Template.from_stack(stack).resource_count_is("AWS::Lambda::Function", 0)


@pytest.mark.parametrize(("seconds", "allowed"), [(60, True), (269, True), (270, False), (900, False)])
def test_a_function_that_an_aspect_makes_short_lived_may_call_itself_for_an_hour(stack, seconds, allowed):
    @jsii.implements(cdk.IAspect)
    class Platform:
        def visit(self, node):
            if isinstance(node, lambda_.CfnFunction):
                node.timeout = seconds

    add_job(stack)
    cdk.Aspects.of(stack).add(Platform())
    made = function_of(stack)
    assert made["Environment"]["Variables"].get("RECURSIVE_LOOP") == ("Allow" if allowed else None)
    assert made.get("RecursiveLoop") == ("Allow" if allowed else None)
    assert ("RecursiveLoop" in made) == allowed


def test_the_handler_of_a_nested_stack_may_ask_the_outermost_one(stack):
    inner = cdk.NestedStack(cdk.NestedStack(stack, "Outer"), "Inner")
    add_job(inner)
    (found,) = (
        statement["Resource"]
        for policy in assertions.Template.from_stack(inner).find_resources("AWS::IAM::Policy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Sid"] == "AskForOutermostStack"
    )
    parameter = found["Ref"]
    assert parameter in assertions.Template.from_stack(inner).to_json()["Parameters"]
    nested = assertions.Template.from_stack(stack).find_resources("AWS::CloudFormation::Stack").values()
    assert [
        value for each in nested for value in each["Properties"]["Parameters"].values() if "StackId" in str(value)
    ] == [{"Ref": "AWS::StackId"}]
