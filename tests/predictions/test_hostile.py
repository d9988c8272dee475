"""Whatever foreign bytes do, it ends with predictions or with BadArchiveError, in bounded memory and linear time."""

import gzip
import io
import itertools
import json
import random
import sys
import tarfile
import time
import tracemalloc
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from predictions.archives import archive, json_lines, multi_class, multi_label, tar_gz

from constructs_lib.predictions import BadArchiveError, read_predictions, summarize

RECORDS = [
    multi_class("a.txt", ("A", 0.9), ("B", 0.1), Line="0"),
    multi_label("b.pdf", ("A", 0.9), DocumentMetadata={"PageNumber": 1, "Pages": 2}, DocumentType="ScannedPDF"),
    {
        "File": "c.pdf",
        "Classes": [{"Name": "A", "Score": 1, "Page": 1}, {"Name": "B", "Score": 0.5, "Page": 2}],
        "DocumentType": [{"Page": 1, "Type": "NATIVE_PDF"}],
        "Errors": [{"Page": 2, "ErrorCode": "TEXTRACT_BAD_PAGE", "ErrorMessage": "x"}],
        "Warnings": [{"Page": 2, "WarnCode": "W", "WarnMessage": "x"}],
    },
    {"File": "d.txt", "ErrorCode": "INTERNAL_SERVER_ERROR", "ErrorMessage": "x"},
    {"document": "e", "file": "e", "predictions": [{"name": "A", "score": 0.5}], "error_code": None, "job_id": "1"},
]


def outcome(data):
    """How many predictions are read, or None for a refusal; anything else is a fault."""
    try:
        return sum(1 for _ in read_predictions(io.BytesIO(data)))
    except BadArchiveError:
        return None


def zipped(data):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive_:
        archive_.writestr("predictions.jsonl", data)
    return packed.getvalue()


def pax(data):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive_:
        info = tarfile.TarInfo("ü" * 120 + ".jsonl")
        info.size, info.pax_headers = len(data), {"comment": "x"}
        archive_.addfile(info, io.BytesIO(data))
    return packed.getvalue()


LINES = json_lines(RECORDS)
SEEDS = [LINES, gzip.compress(LINES, mtime=0), pax(LINES), gzip.decompress(archive(*RECORDS)), zipped(LINES)]


@given(
    st.sampled_from(range(len(SEEDS))),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=4), st.integers(0, 3)), max_size=6),
    st.booleans(),
)
def test_changed_bytes_are_read_or_refused(seed, changes, in_gzip):
    data = bytearray(SEEDS[seed])
    for place, new, dropped in changes:
        at = int(place * len(data))
        data[at : at + dropped] = new
    outcome(gzip.compress(data) if in_gzip else bytes(data))


def test_every_header_byte_of_a_tar_may_be_anything():
    chance = random.Random(7)  # noqa: S311 - the same bytes in each run
    whole = pax(LINES)
    for at in range(1536 + 512):
        data = bytearray(whole)
        data[at] = chance.randrange(256)
        start = at // 512 * 512
        header = data[start : start + 512]
        if data[start + 257 : start + 262] == b"ustar":  # with a right checksum, so that the field itself is looked at
            data[start + 148 : start + 156] = b"%06o\0 " % (sum(header) - sum(header[148:156]) + 256)
        outcome(bytes(data))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("1"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["Page", "Name", "Score"]), inner),
    max_leaves=6,
)
FIELDS = sorted({field for record in RECORDS for field in record} | {"Labels", "job_id", "errors", "warnings", "page"})


@given(st.sampled_from(RECORDS), st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=3))
def test_fields_may_be_anything(record, changes):
    outcome(json.dumps(record | changes).encode())


@given(ANYTHING, st.sampled_from(["Classes", "Labels", "Errors", "Warnings", "DocumentType", "DocumentMetadata"]))
def test_items_of_lists_may_be_anything(item, field):
    outcome(json.dumps({"File": "a", "Classes": [], field: [item]}).encode())


