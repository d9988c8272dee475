"""The state machine of a workflow, as data: what a run does, state by state.

Read it from top to bottom; each state says why it is there. Expressions are JSONata 2.0.6 as Step Functions has it: an
expression without a result is an error, a missing field inside of an object is left out.

Variables of a run: `run` (what is known, in the words of its output), `kind` (what it classifies, or what is wrong with
its input), `batch` (the folder of its batch), `begun` (in milliseconds), `seed` and `attempt` (of the client token),
`looks`, `page` and `asked` (at other runs), `proven` (whether the job has access), `failure` (what ends it), and `told`
(the run that its notices are about).

Source: Step Functions Developer Guide, "Amazon States Language", "Transforming data with JSONata".
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from constructs_lib.workflow.explanations import ACCESS, ERRORS, EVERYTHING_ELSE

if TYPE_CHECKING:
    from collections.abc import Mapping

State = dict[str, Any]

EVENT_SOURCE = "cdk-comprehend-classification"
EVENT_TYPE = "Document Classification Run State Change"

GATHER = 60
"""Seconds that a run which an upload started waits for further uploads."""

LOOK_AGAIN = 60
"""Seconds between two looks for another run. Whatever was uploaded before the second one is seen by that run's end."""

ASKED_AT_ONCE = 10
"""Older runs whose input is asked for before one decides: of a burst of uploads, one of the oldest is of the inbox."""

MOST_ASKED = 1000
"""Older runs whose input is asked for at most: each takes seven events of 25,000, and collecting is right without."""

SETTLED = 30
"""Seconds after which a job has proven its access; faults come 12 to 14 s after the start."""

PROVEN_IN_QUEUE = 90
"""Seconds after which a job that still waits in the queue is believed."""

RUNS_A_PAGE = 250
"""Runs listed at once. One is described in up to 700 bytes, and no state takes more than 256 KiB from a call."""

ATTEMPTS = 3
"""Jobs of one run at most: an access fault in the first seconds may mean rights that have not arrived yet."""

UNTOLD = ["States.DataLimitExceeded", "States.QueryEvaluationError", "States.Runtime"]
"""Errors that end a run where no state can catch them; every other failure has been told by the run itself."""

LONGEST_FUNCTION = 900
"""Seconds that a call of the function can take."""

_SHORTEST_WAIT, _LONGEST_WAIT = 30, 300  # seconds between two looks at a job
_LONGEST_BACKOFF = 120  # seconds; with full jitter half of it on average
_MARGIN = 2 * 3600  # seconds for collecting and unpacking beside the job
_LONGEST_KEY = 1024  # of S3, in bytes
_LONGEST_JOB_ID = 32  # of the API; what it refuses under a general name would be asked again for an hour
_KINDS = "Prefix", "JobId", "Trigger", "Schedule", "Ended"
_APART = ["Prefix", "JobId", "Schedule", "Ended"]  # what makes a run none of the inbox

# Whether a schedule sent what Begin reads. Each part only after its type: a function refuses other types.
_SCHEDULED = """(
    $type($states.input.Schedule) = 'object'
        ? $type($states.input.Schedule.Prefix) = 'string' and $type($states.input.Schedule.Offset) = 'number'
            and ($type($states.input.Schedule.Time) = 'string'
                ? $contains($states.input.Schedule.Time, /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$/) : false)
        : false
)"""


def _folder(start: str, name: str) -> str:
    """A name is free again 90 days after the end of its execution: with the start it is one run's for ever."""
    return f"$replace($substring({start}, 0, 19), /[-:]/, '') & 'Z-' & {name}"


_RUN = _folder("$states.context.Execution.StartTime", "$states.context.Execution.Name")

# What the API does not declare comes without a name of its own, throttling included: its message tells.
_PASSING = r"/throttl|rate exceeded|too many requests|slow down|status code: (429|5[0-9][0-9])/"

# Errors that say nothing about whether the function still runs. Two calls for one batch must not overlap.
_UNCERTAIN = ["Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"]
_MENDED_BY_NOTHING = [
    "WrongPrefix",
    "TooManyDocuments",
    "TooMuchInput",
    "CannotCollect",
    "BadArchiveError",
    "OtherKindError",
]

