"""Read what document classification jobs found.

On the command line: `python -m constructs_lib.predictions <JobArn, job id, s3 URI or local output.tar.gz> ...`.

In Python:

    with open_output("s3://results/123456789012-CLN-0a1b/output/output.tar.gz") as output:
        for prediction in read_predictions(output.stream):
            print(prediction.file, prediction.best)

    for prediction in read_outputs("s3://results"):  # all jobs
        print(prediction.job, prediction.file, prediction.best)

Reading from AWS, reports and pages need the extra `results`; everything else needs the standard library only.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from constructs_lib.predictions.labels import Labels as Labels
from constructs_lib.predictions.labels import read_labels as read_labels
from constructs_lib.predictions.reading import BadArchiveError as BadArchiveError
from constructs_lib.predictions.reading import Prediction as Prediction
from constructs_lib.predictions.reading import PredictionsError as PredictionsError
from constructs_lib.predictions.reading import Problem as Problem
from constructs_lib.predictions.reading import Score as Score
from constructs_lib.predictions.reading import read_predictions as read_predictions
from constructs_lib.predictions.source import Output as Output
from constructs_lib.predictions.source import open_output as open_output
from constructs_lib.predictions.source import open_outputs as open_outputs
from constructs_lib.predictions.source import read_outputs as read_outputs
from constructs_lib.predictions.source_errors import AccessError as AccessError
from constructs_lib.predictions.source_errors import JobNotFinishedError as JobNotFinishedError
from constructs_lib.predictions.source_errors import MissingExtraError as MissingExtraError
from constructs_lib.predictions.source_errors import NotFoundError as NotFoundError
from constructs_lib.predictions.summary import Accuracy as Accuracy
from constructs_lib.predictions.summary import ClassAccuracy as ClassAccuracy
from constructs_lib.predictions.summary import ClassCount as ClassCount
from constructs_lib.predictions.summary import Confusion as Confusion
from constructs_lib.predictions.summary import ConfusionMatrix as ConfusionMatrix
from constructs_lib.predictions.summary import Miss as Miss
from constructs_lib.predictions.summary import Summary as Summary
from constructs_lib.predictions.summary import confusion_matrix as confusion_matrix
from constructs_lib.predictions.summary import summarize as summarize

if TYPE_CHECKING:
    from constructs_lib.predictions.page import render_html as render_html
    from constructs_lib.predictions.terminal import render_for_terminal as render_for_terminal
    from constructs_lib.predictions.terminal import render_text as render_text

_OF_THE_EXTRA = {"render_html": "page", "render_for_terminal": "terminal", "render_text": "terminal"}


def __getattr__(name: str) -> object:
    """Load what needs the extra `results` when it is asked for."""
    if name not in _OF_THE_EXTRA:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_OF_THE_EXTRA[name]}"), name)
    except ImportError as error:
        raise MissingExtraError(
            f"{name} needs {error.name}: pip install 'cdk-comprehend-classification[results]', "
            "or in a checkout: pip install '.[results]'"
        ) from error
