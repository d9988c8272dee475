"""Plays a state machine in virtual time: the real definition, its tasks answered by a world of Python functions.

Knows what the definition uses: JSONata, Pass, Choice, Wait, Task, Map (inline) and Fail, with Assign, Output, Retry
(full jitter, the longest delay) and Catch. Refuses everything else.
"""

import hashlib
import heapq
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

import jsonata

ACCOUNT, REGION = "111122223333", "us-east-1"
KNOWN = {
    "Pass": {"Type", "Assign", "Output", "Next", "End"},
    "Choice": {"Type", "Choices", "Default"},
    "Wait": {"Type", "Seconds", "Next"},
    "Task": {
        *("Type", "Resource", "Arguments", "Retry", "Catch", "Assign", "Output", "Next", "End", "TimeoutSeconds"),
    },
    "Map": {"Type", "Items", "MaxConcurrency", "ItemProcessor", "Catch", "Assign", "Output", "Next"},
    "Fail": {"Type", "Error", "Cause"},
}


class TaskError(Exception):
    def __init__(self, error, cause=""):
        super().__init__(f"{error}: {cause}")
        self.error, self.cause = error, cause


def iso(seconds):
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@cache
def _compiled(expression):
    return jsonata.Jsonata.jsonata(expression)


def evaluate(expression, bindings):
    """One expression; without a result it is an error, as in Step Functions."""
    compiled = _compiled(expression)
    compiled.register_lambda("hash", lambda text, _algorithm: hashlib.sha256(text.encode()).hexdigest())
    compiled.register_lambda("parse", json.loads)
    try:
        value = compiled.evaluate(None, bindings)
    except Exception as error:
        raise TaskError("States.QueryEvaluationError", f"{error} in {expression[:200]}") from error
    if value is None:
        raise TaskError("States.QueryEvaluationError", f"no result: {expression[:200]}")
    return value


def fill(template, bindings):
    if isinstance(template, str):
        return evaluate(template[2:-2].strip(), bindings) if template.startswith("{%") else template
    if isinstance(template, dict):
        return {name: fill(value, bindings) for name, value in template.items()}
    if isinstance(template, list):
        return [fill(value, bindings) for value in template]
    return template


@dataclass
class Execution:
    name: str
    input: object
    started: float
    arn: str
    status: str = "RUNNING"
    output: object = None
    error: str = ""
    cause: str = ""
    ended: float = 0
    visited: list = field(default_factory=list)
    transitions: int = 0
    playing: object = None


class Clock:
    """Virtual time: generators that yield seconds to wait."""

    def __init__(self, begin):
        self.now = begin
        self._queue, self._count = [], 0

    def at(self, moment, action):
        self._count += 1
        heapq.heappush(self._queue, (moment, self._count, action))

    def spawn(self, generator):
        def step():
            wait = next(generator, None)
            if wait is not None:
                self.at(self.now + wait, step)

        self.at(self.now, step)

    def run(self, until=float("inf")):
        while self._queue and self._queue[0][0] <= until:
            moment, _, action = heapq.heappop(self._queue)
            self.now = max(self.now, moment)
            action()
        if until < float("inf"):
            self.now = until


