"""What the template snapshot masks, what it keeps, and that it notices a change."""

import json
import textwrap

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3

from constructs_lib.testing import TemplateSnapshotExtension, synthesize

STRANGER = "999988887777"
CHECKSUM = "c0ffee" * 10 + "c0de"


@pytest.fixture
def code(tmp_path):
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "main.py").write_text("def handle(event, context): ...\n")
    return folder


def new_app(**context):
    return cdk.App(analytics_reporting=False, context={"aws:cdk:enable-asset-metadata": True, **context})


def new_function(scope, code, id="Function"):
    return lambda_.Function(
        scope,
        id,
        code=lambda_.Code.from_asset(str(code)),
        handler="main.handle",
        runtime=lambda_.Runtime.PYTHON_3_13,
        environment={"CHECKSUM": CHECKSUM},
    )


def build(code, account="123456789012", memory=None, **stack_options):
    """A stack with an asset, its account in a bucket's name, and a stranger's account."""
    environment = cdk.Environment(account=account, region="us-east-1")
    stack = cdk.Stack(new_app(), "Stack", env=environment, **stack_options)
    function = new_function(stack, code)
    function.node.default_child.memory_size = memory
    s3.Bucket(stack, "Bucket", bucket_name=f"mails{stack.account}")
    function.grant_invoke(iam.AccountPrincipal(STRANGER))
    return stack


def text_of(scope):
    return TemplateSnapshotExtension().serialize(scope)


def test_the_snapshot_of_a_stack_is_as_reviewed(code, template_snapshot):
    assert build(code) == template_snapshot


def test_another_folder_makes_the_same_snapshot(code, tmp_path, monkeypatch):
    before = text_of(build(code))
    elsewhere = code.rename(tmp_path / "elsewhere")
    monkeypatch.chdir(elsewhere)
    assert text_of(build(elsewhere)) == before


def test_another_account_makes_the_same_snapshot(code):
    assert text_of(build(code, account="210987654321")) == text_of(build(code, account="123456789012"))


def test_changed_code_makes_the_same_snapshot(code):
    before = text_of(build(code))
    (code / "main.py").write_text("def handle(event, context): return event\n")
    assert text_of(build(code)) == before


def test_another_bootstrap_version_makes_the_same_snapshot(code):
    template = synthesize(build(code))["Stack"]
    assert template["Parameters"]["BootstrapVersion"]["Default"] == "/cdk-bootstrap/hnb659fds/version"
    masked = json.loads(text_of(build(code)))["Stack"]
    assert masked["Parameters"]["BootstrapVersion"]["Default"] == "<bootstrap-version-parameter>"
    assert masked["Rules"] == {"CheckBootstrapVersion": {"Assertions": "<bootstrap-version-check>"}}


def test_a_changed_template_makes_another_snapshot(code):
    assert text_of(build(code, memory=512)) != text_of(build(code))


def test_accounts_and_checksums_that_are_not_the_stacks_own_are_kept(code):
    text = text_of(build(code))
    assert STRANGER in text
    assert CHECKSUM in text
    assert "123456789012" not in text


def test_no_key_is_left_out(code):
    stack = build(code)

    def keys(value):
        if isinstance(value, dict):
            return {key: keys(child) for key, child in value.items() if key != "CheckBootstrapVersion"}
        return [keys(child) for child in value] if isinstance(value, list) else None

    assert keys(json.loads(text_of(stack))) == keys(synthesize(stack))


def test_two_assets_have_two_names(code, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "main.py").write_text("pass\n")
    stack = cdk.Stack(new_app(), "Stack")
    new_function(stack, code, "One")
    new_function(stack, other, "Two")
    new_function(stack, code, "Three")
    functions = [
        (found["Properties"]["Code"]["S3Key"], found["Metadata"]["aws:asset:path"])
        for found in json.loads(text_of(stack))["Stack"]["Resources"].values()
        if found["Type"] == "AWS::Lambda::Function"
    ]
    path = "<asset-path>"
    # In the order of the file, which is that of the names.
    assert sorted(functions) == [("<asset-1>.zip", path), ("<asset-1>.zip", path), ("<asset-2>.zip", path)]