@pytest.mark.parametrize(
    "record",
    [
        b'{"File": "a", "Classes": ' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'{"File": ' + b'{"a":' * 100_000,
        b"[" * 2_000_000,
        b'{"File": "a", "Classes": [{"Name": "A", "Score": ' + b"1" * 400 + b"}]}",
        b'{"File": "a", "Classes": [{"Name": "A", "Score": ' + b"1" * 10_000 + b"}]}",
        b'{"File": "a", "Classes": [{"Name": "A", "Score": 1e999}]}',
        b'{"File": "a", "Classes": [{"Name": "A", "Score": NaN}]}',
        b'{"File": "a", "Line": "' + b"9" * 5000 + b'", "Classes": []}',
        b'{"File": "a", "Line": 1' + b"0" * 300 + b', "Classes": []}',
        b'{"File": "a", "Classes": [], "DocumentType": [{"Page": [1]}]}',
        b'{"File": "a", "Classes": [{"Name": ["A"], "Score": 0.5}]}',
        b'{"File": "a", "Classes": [{"Name": {}, "Score": 0.5}, {"Name": "A", "Score": [0.5]}]}',
    ],
    ids=[
        *("deep classes", "deep objects", "many arrays", "400 digits", "10000 digits", "infinite", "not a number"),
        *("long line", "large line", "page is a list", "name is a list", "name is an object"),
    ],
)
@pytest.mark.parametrize("pack", [lambda data: data, lambda data: tar_gz({"predictions.jsonl": data})])
def test_records_that_were_made_to_break_a_reader_are_refused(record, pack):
    assert outcome(pack(record)) is None


def header(kind, size, name=b"x"):
    """A tar header with a right checksum."""
    told = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    block = bytearray(512)
    block[:100] = name.ljust(100, b"\0")
    block[124:136], block[156:157], block[257:265] = told, kind, b"ustar\00000"
    block[148:156] = b"%06o\0 " % (sum(block) + 256)
    return bytes(block)


def measured(data):
    """The outcome with the peak of memory in bytes and the seconds it took."""
    tracemalloc.start()
    began = time.process_time()
    try:
        found = outcome(data)
        return found, tracemalloc.get_traced_memory()[1], time.process_time() - began
    finally:
        tracemalloc.stop()