# More than an hour of patience.
_OUTAGE: State = {
    "IntervalSeconds": 10,
    "BackoffRate": 2,
    "MaxDelaySeconds": _LONGEST_WAIT,
    "MaxAttempts": 40,
    "JitterStrategy": "FULL",
}


@dataclass(frozen=True)
class Parts:
    """What the definition refers to.

    Args:
        partition: Of the service integrations' ARNs.
        function_arn: The function.
        request: The API request of a job; its `InputDataConfig.S3Uri` is the documents' bucket.
        bucket_uri: `s3://<bucket>/` of the documents.
        job_name: What job names begin with, if they have one.
        bus_arn: Where notices go.
        batches: The prefix that batches lie under.
        workflow: The workflow's name in notices.
        timeout: Seconds that a run may take to start and follow its job.
        table: Whether results are unpacked.
    """

    partition: str
    function_arn: str
    request: Mapping[str, Any]
    bucket_uri: str
    job_name: str | None
    bus_arn: str
    batches: str
    workflow: str
    timeout: int
    table: bool


def definition(parts: Parts) -> State:
    """Write the state machine.

    Args:
        parts: What it refers to.

    Returns:
        The definition in the Amazon States Language.
    """
    return {
        "Comment": "Classifies documents with one Amazon Comprehend job a run.",
        "QueryLanguage": "JSONata",
        "StartAt": "Begin",
        "TimeoutSeconds": parts.timeout + _MARGIN,
        "States": {
            **_what_to_do(),
            **_by_prefix(parts),
            **_by_inbox(parts),
            **_of_another_run(parts),
            **_start(parts),
            **_follow(parts),
            **_finish(parts),
            **_fail(parts),
        },
    }


def _what_to_do() -> dict[str, State]:
    return {
        # Reads the input once. A schedule's prefix is made from the time it was due, so that a late start means the
        # same documents, and two deliveries of one start the same job; that of another workflow is another job.
        "Begin": {
            "Type": "Pass",
            "Assign": {
                "run": {},
                "attempt": 0,
                "looks": 0,
                "page": "",
                "asked": 0,
                "proven": False,
                "failure": {},
                "begun": "{% $toMillis($states.context.Execution.StartTime) %}",
                "kind": _expression(f"""
                    $given := $type($states.input) = 'object' ? $keys($states.input) : [];
                    $unknown := $given[$not($ in {list(_KINDS)})];
                    $type($states.input) != 'object'
                        ? 'wrong: the input of a run must be a JSON object, {{}} for the inbox'
                    : $count($unknown) > 0 ? 'wrong: the input of a run has no '
                        & $substring($join($unknown, ', '), 0, {_LONGEST_KEY})
                        & '; it may have Prefix or JobId, or nothing, which means the inbox'
                    : $count({_APART}[$ in $given]) > 1
                        ? 'wrong: a run takes either a Prefix or a JobId, not both'
                    : $exists($states.input.Ended)
                        ? ($type($states.input.Ended) = 'string'
                            ? 'ended' : 'wrong: Ended must be as the rule of the workflow sends it; give a Prefix')
                    : $exists($states.input.JobId)
                        ? (($type($states.input.JobId) = 'string'
                                ? $contains($states.input.JobId, /^[a-zA-Z0-9-]{{1,{_LONGEST_JOB_ID}}}$/) : false)
                            ? 'job' : 'wrong: JobId must be the id of a job, up to {_LONGEST_JOB_ID} letters, digits and
                            hyphens')
                    : $exists($states.input.Prefix)
                        ? ($type($states.input.Prefix) != 'string' or $states.input.Prefix = ''
                            ? 'wrong: Prefix must be text that keys of documents begin with'
                        : $length($states.input.Prefix) > {_LONGEST_KEY}
                            ? 'wrong: Prefix has more than {_LONGEST_KEY} characters, and no key is longer' : 'prefix')
                    : $exists($states.input.Schedule)
                        ? ({_SCHEDULED} ? 'prefix' : 'wrong: Schedule must be as a schedule of the workflow sends it;
                            give a Prefix')
                    : 'inbox'"""),
                "told": _expression("""
                    $type($states.input.Ended) = 'string' ? $states.input.Ended : $states.context.Execution.Id"""),
                "batch": f"{{% {_RUN} %}}",
                "seed": _expression(f"""
                    $exists($states.input.Schedule)
                        ? $states.context.StateMachine.Id & $string($states.input.Schedule)
                        : $states.context.StateMachine.Id & {_RUN}"""),
            },
            "Output": _expression(
                """
                $type($states.input) != 'object' ? {} : $exists($states.input.Schedule) ? $not(SCHEDULED) ? {} : (
                    $due := $toMillis($states.input.Schedule.Time) - $states.input.Schedule.Offset * 1000;
                    {'Prefix': $reduce([['%Y', '[Y0001]'], ['%m', '[M01]'], ['%d', '[D01]'], ['%H', '[H01]']],
                        function($prefix, $part) {
                            $replace($prefix, $part[0], $fromMillis($due, $part[1]))
                        }, $states.input.Schedule.Prefix)}
                ) : $states.input""".replace("SCHEDULED", _SCHEDULED)
            ),
            "Next": "WhatToDo",
        },
        "WhatToDo": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": "{% $substring($kind, 0, 6) = 'wrong:' %}",
                    "Assign": {"failure": {"Error": "WrongInput", "Cause": "{% $substringAfter($kind, 'wrong: ') %}"}},
                    "Next": "Explain",
                },
                {
                    "Condition": "{% $kind = 'job' %}",
                    "Assign": {"run": {"JobId": "{% $states.input.JobId %}"}},
                    "Next": "Describe",
                },
                {"Condition": "{% $kind = 'prefix' %}", "Next": "Measure"},
                {"Condition": "{% $kind = 'ended' %}", "Next": "AskForEnd"},
                # One upload seldom comes alone.
                {"Condition": "{% $states.input.Trigger = 'UPLOAD' %}", "Next": "Gather"},
            ],
            "Default": "ListRuns",
        },
    }


