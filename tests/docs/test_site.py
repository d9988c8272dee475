"""The site builds."""

import os
import shlex
import subprocess
import sys

from support import ROOT


def test_the_api_reference_builds_without_a_warning(tmp_path):
    (line,) = [line for line in (ROOT / "Makefile").read_text().replace("\\\n", "").splitlines() if "-m pdoc" in line]
    arguments = shlex.split(line.partition("$(BIN)/python")[2].replace("build/docs", str(tmp_path)))
    # Constants that happen to equal a variable of the environment, such as a Region, would be a warning.
    environment = {**os.environ, "PDOC_DISPLAY_ENV_VARS": "1"}
    result = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "DocumentClassificationPipeline" in (tmp_path / "constructs_lib.html").read_text()
