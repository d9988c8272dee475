"""Counting and comparing."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.predictions import (
    NotFoundError,
    Prediction,
    PredictionsError,
    Problem,
    Score,
    read_labels,
    summarize,
)


def found(file, name="A", score=0.9, **more):
    return Prediction(file, scores=(Score(name, score),), **more)


def test_classes_are_counted_the_most_frequent_first():
    summary = summarize([found("1", "B", 0.4), found("2", "A"), found("3", "B", 0.6)])
    assert [(item.name, item.documents) for item in summary.classes] == [("B", 2), ("A", 1)]
    assert summary.classes[0].mean_score == pytest.approx(0.5)
    assert summary.total == 3


def test_every_label_above_the_threshold_is_counted():
    both = Prediction("1", scores=(Score("A", 0.8), Score("B", 0.3)), multi_label=True)
    assert [item.name for item in summarize([both]).classes] == ["A"]
    assert [item.name for item in summarize([both], threshold=0.2).classes] == ["A", "B"]
    assert summarize([both], threshold=0.9).unassigned == 1


@given(st.lists(st.floats(0, 1)), st.integers(0, 5))
def test_the_lowest_are_the_lowest(scores, kept):
    predictions = [found(str(number), score=score) for number, score in enumerate(scores)]
    lowest = summarize(predictions, lowest=kept).lowest
    assert [p.best.score for p in lowest] == sorted(scores)[:kept]
    assert all(int(a.file) < int(b.file) for a, b in pairwise(lowest) if a.best == b.best)


def test_errors_and_warnings_are_counted_by_code():
    bad = Prediction("1", errors=(Problem("X"), Problem("Y")))
    summary = summarize([bad, bad, found("2", errors=(Problem("X"),), warnings=(Problem("W"),))])
    assert summary.error_codes == {"X": 3, "Y": 2}
    assert summary.warning_codes == {"W": 1}
    assert (summary.with_errors, summary.unassigned, len(summary.problems)) == (3, 2, 3)


def test_single_problems_and_misses_are_kept_to_a_limit_but_all_counted(tmp_path):
    (tmp_path / "labels.csv").write_text("line,label\n" + "".join(f"{n},B\n" for n in range(150)))
    predictions = [found("f", line=n, errors=(Problem("X"),)) for n in range(150)]
    summary = summarize(predictions, labels=read_labels(tmp_path / "labels.csv"))
    assert (summary.with_errors, len(summary.problems)) == (150, 100)
    assert (summary.accuracy.labelled - summary.accuracy.right, len(summary.accuracy.misses)) == (150, 100)


def test_nothing_at_all_can_be_summarized():
    summary = summarize([])
    assert (summary.total, summary.classes, summary.lowest, summary.accuracy) == (0, (), (), None)


def compared(tmp_path, text, *predictions):
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return summarize(predictions, labels=read_labels(path)).accuracy


def test_files_are_compared_with_their_labels(tmp_path):
    accuracy = compared(
        tmp_path,
        "file,label\na.txt,A\nb.txt,B\nlost.txt,A\n",
        found("mails/a.txt", "A"),
        found("b.txt", "A"),
        found("extra.txt"),
    )
    assert (accuracy.right, accuracy.labelled, accuracy.unlabelled, accuracy.not_predicted) == (1, 2, 1, 1)
    assert accuracy.share == 0.5
    (miss,) = accuracy.misses
    assert (miss.prediction.file, miss.expected) == ("b.txt", ("B",))


def test_lines_are_compared_with_their_labels(tmp_path):
    accuracy = compared(tmp_path, "line,label\n0,A\n1,B\n", found("f", line=0), found("f", line=1))
    assert (accuracy.right, accuracy.labelled) == (1, 2)


def test_lines_of_several_files_are_told_apart(tmp_path):
    text = "file,line,label\nf,0,A\ng,0,B\n"
    accuracy = compared(tmp_path, text, found("f", "A", line=0), found("g", "B", line=0))
    assert (accuracy.right, accuracy.labelled) == (2, 2)


def test_all_labels_of_a_document_must_agree(tmp_path):
    both = Prediction("f", scores=(Score("A", 0.8), Score("B", 0.7)), multi_label=True)
    assert compared(tmp_path, "file,label\nf,B|A\n", both).right == 1
    assert compared(tmp_path, "file,label\nf,A\n", both).right == 0


def test_a_document_with_an_error_counts_as_wrong(tmp_path):
    assert compared(tmp_path, "file,label\nf,A\n", Prediction("f", errors=(Problem("X"),))).right == 0


def test_labels_that_meet_no_prediction_give_no_share(tmp_path):
    assert compared(tmp_path, "file,label\nf,A\n", found("other")).share == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a.txt,A\n", "the first line must name its columns"),
        ("", "the first line must name its columns"),
        ("file,label\n", "no line below the column names"),
        ("file,label\na,A\na,B\n", "line 3: this document has a label already"),
        ("file,label\na,\n", "line 2: the label is empty"),
        ("file,label\na\n", "line 2: the label is empty"),
        ("line,label\nx,A\n", "line 2: line is 'x', a whole number"),
        ('file,label\n"a,A\n', "line 2: unexpected end of data"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(tmp_path, text, message):
    with pytest.raises(PredictionsError, match=message):
        compared(tmp_path, text)


def test_labels_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(NotFoundError, match=r"labels: there is no file .*labels\.csv"):
        read_labels(tmp_path / "labels.csv")


@pytest.mark.parametrize("given", ["", "folder"])
def test_labels_that_are_a_folder_or_no_name_are_refused(tmp_path, monkeypatch, given):
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("folder").mkdir()
    with pytest.raises(PredictionsError, match=f"labels: '{given}' is a folder or no name"):
        read_labels(given)