def _by_prefix(parts: Parts) -> dict[str, State]:
    return {
        # Too many documents, too many bytes or none at all: before anything is paid for.
        "Measure": _function(
            parts,
            {"Task": "Measure", "Prefix": "{% $states.input.Prefix %}"},
            Assign={
                "run": {
                    "DocumentsPrefix": "{% $states.input.Prefix %}",
                    "Documents": "{% $states.result.Payload.Documents %}",
                }
            },
            Next="Measured",
        ),
        "Measured": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $run.Documents = 0 %}", "Next": "AnnounceEmpty"}],
            "Default": "StartJob",
        },
        # Whoever named a prefix expects documents there.
        "AnnounceEmpty": _announce(parts, "EMPTY", Next="Empty", Catch=[_catch("Explain")]),
    }


def _by_inbox(parts: Parts) -> dict[str, State]:
    listed = "$states.result.Executions[ExecutionArn != $states.context.Execution.Id]"
    return {
        "Gather": {"Type": "Wait", "Seconds": GATHER, "Next": "ListRuns"},
        # One run of the inbox at a time; the younger gives way. Runs of a prefix or a job hold nobody up.
        "ListRuns": {
            "Type": "Task",
            "Resource": f"arn:{parts.partition}:states:::aws-sdk:sfn:listExecutions",
            "Arguments": _expression(f"""
                $merge([
                    {{
                        'StateMachineArn': $states.context.StateMachine.Id,
                        'StatusFilter': 'RUNNING',
                        'MaxResults': {RUNS_A_PAGE}
                    }},
                    $page = '' ? {{}} : {{'NextToken': $page}}
                ])"""),
            "Assign": {"page": "{% $exists($states.result.NextToken) ? $states.result.NextToken : '' %}"},
            "Retry": [{**_OUTAGE, "ErrorEquals": ["States.TaskFailed"]}],
            "Catch": [_catch("Explain")],
            "Output": _expression(f"""
                $older := {listed}[
                    $toMillis(StartDate) < $begun or ($toMillis(StartDate) = $begun
                        and ExecutionArn < $states.context.Execution.Id)
                ];
                $younger := function($a, $b) {{
                    $toMillis($a.StartDate) > $toMillis($b.StartDate)
                        or ($toMillis($a.StartDate) = $toMillis($b.StartDate) and $a.ExecutionArn > $b.ExecutionArn)
                }};
                {{'Older': [$sort($older, $younger).ExecutionArn]}}"""),
            "Next": "AskForInputs",
        },
        # What a run classifies stands in its input alone: anybody may give it a name.
        "AskForInputs": {
            "Type": "Map",
            "Items": f"{{% [$states.input.Older[[0..{ASKED_AT_ONCE - 1}]]] %}}",
            "MaxConcurrency": 1,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "AskForInput",
                "States": {
                    "AskForInput": {
                        "Type": "Task",
                        "Resource": f"arn:{parts.partition}:states:::aws-sdk:sfn:describeExecution",
                        "Arguments": {"ExecutionArn": "{% $states.input %}"},
                        "Retry": [{**_OUTAGE, "ErrorEquals": ["States.TaskFailed"]}],
                        "Output": _expression(f"""
                            $input := $parse($states.result.Input);
                            $states.result.Status = 'RUNNING' and $type($input) = 'object'
                                and $count({_APART}[$ in $keys($input)]) = 0"""),
                        "End": True,
                    },
                },
            },
            "Catch": [_catch("Explain")],
            "Assign": {"asked": "{% $asked + $count($states.result) %}"},
            "Output": _expression(f"""
                {{
                    'OtherRun': true in $states.result,
                    'Older': [$states.input.Older[[{ASKED_AT_ONCE}..{RUNS_A_PAGE - 1}]]]
                }}"""),
            "Next": "OtherRun",
        },
        "OtherRun": {
            "Type": "Choice",
            "Choices": [
                # It may have looked into the inbox for the last time just before the upload; by then it has ended.
                {
                    "Condition": "{% $states.input.OtherRun and $looks = 0 %}",
                    "Assign": {"looks": 1, "page": "", "asked": 0},
                    "Next": "WaitForOtherRun",
                },
                {"Condition": "{% $states.input.OtherRun %}", "Next": "Busy"},
                {
                    "Condition": f"{{% $count($states.input.Older) > 0 and $asked < {MOST_ASKED} %}}",
                    "Next": "AskForInputs",
                },
                # The youngest are listed first: an older one may be on a later page.
                {"Condition": f"{{% $page != '' and $asked < {MOST_ASKED} %}}", "Next": "ListRuns"},
            ],
            "Default": "Collect",
        },
        "WaitForOtherRun": {"Type": "Wait", "Seconds": LOOK_AGAIN, "Next": "ListRuns"},
        "Busy": {"Type": "Pass", "Output": {"Status": "BUSY"}, "End": True},
        # A job takes a prefix, not a list of keys; and what is moved cannot be classified twice.
        "Collect": _function(
            parts,
            {"Task": "Collect", "Run": "{% $batch %}"},
            Assign={
                "run": {
                    "DocumentsPrefix": "{% $states.result.Payload.Prefix %}",
                    "Documents": "{% $states.result.Payload.Documents %}",
                }
            },
            Next="Collected",
        ),
        "Collected": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $run.Documents = 0 %}", "Next": "Empty"}],
            "Default": "StartJob",
        },
        "Empty": {"Type": "Pass", "Output": "{% $merge([{'Status': 'EMPTY'}, $run]) %}", "End": True},
    }


