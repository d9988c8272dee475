"""Archives are streamed, and damaged ones are told from whole ones."""

import gzip
import io
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from predictions.archives import archive, json_lines, multi_class, multi_label, tar_gz

from constructs_lib.predictions import BadArchiveError, Prediction, Score, read_predictions, summarize


def read(data):
    return list(read_predictions(io.BytesIO(data)))


def names(data):
    return [prediction.file for prediction in read(data)]


class OnlyRead:
    """A stream like the body of a response: it can be read forwards, and gives less than was asked for."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def read(self, size, /):
        return self._data.read(min(size, 100))


def test_json_lines_are_read_from_a_stream_that_cannot_seek():
    data = archive(multi_class("a.txt", ("A", 0.9)), multi_label("b.txt", ("B", 0.8)))
    assert list(read_predictions(OnlyRead(data))) == [
        Prediction("a.txt", scores=(Score("A", 0.9),)),
        Prediction("b.txt", scores=(Score("B", 0.8),), multi_label=True),
    ]


def test_a_json_array_over_many_lines_is_read():
    records = [multi_class("a.pdf", ("A", 1), DocumentMetadata={"PageNumber": page, "Pages": 2}) for page in (1, 2)]
    data = tar_gz({"predictions.json": json.dumps(records, indent=4).encode()})
    assert [prediction.page for prediction in read(data)] == [1, 2]


@pytest.mark.parametrize("ending", [b"\r\n", b"\r", b"\n\n"])
def test_every_line_ending_is_understood(ending):
    assert names(tar_gz({"predictions.jsonl": json_lines([multi_class("a"), multi_class("b")]).replace(b"\n", ending)}))


def test_a_byte_order_mark_is_skipped():
    assert names(tar_gz({"predictions.jsonl": b"\xef\xbb\xbf" + json_lines([multi_class("a")])})) == ["a"]


def test_a_job_that_classified_nothing_has_no_predictions():
    assert read(tar_gz({"predictions.jsonl": b""})) == []


def test_answers_of_textract_beside_the_predictions_are_left_alone():
    data = tar_gz({"scan.pdf/1": b'{"Blocks": []}', "scan.pdf/scan.out": json_lines([multi_class("scan.pdf")])})
    assert names(data) == ["scan.pdf"]


def test_a_record_longer_than_one_read_is_whole():
    scores = [(f"CLASS_{number}", 1 / (number + 2)) for number in range(5000)]
    (prediction,) = read(archive(multi_class("a.txt", *scores)))
    assert len(prediction.scores) == 5000


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NOTHING = st.just(())
PREDICTIONS = st.builds(
    Prediction,
    file=TEXT,
    page=st.none(),
    pages=st.none(),
    document_type=st.none(),
    errors=NOTHING,
    warnings=NOTHING,
    job=st.none(),
    line=st.none() | st.integers(0, 10**6),
    multi_label=st.booleans(),
    scores=st.lists(
        st.builds(Score, TEXT.map(str.strip), st.floats(0, 1)), max_size=4, unique_by=lambda score: score.name
    ).map(lambda scores: tuple(sorted(scores, key=lambda score: -score.score))),
)


@given(st.lists(PREDICTIONS, max_size=5), st.sampled_from([None, 2]), st.booleans())
def test_whatever_was_written_is_read_back(predictions, indent, in_an_array):
    records = []
    for prediction in predictions:
        make = multi_label if prediction.multi_label else multi_class
        line = {} if prediction.line is None else {"Line": str(prediction.line)}
        records.append(make(prediction.file, *((s.name, s.score) for s in prediction.scores), **line))
    text = (
        json.dumps(records, indent=indent) if in_an_array else "\n".join(json.dumps(r, indent=indent) for r in records)
    )
    assert read(tar_gz({"predictions.jsonl": text.encode()})) == predictions


def test_a_long_archive_is_summarized_in_bounded_memory():
    lines = b"".join(
        b'{"File": "mails.txt", "Line": "%d", "Classes": [{"Name": "A", "Score": 0.%d}]}\n' % (n, n % 1000 + 1)
        for n in range(30_000)
    )
    data = tar_gz({"predictions.jsonl": lines})
    tracemalloc.start()
    try:
        summary = summarize(read_predictions(io.BytesIO(data)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert summary.total == 30_000
    assert peak < 1_500_000  # a chunk and its records


def test_pages_of_scanned_documents_do_not_pile_up_in_memory():
    data = tar_gz(
        {f"scan.pdf/{page}": b"" for page in range(3000)} | {"scan.out": json_lines([multi_class("scan.pdf")])}
    )
    tracemalloc.start()
    try:
        assert names(data) == ["scan.pdf"]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 500_000  # remembering the members would take several times as much


WHOLE = archive(*(multi_class(f"{number}.txt", ("A", number / 1000)) for number in range(1000)))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "there is nothing in it"),
        (WHOLE[: len(WHOLE) // 2], "what is compressed is cut off"),
        (WHOLE[:-4], "what is compressed is cut off"),
        (WHOLE + b"more", "something else follows"),
        (WHOLE[:200] + b"\0\0\0\0" + WHOLE[204:], "what is compressed is damaged"),
        (WHOLE[:-8] + b"\0\0\0\0" + WHOLE[-4:], "incorrect data check"),
        (gzip.compress(gzip.decompress(WHOLE)[:5000]), "cut off in 'predictions.jsonl'"),
        (gzip.decompress(WHOLE)[:5000], "cut off in 'predictions.jsonl'"),
        (gzip.decompress(WHOLE).rstrip(b"\0"), "cut off"),
    ],
    ids=[
        "empty",
        "half",
        "cut",
        "more",
        "broken",
        "wrong sum",
        "half a tar",
        "half a bare tar",
        "a tar without its end",
    ],
)
def test_a_damaged_archive_is_refused(data, reason):
    with pytest.raises(BadArchiveError, match=f"no complete archive.*{reason}"):
        read(data)


@pytest.mark.parametrize(
    "data",
    [b"not an archive", gzip.compress(b"text, but no tar" * 100), b"\x89PNG\r\n"],
    ids=["text", "zipped text", "a picture"],
)
def test_what_is_neither_an_archive_nor_json_is_refused(data):
    with pytest.raises(BadArchiveError, match=r"neither an output\.tar\.gz nor JSON, gzip, tar or zip"):
        read(data)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"File": "a", "Classes": []}\n{"File": ', "1: the text ends too early"),
        (b'{"File": "a", "Classes": []}\n{"File": "\xff"}', "can't decode"),
        (b"[7]", "a record is 7, an object was expected"),
        (b'{"File": "a", "Surprise": []}', "none of Classes"),
        (b"{" + b" " * (3 << 20), "no JSON object of at most 1 MiB"),
        (b'{"File": "a", "Classes": []}' + b" " * (3 << 20) + b'{"File": "a", "Classes": []}', "at most 1 MiB"),
    ],
)
def test_what_is_no_prediction_is_shown_with_its_place(content, message):
    with pytest.raises(BadArchiveError, match=f"predictions.jsonl.*no prediction at or after record .*{message}"):
        read(tar_gz({"predictions.jsonl": content}))


def test_an_archive_of_another_kind_is_refused_with_what_it_holds():
    with pytest.raises(BadArchiveError, match=r"it holds model\.bin"):
        read(tar_gz({"model.bin": b"..."}))
