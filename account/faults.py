"""For each step a fault that it must notice: a suite that cannot fail proves nothing.

Faults are those of the local AWS (its settings, its faults on demand), of the way there and back (requests and answers
that are not what was sent), and of what is deployed (templates that lack something).
"""

from __future__ import annotations

import json
import re
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from account.bench import Bench
    from account.cloud import Cloud
    from account.step import Step
    from constructs_lib.local.aws import LocalAws

    Change = Callable[[dict[str, Any]], object]

JOB = "Custom::DocumentClassificationJob"
INTERFACES = "Custom::ClassificationNetworkInterfaces"


@dataclass(frozen=True)
class Fault:
    """Something that is wrong while a step looks.

    Args:
        what: What is wrong, in words.
        switch: Makes it so, and yields the account to look at.
        noticed: What the verdict says, as a regular expression.
    """

    what: str
    switch: Callable[[LocalAws], AbstractContextManager[Cloud]]
    noticed: str


def faulty(step: Step) -> Step:
    """The step with its fault switched on while it looks."""
    if step.look is None:
        raise ValueError(f"{step.id} looks at nothing")
    seen, fault = step.look, FAULTS[step.id]

    def look(bench: Bench) -> str:
        with fault.switch(cast("LocalAws", bench.cloud)) as bench.cloud:
            looked = seen(bench)
            while not isinstance(looked, str):
                try:
                    next(looked)
                except StopIteration as end:
                    looked = str(end.value)
            return looked

    return replace(step, id=f"{step.id}-faulty", look=look)


# --- Kinds of faults --------------------------------------------------------------------------------------------------


def behaves(**settings: float) -> Callable[[LocalAws], AbstractContextManager[Cloud]]:
    """The local AWS behaves otherwise; the next step sets it right."""

    @contextmanager
    def switch(aws: LocalAws) -> Iterator[Cloud]:
        aws.configure(**settings)
        yield aws

    return switch


def answers(**fault: object) -> Callable[[LocalAws], AbstractContextManager[Cloud]]:
    """The local AWS answers with an error, or lets jobs fail."""

    @contextmanager
    def switch(aws: LocalAws) -> Iterator[Cloud]:
        aws.set_faults(fault)
        try:
            yield aws
        finally:
            aws.set_faults()

    return switch


def hears(service: str, operation: str, change: Change) -> Callable[[LocalAws], AbstractContextManager[Cloud]]:
    """Requests arrive otherwise than they were sent."""

    def handle(params: dict[str, Any], **_: object) -> None:
        change(params)

    return _hooked(service, f"provide-client-params.{service}.{operation}", handle)


def says(service: str, operation: str, change: Change) -> Callable[[LocalAws], AbstractContextManager[Cloud]]:
    """Answers arrive otherwise than they were sent."""

    def handle(parsed: dict[str, Any], **_: object) -> None:
        change(parsed)

    return _hooked(service, f"after-call.{service}.{operation}", handle)


def _hooked(
    service: str, event: str, handle: Callable[..., None]
) -> Callable[[LocalAws], AbstractContextManager[Cloud]]:
    @contextmanager
    def switch(aws: LocalAws) -> Iterator[Cloud]:
        events = aws.client(service).meta.events
        events.register(event, handle)
        try:
            yield aws
        finally:
            events.unregister(event, handle)

    return switch


class _Meddled:
    """An account where something happens to what is deployed."""

    def __init__(self, aws: LocalAws, template: Change) -> None:
        self._aws, self._template = aws, template

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the local AWS has
        return getattr(self._aws, name)

    def deploy(self, assembly: Path) -> dict[str, dict[str, str]]:
        """Deploy what is left of an assembly."""
        for file in assembly.glob("*.template.json"):
            template = json.loads(file.read_text(encoding="utf-8"))
            self._template(template["Resources"])
            file.write_text(json.dumps(template), encoding="utf-8")
            # It is published under a name made of its hash; with the old name the old one would stay.
            name = f"{uuid.uuid4().hex * 2}.json"
            for index in (assembly / "manifest.json", *assembly.glob("*.assets.json")):
                text = index.read_text(encoding="utf-8")
                index.write_text(re.sub(r"[0-9a-f]{64}\.json", name, text), encoding="utf-8")
        return self._aws.deploy(assembly)


def deployed(template: Change) -> Callable[[LocalAws], AbstractContextManager[Cloud]]:
    """What is deployed lacks something."""

    @contextmanager
    def switch(aws: LocalAws) -> Iterator[Cloud]:
        yield cast("Cloud", _Meddled(aws, template))

    return switch


