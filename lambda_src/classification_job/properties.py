"""The job's properties as the template holds them, checked: all that is wrong is said at once, in words."""

from dataclasses import dataclass, replace
from typing import Any

from .job_errors import JobError
from .runtime import Runtime

_ALWAYS = {"ServiceToken", "ServiceTimeout"}  # CloudFormation's own
_CHOICES = {"WaitFor": ("SUBMITTED", "IN_PROGRESS", "COMPLETED"), "WhenEmpty": ("FAIL", "SKIP")}
_TEXTS = {"RunId": 256, "Rights": 64}
_FLAGS = ("AbandonOnDelete",)
_KNOWN = {"Request", "Timeout", *_CHOICES, *_TEXTS, *_FLAGS}
# What a job needs beside the service: its role, places, keys and network.
NEEDS = ("DataAccessRoleArn", "InputDataConfig", "OutputDataConfig", "VolumeKmsKeyId", "VpcConfig")
_LONGEST = 3600  # seconds, CloudFormation's own limit


@dataclass(frozen=True)
class JobProperties:
    """What one job is to be."""

    request: dict[str, Any]
    run_id: str
    wait_for: str
    timeout: int  # seconds
    when_empty: str
    rights: str  # fingerprint of what the job is allowed on its data access role
    abandon_on_delete: bool

    @property
    def skips_empty_input(self) -> bool:
        """Whether a deployment without documents succeeds."""
        return self.when_empty == "SKIP"


def parse(given: object, outside: Runtime) -> JobProperties:
    """Read the properties of a job that is to be started or kept."""
    own: dict[str, Any] = dict(given) if isinstance(given, dict) else {}
    problems = _problems_of_request(own.get("Request"), outside)
    problems += [f"{name}: not known; allowed: {', '.join(sorted(_KNOWN))}" for name in own.keys() - _KNOWN - _ALWAYS]
    for name, longest in (("Timeout", _LONGEST), ("ServiceTimeout", _LONGEST)):
        value = own.get(name, 1 if name == "ServiceTimeout" else None)
        if not _is_number(value, longest):
            problems.append(f"{name}={value!r:.60}: 1 to {longest} (seconds)")
    for name, choices in _CHOICES.items():
        if own.get(name) not in choices:
            problems.append(f"{name}={own.get(name)!r:.60}: {' or '.join(choices)}")
    for name, longest in _TEXTS.items():
        value = own.get(name, "")
        if not isinstance(value, str) or len(value) > longest:
            problems.append(f"{name}={value!r:.60}: text of at most {longest} characters")
    problems += [f"{name}={own[name]!r:.60}: true, or left out" for name in _FLAGS if own.get(name, "true") != "true"]
    if problems:
        raise JobError(f"No job was started. ResourceProperties: {'; '.join(problems):.1500}.")
    return JobProperties(
        request=own["Request"],
        run_id=own.get("RunId", ""),
        wait_for=own["WaitFor"],
        timeout=int(own["Timeout"]),
        when_empty=own["WhenEmpty"],
        rights=own.get("Rights", ""),
        abandon_on_delete="AbandonOnDelete" in own,
    )


def _problems_of_request(request: Any, outside: Runtime) -> list[str]:
    from botocore.validate import ParamValidator

    model = outside.client("comprehend").meta.service_model.operation_model("StartDocumentClassificationJob")
    report = ParamValidator().validate(request, model.input_shape)
    problems = [f"Request: {line}" for line in report.generate_report().splitlines()]
    if isinstance(request, dict) and "ClientRequestToken" in request:
        problems.append("Request.ClientRequestToken: follows from the event; leave it out")
    return problems


def _is_number(value: object, longest: int) -> bool:
    text = "" if isinstance(value, bool) else str(value)
    return text.isascii() and text.isdecimal() and len(text) <= len(str(longest)) and 1 <= int(text) <= longest


@dataclass(frozen=True)
class Configuration:
    """What makes one configuration of the resource differ from another; read from anything, without complaint."""

    request: object  # tags aside
    run_id: object
    rights: object
    tags: dict[str, str | None]  # None: one of several values, nobody knows which

    @property
    def needs(self) -> object:
        """The part of the request that says what the job needs beside the service."""
        return {name: self.request.get(name) for name in NEEDS} if isinstance(self.request, dict) else None

    def asks_for_another_job_than(self, other: "Configuration") -> bool:
        """Whether going over to this configuration needs a job of its own."""
        return (self.request, self.run_id) != (other.request, other.run_id)

    def after_trying(self, others: list["Configuration"]) -> "Configuration":
        """This configuration, with the tags that its job may have got when others were tried and failed."""
        retagged = [other for other in others if not other.asks_for_another_job_than(self) and other.tags != self.tags]
        if not retagged:
            return self
        return replace(self, tags=dict.fromkeys(key for each in (self, *retagged) for key in each.tags))


def configuration(given: Any) -> Configuration:
    """Read one configuration of the resource; broken properties are one that no other equals."""
    try:
        request = dict(given["Request"])
        tags = {tag["Key"]: tag.get("Value", "") for tag in request.pop("Tags", ())}
    except (AttributeError, KeyError, TypeError, ValueError):
        return Configuration(None, None, None, {})
    return Configuration(request, given.get("RunId", ""), given.get("Rights", ""), tags)
