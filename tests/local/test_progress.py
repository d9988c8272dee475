"""What a command shows while it works: on a terminal, and where there is none."""

import json
import os
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from constructs_lib.local import deployment
from constructs_lib.local import step_progress as module
from constructs_lib.local.step_progress import Progress

COLUMNS = 30


class Screen:
    """A terminal that knows what is written to one: lines, returns to their beginning, and erasing."""

    def __init__(self, *, terminal=True):
        self.written, self.lines, self.column, self.widest = "", [""], 0, 0
        self._terminal = terminal

    def isatty(self):
        return self._terminal

    def flush(self):
        pass

    def write(self, text):
        self.written += text
        for part in re.findall(r"\x1b\[K|.", text, re.DOTALL):
            if part == "\x1b[K":
                self.lines[-1] = self.lines[-1][: self.column]
            elif part == "\r":
                self.column = 0
            elif part == "\n":
                self.lines.append("")
                self.column = 0
            else:
                line = self.lines[-1].ljust(self.column)
                self.lines[-1] = line[: self.column] + part + line[self.column + 1 :]
                self.column += 1
        self.widest = max(self.widest, cell_len(self.lines[-1]))


@pytest.fixture
def shown(monkeypatch):
    def on(screen):
        monkeypatch.setattr("sys.stdout", screen)
        monkeypatch.setenv("COLUMNS", str(COLUMNS))
        monkeypatch.setenv("TERM", "xterm")
        return screen

    return on


STEPS = st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=COLUMNS - 10)
DETAILS = st.text(max_size=100)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.tuples(st.booleans(), STEPS, DETAILS)))
def test_whatever_tools_say_only_steps_stay_and_no_last_line_is_wider_than_the_terminal(shown, said):
    screen = shown(Screen())
    with Progress() as progress:
        for is_step, step, detail in said:
            progress.step(step) if is_step else progress.detail(detail)
    steps = [step for is_step, step, _ in said if is_step]
    assert [line.partition(" s] ")[2] for line in screen.lines[:-1]] == steps
    assert screen.lines[-1] == ""
    assert screen.widest <= COLUMNS
    assert set(re.findall(r"\x1b.[^\x1b]?", screen.written)) <= {"\x1b[K"}  # nothing has a colour


@pytest.mark.parametrize("detail", ["", "⏳  CDKToolkit | \x1b[1m3/15\x1b[0m"])
def test_silence_is_counted_on_the_last_line(shown, monkeypatch, detail):
    screen = shown(Screen())
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    with Progress() as progress:
        progress.step("Training")
        progress.detail(detail)
        deadline = time.monotonic() + 10
        while not re.search(r"\d s", screen.lines[-1]):
            assert time.monotonic() < deadline, screen.lines
            time.sleep(0.01)
    assert screen.lines[-1] == ""
    assert "⏳ CDKToolkit | 3" in screen.written or not detail


@pytest.mark.parametrize(("terminal", "term"), [(False, "xterm"), (True, "dumb")])
def test_where_no_line_can_be_erased_only_steps_are_said(shown, monkeypatch, terminal, term):
    screen = shown(Screen(terminal=terminal))
    monkeypatch.setenv("TERM", term)
    with Progress() as progress:
        progress.step("One")
        progress.detail("a tool's line")
        progress.say("the result")
    assert re.fullmatch(r"\[  0\.\d s\] One\nthe result\n", screen.written)


def test_a_terminal_that_is_gone_ends_the_last_line_and_nothing_else(shown, monkeypatch):
    monkeypatch.setattr(module, "_PAUSE", 0.01)
    screen = shown(Screen())
    progress, failures = Progress(), []

    def gone(_text):
        failures.append(1)
        raise OSError(5, os.strerror(5))

    monkeypatch.setattr(screen, "write", gone)
    progress._tick()  # ends by itself
    assert failures == [1]


def test_everything_is_said_and_kept_when_asked_for(shown, tmp_path):
    screen, log = shown(Screen(terminal=False)), tmp_path / "log"
    progress = Progress(verbose=True, log=log)
    progress.step("One")
    progress.detail("a tool's line")
    assert screen.lines[1] == "          a tool's line"
    assert log.read_text().endswith("One\na tool's line\n")


def test_a_run_is_shown_in_words():
    said, output = [], {"Status": "COMPLETED", "Documents": 3, "Classes": {"INVOICE": 2, "ORDER": 1}}
    deployment.show_runs([{"name": "one", "output": json.dumps(output)}], said.append)
    assert said == ["\nRun one", "  Status = COMPLETED", "  Documents = 3", "  Classes = INVOICE 2, ORDER 1"]


def test_runs_of_a_burst_that_had_nothing_to_do_are_counted():
    def run(name, **output):
        return {"name": name, "output": json.dumps(output)}

    lines = []
    busy = [run(f"b{number}", Status="BUSY") for number in range(50)]
    done = run("done", Status="COMPLETED", JobId="1", Classes={"A": 2, "B": 1})
    ended = [done, *busy, run("e", Status="EMPTY", Documents=0), {"name": "failed"}]
    deployment.show_runs(ended, lines.append)
    assert lines == [
        "\n50 runs\n  Status = BUSY",
        "\nRun done",
        "  Status = COMPLETED",
        "  JobId = 1",
        "  Classes = A 2, B 1",
        "\nRun e",
        "  Status = EMPTY",
        "  Documents = 0",
    ]
