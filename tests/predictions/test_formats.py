"""What people have of an output is read, whatever it is packed in; what is not one is named."""

import gzip
import io
import json
import struct
import tarfile
import zipfile
import zlib

import pytest
from predictions.archives import archive, json_lines, multi_class, tar_gz

from constructs_lib.predictions import BadArchiveError, read_predictions

RECORDS = [multi_class("a.txt", ("A", 0.9), ("B", 0.1)), multi_class("b.txt", ("B", 0.8))]
LINES = json_lines(RECORDS)


class OnlyRead:
    """A stream like the body of a response: it can be read forwards, and gives less than was asked for."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def read(self, size, /):
        return self._data.read(min(size, 100))


def names(data):
    return [prediction.file for prediction in read_predictions(OnlyRead(data))]


def tar(members, **options):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", **options) as archive_:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive_.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def zipped(members, method=zipfile.ZIP_DEFLATED, *, seekable=True):
    class Forward(io.BytesIO):
        def seekable(self):
            return seekable

        def seek(self, *_at):
            raise io.UnsupportedOperation

        def tell(self):
            raise io.UnsupportedOperation

    packed = io.BytesIO() if seekable else Forward()
    with zipfile.ZipFile(packed, "w", method) as archive_:
        for name, content in members.items():
            archive_.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        LINES,
        LINES.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + LINES,
        LINES.decode().encode("utf-16"),
        b"\n\n" + LINES,
        json.dumps(RECORDS, indent=2).encode(),
        gzip.compress(LINES),
        gzip.compress(LINES[:40]) + gzip.compress(LINES[40:]) + b"\0" * 100,
        tar({"predictions.jsonl": LINES}),
        tar({"output": LINES}),
        tar({"predictions.jsonl.gz": gzip.compress(LINES)}),
        tar_gz({"scan.pdf/scan.out": LINES}),
        zipped({"predictions.jsonl": LINES}),
        zipped({"predictions.jsonl": LINES}, zipfile.ZIP_STORED),
        zipped({"predictions.jsonl": LINES}, seekable=False),
        zipped({"results/output/output.tar.gz": archive(*RECORDS), "results/read.me": b"..."}),
        zipped({"results/output/output.tar.gz": archive(*RECORDS)}, zipfile.ZIP_STORED),
    ],
    ids=[
        *("jsonl", "windows lines", "byte order mark", "utf-16", "empty lines first", "json", "jsonl.gz", "two gzips"),
        *(
            "tar",
            "no suffix",
            "gzip in a tar",
            "out",
            "zip",
            "stored zip",
            "streamed zip",
            "zip of a folder",
            "stored folder",
        ),
    ],
)
def test_every_packing_is_read_from_a_stream(data):
    assert names(data) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("name", ["predictions.jsonl", "folder/" * 30 + "ü.jsonl", "x" * 90 + "/output.jsonl"])
def test_tar_archives_of_all_programs_are_read(form, name):
    assert names(tar({"big.bin": b"\1" * 5000, name: LINES}, format=form)) == ["a.txt", "b.txt"]


def test_links_and_folders_in_a_tar_are_passed_over():
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive_:
        for name, kind in (("output", tarfile.DIRTYPE), ("a.jsonl", tarfile.SYMTYPE), ("b.jsonl", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, 700  # some programs tell the size of what is linked to
            archive_.addfile(info)
        info = tarfile.TarInfo("output/predictions.jsonl")
        info.size = len(LINES)
        archive_.addfile(info, io.BytesIO(LINES))
    assert names(packed.getvalue()) == ["a.txt", "b.txt"]


@pytest.mark.parametrize(
    "beside",
    [
        {"._predictions.jsonl": b"\0\5\x16\7\0\2\0\0Mac OS X"},
        {"__MACOSX/._predictions.jsonl": b"\0\5\x16\7", ".DS_Store": b"\0\0\0\1Bud1"},
        {"amazon-textract-output/scan.pdf/1/textract_output.json": b'{"Blocks": [' + b'{"Id": 1},' * 200_000},
        {"scan.pdf/textract_output.json": b'{"Blocks": [], "DocumentMetadata": {"Pages": 1}}'},
        {"scan.pdf/1": b"{", "notes.txt": b"hello"},
    ],
    ids=["macOS", "macOS zip", "Textract", "Textract elsewhere", "others"],
)
@pytest.mark.parametrize("pack", [tar, tar_gz, zipped])
def test_what_lies_beside_the_predictions_is_passed_over(beside, pack):
    assert names(pack({**beside, "predictions.jsonl": LINES})) == ["a.txt", "b.txt"]


MATRIX = json.dumps({"type": "multi_class", "confusion_matrix": [[1]], "labels": ["A"]}).encode()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (tar_gz({"output/confusion_matrix.json": MATRIX}), "the output of the training of a classifier"),
        (MATRIX, "the output of the training of a classifier"),
        (tar_gz({"topic-terms.csv": b"topic,term", "doc-topics.csv": b""}), "the output of a topic modeling job"),
        (tar_gz({"output": b'{"Entities": [], "File": "a", "Line": 0}'}), "the output of an entity recognition job"),
        (tar_gz({"output": b'{"Sentiment": "MIXED", "SentimentScore": {}, "File": "a"}'}), "the output of a sentiment"),
        (tar_gz({"output": b'{"KeyPhrases": [], "File": "a"}'}), "the output of a key phrase detection job"),
        (tar_gz({"output": b'{"Languages": [], "File": "a"}'}), "the output of a language detection job"),
        (b'{"Entities": [], "File": "a", "Line": 0}', "the output of an entity recognition job"),
        (gzip.compress(b'{"Blocks": []}'), "an answer of Amazon Textract"),
    ],
    ids=[
        *(
            "training",
            "matrix alone",
            "topics",
            "entities",
            "sentiment",
            "key phrases",
            "languages",
            "lines",
            "Textract",
        ),
    ],
)
def test_the_output_of_another_kind_of_job_is_called_what_it_is(data, kind):
    with pytest.raises(BadArchiveError, match=rf"this is {kind}.*give the output\.tar\.gz of a classification job"):
        names(data)


def test_an_archive_of_many_outputs_tells_the_job_of_each():
    held = {f"results/123456789012-CLN-{job}/output/output.tar.gz": archive(*RECORDS) for job in ("1a", "2b")}
    for data in (tar(held), tar_gz(held), zipped(held), zipped({"results.tar.gz": tar_gz(held)})):
        assert [prediction.job for prediction in read_predictions(io.BytesIO(data), job="x")] == [
            *["1a"] * 2,
            *["2b"] * 2,
        ]


def test_another_kind_in_the_middle_is_no_reason_to_pass_over_it():
    with pytest.raises(BadArchiveError, match="at or after record 2: the output of an entity recognition job"):
        names(tar_gz({"output": LINES[: LINES.index(b"\n")] + b'\n{"Entities": [], "File": "a"}'}))


def test_a_table_without_rows_is_no_damage():
    assert names(gzip.compress(b"")) == []


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[: len(data) // 2], "cut off"),
        (lambda data: data[:-30], "cut off"),
        (lambda data: data[:60] + bytes([data[60] ^ 0x55]) + data[61:], "damaged|checksum|no prediction"),
        (lambda data: data[:30] + b"\xff" * 20, "cut off|damaged"),
    ],
    ids=["half", "no end", "one bit", "rubbish"],
)
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_damaged_zip_is_refused(damage, message, method):
    with pytest.raises(BadArchiveError, match=message):
        names(damage(zipped({"predictions.jsonl": LINES}, method)))


@pytest.mark.parametrize(("method", "reason"), [(zipfile.ZIP_BZIP2, "unusual way"), (zipfile.ZIP_LZMA, "unusual way")])
def test_a_zip_that_is_packed_otherwise_is_to_be_unpacked_first(method, reason):
    with pytest.raises(BadArchiveError, match=reason):
        names(zipped({"predictions.jsonl": LINES}, method))


def test_an_encrypted_zip_is_to_be_unpacked_first():
    data = bytearray(zipped({"predictions.jsonl": LINES}))
    data[6] |= 1
    with pytest.raises(BadArchiveError, match="encrypted: unpack it"):
        names(bytes(data))


def test_a_zip_of_more_than_4_gib_tells_its_sizes_elsewhere():
    header = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 45, 0, 0, 0, 0, zlib.crc32(LINES), 0xFFFFFFFF, 0xFFFFFFFF, 7, 28)
    extra = struct.pack("<HHQ", 99, 4, 7)[:8] + struct.pack("<HHQQ", 1, 16, len(LINES), len(LINES))
    data = header + b"a.jsonl" + extra + LINES + b"PK\5\6" + bytes(18)
    assert names(data) == ["a.txt", "b.txt"]


def test_archives_in_archives_in_archives_are_not_followed_for_ever():
    data = archive(*RECORDS)
    for _ in range(5):
        data = gzip.compress(data)
    with pytest.raises(BadArchiveError, match="unpack them"):
        names(data)
