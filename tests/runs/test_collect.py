"""Collecting moves each document exactly once, whoever interferes and wherever the function dies."""

import random
import threading
from dataclasses import replace

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from classification_runs import collect as module
from classification_runs.collect import Batch, collect
from classification_runs.environment import Settings
from classification_runs.measure import anything_left
from classification_runs.run_errors import CannotCollect, ServiceUnavailable
from runs.fake_s3 import Died, FakeS3, no_answer

SETTINGS = Settings(
    workflow="Mails",
    documents_bucket="documents",
    inbox="inbox/",
    batches="batches/inbox/",
    readable=("inbox/", "batches/inbox/"),
    results_bucket="results",
    results_key="",
    predictions="results/predictions/",
    max_documents=1_000_000,
    max_bytes=5 << 30,
)


@pytest.fixture
def s3():
    return FakeS3()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(module.time, "sleep", lambda _seconds: None)


def run(s3, name="run-1", settings=SETTINGS, remaining=lambda: 900.0, workers=1) -> Batch:
    return collect(s3, s3, settings, name, remaining=remaining, workers=workers)


def with_limits(**changes):
    return replace(SETTINGS, **changes)


def fill(s3, count, prefix="inbox/"):
    for number in range(count):
        s3.write(f"{prefix}{number:04}.txt", f"text {number}".encode())


def test_everything_in_the_inbox_becomes_one_batch_with_the_same_names(s3):
    fill(s3, 3)
    s3.write("inbox/deep/er/a b+ü.txt", b"x")
    s3.write("elsewhere/y", b"y")
    assert run(s3).result() == {
        "Prefix": "batches/inbox/run-1/",
        "Documents": 4,
        "Size": 19,
        "Refused": 0,
        "More": False,
    }
    assert s3.keys("batches/inbox/run-1/") == [
        f"batches/inbox/run-1/{name}" for name in ("0000.txt", "0001.txt", "0002.txt", "deep/er/a b+ü.txt")
    ]
    assert s3.keys("inbox/") == []
    assert s3.keys("elsewhere/") == ["elsewhere/y"]


def test_folders_and_empty_objects_stay(s3):
    s3.write("inbox/", b"")
    s3.write("inbox/empty.txt", b"")
    assert run(s3).documents == 0
    assert s3.keys() == ["inbox/", "inbox/empty.txt"]
    assert anything_left(s3, SETTINGS) == {"Left": False}


def test_no_more_is_taken_than_one_job_may_have_and_the_rest_is_the_next_runs(s3):
    fill(s3, 5)
    first = run(s3, settings=with_limits(max_documents=3))
    assert (first.documents, first.more) == (3, True)
    assert anything_left(s3, SETTINGS) == {"Left": True}
    second = run(s3, "run-2", settings=with_limits(max_documents=3))
    assert (second.documents, second.more) == (2, False)


def test_no_more_bytes_are_taken_than_one_job_may_have(s3):
    for name in "abc":
        s3.write(f"inbox/{name}", b"12345")
    assert (run(s3, settings=with_limits(max_bytes=11)).size, s3.keys("inbox/")) == (10, ["inbox/c"])


def test_a_document_that_no_job_takes_stays_and_does_not_hold_up_the_others(s3):
    s3.write("inbox/a", b"too long")
    s3.write("inbox/b", b"b")
    batch = run(s3, settings=with_limits(max_bytes=5))
    assert (batch.documents, batch.refused, batch.more) == (1, 1, False)
    assert s3.keys("inbox/") == ["inbox/a"]


def test_a_document_that_cannot_be_moved_does_not_hold_up_the_others(s3, capsys):
    fill(s3, 3)
    s3.refuse["copy_object", "inbox/0001.txt"] = "InvalidObjectState"
    batch = run(s3)
    assert (batch.documents, batch.refused) == (2, 1)
    assert "inbox/0001.txt" in capsys.readouterr().out


def test_a_run_that_may_move_nothing_fails_with_the_reason(s3):
    fill(s3, 3)
    for key in s3.keys(""):
        s3.refuse["copy_object", key] = "AccessDenied"
    with pytest.raises(CannotCollect, match=r"none of the documents in 'inbox/' can be moved: .*AccessDenied"):
        run(s3)


