"""Read predictions out of what a classification job wrote.

Needs the standard library only and imports nothing from outside this folder, which also runs in Lambda.

Limits, each refused with `BadArchiveError` when it is passed: a record, the blanks between two records, and the headers
of one member of an archive are at most 1 MiB each, and whole numbers have at most 18 digits. Memory stays below some
tens of MiB, and time is proportional to the bytes that are unpacked.
"""

from .archive import read_batches as read_batches
from .archive import read_predictions as read_predictions
from .prediction import LABEL_THRESHOLD as LABEL_THRESHOLD
from .prediction import Prediction as Prediction
from .prediction import Problem as Problem
from .prediction import Score as Score
from .reading_errors import BadArchiveError as BadArchiveError
from .reading_errors import PredictionsError as PredictionsError
from .rows import row_encoder as row_encoder
from .rows import to_row as to_row
from .streams import ReadableStream as ReadableStream
