"""Read what a document classification job found.

On the command line: `python -m constructs_lib.predictions <JobArn, job id, s3 URI or local output.tar.gz>`.

In Python:

    with open_output("s3://results/123456789012-CLN-0a1b/output/output.tar.gz") as output:
        for prediction in read_predictions(output.stream):
            print(prediction.file, prediction.best)

Reading from AWS needs boto3, which the extra `results` installs; everything else needs the standard library only.
"""

from constructs_lib.predictions.errors import AccessError as AccessError
from constructs_lib.predictions.errors import JobNotFinishedError as JobNotFinishedError
from constructs_lib.predictions.errors import MissingExtraError as MissingExtraError
from constructs_lib.predictions.errors import NotFoundError as NotFoundError
from constructs_lib.predictions.labels import Labels as Labels
from constructs_lib.predictions.labels import read_labels as read_labels
from constructs_lib.predictions.page import render_html as render_html
from constructs_lib.predictions.reading import BadArchiveError as BadArchiveError
from constructs_lib.predictions.reading import Prediction as Prediction
from constructs_lib.predictions.reading import PredictionsError as PredictionsError
from constructs_lib.predictions.reading import Problem as Problem
from constructs_lib.predictions.reading import Score as Score
from constructs_lib.predictions.reading import read_predictions as read_predictions
from constructs_lib.predictions.source import Output as Output
from constructs_lib.predictions.source import open_output as open_output
from constructs_lib.predictions.summary import Accuracy as Accuracy
from constructs_lib.predictions.summary import ClassCount as ClassCount
from constructs_lib.predictions.summary import Miss as Miss
from constructs_lib.predictions.summary import Summary as Summary
from constructs_lib.predictions.summary import summarize as summarize
from constructs_lib.predictions.terminal import render_text as render_text
