"""Mistakes are refused before anything is defined, all of them at once; tokens pass."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from support import CLASSIFIER_ARN, FLYWHEEL_ARN, documents_in, job_properties, new_app, results_in

from constructs_lib import (
    ClassificationJobHandler,
    ClassificationModel,
    ClassificationNetwork,
    DataAccessRole,
    DocumentClassificationJob,
    DocumentClassificationPipeline,
    DocumentClassificationWorkflow,
    DocumentReader,
    Documents,
    FeatureType,
    InputFormat,
    Results,
    ValidationError,
)

IN_IRELAND = CLASSIFIER_ARN.replace("us-east-1", "eu-west-1")
CLASSIFIER = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN)


@pytest.fixture(scope="session")
def concrete():
    """One stack for all refusals: a refused job leaves nothing behind in it."""
    return cdk.Stack(new_app(), "Concrete", env=cdk.Environment(account="111122223333", region="us-east-1"))


def bucket(stack, name="a-bucket"):
    return stack.node.try_find_child(name) or s3.Bucket.from_bucket_name(stack, name, name)


def refusal(stack, **options):
    """The problems of a job with valid options, but for those given."""
    defaults = {
        "model": CLASSIFIER,
        "documents": Documents.from_bucket(bucket(stack), "in/", input_format=InputFormat.ONE_DOC_PER_FILE),
        "results": Results.to_bucket(bucket(stack), "out/"),
    }
    before = len(stack.node.children)
    with pytest.raises(ValidationError) as caught:
        DocumentClassificationJob(stack, "Job", **{**defaults, **options})
    assert len(stack.node.children) == before, "a refused job must not define anything"
    assert isinstance(caught.value, ValueError)
    return caught.value.problems


def documents(stack, prefix="in/", input_format=InputFormat.ONE_DOC_PER_FILE, reader=None):
    return Documents.from_bucket(bucket(stack), prefix, input_format=input_format, reader=reader)


def from_uri(uri):
    return Documents.from_uri(uri, input_format=InputFormat.ONE_DOC_PER_FILE)


@pytest.mark.parametrize(
    ("make", "option", "advice"),
    [
        (lambda s: {"model": ClassificationModel.from_classifier_arn(FLYWHEEL_ARN)}, "model", "from_flywheel_arn"),
        (lambda s: {"model": ClassificationModel.from_flywheel_arn(CLASSIFIER_ARN)}, "model", "from_classifier_arn"),
        (lambda s: {"model": ClassificationModel.from_classifier_arn("mails")}, "model", "copy the ARN"),
        (
            lambda s: {"model": ClassificationModel.from_classifier_arn(IN_IRELAND)},
            "model",
            "Region us-east-1",
        ),
        (
            lambda s: {
                "model": ClassificationModel.from_classifier_arn(CLASSIFIER_ARN.replace("arn:aws:", "arn:aws-us-gov:"))
            },
            "model",
            "partition aws",
        ),
        (lambda s: {"documents": documents(s, "/in/")}, "documents", "does not begin with a slash"),
        (lambda s: {"documents": documents(s, "s3://b/in/")}, "documents", "leave out the bucket"),
        (lambda s: {"documents": documents(s, "in/*.txt")}, "documents", "not a pattern"),
        (lambda s: {"documents": documents(s, "x" * 1020)}, "documents", "at most 1024"),
        (lambda s: {"documents": documents(s, "")}, "results", "does not begin with ''"),
        (lambda s: {"documents": documents(s, "out")}, "results", "does not begin with 'out'"),
        (lambda s: {"results": Results.to_bucket(bucket(s), "in/results")}, "results", "does not begin with 'in/'"),
        (lambda s: {"results": Results.to_bucket(bucket(s), "/out")}, "results", "does not begin with a slash"),
        (
            lambda s: {"documents": documents(s, "in/", InputFormat.ONE_DOC_PER_LINE, DocumentReader.detect_text())},
            "reader",
            "ONE_DOC_PER_FILE only",
        ),
        (
            lambda s: {
                "documents": documents(s, reader=DocumentReader.analyze(FeatureType.TABLES, FeatureType.TABLES))
            },
            "features",
            "each feature once",
        ),
        (lambda s: {"documents": documents(s, "a.pdf", InputFormat.ONE_DOC_PER_LINE)}, "documents", "ONE_DOC_PER_FILE"),
        (lambda s: {"documents": documents(s, input_format="ONE_PER_PAGE")}, "input_format", "ONE_DOC_PER_LINE"),
        (lambda s: {"documents": Documents.from_asset("no-such-file.txt")}, "documents", "there is no such file"),
        (lambda s: {"documents": Documents.from_asset(".")}, "documents", "this is a folder"),
        (lambda s: {"volume_encryption_key": "alias/volumes"}, "volume_encryption_key", "takes no alias"),
        (lambda s: {"volume_encryption_key": "my key"}, "volume_encryption_key", "a key id or a key ARN"),
        (
            lambda s: {
                "volume_encryption_key": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
            },
            "volume_encryption_key",
            "Region us-east-1",
        ),
        (
            lambda s: {"results": Results.to_bucket(bucket(s), "out/", encryption_key="arn:aws:s3:::x")},
            "encryption_key",
            "alias ARN",
        ),
        (lambda s: {"job_name": ""}, "job_name", "1 to 256"),
        (lambda s: {"job_name": "a&b"}, "job_name", "letters, numbers"),
        (lambda s: {"tags": {f"k{i}": "v" for i in range(51)}}, "tags", "at most 50"),
        (lambda s: {"tags": {"aws:x": "v"}}, "tags", "without aws: in front"),
        (lambda s: {"tags": {"": "v"}}, "tags", "1 to 128"),
        (lambda s: {"tags": {"k": "v" * 257}}, "tags['k']", "at most 256"),
        (lambda s: {"run_id": ""}, "run_id", "1 to 256"),
        (lambda s: {"timeout": cdk.Duration.seconds(0)}, "timeout", "1 second to 1 hour"),
        (lambda s: {"timeout": cdk.Duration.millis(500)}, "timeout", "1 second to 1 hour"),
        (lambda s: {"timeout": cdk.Duration.minutes(61)}, "timeout", "1 second to 1 hour"),
        (
            lambda s: {"timeout": cdk.Duration.minutes(cdk.Token.as_number({"Ref": "Some"}))},
            "timeout",
            "allowed: a token of seconds",
        ),
        (lambda s: {"wait_for": "DONE"}, "wait_for", "COMPLETED"),
        (lambda s: {"when_empty": "IGNORE"}, "when_empty", "SKIP"),
        (lambda s: {"documents": documents(s, "S3://in-b/docs/")}, "documents", "leave out the bucket"),
        (lambda s: {"documents": documents(s, "https://b.s3.amazonaws.com/docs/")}, "documents", "takes a URI"),
        (lambda s: {"documents": documents(s, "arn:aws:s3:::b/docs/")}, "documents", "takes a URI"),
        (lambda s: {"documents": documents(s, "s3:/in-b/docs/")}, "documents", "leave out the bucket"),
        (lambda s: {"documents": documents(s, "b.s3.us-east-1.amazonaws.com/d/")}, "documents", "leave out the bucket"),
        (lambda s: {"documents": documents(s, "s3-eu-west-1.amazonaws.com/b/d/")}, "documents", "leave out the bucket"),
        (lambda s: {"documents": from_uri("s3://a..b/in/")}, "documents", "two dots"),
        (lambda s: {"documents": from_uri("s3://10.0.0.1/in/")}, "documents", "IP addresses"),
        (lambda s: {"documents": from_uri("s3://point-1a2b3c-s3alias/in/")}, "documents", "access points"),
        (lambda s: {"results": Results.to_uri("s3://b--use1-az4--x-s3/out/")}, "results", "other kinds of buckets"),
        *(
            (lambda s, name=name: {"documents": from_uri(f"s3://{name}/in/")}, "documents", advice)
            for name, advice in {
                "xn--bucher-kva": "S3 keeps such names",
                "sthree-configurator": "S3 keeps such names",
                "amzn-s3-demo-bucket": "S3 keeps such names",
                "tables--table-s3": "S3 keeps such names",
                "ab-.cd": "a hyphen beside a dot",
                "ab.-cd": "a hyphen beside a dot",
            }.items()
        ),
        (lambda s: {"documents": documents(s, "docs/,s3://b/more/")}, "documents", "one prefix"),
        (lambda s: {"documents": from_uri("s3://a-b/x/,s3://c-d/y/")}, "documents", "one prefix"),
        (lambda s: {"documents": from_uri("https://a-b.s3.amazonaws.com/x")}, "documents", "URLs, ARNs"),
        (lambda s: {"documents": from_uri("s3://")}, "documents", "s3://<bucket>/<prefix>"),
        (lambda s: {"documents": documents(s, "文書/")}, "documents", "up to U+00FF"),
        (lambda s: {"documents": documents(s, "é" * 600)}, "documents", "1024 bytes"),
        (lambda s: {"documents": from_uri("s3://my_bucket/in/")}, "documents", "'_' in its name"),
        (lambda s: {"results": Results.to_uri("s3://My-bucket/out/")}, "results", "'M' in its name"),
        (lambda s: {"results": Results.to_bucket(bucket(s), None)}, "results", "None is no prefix"),
        (lambda s: {"model": ClassificationModel.from_classifier_arn(None)}, "model", "copy the ARN"),
        (lambda s: {"model": CLASSIFIER_ARN}, "model", "ClassificationModel.from_classifier_arn"),
        (
            lambda s: {"model": ClassificationModel.from_classifier_arn(CLASSIFIER_ARN.replace("1111", "4444"))},
            "model",
            "import-model",
        ),
        (lambda s: {"documents": "s3://b/p"}, "documents", "Documents.from_uri"),
        (lambda s: {"documents": documents(s, reader={"action": "x"})}, "reader", "a DocumentReader"),
        (lambda s: {"timeout": 900}, "timeout", "cdk.Duration"),
        (lambda s: {"run_id": 7}, "run_id", "as text"),
        (lambda s: {"tags": {"n": 1}}, "tags['n']", "values that are texts"),
        (lambda s: {"tags": {"n": float("nan")}}, "tags['n']", "values that are texts"),
        (lambda s: {"tags": {"a\nb": "x"}}, "tags", "keys on one line"),
        (lambda s: {"network": "vpc-1"}, "network", "a ClassificationNetwork"),
        (lambda s: {"data_access_role": "arn:aws:iam::111122223333:role/x"}, "data_access_role", "an iam.Role"),
        (lambda s: {"results": Results.to_bucket("a-bucket")}, "results", "an s3.Bucket"),
        (lambda s: {"results": Results.to_uri("s3://a-b/", encryption_key="alias/aws/s3")}, "encryption_key", "manage"),
        (lambda s: {"abandon_on_delete": "yes"}, "abandon_on_delete", "True or False"),
        (lambda s: {"documents": Documents.in_new_bucket()}, "documents", "a pipeline or a workflow"),
        (lambda s: {"documents": Documents.from_asset("/dev/null")}, "documents", "a device"),
        (
            lambda s: {
                "data_access_role": s.node.try_find_child("ImmutableRoleForeign")
                or iam.Role.from_role_arn(s, "Foreign", "arn:aws:iam::444455556666:role/x")
            },
            "data_access_role",
            "within its account",
        ),
        (
            lambda s: {
                "data_access_role": s.node.try_find_child("Gov")
                or iam.Role.from_role_arn(s, "Gov", "arn:aws-us-gov:iam::111122223333:role/x")
            },
            "data_access_role",
            "partition aws, the stack's",
        ),
        (
            lambda s: {
                "data_access_role": s.node.try_find_child("Linked")
                or iam.Role.from_role_arn(s, "Linked", "arn:aws:iam::111122223333:role/aws-service-role/x.com/y")
            },
            "data_access_role",
            "make a role",
        ),
    ],
)
def test_a_mistake_is_named_with_its_option_its_value_and_what_to_do(concrete, make, option, advice):
    options = make(concrete)
    (problem,) = refusal(concrete, **options)
    assert problem.startswith(f"{option}: got ")
    assert "; allowed: " in problem
    assert advice in problem


def test_all_problems_are_told_at_once(concrete):
    problems = refusal(
        concrete,
        model=ClassificationModel.from_classifier_arn("x"),
        documents=documents(concrete, "/in", InputFormat.ONE_DOC_PER_LINE, DocumentReader.detect_text()),
        results=Results.to_bucket(bucket(concrete), "/out", encryption_key="?"),
        volume_encryption_key="alias/x",
        job_name="&",
        tags={"aws:x": "y"},
        run_id="",
        timeout=cdk.Duration.hours(2),
    )
    options = [problem.split(":")[0] for problem in problems]
    assert options == [
        "model",
        "reader",
        "documents",
        "results",
        "encryption_key",
        "volume_encryption_key",
        "job_name",
        "tags",
        "run_id",
        "timeout",
    ]


def test_an_empty_local_file_is_refused(concrete, tmp_path):
    (tmp_path / "empty.txt").touch()
    (problem,) = refusal(concrete, documents=Documents.from_asset(tmp_path / "empty.txt"))
    assert "write documents into it" in problem


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("good\nGr\xfc\xdfe\n".encode("latin-1"), "line 2 is not UTF-8"),
        ("good\n".encode("utf-16"), "line 1 is not UTF-8"),
        ("good\nmore\n".encode("utf-16-le"), "line 1 holds a zero byte"),
        (b"  \n\t\r\n", "nothing but blanks"),
        (b"PK\x03\x04\x14\x00\x00\x00\x08\x00\xf3", "line 1"),
        ("good\nbad\u2028line\n".encode(), "line 2 holds U+2028"),
    ],
    ids=["latin-1", "utf-16", "utf-16-le", "blank", "zip", "line-separator"],
)
def test_a_local_file_that_the_service_would_not_read_is_refused_with_the_line(concrete, tmp_path, content, fault):
    (tmp_path / "lines.txt").write_bytes(content)
    (problem,) = refusal(concrete, documents=Documents.from_asset(tmp_path / "lines.txt"))
    assert fault in problem


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.txt", b"%PDF-1.7\n1 0 obj\n", "a PDF file; name it .pdf and use"),
        ("a.csv", b"PK\x03\x04abc", "a Word or ZIP file; name it .docx or .doc"),
        ("a.txt", b"\x89PNG\r\n", "a PNG image"),
        ("a.txt", b"\xff\xd8\xff\xe0", "a JPEG image"),
        ("a.txt", b"II*\x00abc", "a TIFF image"),
        ("a.txt", b"{\\rtf1\\ansi Hello}", "an RTF file; the service reads no such file"),
        ("a", b"{\\rtf1\\ansi Hello}", "an RTF file"),
        ("a.ps", b"%!PS-Adobe-3.0\n", "a PostScript file"),
        ("a.txt.gz", b"\x1f\x8b\x08\x00", "a compressed file"),
        ("a.pdf", b"\x89PNG\r\n", "a PNG image; name it .png"),
    ],
)
def test_a_file_of_another_kind_than_its_name_says_is_refused(concrete, tmp_path, name, content, kind):
    (tmp_path / name).write_bytes(content)
    documents = Documents.from_asset(tmp_path / name, input_format=InputFormat.ONE_DOC_PER_FILE)
    (problem,) = refusal(concrete, documents=documents)
    assert f"line 1 begins like {kind}" in problem


def test_a_scan_without_an_ending_and_markup_are_taken(stack, tmp_path):
    for name, content in {"scan": b"%PDF-1.7\n", "page.html": b"<!doctype html><p>Text"}.items():
        (tmp_path / name).write_bytes(content)
        DocumentClassificationJob(
            stack,
            name,
            model=CLASSIFIER,
            documents=Documents.from_asset(tmp_path / name, input_format=InputFormat.ONE_DOC_PER_FILE),
            results=results_in(stack),
        )


def test_a_text_file_and_a_scan_are_taken(stack, tmp_path):
    (tmp_path / "lines.txt").write_text("\ufeffGrüße\n文書\n", encoding="utf-8")
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.7\n\xff\xfe")
    for name, format in {"lines.txt": InputFormat.ONE_DOC_PER_LINE, "scan.pdf": InputFormat.ONE_DOC_PER_FILE}.items():
        DocumentClassificationJob(
            stack,
            name,
            model=CLASSIFIER,
            documents=Documents.from_asset(tmp_path / name, input_format=format),
            results=results_in(stack),
        )


def test_an_access_point_is_refused(concrete):
    point = s3.Bucket.from_bucket_arn(concrete, "Point", "arn:aws:s3:us-east-1:111122223333:accesspoint/x")
    (problem,) = refusal(concrete, results=Results.to_bucket(point))
    assert "import the bucket behind it" in problem


def test_buckets_and_keys_that_a_stack_of_another_region_defines_are_refused(concrete):
    ireland = cdk.Stack(concrete.node.root, "Ireland", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    problems = refusal(
        concrete,
        results=results_in(ireland),
        volume_encryption_key=kms.Key(ireland, "Key"),
        documents=documents(concrete),
    )
    assert [problem.partition(";")[0] for problem in problems] == [
        "results: got 'a bucket in eu-west-1'",
        "volume_encryption_key: got 'a key in eu-west-1'",
    ]


def test_a_network_of_another_region_or_account_and_a_role_of_another_account_are_refused(concrete):
    place = cdk.Environment(account="444455556666", region="eu-west-1")
    there = cdk.Stack(concrete.node.root, "There", env=place)
    problems = refusal(
        concrete, network=ClassificationNetwork(there, "Network"), data_access_role=DataAccessRole(there, "Role")
    )
    assert [problem.partition(";")[0] for problem in problems] == [
        "data_access_role: got 'a role of account 444455556666'",
        "data_access_role: got 'a role for jobs in eu-west-1'",
        "network: got 'a network in eu-west-1'",
        "network: got 'a network of account 444455556666'",
    ]
    with pytest.raises(ValidationError, match=r"vpc: got 'a VPC in eu-west-1'.*us-east-1"):
        ClassificationNetwork(concrete, "Network", vpc=ClassificationNetwork(there, "Other").vpc)


@pytest.mark.parametrize("value", [None, "", 0, "false"])
def test_network_isolation_is_true_or_false_and_nothing_else(concrete, value):
    with pytest.raises(ValidationError, match=r"network_isolation: got .*allowed: True or False"):
        DocumentClassificationPipeline(concrete, "Pipeline", model=CLASSIFIER, network_isolation=value)


@pytest.mark.parametrize(
    ("options", "option", "allowed"),
    [
        ({"max_azs": 0}, "max_azs", "1 to 6"),
        ({"max_azs": 7}, "max_azs", "1 to 6"),
        ({"max_azs": 2.0}, "max_azs", "1 to 6"),
        ({"cidr": "10.0.0.0/8"}, "cidr", "/16 to /28"),
        ({"cidr": "10.0.0.1/16"}, "cidr", "/16 to /28"),
        ({"cidr": "10.0.0.0/28"}, "cidr", "room for 2 subnets"),
        ({"security_groups": []}, "security_groups", "1 to 5"),
        ({"vpc_subnets": ec2.SubnetSelection()}, "vpc_subnets", "with the VPC that it is of"),
        ({"removal_policy": "destroy"}, "removal_policy", "a RemovalPolicy"),
        ({"removal_policy": cdk.RemovalPolicy.SNAPSHOT}, "removal_policy", "other than SNAPSHOT"),
    ],
)
def test_a_network_names_the_option_and_its_range(concrete, options, option, allowed):
    before = len(concrete.node.children)
    with pytest.raises(ValidationError) as caught:
        ClassificationNetwork(concrete, "Network", **options)
    assert caught.value.problems[0].startswith(f"{option}: got ")
    assert allowed in caught.value.problems[0]
    assert len(concrete.node.children) == before


def test_options_without_effect_beside_another_are_refused(concrete):
    given = {
        "documents": documents(concrete),
        "results": Results.to_uri("s3://a-bucket/out/", encryption_key="alias/a"),
    }
    beside = {"encryption_key": "alias/b", "access_logs_bucket": bucket(concrete), "network_isolation": False}
    vpc = ec2.Vpc.from_vpc_attributes(concrete, "V", vpc_id="vpc-1", availability_zones=["a"], private_subnet_ids=["s"])
    for kind, options, refused in (
        (ClassificationNetwork, {"vpc": vpc, "max_azs": 3, "cidr": "10.1.0.0/16"}, ["max_azs", "cidr"]),
        (DocumentClassificationPipeline, given | beside, ["access_logs_bucket", "encryption_key"]),
        (DocumentClassificationWorkflow, given | beside, ["access_logs_bucket", "encryption_key"]),
    ):
        model = {} if kind is ClassificationNetwork else {"model": CLASSIFIER}
        with pytest.raises(ValidationError) as caught:
            kind(concrete, "Part", **model, **options)
        assert [each.partition(":")[0] for each in caught.value.problems] == refused


def test_a_problem_names_the_keys_of_a_mapping_and_not_what_they_hold(stack):
    secret = {"PASSWORD": "secret", "TOKEN": {"inner": "secret"}}
    for kind, option in ((DataAccessRole, "role_name"), (ClassificationNetwork, "cidr")):
        with pytest.raises(ValidationError, match="got a mapping of \\['PASSWORD', 'TOKEN'\\]") as caught:
            kind(stack, "Part", **{option: secret})
        assert "secret" not in str(caught.value)


def test_the_same_subnet_or_group_twice_is_refused(stack):
    vpc = ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-1", availability_zones=["a"])
    subnets = [ec2.Subnet.from_subnet_id(stack, f"S{number}", "subnet-1") for number in range(2)]
    groups = [ec2.SecurityGroup.from_security_group_id(stack, f"G{number}", "sg-1") for number in range(2)]
    with pytest.raises(ValidationError, match="subnets that are all different"):
        ClassificationNetwork(stack, "A", vpc=vpc, vpc_subnets=ec2.SubnetSelection(subnets=subnets))
    with pytest.raises(ValidationError, match="groups that are all different"):
        ClassificationNetwork(stack, "B", vpc=vpc, security_groups=groups)


def test_tags_of_the_app_are_checked_like_those_of_the_option(stack):
    job = DocumentClassificationJob(
        stack, "Job", model=CLASSIFIER, documents=documents_in(stack), results=results_in(stack)
    )
    cdk.Tags.of(job).add("aws:x", "y")
    cdk.Tags.of(job).add("long", "v" * 300)
    with pytest.raises(RuntimeError, match=r"(?s)Stack/Job: tags: got 'aws:x'.*Stack/Job: tags\['long'\]"):
        assertions.Template.from_stack(stack)


def test_look_ups_that_are_still_to_be_made_pass():
    app = new_app(flags=False)  # The CDK's own rules refuse the placeholders of its own look-ups.
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))
    looked_up = ssm.StringParameter.value_from_lookup(stack, "/name")
    for number, selection in enumerate(
        [
            ec2.SubnetSelection(subnet_group_name="App"),
            ec2.SubnetSelection(availability_zones=["us-east-1a"]),
            ec2.SubnetSelection(subnet_filters=[ec2.SubnetFilter.by_ids(["subnet-1"])]),
        ]
    ):
        vpc = ec2.Vpc.from_lookup(stack, f"Vpc{number}", vpc_id=f"vpc-{number}")
        DocumentClassificationJob(
            stack,
            f"Job{number}",
            model=ClassificationModel.from_classifier_arn(looked_up),
            documents=from_uri(looked_up),
            results=results_in(stack, looked_up, encryption_key=looked_up),
            volume_encryption_key=looked_up,
            network=ClassificationNetwork(stack, f"Network{number}", vpc=vpc, vpc_subnets=selection),
        )
    manifest = json.loads(Path(app.synth().directory, "manifest.json").read_text())
    assert {each["provider"] for each in manifest["missing"]} == {"ssm", "vpc-provider"}


@pytest.mark.parametrize("make", [DocumentClassificationPipeline, DocumentClassificationWorkflow])
def test_outputs_that_would_be_named_like_those_of_another_are_refused_with_the_way_out(stack, make):
    make(stack, "mails-eu", model=CLASSIFIER)
    with pytest.raises(ValidationError, match=r"Stack/mailseu: .*\n.*outputs: got 'mailseu.*'mails-eu'.*outputs=False"):
        make(stack, "mailseu", model=CLASSIFIER)
    make(stack, "mailseu", model=CLASSIFIER, outputs=False)
    make(cdk.Stack(stack.node.root, "Other"), "mailseu", model=CLASSIFIER)
    stack.node.root.synth()


@pytest.mark.parametrize("make", [DocumentClassificationPipeline, DocumentClassificationWorkflow])
def test_a_role_that_trusts_jobs_of_another_region_is_refused_wherever_it_is_given(concrete, make):
    ireland = concrete.node.root.node.try_find_child("RolesInIreland") or cdk.Stack(
        concrete.node.root, "RolesInIreland", env=cdk.Environment(account="111122223333", region="eu-west-1")
    )
    with pytest.raises(ValidationError, match=r"data_access_role: got 'a role for jobs in eu-west-1'.*us-east-1"):
        make(concrete, "Refused", model=CLASSIFIER, data_access_role=DataAccessRole(ireland, make.__name__))


def test_a_role_and_a_key_that_are_still_to_be_looked_up_pass_whatever_their_placeholders_say():
    app = new_app(flags=False)
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111122223333", region="us-east-1"))
    role = iam.Role.from_lookup(stack, "Role", role_name="data")
    key = kms.Key.from_lookup(stack, "Key", alias_name="alias/mails")
    handler = ClassificationJobHandler(
        stack,
        "Handler",
        role=iam.Role.from_lookup(stack, "HandlerRole", role_name="handler"),
        environment_encryption=key,
    )
    DocumentClassificationJob(
        stack,
        "Job",
        model=CLASSIFIER,
        documents=documents(stack),
        results=results_in(stack, encryption_key=key),
        volume_encryption_key=key,
        data_access_role=role,
        handler=handler,
    )
    for make in (DocumentClassificationPipeline, DocumentClassificationWorkflow):
        make(stack, make.__name__, model=CLASSIFIER, data_access_role=role, encryption_key=key)
    manifest = json.loads(Path(app.synth().directory, "manifest.json").read_text())
    assert {each["provider"] for each in manifest["missing"]} == {"cc-api-provider", "key-provider"}


def test_a_bucket_of_another_region_is_refused(concrete):
    far = s3.Bucket.from_bucket_attributes(concrete, "Far", bucket_name="far", region="eu-west-1")
    (problem,) = refusal(concrete, results=Results.to_bucket(far))
    assert "a bucket in eu-west-1" in problem


def test_an_alias_that_does_not_know_its_key_is_refused_as_a_volume_key(concrete):
    alias = kms.Alias.from_alias_name(concrete, "Imported", "alias/volumes")
    (problem,) = refusal(concrete, volume_encryption_key=alias)
    assert "import the key" in problem


def test_too_many_groups_are_refused():
    stack = cdk.Stack(new_app(), "Stack")
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a"], private_subnet_ids=["subnet-1"]
    )
    groups = [ec2.SecurityGroup.from_security_group_id(stack, f"G{i}", f"sg-{i}") for i in range(6)]
    with pytest.raises(ValidationError) as caught:
        ClassificationNetwork(stack, "Network", vpc=vpc, security_groups=groups)
    (problem,) = caught.value.problems
    assert problem.startswith("security_groups: got '6 groups'")


def test_analyzing_without_a_feature_cannot_be_put_together():
    with pytest.raises(ValidationError, match="use DocumentReader"):
        DocumentReader.analyze()


def test_a_pipeline_refuses_before_it_defines_anything(concrete):
    before = len(concrete.node.children)
    with pytest.raises(ValidationError) as caught:
        DocumentClassificationPipeline(
            concrete,
            "Pipeline",
            model=ClassificationModel.from_classifier_arn("x"),
            encryption_key="nonsense",
            job_name="",
        )
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["model", "job_name", "encryption_key"]
    assert str(caught.value).startswith("Concrete/Pipeline: 3 problems\n  - model: got 'x'")
    assert len(concrete.node.children) == before


def test_a_network_without_isolation_is_a_contradiction(stack):
    vpc = ec2.Vpc.from_vpc_attributes(
        stack, "Vpc", vpc_id="vpc-1", availability_zones=["a"], private_subnet_ids=["subnet-1"]
    )
    with pytest.raises(ValidationError, match="network_isolation"):
        DocumentClassificationPipeline(
            stack,
            "Pipeline",
            model=CLASSIFIER,
            network=ClassificationNetwork(stack, "Network", vpc=vpc),
            network_isolation=False,
        )


def test_tokens_pass_every_check(stack):
    def token(name):
        return cdk.CfnParameter(stack, name).value_as_string

    DocumentClassificationJob(
        stack,
        "Job",
        model=ClassificationModel.from_classifier_arn(token("Model")),
        documents=documents_in(stack, token("Prefix")),
        results=results_in(stack, token("OutPrefix"), encryption_key=token("ResultsKey")),
        data_access_role=iam.Role.from_role_arn(stack, "Role", token("RoleArn")),
        volume_encryption_key=token("VolumeKey"),
        job_name=token("Name"),
        tags={token("TagKey"): token("TagValue"), "k": token("OtherValue")},
        run_id=token("Run"),
    )
    request = job_properties(assertions.Template.from_stack(stack))["Request"]
    assert request["DocumentClassifierArn"] == {"Ref": "Model"}
    assert request["JobName"] == {"Ref": "Name"}
    assert request["VolumeKmsKeyId"] == {"Ref": "VolumeKey"}


def test_a_region_that_is_not_known_is_a_warning():
    stack = cdk.Stack(new_app(), "Stack", env=cdk.Environment(account="111122223333", region="eu-north-1"))
    model = ClassificationModel.from_classifier_arn(CLASSIFIER_ARN.replace("us-east-1", "eu-north-1"))
    DocumentClassificationJob(stack, "Job", model=model, documents=documents_in(stack), results=results_in(stack))
    found = assertions.Annotations.from_stack(stack).find_warning("*", assertions.Match.any_value())
    assert any("eu-north-1 was not known" in str(entry.entry.data) for entry in found)