def _of_another_run(parts: Parts) -> dict[str, State]:
    folder = _folder("$ended.StartDate", "$ended.Name")
    return {
        # A run that was aborted, took too long or met its engine's limits could not tell of its end.
        "AskForEnd": {
            "Type": "Task",
            "Resource": f"arn:{parts.partition}:states:::aws-sdk:sfn:describeExecution",
            "Arguments": {"ExecutionArn": "{% $told %}"},
            "Retry": [{**_OUTAGE, "ErrorEquals": ["States.TaskFailed"]}],
            "Catch": [_catch("Explain")],
            "Assign": {
                "run": _expression(f"""
                    $ended := $states.result;
                    $input := $parse($ended.Input);
                    $type($input) != 'object' ? {{}}
                        : $exists($input.JobId) ? {{'JobId': $input.JobId}}
                        : $exists($input.Prefix) ? {{'DocumentsPrefix': $input.Prefix}}
                        : $count({_APART}[$ in $keys($input)]) > 0 ? {{}}
                        : {{'DocumentsPrefix': {_text(parts.batches)} & {folder}}}"""),
                "failure": _expression(f"""
                    $ended := $states.result;
                    {{
                        'Error': $ended.Status = 'ABORTED' ? 'RunAborted'
                            : $ended.Status = 'TIMED_OUT' ? 'RunTimedOut'
                            : $exists($ended.Error) ? $ended.Error : 'RunFailed',
                        'Cause': $exists($ended.Cause) ? $ended.Cause
                            : $ended.Status = 'TIMED_OUT' ? 'the run took more than {parts.timeout + _MARGIN} s'
                            : 'the run was ' & $lowercase($ended.Status)
                    }}"""),
            },
            "Next": "Explain",
        },
        "Told": {"Type": "Pass", "Output": {"Status": "TOLD"}, "End": True},
    }


