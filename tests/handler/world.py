"""A world for the handler: virtual time, a fake AWS with its failures, and a CloudFormation like the real one.

Runs of the function are threads, of which exactly one runs at a time; they change places where the handler sleeps or
calls AWS. So duplicates of an event really interleave, a crash can happen at any call, and an hour takes milliseconds.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import json
import random
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.session import get_session
from classification_job.handler import handle
from classification_job.runtime import Runtime

from constructs_lib.local.comprehend.errors import ServiceError
from constructs_lib.local.comprehend.validation import check

ACCOUNT = "123456789012"
STACK = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/example/1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/data"
MODEL = f"arn:aws:comprehend:us-east-1:{ACCOUNT}:document-classifier/mail"
JOBS = f"arn:aws:comprehend:us-east-1:{ACCOUNT}:document-classification-job/"
EPOCH = 1_800_000_000.0
NO_READ = "NO_READ_ACCESS_TO_INPUT: The provided data access role does not have proper access to the input data."


class Crash(BaseException):
    """The Lambda run dies on the spot."""


def error(code, message="refused", status=400):
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "X"
    )


def timeout():
    return ReadTimeoutError(endpoint_url="https://comprehend")


def request(**changes):
    """A request as the template holds it."""
    return {
        "DocumentClassifierArn": MODEL,
        "InputDataConfig": {"S3Uri": "s3://documents/in/", "InputFormat": "ONE_DOC_PER_LINE"},
        "OutputDataConfig": {"S3Uri": "s3://results/out"},
        "DataAccessRoleArn": ROLE,
    } | changes


def properties(request_=None, **changes):
    """The properties of the resource as CloudFormation sends them."""
    wait = int(changes.get("Timeout", "900"))
    given = {
        "ServiceToken": "arn:aws:lambda:us-east-1:123456789012:function:jobs",
        "ServiceTimeout": str(min(wait + 120, 3600)),
        "Request": request_ or request(),
        "WaitFor": "IN_PROGRESS",
        "Timeout": "900",
        "WhenEmpty": "FAIL",
    } | changes
    return {name: value for name, value in given.items() if value is not None}


class Scheduler:
    """Runs threads one at a time in the order of virtual time."""

    def __init__(self):
        self.now = EPOCH
        self._heap = []
        self._order = itertools.count()
        self._main = _closed()
        self._limit, self._stop = float("inf"), lambda: False

    def spawn(self, delay, function):
        """Run a function in so many seconds."""
        gate = _closed()

        def body():
            gate.acquire()
            try:
                function()
            finally:
                self._next()

        threading.Thread(target=body, daemon=True).start()
        heapq.heappush(self._heap, (self.now + max(delay, 0), next(self._order), gate))

    def sleep(self, seconds):
        """Let virtual time pass for the running thread."""
        until = self.now + max(seconds, 0)
        # Nobody else is due before: no need to change places.
        if until <= self._limit and (not self._heap or self._heap[0][0] > until) and not self._stop():
            self.now = until
            return
        gate = _closed()
        heapq.heappush(self._heap, (until, next(self._order), gate))
        self._next()
        gate.acquire()

    def run(self, until=None, stop=lambda: False):
        """Run everything that is due, until a time, an event, or the end of all work."""
        self._limit, self._stop = float("inf") if until is None else until, stop
        self._next()
        self._main.acquire()
        if until is not None and not stop():
            self.now = max(self.now, until)

    def _next(self):
        """Hand the world to whoever is due next; to the test when nobody is."""
        if self._heap and self._heap[0][0] <= self._limit and not self._stop():
            self.now, _, gate = heapq.heappop(self._heap)
            gate.release()
        else:
            self._main.release()


def _closed():
    """A gate that one thread waits at until another opens it."""
    gate = threading.Lock()
    gate.acquire()
    return gate


@dataclass
class Job:
    """A job of the fake service."""

    arn: str
    request: dict[str, Any]
    submitted: float
    queue: float
    work: float
    fails: str = ""  # the message with which it fails
    tags: dict[str, str] = field(default_factory=dict)
    forgotten: bool = False
    stopped: float = 0.0  # when somebody asked to stop it; it takes 100 s

    def status(self, now):
        age = now - self.submitted
        if self.stopped:
            return "STOP_REQUESTED" if now - self.stopped < 100 else "STOPPED"
        if self.fails:
            return "FAILED" if age >= self.queue else "SUBMITTED"
        return "SUBMITTED" if age < self.queue else "IN_PROGRESS" if age < self.queue + self.work else "COMPLETED"


class Comprehend:
    """The service: tokens, quotas, states over time, and access that is judged after the start."""

    def __init__(self, world):
        self.world = world
        self.jobs = {}
        self.tokens = {}
        self.queue, self.work = 20.0, 360.0  # seconds
        self.per_second = self.active = None  # quotas; None: not enforced
        self.access_from = 0.0  # jobs submitted earlier fail: the data access role is not known everywhere
        self.fails = ""  # every job fails with this message
        self.starts = []  # (time, accepted)
        self.output = "{prefix}/{account}-CLN-{job}/output/output.tar.gz"
        self.hidden = 0.0  # seconds for which Describe does not know a new job

    @property
    def all(self):
        return list(self.jobs.values())

    def running(self):
        return [job for job in self.all if job.status(self.world.now) in ("SUBMITTED", "IN_PROGRESS")]

    def forget(self, job):
        """Drop the record of a job."""
        job.forgotten = True
        self.tokens = {token: known for token, known in self.tokens.items() if known is not job}

    def start_document_classification_job(self, ClientRequestToken, **given):  # noqa: N803
        now = self.world.now
        try:
            check("StartDocumentClassificationJob", given | {"ClientRequestToken": ClientRequestToken})
        except ServiceError as refused:
            raise error("InvalidRequestException", str(refused)) from refused
        if ClientRequestToken in self.tokens:
            job = self.tokens[ClientRequestToken]
            assert job.request == given, "one token for two requests"
            return {"JobArn": job.arn, "JobId": job.arn.rpartition("/")[2], "JobStatus": job.status(now)}
        recent = [at for at, accepted in self.starts if accepted and now - at < 1]
        refused = (self.per_second and len(recent) >= self.per_second) or (
            self.active and len(self.running()) >= self.active
        )
        self.starts.append((now, not refused))
        if refused:
            raise error("TooManyRequestsException", "Too many requests", 429)
        job_id = hashlib.sha256(f"{ClientRequestToken}{len(self.jobs)}".encode()).hexdigest()[:32]
        fails = self.fails or (NO_READ if now < self.access_from else "")
        tags = {tag["Key"]: tag["Value"] for tag in given.get("Tags", [])}
        job = Job(JOBS + job_id, given, now, 13 if fails else self.queue, self.work, fails, tags)
        self.jobs[job_id] = self.tokens[ClientRequestToken] = job
        return {"JobArn": job.arn, "JobId": job_id, "JobStatus": "SUBMITTED"}

    def describe_document_classification_job(self, JobId):  # noqa: N803
        job = self.jobs.get(JobId)
        if not job or job.forgotten or self.world.now - job.submitted < self.hidden:
            raise error("JobNotFoundException", "The specified job was not found.")
        prefix = job.request["OutputDataConfig"]["S3Uri"].rstrip("/")
        about = {
            "JobId": JobId,
            "JobArn": job.arn,
            "JobStatus": job.status(self.world.now),
            "SubmitTime": datetime.fromtimestamp(job.submitted, UTC),
            "InputDataConfig": job.request["InputDataConfig"],
            "OutputDataConfig": {"S3Uri": self.output.format(prefix=prefix, account=ACCOUNT, job=JobId)},
            "DataAccessRoleArn": ROLE,
        }
        for name in ("JobName", "DocumentClassifierArn", "VpcConfig"):
            if name in job.request:
                about[name] = job.request[name]
        if about["JobStatus"] == "FAILED":
            about["Message"] = job.fails
            about["EndTime"] = datetime.fromtimestamp(job.submitted + job.queue, UTC)
        return {"DocumentClassificationJobProperties": about}

    def tag_resource(self, ResourceArn, Tags):  # noqa: N803
        self._known(ResourceArn).tags.update({tag["Key"]: tag["Value"] for tag in Tags})

    def untag_resource(self, ResourceArn, TagKeys):  # noqa: N803
        for key in TagKeys:
            self._known(ResourceArn).tags.pop(key, None)

    def _known(self, arn):
        job = self.jobs.get(arn.rpartition("/")[2])
        if not job or job.forgotten:
            raise error("ResourceNotFoundException", "no such job")
        return job


class S3:
    """Buckets: name to {key: size}."""

    def __init__(self):
        self.buckets = {"documents": {"in/a.txt": 10}}
        self.page = 1000
        self.pages = 0

    def list_objects_v2(self, Bucket, Prefix, ContinuationToken="0"):  # noqa: N803
        self.pages += 1
        if Bucket not in self.buckets:
            raise error("NoSuchBucket", "The specified bucket does not exist", 404)
        found = [
            {"Key": key, "Size": size} for key, size in sorted(self.buckets[Bucket].items()) if key.startswith(Prefix)
        ]
        start = int(ContinuationToken)
        page = {"Contents": found[start : start + self.page], "IsTruncated": start + self.page < len(found)}
        return page | ({"NextContinuationToken": str(start + self.page)} if page["IsTruncated"] else {})


class Ec2:
    """Network interfaces."""

    def __init__(self):
        self.interfaces = {}

    def add(self, name, job="Comprehend", status="available", subnet="subnet-1", group="sg-1"):
        self.interfaces[name] = {
            "NetworkInterfaceId": name,
            "RequesterId": f"AROAEXAMPLE:{job}",
            "Status": status,
            "SubnetId": subnet,
            "Groups": [{"GroupId": group}],
        }

    def describe_network_interfaces(self, Filters):  # noqa: N803
        wanted = {each["Name"]: each["Values"] for each in Filters}
        return {
            "NetworkInterfaces": [
                each
                for each in self.interfaces.values()
                if each["SubnetId"] in wanted["subnet-id"] and each["Groups"][0]["GroupId"] in wanted["group-id"]
            ]
        }

    def delete_network_interface(self, NetworkInterfaceId):  # noqa: N803
        if self.interfaces[NetworkInterfaceId]["Status"] == "in-use":
            raise error("InvalidParameterValue", "in use")
        del self.interfaces[NetworkInterfaceId]


class LambdaService:
    """The function invokes itself."""

    def __init__(self, world):
        self.world = world
        self.payloads, self.times = [], []

    def invoke(self, FunctionName, InvocationType, Payload):  # noqa: N803
        assert (FunctionName, InvocationType) == ("jobs", "Event")
        assert len(Payload) < 200_000
        self.payloads.append(json.loads(Payload))
        self.times.append(self.world.now)
        self.world.invoke(json.loads(Payload), delay=0.2)
        return {"StatusCode": 202}


class Outside(Runtime):
    """What one run of the function sees."""

    def __init__(self, world, ends):
        self.world, self.ends = world, ends

    def now(self):
        return self.world.now

    def sleep(self, seconds):
        self.world.scheduler.sleep(seconds)
        if self.world.now > self.ends:
            self.world.violations.append("a run outlived its Lambda")
            raise Crash

    def chance(self):
        return self.world.random.random()

    def client(self, name):
        return _Client(self, name)

    def put(self, url, body):
        self.world.before("put", self)
        self.world.deliver(url, body)


class _Client:
    def __init__(self, outside, name):
        self._outside, self._name = outside, name

    @property
    def meta(self):
        return _comprehend().meta

    def __getattr__(self, operation):
        def call(**given):
            world = self._outside.world
            world.calls.append((operation, given))
            world.times.append((world.now, operation))
            after = world.before(operation, self._outside)
            answer = getattr(world.services[self._name], operation)(**given)
            if after:
                raise after
            return answer

        return call


@cache
def _comprehend():
    """A real client, for the API's own model."""
    return get_session().create_client("comprehend", "us-east-1")