class Machine:
    """A state machine and its executions; `tasks` maps ends of resource ARNs to functions."""

    def __init__(self, definition, clock, tasks, seed=0, ended=lambda _execution: None):
        self.definition, self.clock, self.tasks, self.ended = definition, clock, tasks, ended
        self.random = random.Random(seed)  # noqa: S311 - jitter
        self.arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:Runs"
        self.executions, self._count = [], 0
        assert definition["QueryLanguage"] == "JSONata"

    def start(self, given=None, name=None):
        self._count += 1
        name = name or f"run-{self._count:05}"
        arn = f"{self.arn.replace(':stateMachine:', ':execution:')}:{name}"
        execution = Execution(name, {} if given is None else given, self.clock.now, arn)
        self.executions.append(execution)
        execution.playing = self._play(execution)
        self.clock.spawn(execution.playing)
        timeout = self.definition["TimeoutSeconds"]
        self.clock.at(self.clock.now + timeout, lambda: self.stop(execution, "TIMED_OUT"))
        return execution

    def stop(self, execution, status="ABORTED"):
        if execution.status == "RUNNING":
            execution.playing.close()
            self._end(execution, status)

    def _end(self, execution, status):
        execution.status, execution.ended = status, self.clock.now
        self.ended(execution)

    def _play(self, execution):
        context = {
            "Execution": {
                "Id": execution.arn,
                "Name": execution.name,
                "StartTime": iso(execution.started),
                "Input": execution.input,
            },
            "StateMachine": {"Id": self.arn, "Name": "Runs"},
        }
        try:
            execution.output = yield from self._walk(self.definition, execution.input, {}, context, execution)
        except TaskError as error:
            execution.error, execution.cause = error.error, error.cause
        assert json.dumps(execution.output) is not None
        self._end(execution, "FAILED" if execution.error else "SUCCEEDED")

    def _walk(self, definition, value, variables, context, execution):
        name = definition["StartAt"]
        while True:
            state = definition["States"][name]
            assert set(state) <= KNOWN[state["Type"]], (name, set(state) - KNOWN[state["Type"]])
            execution.visited.append(name)
            execution.transitions += 1
            context = {**context, "State": {"Name": name, "EnteredTime": iso(self.clock.now)}}
            play = getattr(self, f"_{state['Type'].lower()}")
            value, following = yield from play(state, value, variables, context, execution)
            assert len(json.dumps(value)) < 256 * 1024
            if following is None:
                return value
            name = following

    def _bindings(self, value, variables, context, **more):
        return {**variables, "states": {"input": value, "context": context, **more}}

    def _leave(self, part, value, variables, context, **more):
        """Output and Assign of a state, a choice or a catcher, both from the variables before."""
        bindings = self._bindings(value, variables, context, **more)
        output = fill(part["Output"], bindings) if "Output" in part else more.get("result", value)
        variables.update(fill(part.get("Assign", {}), bindings))
        return output

    def _pass(self, state, value, variables, context, _execution):
        yield from ()
        return self._leave(state, value, variables, context), state.get("Next")

    def _wait(self, state, value, variables, context, _execution):
        seconds = fill(state["Seconds"], self._bindings(value, variables, context))
        assert int(seconds) == seconds >= 0
        yield seconds
        return value, state["Next"]

    def _choice(self, state, value, variables, context, _execution):
        yield from ()
        for choice in state["Choices"]:
            met = fill(choice["Condition"], self._bindings(value, variables, context))
            assert isinstance(met, bool), choice
            if met:
                return self._leave(choice, value, variables, context), choice["Next"]
        return value, state["Default"]

    def _fail(self, state, value, variables, context, _execution):
        yield from ()
        bindings = self._bindings(value, variables, context)
        raise TaskError(fill(state["Error"], bindings), fill(state["Cause"], bindings))

    def _map(self, state, value, variables, context, execution):
        results = []
        try:
            for item in fill(state["Items"], self._bindings(value, variables, context)):
                result = yield from self._walk(state["ItemProcessor"], item, {}, context, execution)
                results.append(result)
        except TaskError as error:
            return self._caught(state, error, value, variables, context)
        return self._leave(state, value, variables, context, result=results), state["Next"]

    def _task(self, state, value, variables, context, execution):
        counts = {}
        while True:
            try:
                arguments = fill(state["Arguments"], self._bindings(value, variables, context))
                result = self._call(state["Resource"], arguments, execution)
                if hasattr(result, "send"):
                    result = yield from result
                assert len(json.dumps(result)) < 256 * 1024, state["Resource"]
                return self._leave(state, value, variables, context, result=result), state.get("Next")
            except TaskError as error:
                wait = self._wait_before_retry(state.get("Retry", ()), error, counts)
                if wait is None:
                    return self._caught(state, error, value, variables, context)
            yield wait
            execution.transitions += 1

    def _call(self, resource, arguments, execution):
        (task,) = [task for part, task in self.tasks.items() if resource.endswith(part)]
        return task(arguments, execution)

    def _wait_before_retry(self, retriers, error, counts):
        for index, retrier in enumerate(retriers):
            if _matches(retrier["ErrorEquals"], error.error):
                count = counts.get(index, 0)
                if count >= retrier.get("MaxAttempts", 3):
                    return None
                counts[index] = count + 1
                delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** count
                delay = min(delay, retrier.get("MaxDelaySeconds", delay))
                return delay * self.random.random() if retrier.get("JitterStrategy") == "FULL" else delay
        return None

    def _caught(self, state, error, value, variables, context):
        for catcher in state.get("Catch", ()):
            if _matches(catcher["ErrorEquals"], error.error):
                # Errors of the engine itself, such as States.Timeout, come without a cause.
                told = {"Error": error.error, **({"Cause": error.cause} if error.cause else {})}
                return self._leave(catcher, value, variables, context, errorOutput=told), catcher["Next"]
        raise error


def _matches(names, error):
    every = "States.ALL" in names and error not in {"States.Runtime", "States.DataLimitExceeded"}
    return every or error in names or ("States.TaskFailed" in names and error != "States.Timeout")