def _start(parts: Parts) -> dict[str, State]:
    request = {
        **parts.request,
        "InputDataConfig": {
            **parts.request["InputDataConfig"],
            "S3Uri": f"{{% '{parts.bucket_uri}' & $run.DocumentsPrefix %}}",
        },
        # The same for every retry, another one for another attempt: nothing is paid for twice.
        "ClientRequestToken": "{% $hash($seed & '/' & $string($attempt), 'SHA-256') %}",
    }
    if parts.job_name is not None:
        name = f"'{parts.job_name} ' & $states.context.Execution.Name"
        request["JobName"] = f"{{% $substring({name}, 0, 256) %}}"
    return {
        "StartJob": {
            "Type": "Task",
            "Resource": f"arn:{parts.partition}:states:::aws-sdk:comprehend:startDocumentClassificationJob",
            "Arguments": request,
            "Retry": [
                # Others in the account use the slots: wait for them, as long as the run has time.
                {
                    "ErrorEquals": ["Comprehend.TooManyRequestsException"],
                    "IntervalSeconds": 20,
                    "BackoffRate": 1.5,
                    "MaxDelaySeconds": _LONGEST_BACKOFF,
                    "JitterStrategy": "FULL",
                    "MaxAttempts": math.ceil(parts.timeout / (_LONGEST_BACKOFF / 2)),
                },
                # Whatever the service suffers from has mostly passed within the hour.
                {**_OUTAGE, "ErrorEquals": ["Comprehend.InternalServerException", "Comprehend.SdkClientException"]},
                {
                    "ErrorEquals": [
                        "Comprehend.ResourceUnavailableException",
                        "Comprehend.KmsKeyValidationException",
                        # What the API does not declare: throttling by a general name, rights that have not arrived yet.
                        "Comprehend.ComprehendException",
                    ],
                    "IntervalSeconds": 10,
                    "BackoffRate": 2,
                    "MaxAttempts": 6,
                    "JitterStrategy": "FULL",
                },
                # So a role that is seconds old is called.
                {
                    "ErrorEquals": ["Comprehend.InvalidRequestException"],
                    "IntervalSeconds": 10,
                    "BackoffRate": 1,
                    "MaxAttempts": 2,
                },
            ],
            "Catch": [{**_catch("Refused"), "ErrorEquals": ["Comprehend.ComprehendException"]}, _catch("Explain")],
            "Assign": {
                "run": _expression("""
                    $merge([$run, {'JobId': $states.result.JobId, 'JobArn': $states.result.JobArn}])"""),
            },
            "Next": "Settle",
        },
        "Refused": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": _expression(f"""
                        $contains($lowercase($failure.Cause), {_PASSING})
                            and $toMillis($states.context.State.EnteredTime) - $begun < {parts.timeout * 1000}"""),
                    "Assign": {"failure": {}},
                    "Next": "WaitForSlot",
                }
            ],
            "Default": "Explain",
        },
        "WaitForSlot": {"Type": "Wait", "Seconds": _LONGEST_BACKOFF // 2, "Next": "StartJob"},
        "Settle": {"Type": "Wait", "Seconds": SETTLED, "Next": "Describe"},
    }


def _follow(parts: Parts) -> dict[str, State]:
    job = "$states.result.DocumentClassificationJobProperties"
    access = json.dumps([*ACCESS])
    return {
        "Describe": {
            "Type": "Task",
            "Resource": f"arn:{parts.partition}:states:::aws-sdk:comprehend:describeDocumentClassificationJob",
            "Arguments": {"JobId": "{% $run.JobId %}"},
            "Retry": _patiently(
                "Comprehend.TooManyRequestsException",
                "Comprehend.InternalServerException",
                "Comprehend.ComprehendException",
                "Comprehend.SdkClientException",
            ),
            "Catch": [_catch("Explain")],
            "Output": _expression(f"""
                $job := {job};
                $seconds := ($toMillis($states.context.State.EnteredTime) - $toMillis($job.SubmitTime)) / 1000;
                {{
                    'Job': $job,
                    'Seconds': $seconds,
                    'Active': $job.JobStatus in ['SUBMITTED', 'IN_PROGRESS', 'STOP_REQUESTED'],
                    'Proven': $job.JobStatus = 'IN_PROGRESS' and $seconds >= {SETTLED}
                        or $job.JobStatus = 'SUBMITTED' and $seconds >= {PROVEN_IN_QUEUE},
                    'Late': $toMillis($states.context.State.EnteredTime) - $begun >= {parts.timeout * 1000},
                    'TooNew': $exists($job.EndTime) and $exists($job.Message)
                        and $toMillis($job.EndTime) - $toMillis($job.SubmitTime) < {SETTLED * 1000}
                        and $count({access}[$contains($lowercase($job.Message), $)]) > 0
                }}"""),
            "Assign": {
                "run": _expression(f"""
                    $job := {job};
                    $merge([$run, {{
                        'JobArn': $job.JobArn,
                        'JobName': $job.JobName,
                        'OutputS3Uri': $job.OutputDataConfig.S3Uri,
                        'Message': $job.Message,
                        'SubmitTime': $job.SubmitTime,
                        'EndTime': $job.EndTime
                    }}])"""),
            },
            "Next": "Judge",
        },
        "Judge": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": "{% $states.input.Job.JobStatus = 'COMPLETED' %}",
                    "Next": "Unpack" if parts.table else "AnnounceCompleted",
                },
                {
                    "Condition": "{% $states.input.Active and $states.input.Late %}",
                    "Assign": {
                        "failure": {
                            "Error": "RunTimedOut",
                            "Cause": _expression(f"""
                                'the job is ' & $states.input.Job.JobStatus & ' after {parts.timeout} s, and no call can
                                stop it'"""),
                        }
                    },
                    "Next": "Explain",
                },
                # Adopted jobs have begun without us.
                {
                    "Condition": "{% $states.input.Proven and $not($proven) and $kind != 'job' %}",
                    "Assign": {"proven": True},
                    "Next": "AnnounceStarted",
                },
                {"Condition": "{% $states.input.Active %}", "Next": "WaitForJob"},
                {
                    "Condition": f"{{% $states.input.TooNew and $attempt < {ATTEMPTS - 1} and $kind != 'job' %}}",
                    "Assign": {"attempt": "{% $attempt + 1 %}"},
                    "Next": "WaitForRights",
                },
            ],
            "Default": "JobFailed",
        },
        "AnnounceStarted": _announce(parts, "STARTED", Next="WaitForJob", Catch=[_catch("WaitForJob", keep=False)]),
        # The longer it takes, the less often one looks: some 3,000 events of the history for a whole day.
        "WaitForJob": {
            "Type": "Wait",
            "Seconds": _expression(f"""
                $exists($run.SubmitTime)
                    ? $max([{_SHORTEST_WAIT}, $min([{_LONGEST_WAIT}, $floor(
                        ($toMillis($states.context.State.EnteredTime) - $toMillis($run.SubmitTime)) / 10000)])])
                    : {_SHORTEST_WAIT}"""),
            "Next": "Describe",
        },
        "WaitForRights": {"Type": "Wait", "Seconds": 60, "Next": "StartJob"},
        "JobFailed": {
            "Type": "Pass",
            "Assign": {
                "failure": {
                    "Error": "{% 'Job' & ($states.input.Job.JobStatus = 'STOPPED' ? 'Stopped' : 'Failed') %}",
                    "Cause": _expression("""
                        $exists($states.input.Job.Message)
                            ? $states.input.Job.Message : 'the service gave no reason'"""),
                }
            },
            "Next": "Explain",
        },
    }


