"""What the pages take for granted on the machine of their reader."""

import os
import shlex
import sys
from pathlib import Path

import pytest

from constructs_lib.local import toolchain


@pytest.fixture(scope="session")
def search_path(tmp_path_factory):
    """A PATH with the CDK CLI, and with the Python of this environment."""
    folder = tmp_path_factory.mktemp("bin")
    cdk = folder / "cdk"
    cdk.write_text(f'#!/bin/sh\nexec {shlex.join([str(toolchain.node_binary()), str(toolchain.cdk_program())])} "$@"\n')
    cdk.chmod(0o755)
    return os.pathsep.join([str(folder), str(Path(sys.executable).parent), os.environ["PATH"]])
