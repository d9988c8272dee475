"""Files that are made from predictions, and where they are put."""

import csv
import io
import json
import os
import pty
import stat
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from predictions.archives import archive, multi_class, multi_label

from constructs_lib.predictions import Prediction, PredictionsError, Problem, Score, summarize
from constructs_lib.predictions.__main__ import main
from constructs_lib.predictions.export import CsvExport, JsonExport, cell
from constructs_lib.predictions.output_file import open_complete

TEXT = st.text(max_size=12)
PROBLEMS = st.lists(st.builds(Problem, TEXT, TEXT, st.none() | st.integers(1, 9)), max_size=2).map(tuple)
PREDICTIONS = st.builds(
    Prediction,
    file=TEXT,
    line=st.none() | st.integers(0, 99),
    page=st.none() | st.integers(1, 9),
    pages=st.none() | st.integers(1, 9),
    scores=st.lists(st.builds(Score, TEXT, st.floats(0, 1)), max_size=3, unique_by=lambda score: score.name).map(tuple),
    multi_label=st.booleans(),
    document_type=st.none() | TEXT,
    errors=PROBLEMS,
    warnings=PROBLEMS,
    job=st.none() | TEXT,
)


def as_csv(*predictions, labels=None):
    file = io.StringIO()
    CsvExport(file, labels, 0.5).add(predictions)
    return file.getvalue()


def rows(text):
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def as_json(*predictions):
    file = io.StringIO()
    export = JsonExport(file, 0.5)
    export.add(predictions)
    export.finish(summarize(predictions))
    return file.getvalue()


@given(st.lists(PREDICTIONS, max_size=3))
def test_json_says_of_each_prediction_what_it_says_itself(predictions):
    text = as_json(*predictions)
    assert json.loads(text)["predictions"] == [json.loads(json.dumps(p.as_dict())) for p in predictions]
    assert all(line.isprintable() for line in text.split("\n"))


@given(st.lists(PREDICTIONS, min_size=1, max_size=3))
def test_csv_says_all_of_a_prediction(predictions):
    for prediction, row in zip(predictions, rows(as_csv(*predictions)), strict=True):
        assert json.loads(row["scores"] or "{}") == dict(prediction.scores)
        assert json.loads(row["errors"] or "[]") == [problem._asdict() for problem in prediction.errors]
        assert json.loads(row["warnings"] or "[]") == [problem._asdict() for problem in prediction.warnings]
        for name in ("line", "page", "pages"):
            assert row[name] == ("" if getattr(prediction, name) is None else str(getattr(prediction, name)))
        assert row["file"].replace("'", "") == prediction.file.replace("'", "")
        assert row["score"] == (repr(prediction.best.score) if prediction.best else "")


FORMULAS = [
    "=HYPERLINK(1)",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    '"=1',
    "\uff1d1",
    "a;=1",
    'a;"=1',
    "a\n=1",
    "a\t-1",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_is_defused_in_every_cell(text):
    problem = Problem(text, text)
    found = Prediction(
        text, scores=(Score(text, 0.5),), document_type=text, errors=(problem,), warnings=(problem,), job=text
    )
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(as_csv(found).partition("\n")[2], newline=""), delimiter=separator):
            for value in row:
                shown = value.lstrip(' \t\r\n"')
                assert not shown.startswith(("=", "+", "-", "@", "\uff1d")), value


@pytest.mark.parametrize("text", ["INVOICE", "a=b", "a-b", "2026-11-26", "über", "a, b", 'say "x"', "", "x;y"])
def test_other_cells_stay_as_they_are(text):
    assert rows(f"x\n{cell(text)}\n" if text else "x\n,\n")[0]["x"] == text


def test_the_classes_of_a_multi_label_model_share_a_cell():
    found = Prediction("a", scores=(Score("X", 0.9), Score("=Y", 0.6), Score("Z", 0.1)), multi_label=True)
    assert rows(as_csv(found))[0]["class"] == "X|=Y"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "output.tar.gz").write_bytes(archive(multi_class("ä\x1b[31m\u202e.txt", ("A", 0.9))))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def write(name, text="new"):
    with open_complete(str(name)) as file:
        file.write(text)


def test_a_link_is_written_through(folder):
    (folder / "deep").mkdir()
    (folder / "link.csv").symlink_to("deep/all.csv")
    for text in ("first", "second"):
        write("link.csv", text)
        assert (folder / "link.csv").is_symlink()
        assert (folder / "deep" / "all.csv").read_text() == text


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_file_keeps_its_mode(folder, mode):
    path = folder / "all.csv"
    path.write_text("old")
    path.chmod(mode)
    write(path)
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("new", mode)


def test_a_new_file_has_the_mode_of_any_other(folder):
    (folder / "other").write_text("")
    write(folder / "all.csv")
    assert (folder / "all.csv").stat().st_mode == (folder / "other").stat().st_mode


def test_a_pipe_is_written_to_and_stays(folder):
    os.mkfifo(folder / "pipe")
    read = []
    reader = threading.Thread(target=lambda: read.append((folder / "pipe").read_text()))
    reader.start()
    write(folder / "pipe")
    reader.join(10)
    assert read == ["new"]
    assert stat.S_ISFIFO((folder / "pipe").stat().st_mode)