def _finish(parts: Parts) -> dict[str, State]:
    states = {
        "AnnounceCompleted": _announce(parts, "COMPLETED", Next="Completed", Catch=[_catch("Explain")]),
        "Completed": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $kind = 'inbox' %}", "Next": "LookForMore"}],
            "Default": "Succeeded",
        },
        # What arrived meanwhile has found this run and gone away.
        **_go_on(parts, "LookForMore", "MoreArrived", "StartNextRun", then="Succeeded"),
        "Succeeded": {
            "Type": "Pass",
            "Output": _expression("""
                $merge([{'Status': 'COMPLETED'},
                    $sift($run, function($_, $name) {
                        $not($name in ['Message', 'SubmitTime', 'EndTime', 'JobName'])
                    })])"""),
            "End": True,
        },
    }
    if not parts.table:
        return states
    unpack = _function(
        parts,
        {
            "Task": "Unpack",
            "Run": "{% $states.context.Execution.Name %}",
            "Job": "{% $states.input.Job %}",
        },
        Assign={"run": "{% $merge([$run, $states.result.Payload]) %}"},
        Next="AnnounceCompleted",
    )
    return {"Unpack": unpack, **states}


def _fail(parts: Parts) -> dict[str, State]:
    access, errors = (json.dumps(list(table.items())) for table in (ACCESS, ERRORS))
    return {
        # People read the cause first: it says what happened and what to do.
        "Explain": {
            "Type": "Pass",
            "Assign": {
                "failure": _expression(f"""
                    $text := $substring($failure.Cause, 0, 1) = '{{' and $contains($failure.Cause, '"errorMessage"')
                        ? $parse($failure.Cause).errorMessage : $failure.Cause;
                    $words := $lowercase($failure.Error & ' ' & $text);
                    $hints := $contains($words, /^job(failed|stopped)|invalidrequest/)
                        ? $append({access}, {errors}) : {errors};
                    $found := $hints[$contains($words, $[0])][0];
                    {{
                        'Error': $failure.Error,
                        'Cause': $text,
                        'Hint': $exists($found) ? $found[1] : {_text(EVERYTHING_ELSE)}
                    }}"""),
            },
            "Next": "AnnounceFailed",
        },
        "AnnounceFailed": _announce(parts, "FAILED", Next="Failing", Catch=[_catch("Failing", keep=False)]),
        "Failing": {
            "Type": "Choice",
            # Only a run that had a job goes on: whatever refused the start would refuse the next one, and each would
            # leave a batch of its own.
            "Choices": [
                {
                    "Condition": "{% $kind = 'inbox' and $exists($run.JobId) %}",
                    "Next": "LookForMoreAfterFailure",
                },
                # Not this run has failed.
                {"Condition": "{% $kind = 'ended' %}", "Next": "Told"},
            ],
            "Default": "Failed",
        },
        **_go_on(
            parts, "LookForMoreAfterFailure", "MoreArrivedAfterFailure", "StartNextRunAfterFailure", then="Failed"
        ),
        "Failed": {
            "Type": "Fail",
            "Error": "{% $failure.Error %}",
            "Cause": "{% $failure.Hint = '' ? $failure.Cause : $failure.Cause & ' ' & $failure.Hint %}",
        },
    }


