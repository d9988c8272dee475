"""How the local Comprehend takes documents from an object."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.local.comprehend import s3_documents

LINE, FILE = "ONE_DOC_PER_LINE", "ONE_DOC_PER_FILE"


def documents(content, how):
    return [
        (document.line, document.text, document.error) for document in s3_documents.documents("in/a.txt", content, how)
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_from_the_first_bad_one_on_are_not_read(end):
    content = end.join([b"one", b"", "zwei Grüße".encode("latin-1"), b"three"])
    assert documents(content, LINE) == [(0, "one", {}), (2, None, s3_documents.NOT_TEXT)]


def test_a_bad_first_line_is_all_that_is_said_of_a_file():
    assert documents(b"\xff\xfe%PDF\nline", LINE) == [(0, None, s3_documents.NOT_TEXT)]


def test_a_file_that_is_not_text_has_an_error_without_a_line():
    assert documents(b"good\n\xff", FILE) == [(None, None, s3_documents.NOT_TEXT)]


def test_a_file_over_ten_megabytes_has_an_error():
    assert documents(b"x" * (10 * 1024 * 1024 + 1), FILE) == [(None, None, s3_documents.TOO_LARGE)]


@given(st.lists(st.binary(max_size=6), max_size=6))
def test_any_bytes_give_each_line_at_most_once_and_nothing_after_an_error(pieces):
    found = documents(b"\n".join(pieces), LINE)
    numbers = [line for line, _, _ in found]
    assert numbers == sorted(set(numbers))
    assert all(text is not None for _, text, _ in found[:-1])