@pytest.mark.parametrize("folder_of_pipes", ["/dev/fd", "/proc/self/fd"])
def test_a_pipe_that_a_shell_names_is_written_to(folder_of_pipes):
    ours, theirs = os.pipe()
    write(f"{folder_of_pipes}/{theirs}")
    os.close(theirs)
    assert os.read(ours, 9) == b"new"
    os.close(ours)


@pytest.mark.parametrize("name", ["", ".", "..", "deep/", "/", "deep", "deep/."])
def test_what_is_no_file_is_refused(folder, name):
    (folder / "deep").mkdir()
    with pytest.raises(PredictionsError, match=r"cannot write .*: it is a folder or no name"):
        write(name)


@pytest.mark.parametrize("name", ["missing/all.csv", "output.tar.gz/all.csv", "a\0b", "x" * 300])
@pytest.mark.usefixtures("folder")
def test_a_name_that_cannot_be_is_refused(name):
    with pytest.raises(PredictionsError, match="cannot write "):
        write(name)


def test_a_circle_of_links_is_refused(folder):
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    with pytest.raises(PredictionsError, match="cannot write a: "):
        write("a")


def test_a_failure_leaves_what_was_there_and_nothing_else(folder):
    (folder / "all.csv").write_text("old")
    before = sorted(folder.iterdir())
    with pytest.raises(TypeError), open_complete("all.csv") as file:
        file.writelines(["half", 7])
    assert (folder / "all.csv").read_text() == "old"
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["output.tar.gz", "--csv", "x", "--json", "./x"],
        ["output.tar.gz", "--csv", "output.tar.gz"],
        ["output.tar.gz", "--labels", "labels.csv", "--csv", "labels.csv"],
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_file_has_one_use(arguments, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "file" in capsys.readouterr().err


def test_an_empty_name_is_refused_by_the_command(folder, capsys):
    assert main(["output.tar.gz", "--csv", ""]) == 1
    assert "cannot write ''" in capsys.readouterr().err
    assert len(list(folder.iterdir())) == 1


def test_written_files_are_named(folder, capsys):
    assert main(["output.tar.gz", "--csv", "all.csv", "--html", "page.html"]) == 0
    assert capsys.readouterr().out.endswith("\nWritten: all.csv\nWritten: page.html\n")
    assert sorted(path.name for path in folder.iterdir()) == ["all.csv", "output.tar.gz", "page.html"]


def run(*arguments, **options):
    command = [sys.executable, "-m", "constructs_lib.predictions", *arguments]
    return subprocess.run(command, capture_output=True, check=False, timeout=60, **options)


@pytest.mark.parametrize("option", [[], ["--csv", "-"], ["--json", "-"], ["--html", "-"]])
def test_an_output_in_ascii_is_none_to_stumble_over(folder, option):
    done = run("output.tar.gz", *option, cwd=folder, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    if option == ["--json", "-"]:
        assert json.loads(done.stdout)["predictions"][0]["file"].startswith("ä")
    if option == ["--html", "-"]:
        assert b"&#228;" in done.stdout


def test_a_written_name_is_shown_in_ascii_where_that_is_all_there_is(folder):
    done = run("output.tar.gz", "--csv", "ä.csv", cwd=folder, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.endswith(b"\nWritten: \\xe4.csv\n")


def on_terminal(*arguments, cwd):
    """What the command writes on a terminal: standard output and errors."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "constructs_lib.predictions", *arguments]
    with subprocess.Popen(command, cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                chunk = os.read(ours, 1 << 16)
            except OSError:  # Linux ends a terminal like this
                break
            if not chunk:
                break
            shown += chunk
        process.wait(30)
    os.close(ours)
    return shown.decode()


@pytest.mark.parametrize("option", [[], ["--csv", "-"], ["--json", "-"]])
def test_no_text_of_a_job_commands_a_terminal(folder, option):
    shown = on_terminal("output.tar.gz", *option, cwd=folder)
    assert "ä" in shown
    assert "\x1b[31m" not in shown
    assert "\u202e" not in shown


def test_no_text_of_an_error_commands_a_terminal(folder, capsys):
    name = "\x1b[31m\x9b31m\u202e.tar.gz"
    assert main([name]) == 1
    (folder / name).write_bytes(archive({"File": "\x1b[31m"}))
    assert main([name]) == 1
    shown = capsys.readouterr().err
    assert shown.count("\\x1b[31m\\x9b31m\\u202e.tar.gz") == 2
    assert all(line.isprintable() for line in shown.splitlines())


def test_a_pipe_gets_the_text_as_it_is(folder):
    done = run("output.tar.gz", "--csv", "-", cwd=folder, env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert "ä\x1b[31m\u202e.txt" in done.stdout.decode()


def test_standard_input_is_read(folder):
    with (folder / "output.tar.gz").open("rb") as file:
        done = run("-", "--json", "-", stdin=file)
    assert json.loads(done.stdout)["summary"]["total"] == 1


def test_labels_of_a_repeated_name_count_once(folder, capsys):
    record = multi_label("a", ("X", 0.9), ("X", 0.8), ("Y", 0.7))
    (folder / "output.tar.gz").write_bytes(archive(record))
    assert main(["output.tar.gz", "--json", "-"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["predictions"][0]["scores"] == [{"name": "X", "score": 0.9}, {"name": "Y", "score": 0.7}]
    assert [(item["name"], item["documents"]) for item in told["summary"]["classes"]] == [("X", 1), ("Y", 1)]
