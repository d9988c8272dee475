"""A whole deployment to the local AWS, of the same job written in four ways.

The apps are synthesized before, the server runs and is bootstrapped. A deployment is `cdk deploy` of a stack of its
own: assets, buckets, key, roles, function, and the job, until the service has accepted it. The ways take turns.

    python benchmarks/deploy.py [--rounds 5]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from report import Table, paired, progress
from synth import WAYS, run_app

from constructs_lib.local import LocalAws, server_process, toolchain
from constructs_lib.local.data import train_classifier, upload_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[1] / "examples" / "data"
TARGET = 1.0
SDK_CLIENT = "@aws-sdk/client-comprehend@3.1138.0"


@contextmanager
def node_sdk() -> Iterator[None]:
    """Gives functions the SDK client that AwsCustomResource loads; on AWS the Node runtime brings it."""
    environment_of = server_process._environment  # noqa: SLF001 - the one door to a function's environment
    with tempfile.TemporaryDirectory() as folder:
        _npm_install(folder)

        def with_sdk(*arguments: Any) -> dict[str, str]:  # noqa: ANN401 - passed on
            found = environment_of(*arguments)
            return {**found, "NODE_PATH": os.pathsep.join([found["NODE_PATH"], f"{folder}/node_modules"])}

        with mock.patch.object(server_process, "_environment", with_sdk):
            yield


def _npm_install(folder: str) -> None:
    npm = toolchain.node_home() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--loglevel=error"]
    done = subprocess.run(  # noqa: S603 - our own Node and npm
        [toolchain.node_binary(), npm, "install", SDK_CLIENT, "--prefix", folder, *options],
        env={**os.environ, "PATH": f"{toolchain.node_home() / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if done.returncode:
        raise SystemExit(f"npm could not install {SDK_CLIENT}, which AwsCustomResource needs:\n{done.stderr}")


def measure(rounds: int) -> dict[str, list[float]]:
    """Deploy each way once a round.

    Returns:
        Seconds of the deployments of each way.
    """
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    with node_sdk(), tempfile.TemporaryDirectory() as folder, LocalAws(time_limit=120) as aws:
        aws.bootstrap()
        train_classifier(aws, DATA / "training.csv")
        bucket = upload_documents(aws, DATA / "documents").removeprefix("s3://").partition("/")[0]
        # The first round fills caches: assets are published once an account, as on AWS.
        names = {(way, number): f"{way.replace('_', '-')}-{number}" for number in range(rounds + 1) for way in WAYS}

        def synthesize(which: tuple[str, int]) -> None:
            way, _ = which
            run_app(way, 1, Path(folder) / names[which], "--stack", names[which], "--documents", bucket)

        progress(f"deployment: synthesizing {len(names)} apps")
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(synthesize, names))
        for (way, number), name in names.items():
            progress(f"deployment: round {number} of {rounds}, {WAYS[way]}")
            jobs = _started(aws)
            began = time.perf_counter()
            aws.deploy(Path(folder) / name)
            taken = time.perf_counter() - began
            if _started(aws) != jobs + 1:
                raise SystemExit(f"The deployment of {name} did not start exactly one job.")
            if number:
                seconds[way].append(taken)
    return seconds


def _started(aws: LocalAws) -> int:
    return aws.calls().get("StartDocumentClassificationJob", 0)


def tables(rounds: int) -> list[Table]:
    """Measure, and put the figures side by side."""
    seconds = measure(rounds)
    middle = (f"{statistics.median(seconds[way]):.2f}" for way in WAYS)
    compared = (paired(seconds["ours"], seconds[way], TARGET) for way in ("aws_custom_resource", "provider"))
    rows = [("median, s", *middle, *compared)]
    notes = (
        "`cdk deploy` of one job, waiting for SUBMITTED; synthesized before, with a running, bootstrapped local AWS.",
        "Functions run as local processes, where Python and botocore start slower than Node and its SDK.",
        f"{rounds} rounds in turns, after one that fills the caches; ratios of each round's pair.",
    )
    columns = ("Deployment", *WAYS.values(), "ratio to AwsCustomResource", "ratio to Provider")
    return [Table("Local deployment", columns, rows, notes)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="deployments of each (default: 5)")
    for table in tables(parser.parse_args().rounds):
        sys.stdout.write(table.text())


if __name__ == "__main__":
    main()
