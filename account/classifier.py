"""The classifier of a run: a given one, or one that is trained from the example data."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from account.anchors import ROOT
from account.bench import Bench
from account.cloud import CloudError

if TYPE_CHECKING:
    from account.bench import Run

_PATIENCE = 3 * 3600.0
_USABLE = ("TRAINED", "TRAINED_WITH_WARNING")


def check_classifier(run: Run) -> None:
    """Look whether the given classifier can be used.

    Raises:
        CloudError: It is not there, not this Region's, or not trained.
    """
    try:
        status = _status(run)
    except ClientError as error:
        raise CloudError(f"--classifier {run.classifier}: {error}") from error
    if status not in _USABLE:
        raise CloudError(f"--classifier {run.classifier} is {status}, not TRAINED")


def train(run: Run) -> None:
    """Train a classifier on the example mails and let the run use it.

    Raises:
        CloudError: Training failed, or took hours.
    """
    bench = Bench(run, "training")
    bench.write("training.csv", (ROOT / "examples" / "data" / "training.csv").read_bytes())
    run.classifier = bench.client("comprehend").create_document_classifier(
        DocumentClassifierName=run.prefix,
        DataAccessRoleArn=bench.data_access_role(bench.reads()),
        InputDataConfig={"S3Uri": bench.uri("training.csv")},
        LanguageCode="en",
        Tags=run.tags,
    )["DocumentClassifierArn"]
    deadline = time.monotonic() + _PATIENCE
    while (status := _status(run)) not in _USABLE:
        if status not in {"SUBMITTED", "TRAINING"}:
            raise CloudError(f"training ended as {status}")
        if time.monotonic() > deadline:
            raise CloudError(f"training is still {status} after {_PATIENCE / 3600:.0f} hours")
        run.pause(max(30 * run.pace, 0.05))


def _status(run: Run) -> str:
    answer = run.cloud.client("comprehend").describe_document_classifier(DocumentClassifierArn=run.classifier)
    return str(answer["DocumentClassifierProperties"]["Status"])