# --- Changes ----------------------------------------------------------------------------------------------------------


def _job(change: Change) -> Change:
    """A change of every job's description."""

    def apply(parsed: dict[str, Any]) -> None:
        change(parsed.get("DocumentClassificationJobProperties", {}))

    return apply


def _later(job: dict[str, Any]) -> None:
    if "EndTime" in job:
        job["EndTime"] += timedelta(seconds=1000)


def _elsewhere(job: dict[str, Any]) -> None:
    job["OutputDataConfig"]["S3Uri"] = job["OutputDataConfig"]["S3Uri"].replace("/output/", "/elsewhere/")


def _properties(kind: str, **changes: object) -> Change:
    """A change of the properties of all resources of a type."""

    def apply(resources: dict[str, Any]) -> None:
        for resource in resources.values():
            if resource["Type"] == kind:
                resource["Properties"] |= changes

    return apply


def _without_volume_key(resources: dict[str, Any]) -> None:
    for resource in resources.values():
        if resource["Type"] == JOB:
            resource["Properties"]["Request"].pop("VolumeKmsKeyId", None)


def _without_clean_up(resources: dict[str, Any]) -> None:
    gone = {name for name, resource in resources.items() if resource["Type"] == INTERFACES}
    for name in gone:
        del resources[name]
    for resource in resources.values():
        if "DependsOn" in resource:
            resource["DependsOn"] = [name for name in resource["DependsOn"] if name not in gone]


def _lose_a_mail(params: dict[str, Any]) -> None:
    if params["Key"].endswith("mail-01.txt"):
        params["Key"] = f"lost/{params['Key']}"


def _outputs_are(**values: str) -> Callable[[LocalAws], AbstractContextManager[Cloud]]:
    """Stacks have other outputs."""

    def apply(parsed: dict[str, Any]) -> None:
        for stack in parsed.get("Stacks", ()):
            for output in stack.get("Outputs", ()):
                output["OutputValue"] = values.get(output["OutputKey"], output["OutputValue"])

    return says("cloudformation", "DescribeStacks", apply)


def _format_of_lines(params: dict[str, Any]) -> None:
    params["InputDataConfig"]["InputFormat"] = "ONE_DOC_PER_LINE"


def _may_always_write(params: dict[str, Any]) -> None:
    document = json.loads(params["PolicyDocument"])
    for statement in document["Statement"]:
        if statement.get("Sid") == "WriteResults" and "s3:PutObject" not in statement["Action"]:
            statement["Action"] = "s3:PutObject"
    params["PolicyDocument"] = json.dumps(document)


def _lose_a_row(parsed: dict[str, Any]) -> None:
    parsed["ResultSet"]["Rows"].pop()


def _start_instead(params: dict[str, Any]) -> None:
    given = json.loads(params["input"])
    if "JobId" in given:
        params["input"] = json.dumps({"Prefix": "batches/inbox/workflow-prefix-faulty/"})


def _lose_the_cause(parsed: dict[str, Any]) -> None:
    if "cause" in parsed:
        parsed["cause"] = "An error occurred while executing the state machine."


def _no_token(params: dict[str, Any]) -> None:
    params.pop("ClientRequestToken", None)


def _something_inside(params: dict[str, Any]) -> None:
    params["Body"] = params["Body"] or b"Please pay."


def _all_documents(params: dict[str, Any]) -> None:
    uri = params["InputDataConfig"]["S3Uri"]
    params["InputDataConfig"]["S3Uri"] = uri.replace("nothing-here/", "in/")


def _an_event(parsed: dict[str, Any]) -> None:
    parsed["Messages"] = [{"Body": '{"source": "aws.comprehend", "detail-type": "Comprehend Job State Change"}'}]


def _abandoned() -> Callable[[LocalAws], AbstractContextManager[Cloud]]:
    """Jobs are let go at once, and run long enough to miss what goes with their resource."""

    @contextmanager
    def switch(aws: LocalAws) -> Iterator[Cloud]:
        aws.configure(job_seconds=3 * aws.configure()["job_seconds"])
        with deployed(_properties(JOB, AbandonOnDelete="true"))(aws) as cloud:
            yield cloud

    return switch


_START = "StartDocumentClassificationJob"
_DESCRIBE = "DescribeDocumentClassificationJob"
_OTHER_MESSAGE = answers(operation="RunJob", message="ACCESS_CHECK_FAILED: ask your administrator")
_OTHER_CODE = answers(operation=_START, code="ResourceInUseException", message="on demand")

