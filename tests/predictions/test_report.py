"""The report on a terminal and the page: what they say, in which order, and that it can be seen."""

import io
import re
import time
from html.parser import HTMLParser

import pytest
from predictions.archives import archive, multi_class
from rich.cells import cell_len

from constructs_lib.predictions import (
    Labels,
    Prediction,
    Problem,
    Score,
    confusion_matrix,
    progress_bar,
    render_for_terminal,
    render_html,
    render_text,
    summarize,
)
from constructs_lib.predictions.__main__ import main

CLASSES = ["CONTRACT", "INVOICE", "ORDER"]


def found(file, *names, multi_label=False, **more):
    scores = tuple(Score(name, 0.9 - at / 10) for at, name in enumerate(names))
    return Prediction(file, scores=scores, multi_label=multi_label, **more)


def labels(**of_files):
    return Labels({(file, None): frozenset(names.split("|")) for file, names in of_files.items()})


COMPARED = summarize(
    [
        found("a", "INVOICE", "ORDER"),
        found("b", "INVOICE"),
        found("c", "ORDER"),
        found("d", "CONTRACT"),
        Prediction("e", errors=(Problem("UNSUPPORTED_ENCODING", "no UTF-8"),)),
    ],
    labels=labels(a="INVOICE", b="ORDER", c="ORDER", d="CONTRACT", e="ORDER"),
)


def test_precision_and_recall_are_those_of_the_class():
    told = {item.name: (item.precision, item.recall) for item in COMPARED.accuracy.classes}
    assert told == {"CONTRACT": (1, 1), "INVOICE": (0.5, 1), "ORDER": (1, pytest.approx(1 / 3))}


def test_the_confusion_matrix_has_every_labelled_document_once():
    matrix = confusion_matrix(COMPARED.accuracy)
    assert matrix.classes == tuple(CLASSES)
    assert matrix.rows == ((1, 0, 0, 0), (0, 1, 0, 0), (0, 1, 1, 1))
    assert matrix.with_unclassified


def test_labels_of_a_multi_label_model_have_precision_and_recall_but_no_matrix():
    predictions = [found("a", "X", "Y", multi_label=True), found("b", "X", multi_label=True)]
    accuracy = summarize(predictions, labels=labels(a="X", b="X|Y")).accuracy
    assert [(item.name, item.precision, item.recall) for item in accuracy.classes] == [("X", 1, 1), ("Y", 0, 0)]
    assert accuracy.confusions == ()
    assert "Confusion" not in render_text(summarize(predictions, labels=labels(a="X", b="X|Y")))


def test_a_class_that_was_never_found_has_no_precision():
    (item,) = [item for item in summarize([found("a", "X")], labels=labels(a="Y")).accuracy.classes if item.name == "Y"]
    assert (item.precision, item.recall) == (None, 0)


def test_the_report_begins_with_what_matters_first():
    report = render_text(COMPARED, source="here")
    places = [
        report.index(text)
        for text in ("5 predictions from here", "3 of 5 classified", "Confusion matrix", "Documents per class")
    ]
    assert places == sorted(places)
    assert report.index("Documents per class") < report.index("Least certain") < report.index("\nDocuments\n")


def test_misses_are_shown_with_their_score():
    assert re.search(r"^  b +INVOICE +ORDER +0\.900$", render_text(COMPARED), re.MULTILINE)
    assert re.search(r"^  e +UNSUPPORTED_ENCODING +ORDER +-$", render_text(COMPARED), re.MULTILINE)


def test_where_everything_is_is_told_only_where_it_is_somewhere():
    many = summarize([found(str(n), "A") for n in range(30)])
    assert "... and 10 more documents (all are in x.csv)\n" in render_text(many, more="all are in x.csv")
    assert "... and 10 more documents\n" in render_text(many)


def test_many_classes_give_the_most_frequent_confusions_in_place_of_a_matrix():
    predictions = [found(str(n), f"CLASS {n}") for n in range(30)]
    expected = labels(**{str(n): f"CLASS {n + 1}" for n in range(30)})
    report = render_text(summarize(predictions, labels=expected))
    assert "Taken for another class" in report
    assert "... and 20 more pairs" in report


def test_predictions_of_several_jobs_are_counted_a_job():
    report = render_text(
        summarize([found("a", "A", job="one"), found("b", "A", job="two"), found("c", "A", job="two")])
    )
    assert "Predictions of 2 jobs" in report
    assert re.search(r"^  two +2$", report, re.MULTILINE)
    assert "jobs" not in render_text(summarize([found("a", "A", job="one")]))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_wide_characters_line_up(width):
    names = ["請求書.txt", "mail.txt", "🧾.pdf", "é" * 3]
    report = render_text(summarize([found(name, "クラス", "A") for name in names]), width=width)
    table = report[report.index("\nDocuments\n") :].splitlines()[2:]
    assert len({cell_len(line) for line in table}) == 1
    assert max(cell_len(line) for line in report.splitlines()) <= width


