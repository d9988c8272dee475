"""Thousands of random histories; each promise of a deployment holds after every step of every one."""

import os
import sys
import threading

import pytest
from handler.histories import broken, invent, script, shortest

FIRST = int(os.environ.get("CHAOS_FIRST_SEED", "0"))
COUNT = int(os.environ.get("CHAOS_HISTORIES", "2000"))
PARTS = 8


@pytest.fixture(autouse=True)
def untraced():
    """Coverage would double the time, most of it in the world's threads; other tests reach the same lines."""
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    yield
    sys.settrace(tracer)
    threading.settrace(of_threads)


@pytest.mark.parametrize("part", range(PARTS))
def test_no_history_breaks_a_promise(part):
    for seed in range(FIRST + part, FIRST + COUNT, PARTS):
        history = invent(seed)
        promise = broken(history)
        if promise:
            pytest.fail(f"Seed {seed} (from {FIRST}): {promise}\n\n{script(shortest(history))}", pytrace=False)