FAULTS: dict[str, Fault] = {
    # Scenarios
    "walk": Fault("a mail is lost on the way", hears("s3", "PutObject", _lose_a_mail), "3 mails gave 2 predictions"),
    "parameters": Fault("a parameter is forgotten", deployed(_without_volume_key), "no job has VolumeKmsKeyId"),
    "update-while-running": Fault("the old job is let go at once", _abandoned(), "is FAILED: NO_"),
    "rollback": Fault("the stack names another job", _outputs_are(JobArn="another"), "the stack names"),
    "destroy": Fault("the job is let go at once", _abandoned(), "is FAILED: NO_"),
    "destroy-network": Fault(
        "nothing removes interfaces", deployed(_without_clean_up), "destroying failed|the stack is DELETE_FAILED"
    ),
    "quota": Fault("there is no quota", behaves(active_jobs=0), "active at once"),
    "workflow-inbox": Fault(
        "the table has not all rows", says("athena", "GetQueryResults", _lose_a_row), "Athena says"
    ),
    "workflow-prefix": Fault(
        "adopting starts a job", hears("stepfunctions", "StartExecution", _start_instead), "the run adopted"
    ),
    "workflow-failure": Fault(
        "the cause is lost", says("stepfunctions", "DescribeExecution", _lose_the_cause), "does not name the prefix"
    ),
    "permissions": Fault(
        "one mutation is not made",
        hears("iam", "PutRolePolicy", _may_always_write),
        "^the job works without WriteResults s3:PutObject$",
    ),
    # Facts
    "token-memory": Fault("tokens are forgotten", hears("comprehend", _START, _no_token), "another job"),
    "token-other-parameters": Fault("tokens are ignored", hears("comprehend", _START, _no_token), "a second job"),
    "describe-at-once": Fault(
        "jobs are unknown for seconds",
        answers(operation=_DESCRIBE, code="JobNotFoundException", count=None, seconds=2),
        "still unknown",
    ),
    "one-line": Fault("jobs take a quarter of an hour longer", says("comprehend", _DESCRIBE, _job(_later)), "took 10"),
    "job-names": Fault("names are unique", _OTHER_CODE, "cannot be used twice"),
    "active-jobs": Fault("there is no quota", behaves(active_jobs=0), "jobs are active"),
    "starts-in-a-second": Fault("there is no rate", behaves(starts_per_second=0), "not slowed down"),
    "no-model": Fault("another exception", _OTHER_CODE, "ResourceInUseException"),
    "two-models": Fault("another exception", _OTHER_CODE, "ResourceInUseException"),
    "no-read": Fault("another message", _OTHER_MESSAGE, "does not say"),
    "no-write": Fault("the fault comes late", says("comprehend", _DESCRIBE, _job(_later)), "only after"),
    "no-trust": Fault("another message", _OTHER_MESSAGE, "does not say"),
    "no-volume-key": Fault("another message", _OTHER_MESSAGE, "does not say"),
    "no-interfaces": Fault("another message", _OTHER_MESSAGE, "does not say"),
    "no-pass-role": Fault("another exception", _OTHER_CODE, "ResourceInUseException"),
    "caller-rights": Fault("the job fails", _OTHER_MESSAGE, "is FAILED"),
    "rights-removed": Fault("jobs are over before", behaves(job_seconds=0.01), "does not need its rights"),
    "rights-replaced": Fault("the job fails", _OTHER_MESSAGE, "is FAILED"),
    "empty-objects": Fault("they have content", hears("s3", "PutObject", _something_inside), "gave predictions for"),
    "empty-prefix": Fault("there are documents", hears("comprehend", _START, _all_documents), "is COMPLETED"),
    "default-format": Fault("a line is a document", hears("comprehend", _START, _format_of_lines), "2 predictions"),
    "output-place": Fault("it is elsewhere", says("comprehend", _DESCRIBE, _job(_elsewhere)), "Describe says"),
    "interfaces": Fault("they stay", behaves(keep_network_interfaces=True), "still there"),
    "response-url-date": Fault("it has none", _outputs_are(Dated="False"), "no X-Amz-Date"),
    "runtime-sdk": Fault("it is old", _outputs_are(Members="False"), "lacks parameters"),
    "events": Fault("one comes", says("sqs", "ReceiveMessage", _an_event), "there are events"),
}
