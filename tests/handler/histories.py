"""Random histories of one stack, and what must hold in and after each step of them.

A history is plain data: a seed for the small misfortunes of every call, the clocks and the function that it meets, and
steps. `play` runs one; `invent` makes one from a seed; `shortest` drops what a failing one does not need; `script`
prints it as a test that can be pasted.
"""

from __future__ import annotations

import contextlib
import io
import pprint
import random

import pytest
from handler.world import LOST, NETWORK, NO_READ, Crash, World, error, properties, request, timeout

PATIENT = 3600
SHORT_LIFE = 60


def invent(seed):
    """A history from a seed."""
    chance = random.Random(seed)  # noqa: S311 - chance, no secret
    kinds = ["create", *["update"] * chance.randint(1, 4), "delete"]
    # Where time is short there is none for misfortune upon misfortune: a crash alone costs a minute or two.
    hurried = chance.random() < 0.3
    steps = [[kind, _properties(chance, hurried=hurried), _circumstances(chance)] for kind in kinds]
    signed = chance.random() < 0.85
    duplicates = [[0], [0], [0, 0], [0, 0, 0], [0, 1.5], [0, 200], [0, 1200], [0, 45, 200], [0, 400, 1200]]
    if not signed:  # Nothing tells a later delivery from the next operation's event.
        duplicates = [[0]]
    return {
        "seed": seed,
        "faults": chance.choice([0, 0.05, 0.05 if hurried else 0.3]),
        "crashes": chance.choice([0, 0, 1, 1 if hurried else 2]) if signed else 0,
        "duplicates": chance.choice(duplicates),
        "signed": signed,
        "reuse_request_id": chance.random() < 0.3,
        "rollback_names_new_id": chance.random() < 0.5,
        "quotas": chance.choice([None, None, None, 10, 1]),
        "life": chance.choice([900, 900, 900, SHORT_LIFE]),
        "clocks": chance.choice([(0, 0, 0), (0, 0, 0), (10, 0, 0), (10, 0, 9), (10, -9, 0), (0, 6, -3)]),
        "dates": not signed or chance.random() < 0.9,
        "leaves": chance.choice([None, "available", "in-use"]),
        "calls_tried_old": chance.random() < 0.5,
        "recursive": chance.random() < 0.5,  # a function that lives a minute may call itself for an hour
        "steps": steps,
    }


def _properties(chance, *, hurried):
    return {
        "run_id": chance.choice(["1", "1", "2"]),
        "results": chance.choice(["out-1", "out-1", "out-2"]),
        "rights": chance.choice(["a", "a", "a", "b"]),
        "abandon": chance.random() < 0.15,
        "tags": chance.choice([{}, {"team": "mail"}, {"team": "letters", "stage": "dev"}]),
        "wait_for": chance.choice(["SUBMITTED", "IN_PROGRESS", "IN_PROGRESS", "COMPLETED"]),
        "when_empty": chance.choice(["FAIL", "SKIP"]),
        "owns_network": chance.random() < 0.4,
        "timeout": chance.choice([PATIENT, 300, 60, 12]) if hurried else PATIENT,
    }


def _circumstances(chance):
    return {
        "pause": chance.choice([15, 15, 30, 600, 6000]),  # never less than clocks may differ
        "documents": chance.random() < 0.85,
        "policy_after": chance.choice([0, 0, 0, 0, 40, 250, 600]),  # seconds until the function's policy is effective
        "access_after": chance.choice([0, 0, 0, 25, 100, 10_000]),  # seconds until the data access role works
        "job_fails": chance.random() < 0.1,
        "queue": chance.choice([0.5, 20, 70, 400]),
        "work": chance.choice([1, 1, 60, 60, 1200]),
        "hidden": chance.choice([0, 0, 10]),
        "forgotten": chance.random() < 0.2,  # the service drops the records of old jobs
        "vanishes": chance.random() < 0.05,  # ... and of new ones
        "other_fails": chance.random() < 0.2,  # another resource of the stack fails
        "cancelled": chance.choice(
            [None, None, None, None, 2, 35, 200]
        ),  # ... so many seconds into the job's operation
        "rolls_back": chance.random() < 0.8,  # or is left as it is
        "then_back": chance.random() < 0.5,  # ... until somebody rolls it back
    }