def _go_on(parts: Parts, look: str, choose: str, begin: str, *, then: str) -> dict[str, State]:
    return {
        look: _function(parts, {"Task": "LookForMore"}, Catch=[_catch(then, keep=False)], Next=choose),
        choose: {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.Left %}", "Next": begin}],
            "Default": then,
        },
        begin: {
            "Type": "Task",
            "Resource": f"arn:{parts.partition}:states:::states:startExecution",
            "Arguments": {
                "StateMachineArn": "{% $states.context.StateMachine.Id %}",
                "Input": {"Trigger": "RUN"},
            },
            "Retry": [{**_OUTAGE, "ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 10}],
            # The next trigger finds what waits; what this run has done stays true.
            "Catch": [_catch(then, keep=False)],
            "Next": then,
        },
    }


def _function(parts: Parts, payload: Mapping[str, object], **more: object) -> State:
    return {
        "Type": "Task",
        "Resource": f"arn:{parts.partition}:states:::lambda:invoke",
        "Arguments": {"FunctionName": parts.function_arn, "Payload": dict(payload)},
        # Longer than the function: a call that is given up here has ended there.
        "TimeoutSeconds": LONGEST_FUNCTION + 60,
        "Retry": [
            {"ErrorEquals": _MENDED_BY_NOTHING, "MaxAttempts": 0},
            {**_OUTAGE, "ErrorEquals": ["ServiceUnavailable", "Lambda.TooManyRequestsException"]},
            {"ErrorEquals": _UNCERTAIN, "IntervalSeconds": LONGEST_FUNCTION, "BackoffRate": 1, "MaxAttempts": 3},
            {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 10, "BackoffRate": 2, "MaxAttempts": 3},
        ],
        "Catch": [_catch("Explain")],
        "Output": "{% $states.result.Payload %}",
        **more,
    }


def _announce(parts: Parts, status: str, **more: object) -> State:
    detail = _expression(f"""
        {{
            'workflow': {_text(parts.workflow)},
            'status': '{status}',
            'jobId': $run.JobId,
            'jobArn': $run.JobArn,
            'jobName': $run.JobName,
            'message': $exists($failure.Cause) ? $failure.Cause : $run.Message,
            'hint': $failure.Hint,
            'error': $failure.Error,
            'documentsPrefix': $run.DocumentsPrefix,
            'outputS3Uri': $run.OutputS3Uri,
            'predictionsS3Uri': $run.PredictionsS3Uri,
            'documents': $run.Documents,
            'errors': $run.Errors,
            'classes': $run.Classes,
            'submitTime': $run.SubmitTime,
            'endTime': $run.EndTime,
            'executionArn': $told
        }}""")
    return {
        "Type": "Task",
        "Resource": f"arn:{parts.partition}:states:::events:putEvents",
        "Arguments": {
            "Entries": [
                {
                    "Source": EVENT_SOURCE,
                    "DetailType": EVENT_TYPE,
                    "EventBusName": parts.bus_arn,
                    "Resources": _expression("$append($exists($run.JobArn) ? [$run.JobArn] : [], [$told])"),
                    "Detail": detail,
                }
            ]
        },
        "Retry": [{**_OUTAGE, "ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 10}],
        "Output": "{% $states.input %}",
        **more,
    }


def _catch(then: str, *, keep: bool = True) -> State:
    # An error such as States.Timeout may come without a cause, and an expression without a result ends the run.
    cause = "{% $exists($states.errorOutput.Cause) ? $states.errorOutput.Cause : '' %}"
    assign = {"failure": {"Error": "{% $states.errorOutput.Error %}", "Cause": cause}}
    return {
        "ErrorEquals": ["States.ALL"],
        **({"Assign": assign} if keep else {}),
        "Output": "{% $states.input %}",
        "Next": then,
    }


def _patiently(*errors: str) -> list[State]:
    return [{**_OUTAGE, "ErrorEquals": list(errors)}]


def _expression(text: str) -> str:
    lines = " ".join(line.strip() for line in text.strip().splitlines())
    return f"{{% ({lines}) %}}"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
