"""Sessions of roles are made by many threads at a time."""

import threading
import time

import pytest
from ministack.services import sts

from constructs_lib.local.hooks import iam


@pytest.fixture
def many(monkeypatch):
    """A store with many sessions, some of them over."""
    monkeypatch.setattr(sts, "_evict_expired_sessions", sts._evict_expired_sessions)
    now = time.time()
    sessions = {f"key-{number}": {"Expiration": now + (60 if number % 2 else -60)} for number in range(2000)}
    monkeypatch.setattr(sts, "_sessions", sessions)
    iam.let_threads_assume_roles()
    return sessions


def test_sessions_that_are_over_go_and_others_stay(many):
    sts.register_session("mine", {"Expiration": time.time() + 60})
    assert len(many) == 1001
    assert "mine" in many


def test_threads_do_not_stumble_over_each_other(many):
    failures = []

    def make(number):
        try:
            for count in range(100):
                sts.register_session(f"{number}-{count}", {"Expiration": time.time() + 60})
        except RuntimeError as error:
            failures.append(error)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(many) == 1000 + 800