class Context:
    """Lambda's context."""

    def __init__(self, world, ends):
        self.world, self.ends = world, ends

    def get_remaining_time_in_millis(self):
        return int((self.ends - self.world.now) * 1000)


class World:
    """Everything around the handler; `seed` fixes all chance."""

    def __init__(self, seed=0):
        self.random = random.Random(seed)  # noqa: S311 - chance, no secret
        self.scheduler = Scheduler()
        self.comprehend, self.s3, self.ec2 = Comprehend(self), S3(), Ec2()
        self.stack = Stack(self)
        self.services = {
            "comprehend": self.comprehend,
            "s3": self.s3,
            "ec2": self.ec2,
            "lambda": LambdaService(self),
            "cloudformation": self.stack,
        }
        self.calls, self.times = [], []
        self.faults = {}  # operation -> list of exceptions, None (fine) or Crash, consumed in order
        self.after = {}  # the same, raised after the call has had its effect
        self.chaos = None  # function(operation) that may raise, or return what is raised after the effect
        self.latency = 0.0
        self.answers = {}  # url -> list of bodies
        self.outcomes = []  # how every run ended: None or the exception
        self.violations = []
        self.life = 900.0  # seconds that a run of the function may take

    @property
    def now(self):
        return self.scheduler.now

    def before(self, operation, outside):
        """What can happen at a call; returns what is to be raised after it."""
        if self.latency:
            outside.sleep(self.random.random() * self.latency)
        if self.chaos:
            return self.chaos(operation)
        planned = self.faults.get(operation)
        if planned and (fault := planned.pop(0)):
            raise fault
        planned = self.after.get(operation)
        return planned.pop(0) if planned else None

    def invoke(self, event, delay=0.0, retries=2):
        """Lambda's asynchronous invocation: a run that fails is repeated after one and two minutes."""

        def run():
            ends = self.now + self.life
            try:
                handle(event, Context(self, ends), Outside(self, ends))
            except (Crash, Exception) as problem:  # noqa: BLE001 - Lambda does not care what it was
                self.outcomes.append(problem)
                if retries:
                    self.invoke(event, delay=60.0 if retries == 2 else 120.0, retries=retries - 1)
            else:
                self.outcomes.append(None)

        self.scheduler.spawn(delay, run)

    def deliver(self, url, body):
        """Where answers arrive."""
        assert len(body) <= 4096
        self.answers.setdefault(url, []).append(json.loads(body))

    def event(self, kind, props, request_id="r1", *, signed=True, logical_id="Job", **more):
        """An event as CloudFormation sends it."""
        stamp = datetime.fromtimestamp(self.now, UTC).strftime("%Y%m%dT%H%M%SZ")
        query = f"X-Amz-Date={stamp}&X-Amz-Signature=SECRET" if signed else "Signature=SECRET"
        return {
            "RequestType": kind,
            "RequestId": request_id,
            "StackId": STACK,
            "ResponseURL": f"https://answers.example/{logical_id}/{kind}/{request_id}/{int(self.now * 1000)}?{query}",
            "ResourceType": "Custom::DocumentClassificationJob",
            "LogicalResourceId": logical_id,
            "ResourceProperties": props,
        } | more

    def send(self, event, deliveries=(0.0,), wait=None):
        """Deliver an event (once or more, seconds after now) and wait for its answer as CloudFormation does."""
        url = event["ResponseURL"]
        for delay in deliveries:
            self.invoke(event, delay)
        patience = float(event["ResourceProperties"].get("ServiceTimeout", 3600)) if wait is None else wait
        self.scheduler.run(self.now + patience, stop=lambda: url in self.answers)
        return self.answers[url][0] if url in self.answers else None

    def create(self, props=None, **more):
        """Create without a stack around it; the answer."""
        return self.send(self.event("Create", props or properties(), **more))

    def pass_time(self, seconds):
        """Let the world go on."""
        self.scheduler.run(self.now + seconds)


