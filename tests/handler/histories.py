"""Random histories of one stack, and what must hold after each step of them.

A history is plain data: a seed for the small misfortunes of every call, and steps. `play` runs one; `invent` makes one
from a seed; `shortest` drops what a failing one does not need; `script` prints it as a test that can be pasted.
"""

from __future__ import annotations

import contextlib
import io
import pprint
import random

from handler.world import NO_READ, Crash, World, error, properties, request, timeout

PATIENT = 3600
VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}


def invent(seed):
    """A history from a seed."""
    chance = random.Random(seed)  # noqa: S311 - chance, no secret
    kinds = ["create", *["update"] * chance.randint(1, 4), "delete"]
    # Where time is short there is none for misfortune upon misfortune: a crash alone costs a minute or two.
    hurried = chance.random() < 0.3
    steps = [[kind, _properties(chance, hurried=hurried), _circumstances(chance)] for kind in kinds]
    return {
        "seed": seed,
        "faults": chance.choice([0, 0.05, 0.05 if hurried else 0.3]),
        "crashes": chance.choice([0, 0, 1, 1 if hurried else 2]),
        "duplicates": chance.choice([[0], [0], [0, 0], [0, 0, 0], [0, 1.5], [0, 45, 200]]),
        "reuse_request_id": chance.random() < 0.3,
        "rollback_names_new_id": chance.random() < 0.5,
        "quotas": chance.random() < 0.2,
        "steps": steps,
    }


def _properties(chance, *, hurried):
    return {
        "run_id": chance.choice(["1", "1", "2"]),
        "tags": chance.choice([{}, {"team": "mail"}, {"team": "letters", "stage": "dev"}]),
        "wait_for": chance.choice(["SUBMITTED", "IN_PROGRESS", "IN_PROGRESS", "COMPLETED"]),
        "when_empty": chance.choice(["FAIL", "SKIP"]),
        "owns_network": chance.random() < 0.3,
        "timeout": chance.choice([PATIENT, 300, 60]) if hurried else PATIENT,
    }


def _circumstances(chance):
    return {
        "pause": chance.choice([0, 30, 6000]),
        "documents": chance.random() < 0.85,
        "access_after": chance.choice([0, 0, 0, 25, 100, 10_000]),  # seconds until the data access role works
        "job_fails": chance.random() < 0.1,
        "queue": chance.choice([0.5, 20, 70, 400]),
        "work": chance.choice([1, 1, 60, 60, 1200]),
        "hidden": chance.choice([0, 0, 10]),
        "forgotten": chance.random() < 0.2,  # the service drops the records of old jobs
        "other_fails": chance.random() < 0.3,  # another resource of the stack fails
    }


def play(history):
    """Run a history; an AssertionError says which promise it broke."""
    log = io.StringIO()
    with contextlib.redirect_stdout(log):
        _play(history)
    assert "SECRET" not in log.getvalue(), "a signed URL is in the log"
    assert "answers.example" not in log.getvalue(), "a response URL is in the log"


def _play(history):
    world = World(history["seed"])
    world.latency = 0.3
    world.stack.reuse_request_id = history["reuse_request_id"]
    world.stack.rollback_names_new_id = history["rollback_names_new_id"]
    world.stack.deliveries = [tuple(history["duplicates"])]
    if history["quotas"]:
        world.comprehend.per_second, world.comprehend.active = 1, 10
    world.chaos = Misfortune(world, history["faults"], history["crashes"])
    for kind, given, around in history["steps"]:
        if kind == "update" and world.stack.physical_id is None:
            kind = "create"  # noqa: PLW2901 - the deployment after one that failed
        if kind == "delete" and world.stack.physical_id is None:
            continue
        world.pass_time(around["pause"])
        _prepare(world, around)
        {"create": _create, "update": _update, "delete": _delete}[kind](world, given, around)
        assert world.violations == []
        started = len(world.comprehend.all)
        world.pass_time(600)  # Duplicates come within minutes; documents and permissions change later.
        assert len(world.comprehend.all) == started, "a duplicate started a job after the answer"


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
    service.access_from = world.now + around["access_after"]
    service.fails = "INPUT_TOO_LARGE: too large" if around["job_fails"] else ""
    service.queue, service.work, service.hidden = around["queue"], around["work"], around["hidden"]
    world.s3.buckets["documents"] = {"in/a.txt": 9} if around["documents"] else {"in/": 0}
    for job in service.all:
        if around["forgotten"] and world.now - job.submitted > 5000:
            service.forget(job)


def _given(given):
    tags = [{"Key": key, "Value": value} for key, value in given["tags"].items()]
    more = {"VpcConfig": VPC} if given["owns_network"] else {}
    return properties(
        request(Tags=tags, **more),
        RunId=given["run_id"],
        WaitFor=given["wait_for"],
        WhenEmpty=given["when_empty"],
        Timeout=str(given["timeout"]),
        DeleteNetworkInterfaces="true" if given["owns_network"] else None,
    )


def _create(world, given, around):
    before = len(world.comprehend.all)
    answer = world.stack.create(_given(given))
    _check_start(world, given, around, answer, world.comprehend.all[before:])