def test_a_function_that_may_not_move_gives_up_before_it_has_tried_everything(s3):
    fill(s3, 3000)
    for key in s3.keys(""):
        s3.refuse["copy_object", key] = "AccessDenied"
    with pytest.raises(CannotCollect):
        run(s3, workers=8)
    assert s3.calls.count("copy_object") < 1000


def test_it_stops_before_the_functions_end_and_says_more(s3):
    fill(s3, 50)
    seconds = iter([300.0, 200.0, 59.0])
    batch = run(s3, remaining=lambda: next(seconds))
    assert (batch.documents, batch.more) == (8, True)
    assert len(s3.keys("inbox/")) == 42


def test_the_oldest_document_is_known(s3):
    s3.write("inbox/b", b"older")
    s3.write("inbox/a", b"younger")
    oldest = s3.objects["documents", "inbox/b"].modified
    assert run(s3).oldest == oldest


# Death, and no answer: a sentence for each call that there is


def calls_of_a_run(documents):
    s3 = FakeS3()
    fill(s3, documents)
    run(s3)
    return len(s3.calls)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("at", range(calls_of_a_run(3)))
def test_a_function_that_dies_in_any_call_finishes_the_same_batch_on_the_retry(s3, at, moment):
    fill(s3, 3)

    def die(when, number, _operation, _arguments):
        if (when, number) == (moment, at):
            raise Died

    s3.interrupt = die
    with pytest.raises(Died):
        run(s3)
    s3.interrupt = lambda *_: None
    assert run(s3).documents == 3
    assert s3.bodies("batches/inbox/run-1/") == [b"text 0", b"text 1", b"text 2"]
    assert s3.keys("inbox/") == []


@pytest.mark.parametrize("arrives", ["inbox/0001.txt", "inbox/0000.txt"])
@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("at", range(calls_of_a_run(3)))
def test_what_is_written_while_the_function_is_dead_is_not_lost(s3, at, moment, arrives):
    fill(s3, 3)

    def die(when, number, _operation, _arguments):
        if (when, number) == (moment, at):
            raise Died

    s3.interrupt = die
    with pytest.raises(Died):
        run(s3)
    s3.interrupt = lambda *_: None
    s3.write(arrives, b"newer")
    run(s3)
    run(s3, "run-2")
    everything = s3.bodies("batches/")
    assert everything.count(b"newer") == 1
    assert len(everything) == len(set(everything))
    assert {b"text 2"} <= set(everything)
    assert s3.keys("inbox/") == []


@pytest.mark.parametrize("effect", ["before", "after"])
@pytest.mark.parametrize("at", range(calls_of_a_run(2)))
def test_a_call_without_an_answer_loses_nothing_whether_it_had_its_effect_or_not(s3, at, effect):
    fill(s3, 2)

    def lose(when, number, _operation, _arguments):
        if (when, number) == (effect, at):
            raise no_answer()

    s3.interrupt = lose
    for _attempt in range(3):
        try:
            batch = run(s3)
        except BotoCoreError:
            continue
        break
    assert batch.documents == 2
    assert s3.bodies("batches/inbox/run-1/") == [b"text 0", b"text 1"]
    assert s3.keys("inbox/") == []


def test_a_service_that_is_down_ends_the_task_and_the_retry_goes_on(s3):
    fill(s3, 4)
    s3.refuse["copy_object", "inbox/0002.txt"] = "SlowDown"
    with pytest.raises(ClientError):
        run(s3)
    s3.refuse.clear()
    assert run(s3).documents == 4


def test_a_removal_that_never_gets_an_answer_ends_the_task_and_keeps_the_copy(s3):
    fill(s3, 1)
    s3.refuse["delete_object", "inbox/0000.txt"] = "SlowDown"
    with pytest.raises(ServiceUnavailable, match=r"no answer to the removal of inbox/0000\.txt"):
        run(s3)
    assert len(s3.keys()) == 2
    s3.refuse.clear()
    assert run(s3).documents == 1


def test_a_function_that_may_not_remove_fails_with_the_reason(s3):
    fill(s3, 1)
    s3.refuse["delete_object", "inbox/0000.txt"] = "AccessDenied"
    with pytest.raises(ClientError, match="AccessDenied"):
        run(s3)


# Others at the same time: interleavings of whole calls, chosen by a seed


