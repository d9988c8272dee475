"""Rows of the table, and the folder that runs in Lambda."""

import ast
import io
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from constructs_lib.predictions import Prediction, Problem, Score, read_predictions
from constructs_lib.predictions.reading import row_encoder, to_row

READING = Path(sys.modules["constructs_lib.predictions.reading"].__file__).parent
COLUMNS = ["document", "file", "line", "page", "class", "score", "predictions"]
COLUMNS += ["error_code", "error_message", "document_type"]

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBER = st.none() | st.integers(0, 10**6)
PROBLEMS = st.lists(st.builds(Problem, TEXT.filter(bool), TEXT, NUMBER), max_size=2).map(tuple)
PREDICTIONS = st.builds(
    Prediction,
    file=TEXT,
    line=NUMBER,
    page=NUMBER,
    pages=NUMBER,
    scores=st.lists(st.builds(Score, TEXT, st.floats(0, 1)), max_size=4, unique_by=lambda score: score.name).map(
        lambda scores: tuple(sorted(scores, key=lambda score: -score.score))
    ),
    multi_label=st.booleans(),
    document_type=st.none() | TEXT.filter(bool),
    errors=PROBLEMS,
    warnings=PROBLEMS,
    job=st.none(),
)


@given(PREDICTIONS, st.dictionaries(st.sampled_from(["job_id", "run_id"]), TEXT.filter(bool)))
def test_what_is_written_as_a_row_is_read_back(prediction, more):
    line = row_encoder(more)(prediction)
    assert line.isascii()
    assert line.endswith("}\n")
    assert json.loads(line) == {**to_row(prediction), **more}
    (again,) = read_predictions(io.BytesIO(line.encode()))
    assert again == prediction._replace(job=more.get("job_id"))


@given(PREDICTIONS)
def test_a_row_has_the_columns_of_the_table_in_their_order(prediction):
    assert list(to_row(prediction))[: len(COLUMNS)] == COLUMNS


@given(PREDICTIONS)
def test_plain_values_say_all_of_a_prediction(prediction):
    told = json.loads(json.dumps(prediction.as_dict()))
    again = Prediction(
        **{name: told[name] for name in ("file", "line", "page", "pages", "multi_label", "document_type", "job")},
        scores=tuple(Score(**score) for score in told["scores"]),
        errors=tuple(Problem(**problem) for problem in told["errors"]),
        warnings=tuple(Problem(**problem) for problem in told["warnings"]),
    )
    assert again == prediction
    assert told["document"] == prediction.document
    assert told["score"] == (prediction.best.score if prediction.best else None)
    assert told["class"] == ("|".join(s.name for s in prediction.assigned()) if prediction.assigned() else None)


def test_the_folder_imports_the_standard_library_and_itself_only():
    for path in READING.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert {name.name.partition(".")[0] for name in node.names} <= sys.stdlib_module_names
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module.partition(".")[0] in sys.stdlib_module_names


def test_the_folder_works_under_a_name_of_its_own(tmp_path):
    (tmp_path / "predictions.jsonl").write_text('{"File": "a", "Classes": [{"Name": "A", "Score": 0.5}]}\n')
    program = (
        "from reading import read_predictions, row_encoder\n"
        f"line = row_encoder({{'job_id': 'j'}})\n"
        f"print(*[line(p) for p in read_predictions(open({str(tmp_path / 'predictions.jsonl')!r}, 'rb'))])"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=READING.parent, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["job_id"] == "j"


def test_rows_of_a_long_archive_are_made_in_bounded_memory():
    lines = b"".join(
        b'{"File": "a", "Line": "%d", "Classes": [{"Name": "A", "Score": 0.5}]}\n' % n for n in range(20_000)
    )
    line, written = row_encoder({"job_id": "j"}), 0
    tracemalloc.start()
    try:
        for prediction in read_predictions(io.BytesIO(lines)):
            written += len(line(prediction))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert written > len(lines)
    assert peak < 1_500_000