def play(history):
    """Run a history; an AssertionError says which promise it broke."""
    log = io.StringIO()
    with contextlib.redirect_stdout(log), pytest.MonkeyPatch.context() as patched:
        if history["recursive"]:
            patched.setenv("RECURSIVE_LOOP", "Allow")
        _play(history)
    assert "SECRET" not in log.getvalue(), "a signed URL is in the log"
    assert "custom-resource-response" not in log.getvalue(), "a response URL is in the log"


def _play(history):
    world = _world(history)
    for kind, given, around in history["steps"]:
        stack = world.stack
        if kind != "delete" and stack.status == "UPDATE_FAILED" and around["then_back"]:
            stack.roll_back()
            assert stack.physical_id == stack.stable[0], "a rollback did not end at the last stable job"
        if kind == "update" and stack.physical_id is None:
            kind = "create"  # noqa: PLW2901 - the deployment after one that failed
        if kind == "delete" and stack.physical_id is None:
            continue
        if kind == "update" and stack.status == "UPDATE_ROLLBACK_FAILED":
            continue  # CloudFormation takes none
        world.pass_time(around["pause"])
        _prepare(world, around)
        # What takes longer than the runs of a short-lived function, or than the user's patience, is given up.
        is_long_enough = history["life"] > SHORT_LIFE or history["recursive"]
        stack.strict = is_long_enough and not around["policy_after"]
        stack.strict &= all(step[1]["timeout"] == PATIENT for step in history["steps"])
        step = Step(world, history, given, around)
        {"create": _create, "update": _update, "delete": _delete}[kind](step)
        assert world.violations == [], world.violations[0]
    world.pass_time(4000)
    assert world.violations == [], world.violations[0]


def _world(history):
    world = World(history["seed"])
    world.latency, world.life, world.dates = 0.3, history["life"], history["dates"]
    function, world.stack.clock, world.comprehend.clock = history["clocks"]
    # Where events bear no date, their age is told by the clocks of runs, which must agree.
    world.function_clock = lambda: world.random.uniform(-function, function) if history["signed"] else function
    world.comprehend.leaves = history["leaves"]
    stack = world.stack
    stack.reuse_request_id, stack.signed = history["reuse_request_id"], history["signed"]
    stack.rollback_names_new_id = history["rollback_names_new_id"]
    stack.calls_tried_old = history["calls_tried_old"]
    stack.deliveries = [tuple(history["duplicates"])]
    if history["quotas"]:
        world.comprehend.per_second, world.comprehend.active = 1, history["quotas"]
    world.chaos = Misfortune(world, history["faults"], history["crashes"])
    return world


class Step:
    """One step of a history, and how its outcome is judged."""

    def __init__(self, world, history, given, around):
        self.world, self.history, self.given, self.around = world, history, given, around
        self.props, self.network = _given(given), NETWORK if given["owns_network"] else None

    def excuses(self, answer):
        """Whether a failure of a sound deployment is fine: time was short, or nobody can know."""
        if answer["Status"] == "SUCCESS":
            return False
        assert answer["Reason"]
        history, around = self.history, self.around
        short = self.given["timeout"] < PATIENT or around["policy_after"] >= 250 or history["quotas"] == 1
        short |= history["life"] == SHORT_LIFE and "runs of 60 s" in answer["Reason"]
        misfortune = history["faults"] > 0.05 or history["crashes"] or around["access_after"] or around["policy_after"]
        # A job that an earlier deployment started and let go is kept under the same request id, as long as it runs.
        short |= history["reuse_request_id"] and (LOST in answer["Reason"] or "no record" in answer["Reason"])
        short |= history["reuse_request_id"] and not history["signed"]
        return short or (not history["signed"] and misfortune) or around["vanishes"]