class Stack:
    """CloudFormation: one stack with one job, rollback and clean-up as on AWS."""

    def __init__(self, world):
        self.world = world
        self.status = "CREATE_IN_PROGRESS"
        self.physical_id = None
        self.props = None
        self.data = None
        self.history = []
        self.deliveries = [(0.0,)]  # of the next events; the last one stays
        self.rollback_names_new_id = False  # CloudFormation's rollback Update after a replacement
        self.reuse_request_id, self.signed = False, True
        self._requests, self._failed = itertools.count(1), {}
        self._record_stack("CREATE_IN_PROGRESS")

    # What DescribeStacks and its like say.
    def describe_stacks(self, StackName):  # noqa: N803
        assert StackName == STACK
        return {"Stacks": [{"StackStatus": self.status}]}

    def describe_stack_events(self, StackName, NextToken="0"):  # noqa: N803
        assert StackName == STACK
        start = int(NextToken)
        page = {"StackEvents": self.history[::-1][start : start + 4]}
        return page | ({"NextToken": str(start + 4)} if start + 4 < len(self.history) else {})

    def describe_stack_resource(self, StackName, LogicalResourceId):  # noqa: N803
        assert (StackName, LogicalResourceId) == (STACK, "Job")
        return {"StackResourceDetail": {"PhysicalResourceId": self.physical_id, "ResourceStatus": "X"}}

    def _record_stack(self, status):
        self.status = status
        self._append("example", STACK, status)

    def _record(self, status, physical_id):
        self._append("Job", physical_id or "", status)

    def _append(self, name, physical_id, status):
        at = datetime.fromtimestamp(self.world.now, UTC)
        self.history.append(
            {"LogicalResourceId": name, "PhysicalResourceId": physical_id, "ResourceStatus": status, "Timestamp": at}
        )

    def _send(self, kind, props, **more):
        # A deployment that is tried again can come with the request id of the one that failed.
        again = self._failed.pop(kind, None) if self.reuse_request_id else None
        self.request_id = request_id = again or f"request-{next(self._requests)}"
        event = self.world.event(kind, props, request_id=request_id, signed=self.signed, **more)
        deliveries = self.deliveries.pop(0) if len(self.deliveries) > 1 else self.deliveries[0]
        self._record(f"{kind.upper()}_IN_PROGRESS", more.get("PhysicalResourceId"))
        answer = self.world.send(event, deliveries)
        fine = answer is not None and answer["Status"] == "SUCCESS"
        physical_id = answer["PhysicalResourceId"] if answer else more.get("PhysicalResourceId") or "made-up-by-cfn"
        self._record(f"{kind.upper()}_{'COMPLETE' if fine else 'FAILED'}", physical_id)
        return answer, fine, physical_id

    def create(self, props, *, other_fails=False):
        """Create the stack; a failure rolls it back. Returns the job resource's answer."""
        self._record_stack("CREATE_IN_PROGRESS")
        answer, fine, physical_id = self._send("Create", props)
        if fine and not other_fails:
            self.physical_id, self.props, self.data = physical_id, props, answer["Data"]
            self._record_stack("CREATE_COMPLETE")
            return answer
        self._record_stack("ROLLBACK_IN_PROGRESS")
        self.physical_id, request_id = physical_id, self.request_id
        self._send("Delete", props, PhysicalResourceId=physical_id)
        self.physical_id = None
        self._failed["Create"] = request_id
        self._record_stack("ROLLBACK_COMPLETE")
        return answer

    def update(self, props, *, other_fails=False):
        """Update the stack; a failure rolls it back. Returns the (first) answer, or None when nothing changed."""
        if props == self.props:
            return None
        old, old_id = self.props, self.physical_id
        self._record_stack("UPDATE_IN_PROGRESS")
        answer, fine, new_id = self._send("Update", props, PhysicalResourceId=old_id, OldResourceProperties=old)
        if fine and not other_fails:
            self.physical_id, self.props, self.data = new_id, props, answer["Data"]
            self._record_stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            if new_id != old_id:
                self._send("Delete", old, PhysicalResourceId=old_id)
            self._record_stack("UPDATE_COMPLETE")
            return answer
        self._record_stack("UPDATE_ROLLBACK_IN_PROGRESS")
        request_id = self.request_id
        # A failed Update is undone under the old id; a replacement that had succeeded perhaps under the new one.
        named = new_id if fine and self.rollback_names_new_id else old_id
        self.physical_id = new_id if fine else old_id
        back, fine_back, back_id = self._send("Update", old, PhysicalResourceId=named, OldResourceProperties=props)
        self.rollback_answer = back
        self.physical_id = back_id
        self._record_stack("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        if fine and new_id != back_id:
            self._send("Delete", props, PhysicalResourceId=new_id)
        self._record_stack("UPDATE_ROLLBACK_COMPLETE" if fine_back else "UPDATE_ROLLBACK_FAILED")
        self._failed["Update"] = request_id
        if fine_back:
            self.data = back["Data"]
        return answer

    def delete(self):
        """Delete the stack."""
        self._record_stack("DELETE_IN_PROGRESS")
        answer, _, _ = self._send("Delete", self.props, PhysicalResourceId=self.physical_id)
        self._record_stack("DELETE_COMPLETE")
        return answer