class Turns:
    """Lets threads call one after the other, in an order that a seed decides."""

    def __init__(self, names, seed):
        self.random, self.waiting, self.active = random.Random(seed), {}, set(names)  # noqa: S311 - a test's order
        self.condition = threading.Condition()

    def take(self, name):
        with self.condition:
            self.waiting[name] = False
            self._next()
            self.condition.wait_for(lambda: self.waiting[name], timeout=20)
            del self.waiting[name]

    def leave(self, name):
        with self.condition:
            self.active.discard(name)
            self._next()

    def _next(self):
        if set(self.waiting) == self.active and self.active and not any(self.waiting.values()):
            self.waiting[self.random.choice(sorted(self.waiting))] = True
            self.condition.notify_all()


class Turn:
    """One actor's view of the S3 that all share."""

    def __init__(self, s3, turns, name):
        self.s3, self.turns, self.name = s3, turns, name

    def get_paginator(self, _operation):
        return self

    def paginate(self, **place):
        self.turns.take(self.name)
        yield from self.s3.paginate(**place)

    def __getattr__(self, operation):
        def call(**arguments):
            self.turns.take(self.name)
            return getattr(self.s3, operation)(**arguments)

        return call


@pytest.mark.parametrize("seed", range(150))
def test_two_collectors_and_an_overwriting_writer_lose_nothing_and_take_nothing_twice(s3, seed):
    s3.missing = "AccessDenied" if seed % 2 else "NoSuchKey"
    fill(s3, 4)
    written = {s3.body(key): key for key in s3.keys("")}
    turns, failures = Turns(["a", "b", "writer"], seed), []
    overwritten = set()

    def collecting(name):
        view = Turn(s3, turns, name)
        try:
            run(view, name)
        except BaseException as error:  # noqa: BLE001 - the test tells
            failures.append(error)
        finally:
            turns.leave(name)

    def writing():
        chance = random.Random(seed)  # noqa: S311
        for number in range(4):
            turns.take("writer")
            key, body = f"inbox/{chance.randrange(5):04}.txt", f"new {number}".encode()
            before = s3.objects.get(("documents", key))
            if before is not None:
                overwritten.add(before.body)
            s3.write(key, body)
            written[body] = key
        turns.leave("writer")

    threads = [threading.Thread(target=collecting, args=(name,)) for name in "ab"] + [threading.Thread(target=writing)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not failures
    run(s3, "later")
    run(s3, "last")
    everything = s3.bodies("batches/")
    assert len(everything) == len(set(everything)), "a document lies in two batches"
    # What was overwritten before anybody took it is gone by the writer's own doing.
    assert set(written) - overwritten <= set(everything), "a document is lost"
    assert s3.keys("inbox/") == []


@pytest.mark.parametrize("missing", ["NoSuchKey", "AccessDenied"])
def test_a_document_that_another_run_took_is_no_fault(s3, missing):
    fill(s3, 1)
    s3.missing = missing

    def other_takes_it(when, _number, operation, _arguments):
        if (when, operation) == ("before", "copy_object"):
            del s3.objects["documents", "inbox/0000.txt"]

    s3.interrupt = other_takes_it
    batch = run(s3)
    assert (batch.documents, batch.refused, s3.keys()) == (0, 0, [])


@pytest.mark.parametrize("missing", ["NoSuchKey", "AccessDenied"])
def test_the_loser_of_a_removal_drops_its_copy(s3, missing):
    fill(s3, 1)
    s3.missing = missing

    def other_takes_it(when, _number, operation, _arguments):
        if (when, operation) == ("after", "copy_object"):
            del s3.objects["documents", "inbox/0000.txt"]

    s3.interrupt = other_takes_it
    batch = run(s3)
    assert (batch.documents, s3.keys()) == (0, [])


def test_it_is_not_guessed_who_removed_a_source_when_an_answer_was_lost(s3):
    fill(s3, 1)
    lost = []

    def lose(when, _number, operation, arguments):
        if (when, operation) == ("after", "delete_object") and arguments["Key"].startswith("inbox/") and not lost:
            lost.append(arguments)
            raise no_answer()

    s3.interrupt = lose
    assert run(s3).documents == 1
    assert s3.bodies("batches/") == [b"text 0"]