def squeezed(*parts):
    """A gzip file of (bytes, times), which is never whole in memory."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as file:
        for part, times in parts:
            for _ in range(times):
                file.write(part)
    return packed.getvalue()


MIB = b" " * (1 << 20)


@pytest.mark.parametrize(
    "parts",
    [
        [(header(b"x", 64 << 20), 1), (MIB, 64)],
        [(header(b"g", 64 << 20), 1), (MIB, 64)],
        [(header(b"L", 64 << 20), 1), (MIB, 64)],
        [(header(b"x", 2**80), 1), (MIB, 1)],
        [(header(b"x", 10) + b"10 a=bcde\n".ljust(512, b"\0"), 3000)],
        [(header(b"L", 10) + b"name".ljust(512, b"\0"), 3000)],
        [(header(b"K", 0), 3000)],
        [(header(b"S", 10) + bytes(512), 1)],
        [(header(b"x", 30) + b"30 GNU.sparse.map=1,2,three,\n\n".ljust(512, b"\0") + header(b"0", 5), 1)],
        [(header(b"0", 2**70, b"a.jsonl"), 1), (MIB, 1)],
        [(header(b"x", 12) + b"9999999 a=b\n".ljust(512, b"\0"), 1)],
        [(header(b"x", 20) + b"17 size=a million\n\0\0".ljust(512, b"\0") + header(b"0", 5), 1)],
    ],
    ids=[
        *("64 MiB of pax", "64 MiB of global pax", "64 MiB of name", "a yobibyte of pax", "3000 pax", "3000 names"),
        *("3000 links", "sparse", "sparse pax", "a zebibyte", "a record beyond its header", "a size in words"),
    ],
)
@pytest.mark.parametrize("in_gzip", [True, False])
def test_tar_headers_that_were_made_to_break_a_reader_are_refused_in_little_memory(parts, in_gzip):
    data = squeezed(*parts)
    found, peak, seconds = measured(data if in_gzip else gzip.decompress(data))
    assert found is None
    assert peak < (4 << 20)
    assert seconds < 5


def test_blanks_without_end_are_refused():
    found, peak, seconds = measured(squeezed((b'{"File": "a", "Classes": []}\n', 1), (MIB, 64)))
    assert (found, peak < (4 << 20), seconds < 5) == (None, True, True)


def test_zeros_behind_a_gzip_file_take_linear_time():
    packed = gzip.compress(json_lines(RECORDS)) + bytes(32 << 20)
    found, peak, seconds = measured(packed)
    assert (found, peak < (4 << 20), seconds < 5) == (6, True, True)


def test_many_small_gzip_files_in_one_take_linear_time():
    one = gzip.compress(b'{"File": "a", "Classes": []}\n')
    times = []
    for count in (2_000, 8_000):
        began = time.process_time()
        assert outcome(one * count) == count
        times.append(time.process_time() - began)
    assert times[1] < 10 * times[0]


def long_record(pages):
    return {
        "File": "a.pdf",
        "Classes": [{"Name": "A", "Score": 0.5, "Page": page} for page in range(1, pages + 1)],
        "Errors": [{"Page": page, "ErrorCode": "E"} for page in range(1, pages + 1)],
        "Warnings": [{"Page": page, "WarnCode": "W"} for page in range(1, pages + 1)],
        "DocumentType": [{"Page": page, "Type": "NATIVE_PDF"} for page in range(1, pages + 1)],
    }


def test_a_document_of_many_pages_and_errors_takes_linear_time():
    lines = []
    for pages in (1_000, 4_000):
        data = json.dumps(long_record(pages), separators=(",", ":")).encode()
        found, count = counted(lambda data=data: list(read_predictions(io.BytesIO(data))))
        lines.append(count)
        assert len(found) == pages
        assert all(len(prediction.errors) == len(prediction.warnings) == 1 for prediction in found)
    assert lines[1] < 5 * lines[0]


def counted(work):
    """What work returns, and how many lines of Python it ran: counts do not depend on what else the machine does."""
    count, before = 0, sys.gettrace()

    def trace(_frame, event, _argument):
        nonlocal count
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        return work(), count
    finally:
        sys.settrace(before)


def test_errors_of_a_whole_document_are_not_multiplied_by_its_pages_without_end():
    record = {"File": "a", "Classes": [{"Name": "A", "Score": 1, "Page": 1}], "Errors": [{}] * 20_000}
    record["Errors"] += [{"Page": page} for page in range(2, 5_000)]
    found, peak, seconds = measured(json.dumps(record).encode())
    assert (found, peak < (30 << 20), seconds < 5) == (None, True, True)


def test_a_record_of_more_than_1_mib_is_refused_without_being_read_again_and_again():
    began = time.process_time()
    assert outcome(json.dumps(long_record(20_000)).encode()) is None
    assert time.process_time() - began < 2


def test_more_classes_than_a_model_has_are_refused():
    records = (multi_class(str(n), (f"CLASS {n}", 0.5)) for n in range(10_001))
    with pytest.raises(BadArchiveError, match=r"more than 10,000 different classes"):
        summarize(read_predictions(io.BytesIO(json_lines(records))))


LONG = "n" * 500_000


@pytest.mark.parametrize(
    "record",
    [
        lambda n: multi_class("a", (f"{n}{LONG}", 0.5)),
        lambda n: {"File": "a", "Errors": [{"ErrorCode": f"{n}{LONG}"}]},
        lambda n: {"File": "a", "Classes": [], "Warnings": [{"WarnCode": f"{n}{LONG}"}]},
        lambda n: {"file": "a", "predictions": [], "job_id": f"{n}{LONG}"},
    ],
    ids=["classes", "errors", "warnings", "jobs"],
)
def test_names_without_end_are_refused(record):
    lines = (json_lines([record(n)]) for n in range(40))
    with pytest.raises(BadArchiveError, match="have more than 10,000,000 characters"):
        summarize(prediction for line in lines for prediction in read_predictions(io.BytesIO(line)))


@pytest.mark.parametrize(
    "record",
    [
        {"File": "a", "Classes": [{"Name": str(n), "Score": 0.5} for n in range(20_000)]},
        {"File": "a", "Errors": [{}] * 100_000},
        {"File": "a" * 1_000_000, "Classes": []},
    ],
    ids=["scores", "errors", "a name"],
)
def test_fewer_predictions_are_kept_where_they_are_huge(record):
    (huge,) = read_predictions(io.BytesIO(json_lines([record])))
    found = summarize(itertools.repeat(huge, 40), first=40, lowest=1)
    assert found.total == 40
    assert 2 <= len(found.first) <= 30
    assert len(found.problems) <= 4
