"""The events of runs are as docs/workflow.md describes them, field by field, whatever became of the run."""

from dataclasses import replace

import pytest
from workflow.notices import STATUSES, check, documented
from workflow.player import TaskError
from workflow.world import PARTS, World

NO_SUCH_BUS = TaskError("EventBridge.FailedEntry", "no such bus")


def completed(world):
    world.run()


def completed_with_a_message(world):
    answer = world.comprehend._answer
    world.comprehend._answer = lambda job: (job.update(Message="some documents were skipped"), answer(job))[1]
    world.run()


def by_prefix(world):
    world.run({"Prefix": "mails/"})


def empty(world):
    world.run({"Prefix": "mails/1999/"})


def adopted(world):
    world.run()
    world.run({"JobId": next(iter(world.comprehend.jobs))})


def wrong_input(world):
    world.run({"prefix": "mails/"})


def unknown_job(world):
    world.run({"JobId": "f" * 32})


def failed(world):
    world.comprehend.fate = lambda _: (400, "FAILED", "INTERNAL_ERROR")
    world.run()


def too_late(world):
    world.comprehend.fate = lambda _: (30 * 3600, "COMPLETED", None)
    world.run()


def refused(world):
    world.comprehend.refuses = lambda: TaskError("Comprehend.ResourceNotFoundException", "no such model")
    world.run()


def not_told(world):
    world.announcing = [NO_SUCH_BUS] * 22
    world.run()


def aborted(world):
    run = world.machine.start()
    world.clock.run(world.clock.now + 10)
    world.machine.stop(run)
    world.clock.run()


HISTORIES = [
    *(completed, completed_with_a_message, by_prefix, empty, adopted, wrong_input, unknown_job, failed, too_late),
    *(refused, not_told, aborted),
]


def events_of(history, parts=PARTS):
    world = World(parts)
    world.upload("a.txt")
    world.upload("a.txt", prefix="mails/")
    history(world)
    assert world.events
    return world.events


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("parts", [PARTS, replace(PARTS, table=False, job_name="mails")])
def test_an_event_has_what_the_page_says_and_nothing_else(history, parts):
    for event in events_of(history, parts):
        check(event)


def test_whatever_the_page_says_happens():
    events = [
        event
        for history in HISTORIES
        for parts in (PARTS, replace(PARTS, table=False, job_name="mails"))
        for event in events_of(history, parts)
    ]
    assert {event["status"] for event in events} == set(STATUSES)
    for name, (_, _, known) in documented().items():
        for status in known:
            assert {name in event for event in events if event["status"] == status} == {True, False}, (name, status)
