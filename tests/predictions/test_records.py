"""Every shape that the service documents becomes the same kind of record."""

import io

import pytest
from predictions.archives import json_lines, multi_class, multi_label

from constructs_lib.predictions import BadArchiveError, Prediction, Problem, Score, read_predictions
from constructs_lib.predictions.reading.records import parse_record


def parse_one(record):
    (prediction,) = parse_record(record)
    return prediction


def test_a_file_with_classes():
    assert parse_one(multi_class("a.txt", ("INVOICE", 0.9), ("ORDER", 0.1))) == Prediction(
        "a.txt", scores=(Score("INVOICE", 0.9), Score("ORDER", 0.1))
    )


@pytest.mark.parametrize("line", [7, "7"])
def test_a_line_given_as_number_or_as_text(line):
    assert parse_one(multi_class("a.txt", ("INVOICE", 1), Line=line)).line == 7


def test_scores_are_sorted_from_most_to_least_likely():
    prediction = parse_one(multi_class("a.txt", ("LOW", 0.2), ("HIGH", 0.8)))
    assert prediction.best == Score("HIGH", 0.8)


def test_names_lose_the_spaces_around_them():
    assert parse_one(multi_class("a.txt", ("__label__2 ", 0.9))).best.name == "__label__2"


def test_labels_make_a_multi_label_prediction():
    prediction = parse_one(multi_label("a.txt", ("Comedy", 0.9), ("Drama", 0.6), ("Science Fiction", 0.1)))
    assert prediction.multi_label
    assert [score.name for score in prediction.assigned()] == ["Comedy", "Drama"]
    assert [score.name for score in prediction.assigned(0.05)] == ["Comedy", "Drama", "Science Fiction"]


def test_a_multi_label_document_may_have_no_label_at_all():
    assert parse_one(multi_label("a.txt")).assigned() == ()
    assert parse_one(multi_label("a.txt", ("Comedy", 0.4))).assigned() == ()


def test_a_multi_class_document_belongs_to_its_best_class_however_unlikely():
    assert parse_one(multi_class("a.txt", ("INVOICE", 0.2), ("ORDER", 0.1))).assigned() == (Score("INVOICE", 0.2),)


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("ScannedPDF", "SCANNED_PDF"),
        ("NativePDF", "NATIVE_PDF"),
        ("MS_WORD", "MS_WORD"),
        ("MSWord", "MS_WORD"),
        ("Image", "IMAGE"),
        ("PlainText", "PLAIN_TEXT"),
        ("SomethingNew", "SomethingNew"),
        (None, None),
    ],
)
def test_document_types_take_the_spelling_of_the_api(spelling, expected):
    assert parse_one(multi_class("a.pdf", ("A", 1), DocumentType=spelling)).document_type == expected


def test_a_page_of_a_scanned_document():
    prediction = parse_one(
        multi_class(
            "scan.pdf",
            ("A", 1),
            DocumentMetadata={"PageNumber": 2, "Pages": "3"},
            DocumentType="ScannedPDF",
            Version="2021-04-30",
            Errors=[{"Page": 2, "ErrorCode": "PAGE_CHARACTERS_EXCEEDED", "ErrorMessage": "too long"}],
            Warnings=[{"Page": 2, "WarnCode": "INFERENCING_X", "WarnMessage": "wrong model"}],
        )
    )
    assert (prediction.page, prediction.pages, prediction.document) == (2, 3, "scan.pdf page 2")
    assert prediction.errors == (Problem("PAGE_CHARACTERS_EXCEEDED", "too long", 2),)
    assert prediction.warnings == (Problem("INFERENCING_X", "wrong model", 2),)


def test_empty_lists_of_errors_and_warnings_are_no_problems():
    prediction = parse_one(multi_class("scan.pdf", ("A", 1), Errors=[], Warnings=None))
    assert prediction.errors == prediction.warnings == ()


def test_one_object_with_the_scores_of_several_pages_becomes_a_prediction_a_page():
    record = {
        "File": "scan.pdf",
        "Classes": [
            {"Name": "A", "Score": 0.3, "Page": 1},
            {"Name": "B", "Score": 0.7, "Page": 1},
            {"Name": "A", "Score": 0.9, "Page": 2},
        ],
        "DocumentMetadata": {"Pages": 3, "ExtractedCharacters": [{"Page": 1, "Count": 20}]},
        "DocumentType": [{"Page": 1, "Type": "NATIVE_PDF"}, {"Page": 2, "Type": "SCANNED_PDF"}],
        "Errors": [{"Page": 3, "ErrorCode": "TEXTRACT_BAD_PAGE"}],
    }
    first, second, third = parse_record(record)
    assert (first.page, first.best.name, first.document_type, first.errors) == (1, "B", "NATIVE_PDF", ())
    assert (second.page, second.best.name, second.document_type) == (2, "A", "SCANNED_PDF")
    assert (third.page, third.best, third.errors) == (3, None, (Problem("TEXTRACT_BAD_PAGE", "", 3),))


def test_a_document_that_could_not_be_read_keeps_its_error():
    prediction = parse_one(
        {"File": "a.txt", "Line": 2, "ErrorCode": "DOCUMENT_SIZE_EXCEEDED", "ErrorMessage": "too large"}
    )
    assert prediction == Prediction("a.txt", line=2, errors=(Problem("DOCUMENT_SIZE_EXCEEDED", "too large"),))
    assert prediction.best is None


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"Classes": []}, "File is not there, but Classes; a classification job"),
        ({"File": "a"}, "none of Classes, Labels, Errors and ErrorCode"),
        ({"File": "a", "Classes": "A"}, "Classes is 'A', a list"),
        ({"File": "a", "Classes": ["A"]}, "Classes is 'A', an object"),
        ({"File": "a", "Classes": [{"Name": 1, "Score": 1}]}, "Name is 1, a string"),
        ({"File": "a", "Classes": [{"Name": "A", "Score": "x"}]}, "Score is 'x', a number"),
        ({"File": "a", "Classes": [{"Name": "A", "Score": True}]}, "Score is True, a number"),
        ({"File": "a", "Classes": [{"Name": "A", "Score": float("nan")}]}, "Score is nan, a number"),
        ({"File": "a", "Classes": [], "Line": "one"}, "Line is 'one', a whole number"),
        ({"File": "a", "Classes": [], "DocumentMetadata": [1]}, "DocumentMetadata is [1], an object"),
    ],
)
def test_what_is_no_prediction_is_named(record, message):
    with pytest.raises(ValueError, match=message.replace("[", r"\[").replace("]", r"\]")):
        list(parse_record(record))


@pytest.mark.parametrize(
    "given", ["ScannedPDF", "SCANNED_PDF", "NativePDF", "IMAGE", "Scanned-PDF", "other", None, [], 7]
)
@pytest.mark.parametrize("version", [{}, {"Version": "2022-08-30"}, {"Other": 1}])
@pytest.mark.parametrize("metadata", [{"PageNumber": 2, "Pages": 3}, {"PageNumber": 0, "Pages": 3}, {"Pages": "3"}])
def test_the_short_way_for_a_page_finds_what_the_long_way_finds(given, version, metadata):
    record = multi_class("a.pdf", ("A", 0.9), ("B", 0.1), DocumentMetadata=metadata, DocumentType=given, **version)
    try:
        expected = list(parse_record(record))
    except ValueError:
        with pytest.raises(BadArchiveError):
            list(read_predictions(io.BytesIO(json_lines([record]))))
        return
    # The second time the names are known, which opens the short way.
    assert list(read_predictions(io.BytesIO(json_lines([record, record])))) == expected * 2