def test_asset_parameters_of_the_legacy_synthesizer_are_masked_with_their_names(code):
    def build_legacy():
        stack = cdk.Stack(new_app(), "Stack", synthesizer=cdk.LegacyStackSynthesizer())
        new_function(stack, code)
        return stack

    before = text_of(build_legacy())
    (code / "main.py").write_text("def handle(event, context): return event\n")
    assert text_of(build_legacy()) == before
    parameters = json.loads(before)["Stack"]["Parameters"]
    assert set(parameters) == {
        f"AssetParameters<asset-1>{part}" for part in ("S3Bucket", "S3VersionKey", "ArtifactHash")
    }


@pytest.fixture
def large_app(code):
    """A stack with a nested stack, by itself and in a stage of another account."""
    app = new_app()
    stage = cdk.Stage(app, "Prod", env=cdk.Environment(account="123456789012", region="us-east-1"))
    for scope in (app, stage):
        stack = cdk.Stack(scope, "Mails")
        new_function(cdk.NestedStack(stack, "Nested"), code)
        cdk.CfnOutput(stack, "Account", value=stack.account)
    return app, stage


def test_an_app_has_all_its_stacks_nested_ones_and_stages_included(large_app):
    app, _ = large_app
    snapshot = json.loads(text_of(app))
    assert set(snapshot) == set(synthesize(app))
    assert [name for name in snapshot if not name.endswith(".nested")] == ["Mails", "Prod/Mails"]
    assert sum(name.endswith(".nested") for name in snapshot) == 2
    assert snapshot["Prod/Mails"]["Outputs"]["Account"]["Value"] == "<account-1>"


def test_a_stage_has_its_own_stacks_only(large_app):
    _, stage = large_app
    names = set(synthesize(stage))
    assert "Prod/Mails" in names
    assert "Mails" not in names
    assert len(names) == 2


def test_a_stack_has_itself_and_its_nested_stacks_only(large_app):
    app, stage = large_app
    assert set(synthesize(stage.node.find_child("Mails"))) == set(synthesize(stage))
    top = app.node.find_child("Mails")
    assert set(synthesize(top)) == set(synthesize(app)) - set(synthesize(stage))
    nested = top.node.find_child("Nested")
    assert set(synthesize(nested)) == set(synthesize(top)) - {"Mails"}


def test_something_else_than_an_app_is_refused_with_advice():
    with pytest.raises(TypeError, match="got dict; allowed: an App, a Stage or a Stack"):
        text_of({"Resources": {}})


def test_a_matcher_of_the_test_masks_further_values(code, template_snapshot):
    def no_memory(*, data, path):
        return "<memory>" if path and path[-1][0] == "MemorySize" else data

    assert build(code, memory=512) == template_snapshot(matcher=no_memory)
    assert TemplateSnapshotExtension().serialize(build(code, memory=512), matcher=no_memory) == (
        TemplateSnapshotExtension().serialize(build(code, memory=1024), matcher=no_memory)
    )


@pytest.fixture
def user_project(pytester):
    """A project that loads the plugin as its docstring says; the bucket's name comes from outside."""
    pytester.makeconftest('pytest_plugins = ["constructs_lib.testing"]')
    pytester.makepyfile(
        test_template=textwrap.dedent(
            """
            import os

            import aws_cdk as cdk
            from aws_cdk import aws_s3 as s3

            def test_template(template_snapshot):
                stack = cdk.Stack(cdk.App(), "Stack")
                s3.Bucket(stack, "Bucket", bucket_name=os.environ["BUCKET"])
                assert stack == template_snapshot
            """
        )
    )
    return pytester


def test_a_users_test_passes_until_the_template_changes_and_shows_the_change(user_project, monkeypatch):
    monkeypatch.setenv("BUCKET", "one")
    user_project.runpytest("--snapshot-update", "-p", "no:cacheprovider").assert_outcomes(passed=1)
    assert (user_project.path / "__snapshots__" / "test_template" / "test_template.json").is_file()
    user_project.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=1)
    monkeypatch.setenv("BUCKET", "two")
    result = user_project.runpytest("-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines([r'.*-.*"BucketName": "one"', r'.*\+.*"BucketName": "two"'])


@pytest.mark.parametrize("plugins", [("testing", "testing.local"), ("testing.local", "testing")])
def test_the_plugins_load_in_any_order_without_starting_node(pytester, plugins):
    pytester.makeconftest(f"pytest_plugins = {[f'constructs_lib.{name}' for name in plugins]}")
    pytester.makepyfile("import sys\n\ndef test_nothing():\n    assert 'jsii' not in sys.modules\n")
    result = pytester.runpytest_subprocess("-W", "error")
    result.assert_outcomes(passed=1)