def _update(world, given, around):
    stack, service = world.stack, world.comprehend
    old, old_data, old_id, before = stack.props, stack.data, stack.physical_id, len(service.all)
    props = _given(given)
    answer = stack.update(props, other_fails=around["other_fails"])
    new = service.all[before:]
    if answer is None:
        assert new == []
        return
    starts = _identity(props) != _identity(old)
    if starts:
        _check_start(world, given, around, answer, new)
    else:
        assert new == [], "an update that changes nothing started a job"
        assert answer["Status"] == "SUCCESS", answer.get("Reason")
        assert answer["PhysicalResourceId"] == old_id
    failed = answer["Status"] == "FAILED" or around["other_fails"]
    assert stack.status == ("UPDATE_ROLLBACK_COMPLETE" if failed else "UPDATE_COMPLETE")
    if failed:
        assert stack.physical_id == old_id, "a rollback did not end at the earlier job"
    if failed or not starts:
        kept = ("JobArn", "JobId", "OutputS3Uri", "JobName", "DocumentClassifierArn")
        assert [stack.data[name] for name in kept] == [old_data[name] for name in kept]
    job = next((job for job in service.all if job.arn == stack.physical_id), None)
    # Late duplicates of two Updates in a row can overtake each other; nothing in an event tells which is the newer.
    if job and not job.forgotten and len(stack.deliveries[0]) == 1:
        wanted = {tag["Key"]: tag["Value"] for tag in stack.props["Request"]["Tags"]}
        assert job.tags == wanted, "the job does not carry the tags of its configuration"


def _identity(props):
    return {name: value for name, value in props["Request"].items() if name != "Tags"}, props["RunId"]


def _check_start(world, given, around, answer, new):
    """What must hold after an event that asked for a job."""
    assert answer is not None, "CloudFormation was not answered"
    sound = [job for job in new if not job.fails]
    assert len(sound) <= 1, "two jobs that run"
    if not around["documents"]:
        assert new == [], "a job was started without documents"
        assert (answer["Status"] == "SUCCESS") == (given["when_empty"] == "SKIP")
        assert answer.get("Data", {}).get("JobStatus", "SKIPPED_EMPTY_INPUT") == "SKIPPED_EMPTY_INPUT"
        return
    if given["timeout"] < PATIENT and answer["Status"] == "FAILED":
        assert answer["Reason"]
        return  # time was short; that nothing is started afterwards is checked for every history
    unwatched = given["wait_for"] == "SUBMITTED" and around["access_after"]
    if around["job_fails"] or around["access_after"] > 1000 or (unwatched and answer["Status"] == "FAILED"):
        jobs = {job.arn: job for job in world.comprehend.all}
        if answer["Status"] == "SUCCESS":
            job = jobs[answer["Data"]["JobArn"]]
            assert given["wait_for"] == "SUBMITTED" or not job.fails, "green although the job fails"
        else:
            assert ("INPUT_TOO_LARGE" if around["job_fails"] else NO_READ) in answer["Reason"]
        assert len(new) <= 7
        return
    assert answer["Status"] == "SUCCESS", answer.get("Reason")
    job = next(job for job in world.comprehend.all if job.arn == answer["Data"]["JobArn"])
    assert answer["PhysicalResourceId"] == job.arn
    assert given["wait_for"] == "SUBMITTED" or not job.fails, "green although the job fails"
    status, age = job.status(world.now), world.now - job.submitted
    if given["wait_for"] == "COMPLETED":
        assert status == "COMPLETED"
    if given["wait_for"] == "IN_PROGRESS":
        assert status in ("IN_PROGRESS", "COMPLETED") or age >= 90
    assert all(isinstance(value, str) and value for value in answer["Data"].values())


def _delete(world, _given, _around):
    stack = world.stack
    before, job = len(world.comprehend.all), world.comprehend.jobs.get(stack.physical_id.rpartition("/")[2])
    owns = stack.props.get("DeleteNetworkInterfaces") == "true"
    if owns and job:
        world.ec2.add("eni-1")
    answer = stack.delete()
    assert answer is not None, "CloudFormation was not answered"
    assert answer["Status"] == "SUCCESS"
    assert len(world.comprehend.all) == before
    if owns and job and stack.props["Timeout"] == str(PATIENT):
        assert job.forgotten or job.status(world.now) in ("COMPLETED", "FAILED")
        assert world.ec2.interfaces == {}, "a network interface was left behind"


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
    calm = {"faults": 0, "crashes": 0, "duplicates": [0], "reuse_request_id": False, "quotas": False}
    yield from (history | {name: value} for name, value in calm.items() if history[name] != value)
    plain = {"pause": 0, "access_after": 0, "job_fails": False, "hidden": 0, "forgotten": False, "other_fails": False}
    for index, (kind, given, around) in enumerate(history["steps"]):
        for name, value in plain.items():
            if around[name] != value:
                step = [kind, given, around | {name: value}]
                yield history | {"steps": [*history["steps"][:index], step, *history["steps"][index + 1 :]]}


def script(history):
    """The history as a test to paste."""
    body = pprint.pformat(history, width=110, sort_dicts=False).replace("\n", "\n        ")
    return f"def test_history_{history['seed']}():\n    play(\n        {body}\n    )\n"
