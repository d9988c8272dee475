"""The command, and what it shows and writes."""

import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest
from predictions.archives import archive, multi_class, multi_label

from constructs_lib.predictions import Prediction, Problem, Score, render_html, render_text, summarize
from constructs_lib.predictions.__main__ import main

RECORDS = [
    multi_class("mail-1.txt", ("INVOICE", 0.9), ("ORDER", 0.1)),
    multi_class("mail-2.txt", ("ORDER", 0.5), ("INVOICE", 0.4)),
    multi_class("mail-3.txt", ("INVOICE", 0.8)),
    {"File": "mail-4.txt", "ErrorCode": "UNSUPPORTED_ENCODING", "ErrorMessage": "not UTF-8"},
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "output.tar.gz").write_bytes(archive(*RECORDS))
    (tmp_path / "labels.csv").write_text("file,label\nmail-1.txt,INVOICE\nmail-2.txt,INVOICE\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_the_report_shows_classes_as_bars_the_least_certain_and_errors(capsys):
    assert main(["output.tar.gz"]) == 0
    report = capsys.readouterr().out
    assert report.startswith("4 predictions from output.tar.gz\n")
    bars = dict(re.findall(r"^  (\w+) +\d ([█▏▎▍▌▋▊▉]+)$", report, re.MULTILINE))
    assert len(bars["INVOICE"]) == pytest.approx(2 * len(bars["ORDER"]), abs=1)
    assert "Least certain\n" in report
    assert re.search(r"mail-2\.txt +ORDER \(INVOICE 0\.400\) +0\.500", report)
    assert "1 x UNSUPPORTED_ENCODING" in report
    assert "mail-4.txt: not UTF-8" in report


@pytest.mark.usefixtures("folder")
def test_labels_add_how_many_are_right_and_which_are_not(capsys):
    assert main(["output.tar.gz", "--labels", "labels.csv"]) == 0
    report = capsys.readouterr().out
    assert "1 of 2 classified as labelled: 50.0% (2 without a label)" in report
    assert re.search(r"mail-2\.txt +ORDER +INVOICE +0\.500\n", report)


@pytest.mark.usefixtures("folder")
def test_the_report_is_as_short_as_asked_for(capsys):
    assert main(["output.tar.gz", "--rows", "1", "--lowest", "0"]) == 0
    report = capsys.readouterr().out
    assert "... and 3 more documents (--csv FILE writes all)" in report
    assert "Least certain" not in report


def test_csv_has_a_line_for_every_prediction(folder):
    assert main(["output.tar.gz", "--csv", "all.csv", "--labels", "labels.csv"]) == 0
    rows = list(csv.DictReader(io.StringIO((folder / "all.csv").read_text())))
    assert [row["class"] for row in rows] == ["INVOICE", "ORDER", "INVOICE", ""]
    assert [row["right"] for row in rows] == ["true", "false", "", ""]
    assert float(rows[0]["score"]) == 0.9
    assert rows[3]["error_code"] == "UNSUPPORTED_ENCODING"


def test_json_has_every_prediction_and_the_counts(folder):
    assert main(["output.tar.gz", "--json", "all.json", "--labels", "labels.csv"]) == 0
    written = json.loads((folder / "all.json").read_text())
    assert [prediction["file"] for prediction in written["predictions"]] == [f"mail-{n}.txt" for n in (1, 2, 3, 4)]
    assert written["predictions"][0]["scores"][0] == {"name": "INVOICE", "score": 0.9}
    assert written["summary"]["classes"][0]["documents"] == 2
    assert written["summary"]["accuracy"]["share"] == 0.5


def test_json_of_no_predictions_is_json(folder):
    (folder / "output.tar.gz").write_bytes(archive())
    assert main(["output.tar.gz", "--json", "all.json"]) == 0
    assert json.loads((folder / "all.json").read_text())["predictions"] == []


def test_labels_of_a_multi_label_model_share_a_cell(folder, capsys):
    (folder / "output.tar.gz").write_bytes(archive(multi_label("a", ("X", 0.9), ("Y", 0.6), ("Z", 0.1))))
    assert main(["output.tar.gz", "--csv", "-"]) == 0
    assert list(csv.reader(io.StringIO(capsys.readouterr().out)))[1][6] == "X|Y"


@pytest.mark.usefixtures("folder")
def test_standard_output_takes_the_place_of_the_report(capsys):
    assert main(["output.tar.gz", "--json", "-"]) == 0
    assert len(json.loads(capsys.readouterr().out)["predictions"]) == 4


def test_files_keep_what_they_held_when_the_archive_is_bad(folder, capsys):
    (folder / "all.csv").write_text("old")
    (folder / "output.tar.gz").write_bytes(archive(*RECORDS)[:-9])
    before = sorted(folder.iterdir())
    assert main(["output.tar.gz", "--csv", "all.csv", "--json", "all.json", "--html", "all.html"]) == 1
    assert (folder / "all.csv").read_text() == "old"
    assert sorted(folder.iterdir()) == before
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: output.tar.gz: this is no complete archive")


def test_a_name_with_half_a_character_is_written_as_its_escape(folder, capsys):
    (folder / "output.tar.gz").write_bytes(archive(multi_class("a\ud800.txt", ("A", 1))))
    assert main(["output.tar.gz", "--json", "all.json", "--csv", "all.csv", "--html", "all.html"]) == 0
    assert json.loads((folder / "all.json").read_text())["predictions"][0]["file"] == "a\ud800.txt"
    assert "a\\ud800.txt" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
def test_a_file_that_cannot_be_written_is_named_before_anything_is_read(capsys):
    assert main(["missing.tar.gz", "--csv", "no/such/folder/all.csv"]) == 1
    assert capsys.readouterr().err == "error: cannot write no/such/folder/all.csv: No such file or directory\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--rows", "-1"], "'-1' is not a whole number from 0 on"),
        (["--threshold", "2"], "'2' is not a number from 0 to 1"),
        (["--threshold", "x"], "'x' is not a number from 0 to 1"),
        (["--csv", "-", "--json", "-"], "only one of --csv, --json and --html can be standard output"),
    ],
)
def test_wrong_options_are_refused(arguments, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["output.tar.gz", *arguments])
    assert message in capsys.readouterr().err


