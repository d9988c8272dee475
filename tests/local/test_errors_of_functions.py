"""Errors of functions have the names that state machines catch them by."""

import pytest

from constructs_lib.local.hooks.functions import class_of_error

TRACE = 'Traceback (most recent call last):\n  File "x.py", line 1, in f\n    g()\n    ~^^\n{}\n'


@pytest.mark.parametrize(
    ("raised", "name"),
    [
        ("classification_runs.run_errors.WrongPrefix: Prefix 'x'\nlies: outside", "WrongPrefix"),
        ("ValueError", "ValueError"),
        ("botocore.exceptions.ClientError: An error occurred (AccessDenied)", "ClientError"),
    ],
)
def test_the_class_of_an_error_is_read_from_its_trace(raised, name):
    assert class_of_error("START\n" + TRACE.format("KeyError: 'a'") + TRACE.format(raised)) == name


@pytest.mark.parametrize("log", ["", "no trace", "Traceback (most recent call last):\n"])
def test_a_log_without_a_trace_tells_nothing(log):
    assert class_of_error(log) is None