class Misfortune:
    """What goes wrong at calls: faults before and after their effect, and runs that die (at most so many an event)."""

    def __init__(self, world, faults, crashes):
        self.world, self.faults, self.crashes = world, faults, crashes
        self.left = {}

    def __call__(self, operation):
        chance = self.world.random
        event = self.world.stack.status, len(self.world.stack.history)
        if chance.random() < 0.05 and self.left.setdefault(event, self.crashes) > 0:
            self.left[event] -= 1
            raise Crash
        if operation == "put":
            if chance.random() < self.faults / 2 and self.left.setdefault(("put", event), 4) > 0:
                self.left["put", event] -= 1
                raise OSError("connection reset")
            return None
        if operation in ("invoke", "list_objects_v2"):
            return None  # botocore repeats these by itself
        fate = chance.random()
        if fate < self.faults * 0.7:
            raise chance.choice(
                [
                    error("ThrottlingException"),
                    error("InternalServerException", status=500),
                    error("X", status=503),
                    timeout(),
                ]
            )
        return timeout() if fate < self.faults else None


def _prepare(world, around):
    service = world.comprehend
    world.policy_from = world.now + around["policy_after"]
    service.access_from = world.now + around["access_after"]
    service.fails = "INPUT_TOO_LARGE: too large" if around["job_fails"] else ""
    service.queue, service.work, service.hidden = around["queue"], around["work"], around["hidden"]
    world.s3.buckets["documents"] = {"in/a.txt": 9} if around["documents"] else {"in/": 0}
    world.stack.cancel_after = around["cancelled"]
    for job in service.all:
        if around["forgotten"] and world.now - job.submitted > 5000:
            service.forget(job)
    service.vanish = around["vanishes"]


def _given(given):
    tags = [{"Key": key, "Value": value} for key, value in given["tags"].items()]
    more = {"VpcConfig": NETWORK} if given["owns_network"] else {}
    return properties(
        request(Tags=tags, OutputDataConfig={"S3Uri": f"s3://results/{given['results']}"}, **more),
        RunId=given["run_id"],
        WaitFor=given["wait_for"],
        WhenEmpty=given["when_empty"],
        Timeout=str(given["timeout"]),
        Rights=given["rights"],
        AbandonOnDelete="true" if given["abandon"] else None,
    )


def _create(step):
    stack = step.world.stack
    before = len(stack.urls)
    answer = stack.create(step.props, other_fails=step.around["other_fails"], network=step.network)
    _check_start(step, answer, stack.urls[before:])


def _update(step):
    stack, service, around = step.world.stack, step.world.comprehend, step.around
    old, old_data, old_id, before = stack.props, stack.data, stack.physical_id, len(stack.urls)
    answer = stack.update(
        step.props, other_fails=around["other_fails"], network=step.network, rollback=around["rolls_back"]
    )
    urls = stack.urls[before:]
    cancelled = around["cancelled"] is not None and urls
    if not cancelled and not urls:
        return
    starts = _identity(step.props) != _identity(old)
    if starts:
        _check_start(step, answer, urls)
    elif answer and not step.excuses(answer):
        assert [job for job in service.all if job.url in urls] == [], "an update that changes nothing started a job"
        assert answer["Status"] == "SUCCESS", answer.get("Reason")
        assert answer["PhysicalResourceId"] == old_id
    failed = not answer or answer["Status"] == "FAILED" or around["other_fails"] or cancelled
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        assert not stack.strict or not step.history["signed"], "a rollback failed"
        return
    expected = (
        ("UPDATE_ROLLBACK_COMPLETE" if around["rolls_back"] else "UPDATE_FAILED") if failed else "UPDATE_COMPLETE"
    )
    assert stack.status == expected, f"the stack is {stack.status}, not {expected}"
    if expected == "UPDATE_FAILED":
        return
    if failed:
        old_id, _, old_data, _ = stack.stable
        assert stack.physical_id == old_id, "a rollback did not end at the last stable job"
    if failed or not starts:
        kept = ("JobArn", "JobId", "OutputS3Uri", "JobName", "DocumentClassifierArn")
        assert [stack.data[name] for name in kept] == [old_data[name] for name in kept], "attributes changed"
    _check_tags(step)


def _check_tags(step):
    stack = step.world.stack
    job = next((job for job in step.world.comprehend.all if job.arn == stack.physical_id), None)
    # What overtakes the next operation by less than clocks differ, or bears no date, cannot be told from it.
    second = (*stack.deliveries[0], 1e9)[1]
    tellable = step.history["signed"] and not stack.was_cancelled_early and second > 30
    if job and not job.forgotten and tellable and stack.strict:
        wanted = {tag["Key"]: tag["Value"] for tag in stack.props["Request"]["Tags"]}
        assert job.tags == wanted, "the job does not carry the tags of its configuration"