def test_names_that_do_not_fit_are_shown_whole_on_several_lines():
    name = "folder/" * 20 + "mail.txt"
    report = render_text(summarize([found(name, "A")]), width=60)
    table = report[report.index("\nDocuments\n") :].splitlines()[3:]
    assert "".join(line[2:].split()[0] for line in table) == name


def test_colours_are_used_where_they_are_wanted():
    assert "\x1b[" in render_text(COMPARED, color=True)
    assert "\x1b[" not in render_text(COMPARED)


@pytest.mark.parametrize(("variable", "colours"), [("FORCE_COLOR", True), ("NO_COLOR", False)])
def test_the_usual_variables_decide_about_colours(variable, colours, monkeypatch):
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert ("\x1b[" in render_for_terminal(COMPARED)) == colours


class Page(HTMLParser):
    """The text of a page, each piece with the tags it stands in."""

    def __init__(self, html):
        super().__init__()
        self._open, self.texts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "wbr"}:
            self._open.append((tag, dict(attrs).get("class", "")))
        elif tag == "wbr":
            self.texts[-1] = (self.texts[-1][0], self.texts[-1][1] + "\0")

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        if self.texts and self.texts[-1][1].endswith("\0"):
            before, text = self.texts.pop()
            data = text[:-1] + data
            self.texts.append((before, data))
        elif data.strip():
            self.texts.append((tuple(self._open), data))

    def of(self, tag):
        return [text for tags, text in self.texts if any(tag in which for which in tags)]


def test_the_page_has_the_numbers_of_every_bar_beside_it():
    page = Page(render_html(summarize([found(str(n), CLASSES[n % 3 if n < 9 else 0]) for n in range(10)])))
    assert page.of("name") == ["CONTRACT", "INVOICE", "ORDER"]
    assert [text.strip() for text in page.of("number") if "%" in text][:3] == ["40.0%", "30.0%", "30.0%"]


def test_all_documents_can_be_reached_on_the_page():
    page = Page(render_html(summarize([found(f"mail_{n}.txt", "A") for n in range(54)], first=100)))
    assert {f"mail_{n}.txt" for n in range(54)} <= set(page.of("td"))


def test_the_page_compares_with_the_labels():
    page = Page(render_html(COMPARED, source="here"))
    assert {"Classified as labelled", "60.0%"} <= set(page.of("dl"))
    assert {"Precision", "Recall", "33.3%"} <= set(page.of("table"))
    cells = [text for tags, text in page.texts if tags[-1][0] == "td" and ("table", "matrix") in tags]
    assert "".join(cells) == "1···" + "·1··" + "·111"


def test_the_page_of_the_command_has_more_documents_than_its_report(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "output.tar.gz").write_bytes(archive(*(multi_class(f"mail{n}.txt", ("A", 0.5)) for n in range(54))))
    assert main(["output.tar.gz", "--html", "page.html", "--rows", "2"]) == 0
    assert "... and 52 more documents (--csv FILE writes all)" in capsys.readouterr().out
    assert "mail53.txt" in (tmp_path / "page.html").read_text(encoding="utf-8")


class Terminal(io.StringIO):
    """Standard error as a terminal, or as none."""

    def __init__(self, *, is_terminal):
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self):
        return self._is_terminal


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_long_read_shows_how_far_it_is_on_a_terminal_only(tmp_path, monkeypatch, is_terminal):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress_bar, "_SOON", -1)
    (tmp_path / "output.tar.gz").write_bytes(archive(*(multi_class(f"mail{n}.txt", ("A", 0.5)) for n in range(2000))))
    shown = Terminal(is_terminal=is_terminal)
    monkeypatch.setattr("sys.stderr", shown)
    assert main(["output.tar.gz"]) == 0
    assert (re.search(r"\d,\d{3} predictions", shown.getvalue()) is not None) == is_terminal
    assert (re.search(r"[\d.]+/?.*bytes|[KM]iB", shown.getvalue()) is not None) == is_terminal
    assert is_terminal or shown.getvalue() == ""


def test_a_short_read_shows_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "output.tar.gz").write_bytes(archive(multi_class("a", ("A", 0.5))))
    shown = Terminal(is_terminal=True)
    monkeypatch.setattr("sys.stderr", shown)
    began = time.monotonic()
    assert main(["output.tar.gz"]) == 0
    assert shown.getvalue() == "" or time.monotonic() - began > progress_bar._SOON