NASTY = "<script>alert('&\"')</script>\x1b[31m"


def nasty():
    prediction = Prediction(
        NASTY,
        scores=(Score(NASTY, 0.6), Score(NASTY * 2, 0.4)),
        errors=(Problem(NASTY, NASTY),),
        warnings=(Problem(NASTY),),
    )
    return summarize([prediction])


def test_names_cannot_command_the_terminal():
    assert "\x1b" not in render_text(nasty(), source=NASTY)


@pytest.mark.parametrize("width", [20, 60, 200])
def test_tables_fit_the_terminal_as_far_as_they_can(width):
    long = Prediction("x" * 150, scores=(Score("y" * 150, 0.5),))
    lines = render_text(summarize([long]), width=width).splitlines()
    assert max(map(len, lines)) <= max(width, 40)


def test_bars_can_do_without_block_characters():
    assert render_text(summarize([Prediction("a", scores=(Score("A", 1),))]), ascii_only=True).isascii()


class Page(HTMLParser):
    """Collects tags, attributes and text of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_escapes_every_text_of_the_job():
    page = Page(render_html(nasty(), source=NASTY))
    assert "script" not in page.tags
    shown = NASTY.replace("\x1b", "\N{REPLACEMENT CHARACTER}")
    assert page.text.count(shown) >= 6


def test_the_page_loads_nothing(folder):
    assert main(["output.tar.gz", "--html", "page.html", "--labels", "labels.csv"]) == 0
    page = Page((folder / "page.html").read_text(encoding="utf-8"))
    assert not {"script", "link", "img", "iframe"} & page.tags
    assert not {name for name, _ in page.attributes} & {"src", "href"}
    assert "50.0%" in page.text


def test_the_chart_draws_a_bar_a_class_as_long_as_its_share():
    predictions = [Prediction(str(n), scores=(Score("A" if n < 3 else "B", 1),)) for n in range(4)]
    a, b = (float(width) for width in re.findall(r'style="width: ([\d.]+)%', render_html(summarize(predictions))))
    assert a == pytest.approx(3 * b, rel=0.01)