def _identity(props):
    return {name: value for name, value in props["Request"].items() if name != "Tags"}, props["RunId"]


def _check_start(step, answer, urls):
    """What must hold after an event that asked for a job."""
    world, given, around = step.world, step.given, step.around
    new = [job for job in world.comprehend.all if job.url in urls]
    sound = [job for job in new if not job.fails or job.fails == LOST]
    assert len(sound) <= 1, "two jobs that run"
    assert len(new) <= 9, "many jobs that fail"
    if answer is None:
        late = step.history["crashes"] and given["timeout"] < PATIENT
        assert around["cancelled"] is not None or late, "CloudFormation was not answered"
        return
    if not around["documents"]:
        assert new == [], "a job was started without documents"
        if not step.excuses(answer):
            assert (answer["Status"] == "SUCCESS") == (given["when_empty"] == "SKIP")
        assert answer.get("Data", {}).get("JobStatus", "SKIPPED_EMPTY_INPUT") == "SKIPPED_EMPTY_INPUT"
        return
    if answer["Status"] == "SUCCESS":
        job = next(job for job in world.comprehend.all if job.arn == answer["Data"]["JobArn"])
        assert answer["PhysicalResourceId"] == job.arn
        assert given["wait_for"] == "SUBMITTED" or job.fails in ("", LOST), "green although the job fails"
        assert all(isinstance(value, str) and value for value in answer["Data"].values())
        reached = answer["Data"]["JobStatus"]
        assert given["wait_for"] != "COMPLETED" or reached == "COMPLETED"
        return
    if step.excuses(answer):
        return
    unwatched = given["wait_for"] == "SUBMITTED" and around["access_after"]
    assert around["job_fails"] or around["access_after"] > 1000 or unwatched, answer["Reason"]
    assert ("INPUT_TOO_LARGE" if around["job_fails"] else NO_READ) in answer["Reason"], answer["Reason"]


def _delete(step):
    world = step.world
    before = len(world.comprehend.all)
    answer = world.stack.delete()
    assert answer is not None, "CloudFormation was not answered"
    assert answer["Status"] == "SUCCESS"
    assert len(world.comprehend.all) == before


def broken(history):
    """The promise that a history breaks; empty when it keeps them all."""
    try:
        play(history)
    except AssertionError as promise:
        return str(promise).partition("\n")[0] or "a promise without words"
    return ""


def shortest(history):
    """Leave out whatever the failure does not need."""
    promise = broken(history)
    changed = True
    while changed:
        changed = False
        for smaller in _smaller(history):
            if broken(smaller) == promise:
                history, changed = smaller, True
                break
    return history


def _smaller(history):
    for index in range(len(history["steps"])):
        if len(history["steps"]) > 1:
            yield history | {"steps": history["steps"][:index] + history["steps"][index + 1 :]}
    calm = {
        "faults": 0,
        "crashes": 0,
        "duplicates": [0],
        "signed": True,
        "reuse_request_id": False,
        "quotas": None,
        "life": 900,
        "clocks": (0, 0, 0),
        "dates": True,
        "leaves": None,
        "calls_tried_old": False,
        "recursive": False,
    }
    yield from (history | {name: value} for name, value in calm.items() if history[name] != value)
    plain = {
        "pause": 15,
        "policy_after": 0,
        "access_after": 0,
        "job_fails": False,
        "hidden": 0,
        "forgotten": False,
        "vanishes": False,
        "other_fails": False,
        "cancelled": None,
        "rolls_back": True,
    }
    for index, (kind, given, around) in enumerate(history["steps"]):
        for name, value in plain.items():
            if around[name] != value:
                step = [kind, given, around | {name: value}]
                yield history | {"steps": [*history["steps"][:index], step, *history["steps"][index + 1 :]]}


def script(history):
    """The history as a test to paste."""
    body = pprint.pformat(history, width=110, sort_dicts=False).replace("\n", "\n        ")
    return f"def test_history_{history['seed']}():\n    play(\n        {body}\n    )\n"
