"""The workflow judges jobs as the custom resource's function does."""

import pytest
from classification_job import hints, watch

from constructs_lib.predictions.reading.reading_errors import BadArchiveError
from constructs_lib.workflow import definition
from constructs_lib.workflow.explanations import ACCESS


@pytest.mark.parametrize(
    "message",
    [
        "NO_READ_ACCESS_TO_INPUT: The provided data access role does not have proper access to the input data.",
        "NO_WRITE_ACCESS_TO_OUTPUT: The provided data access role does not have write access",
        "Cannot assume the data access role",
        "The KMS key cannot be used",
        "Access Denied",
        "AccessDenied when calling GetObject",
        "User is not authorized to perform: s3:GetObject",
        "TEXTRACT_ACCESS_DENIED",
        "INTERNAL_ERROR",
        "UNSUPPORTED_LANGUAGE",
        "no reason given",
        "",
    ],
)
def test_the_same_messages_speak_of_access(message):
    assert any(words in message.lower() for words in ACCESS) == hints.tells_of_access(message)


def test_the_same_seconds_prove_a_job():
    assert definition.SETTLED == watch.SETTLED
    assert watch._PROVEN == {"SUBMITTED": definition.PROVEN_IN_QUEUE, "IN_PROGRESS": definition.SETTLED}


def test_no_archive_that_cannot_be_read_is_read_again():
    kinds = [BadArchiveError, *BadArchiveError.__subclasses__()]
    assert {kind.__name__ for kind in kinds} <= set(definition._MENDED_BY_NOTHING)
