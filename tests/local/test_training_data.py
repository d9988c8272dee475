"""Labelled files: what is understood, and what is refused with its row."""

import pytest

from constructs_lib.local import data
from constructs_lib.local.comprehend import training_data


def rows(*labels, each=50, text="a text of number {}", quote='"'):
    return "".join(f"{label},{quote}{text.format(n)}{quote}\n" for label in labels for n in range(each))


GOOD = rows("SPAM", "HAM")


def read(text, delimiter=None):
    content = text if isinstance(text, bytes) else text.encode()
    return training_data.read([content], delimiter=delimiter)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_they_like(end):
    data = read(GOOD.replace("\n", end))
    assert (data.names, len(data.texts)) == (["HAM", "SPAM"], 100)


def test_a_byte_order_mark_is_not_part_of_a_label():
    assert read(b"\xef\xbb\xbf" + GOOD.encode()).names == ["HAM", "SPAM"]


def test_a_text_may_have_megabytes_line_ends_and_quotes():
    long = "x " * 1_000_000
    data = read(GOOD + f'HAM,"{long}"\nHAM,"two\nlines, and ""quotes"""\n')
    assert len(data.texts[-2]) == 2_000_000
    assert data.texts[-1] == 'two\nlines, and "quotes"'


def test_several_labels_of_a_document_are_told_apart_in_multi_label_mode():
    data = read(rows("A|B", "A", "B", each=20), "|")
    assert data.names == ["A", "B"]
    assert data.labels[0] == ["A", "B"]


@pytest.mark.parametrize(("text", "label"), [(GOOD, None), (GOOD + "A|B,text\n", "A|B"), (GOOD + "|,text\n", None)])
def test_labels_that_look_like_several_are_noticed(tmp_path, text, label):
    file = tmp_path / "labelled.csv"
    file.write_text(text)
    assert data.several_labels(file) == label


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("label,text\n" + GOOD, r"row 1 looks like a header \(label,text\)"),
        ("Category,Body\n" + GOOD, "row 1 looks like a header"),
        ("heading,words\n" + GOOD, r"'heading' \(row 1\) has 1. If row 1 is a header, take it out"),
        (GOOD.replace(",", ";"), "row 1 has no comma: label and text are separated by one, not by ';'"),
        (GOOD.replace(",", "\t"), r"row 1 has no comma: .* not by '\\t'"),
        ("".join(f"text number {n},SPAM\n" for n in range(30)), "at least 2|documents are needed"),
        ("".join(f"text {n},{'SPAM' if n % 2 else 'HAM'}\n" for n in range(30)), "The label must stand first"),
        ('{"source": "a", "label": "SPAM"}\n', "row 1 looks like JSON"),
        (GOOD + "SPAM,hello, dear friend\n", "row 101 has 3 columns, not 2.*in double quotes"),
        (GOOD + "SPAM,a text,en\n", "row 101 has 3 columns"),
        (GOOD + "SPAM\n", "row 101 has 1 column, not 2"),
        (GOOD + ",a text\n", "row 101 has an empty label"),
        (GOOD + "SPAM,\n", "row 101 has an empty text"),
        (GOOD + 'SPAM,"open\n', "is not CSV"),
        (GOOD + "SPAM ,a text\n", "row 101 has a label with a space at its edge, 'SPAM '"),
        (GOOD + f"{'L' * 5001},a text\n", "row 101 has a label of 5,001 characters"),
        (rows("SPAM", "HAM", each=49), r"at least 50 documents are needed for each label, 'SPAM' \(row 1\) has 49"),
        (rows(*map(str, range(1001))), "at most 1,000 labels are allowed, found 1,001"),
        (rows("A|B", "C|D", each=5), "train in multi-label mode"),
        (rows("ONLY"), r"at least 2 labels are needed, found \['ONLY'\]"),
        ("", r"at least 2 labels are needed, found \[\]"),
        (GOOD.encode() + "SPAM,Grüße\n".encode("latin-1"), "line 101 is not UTF-8"),
        (GOOD.encode("utf-16"), "line 1 is not UTF-8"),
    ],
)
def test_what_would_be_learned_wrongly_is_refused_with_its_row(text, said):
    with pytest.raises(ValueError, match=said):
        read(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (rows("A|B", "A", each=9), r"at least 10 documents are needed for each label, 'B' \(row 1\) has 9"),
        (rows("A|B", each=49), "at least 50 documents are needed in all, found 49"),
        (rows(*map(str, range(101)), each=10), "at most 100 labels are allowed, found 101"),
        (rows("A|B", "B") + "A| B,a text\n", "row 101 has a label with a space at its edge, ' B'"),
        (rows("A|B", "B") + "A||B,a text\n", "row 101 has an empty label in 'A||B'"),
    ],
)
def test_several_labels_have_quotas_of_their_own(text, said):
    with pytest.raises(ValueError, match=said):
        read(text, "|")
