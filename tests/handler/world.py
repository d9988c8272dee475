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
from email.utils import format_datetime
from functools import cache
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.session import get_session
from classification_job.handler import handle
from classification_job.runtime import Runtime

from constructs_lib.local.comprehend.service_errors import ServiceError
from constructs_lib.local.comprehend.validation import check

ACCOUNT = "123456789012"
STACK = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/example/1"
ROOT = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/outermost/1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/data"
MODEL = f"arn:aws:comprehend:us-east-1:{ACCOUNT}:document-classifier/mail"
JOBS = f"arn:aws:comprehend:us-east-1:{ACCOUNT}:document-classification-job/"
NETWORK = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
ANSWERS = "cloudformation-custom-resource-response-useast1.s3.amazonaws.com"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:jobs"
EPOCH = 1_800_000_000.0
NO_READ = "NO_READ_ACCESS_TO_INPUT: The provided data access role does not have proper access to the input data."
LOST = "NO_WRITE_ACCESS_TO_OUTPUT: The provided data access role does not have write access to the output S3 URI."


class Crash(BaseException):
    """The Lambda run dies on the spot."""


def error(code, message="refused", status=400, **metadata):
    """What botocore raises; `MaxAttemptsReached` and `RetryAttempts` are what it notes about its own retries."""
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status, **metadata}}
    return ClientError(response, "X")


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
        "ServiceToken": FUNCTION,
        "ServiceTimeout": str(min(wait + 120, 3600)),
        "Request": request_ or request(),
        "WaitFor": "IN_PROGRESS",
        "Timeout": "900",
        "WhenEmpty": "FAIL",
        "Rights": "the first",
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
    url: str = ""  # of the event that it was started for
    lost: float = 0.0  # when the role lost what the job was allowed
    vanishes: bool = False  # its record does, after some seconds
    allowed: str = ""  # the policy that it was started with

    def status(self, now):
        age = now - self.submitted
        if self.lost and now >= self.lost:
            return "FAILED"
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
        self.clock = 0.0  # seconds by which the service's clock is ahead
        self.page = 1000
        self.vanish = False  # the records of new jobs vanish after a few seconds
        self.others = []  # other work: (operation that lists it, where, status, network)
        self.leaves = None  # what jobs leave in their network: None, "available" or "in-use" interfaces

    @property
    def all(self):
        return list(self.jobs.values())

    def running(self):
        return [job for job in self.all if job.status(self.world.now) in ("SUBMITTED", "IN_PROGRESS")]

    def revoke(self, policy):
        """The data access role loses a policy: the jobs that run with it fail."""
        for job in self.running():
            if job.allowed == policy:
                job.lost, job.fails, job.queue = self.world.now, LOST, self.world.now - job.submitted

    def forget(self, job):
        """Drop the record of a job."""
        job.forgotten = True
        self.tokens = {token: known for token, known in self.tokens.items() if known is not job}

    def start_document_classification_job(self, ClientRequestToken, _url="", **given):  # noqa: N803
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
        if not self.world.stack.waits_for(_url):
            self.world.violations.append("a job was started that nobody waits for")
        job = Job(JOBS + job_id, given, now, 13 if fails else self.queue, self.work, fails, tags, url=_url)
        job.allowed, job.vanishes = self.world.stack.allowing, self.vanish
        self.jobs[job_id] = self.tokens[ClientRequestToken] = job
        if "VpcConfig" in given and not fails:
            place = {"subnet": given["VpcConfig"]["Subnets"][0], "group": given["VpcConfig"]["SecurityGroupIds"][0]}
            self.world.ec2.add(f"eni-{job_id[:8]}", job=job, **place)
        return {"JobArn": job.arn, "JobId": job_id, "JobStatus": "SUBMITTED"}

    def describe_document_classification_job(self, JobId):  # noqa: N803
        job = self.jobs.get(JobId)
        age = self.world.now - job.submitted if job else 0
        if not job or job.forgotten or age < self.hidden or (job.vanishes and age > 5):
            raise error("JobNotFoundException", "The specified job was not found.")
        return {"DocumentClassificationJobProperties": self._about(job)}

    def list_document_classification_jobs(self, Filter, NextToken="0"):  # noqa: N803
        found = [
            self._about(job)
            for job in self.all
            if not job.forgotten and job.status(self.world.now) == Filter["JobStatus"]
        ]
        start = int(NextToken)
        page = {"DocumentClassificationJobPropertiesList": found[start : start + self.page]}
        return page | ({"NextToken": str(start + self.page)} if start + self.page < len(found) else {})

    def __getattr__(self, operation):
        """List other work: of its kind and the status that is asked for."""
        if not operation.startswith("list_"):
            raise AttributeError(operation)

        def found(Filter):  # noqa: N803
            (status,) = Filter.values()
            return {
                records: [{"VpcConfig": network}]
                for kind, records, its_status, network in self.others
                if (kind, its_status) == (operation, status)
            }

        return found

    def _about(self, job):
        prefix, job_id = job.request["OutputDataConfig"]["S3Uri"].rstrip("/"), job.arn.rpartition("/")[2]
        about = {
            "JobId": job_id,
            "JobArn": job.arn,
            "JobStatus": job.status(self.world.now),
            "SubmitTime": datetime.fromtimestamp(job.submitted + self.clock, UTC),
            "InputDataConfig": job.request["InputDataConfig"],
            "OutputDataConfig": {"S3Uri": self.output.format(prefix=prefix, account=ACCOUNT, job=job_id)},
            "DataAccessRoleArn": job.request["DataAccessRoleArn"],
        }
        for name in ("JobName", "DocumentClassifierArn", "VolumeKmsKeyId", "VpcConfig"):
            if name in job.request:
                about[name] = job.request[name]
        if about["JobStatus"] == "FAILED":
            about["Message"] = job.fails
            about["EndTime"] = datetime.fromtimestamp(job.submitted + job.queue + self.clock, UTC)
        return about

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
        self.endless = False  # there is always a next page

    def list_objects_v2(self, Bucket, Prefix, ContinuationToken="0"):  # noqa: N803
        self.pages += 1
        if Bucket not in self.buckets:
            raise error("NoSuchBucket", "The specified bucket does not exist", 404)
        found = [
            {"Key": key, "Size": size} for key, size in sorted(self.buckets[Bucket].items()) if key.startswith(Prefix)
        ]
        start = int(ContinuationToken)
        if self.endless:
            return {"Contents": found, "IsTruncated": True, "NextContinuationToken": str(start + 1)}
        page = {"Contents": found[start : start + self.page], "IsTruncated": start + self.page < len(found)}
        return page | ({"NextContinuationToken": str(start + self.page)} if page["IsTruncated"] else {})


class Ec2:
    """Network interfaces, some of them of jobs."""

    def __init__(self, world):
        self.world = world
        self.interfaces = {}
        self.jobs = {}  # interface -> the job that made it
        self.detached = []

    def add(self, name, job=None, *, status="available", subnet="subnet-1", group="sg-1", session="Comprehend"):
        self.interfaces[name] = {
            "NetworkInterfaceId": name,
            "RequesterId": f"AROAEXAMPLE:{session}",
            "Status": "in-use" if job else status,
            "SubnetId": subnet,
            "Groups": [{"GroupId": group}],
        }
        if job or status == "in-use":
            self.interfaces[name]["Attachment"] = {"AttachmentId": f"attach-{name}"}
        if job:
            self.jobs[name] = job

    def describe_network_interfaces(self, Filters):  # noqa: N803
        self._settle()
        wanted = {each["Name"]: each["Values"] for each in Filters}
        return {
            "NetworkInterfaces": [
                dict(each)
                for each in self.interfaces.values()
                if each["SubnetId"] in wanted["subnet-id"] and each["Groups"][0]["GroupId"] in wanted["group-id"]
            ]
        }

    def delete_network_interface(self, NetworkInterfaceId):  # noqa: N803
        if NetworkInterfaceId not in self.interfaces:
            raise error("InvalidNetworkInterfaceID.NotFound", "no such interface")
        if self.interfaces[NetworkInterfaceId]["Status"] == "in-use":
            raise error("InvalidParameterValue", "in use")
        del self.interfaces[NetworkInterfaceId]

    def detach_network_interface(self, AttachmentId):  # noqa: N803
        name = AttachmentId.removeprefix("attach-")
        if name not in self.interfaces:
            raise error("InvalidAttachmentID.NotFound", "no such attachment")
        job = self.jobs.get(name)
        if job in self.world.comprehend.running() and self.world.now - job.submitted > 5:
            self.world.violations.append("an interface of a running job was detached")
        self.detached.append(name)
        self.interfaces[name]["Status"] = "available"
        self.interfaces[name].pop("Attachment", None)

    def left(self, network):
        """Names of the service's interfaces in a network."""
        self._settle()
        return [
            name
            for name, each in self.interfaces.items()
            if each["SubnetId"] in network["Subnets"] and each["RequesterId"].endswith(":Comprehend")
        ]

    def _settle(self):
        """What the service does with the interfaces of jobs that have ended."""
        for name, job in list(self.jobs.items()):
            if name in self.interfaces and job not in self.world.comprehend.running():
                if self.world.comprehend.leaves is None:
                    del self.interfaces[name]
                elif self.world.comprehend.leaves == "available":
                    self.interfaces[name]["Status"] = "available"
                del self.jobs[name]


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

    def __init__(self, world, ends, url=""):
        self.world, self.ends, self.url = world, ends, url
        self.clock = world.function_clock()

    def now(self):
        return self.world.now + self.clock

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
            more = {"_url": self._outside.url} if operation.startswith("start_") else {}
            answer = getattr(world.services[self._name], operation)(**given, **more)
            if after:
                raise after
            clock = {"comprehend": world.comprehend.clock, "cloudformation": world.stack.clock}.get(self._name)
            if clock is not None and world.dates:
                date = format_datetime(datetime.fromtimestamp(int(world.now + clock), UTC), usegmt=True)
                answer = (answer or {}) | {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}
            return answer

        return call


@cache
def _comprehend():
    """A real client, for the API's own model."""
    return get_session().create_client("comprehend", "us-east-1")


class Context:
    """Lambda's context."""

    invoked_function_arn = FUNCTION

    def __init__(self, world, ends):
        self.world, self.ends = world, ends

    def get_remaining_time_in_millis(self):
        return int((self.ends - self.world.now) * 1000)


class World:
    """Everything around the handler; `seed` fixes all chance."""

    def __init__(self, seed=0):
        self.random = random.Random(seed)  # noqa: S311 - chance, no secret
        self.scheduler = Scheduler()
        self.comprehend, self.s3, self.ec2 = Comprehend(self), S3(), Ec2(self)
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
        self.policy_from = 0.0  # the function's policy is effective from then on
        self.function_clock = lambda: 0.0  # seconds by which a run's clock is ahead
        self.dates = True  # answers of AWS bear a date

    @property
    def now(self):
        return self.scheduler.now

    def before(self, operation, outside):
        """What can happen at a call; returns what is to be raised after it."""
        if self.latency:
            outside.sleep(self.random.random() * self.latency)
        if operation not in ("put", "invoke") and self.now < self.policy_from:
            raise error("AccessDeniedException", "not yet", 403)
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
                url = event.get("ResponseURL", "") if isinstance(event, dict) else ""
                handle(event, Context(self, ends), Outside(self, ends, url))
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
        self.stack.hear(url, json.loads(body))

    def event(self, kind, props, request_id="r1", *, signed=True, logical_id="Job", **more):
        """An event as CloudFormation sends it; the resource is in progress from now on."""
        stamp = datetime.fromtimestamp(self.now + self.stack.clock, UTC).strftime("%Y%m%dT%H%M%SZ")
        query = f"X-Amz-Date={stamp}&X-Amz-Signature=SECRET" if signed else "Signature=SECRET"
        url = f"https://{ANSWERS}/{logical_id}/{kind}/{request_id}/{int(self.now * 1000)}?{query}"
        network = logical_id.startswith("Network")
        self.stack.begin(logical_id, kind, url, more.get("PhysicalResourceId"))
        return {
            "RequestType": kind,
            "RequestId": request_id,
            "StackId": STACK,
            "ResponseURL": url,
            "ResourceType": f"Custom::{'ClassificationNetworkInterfaces' if network else 'DocumentClassificationJob'}",
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


@dataclass
class Resource:
    """A resource as its stack shows it."""

    status: str
    since: float
    physical_id: str = ""
    url: str = ""  # of the event that is waited for


class Stack:
    """CloudFormation: one stack with a job and perhaps its network; rollback, cancellation and clean-up as on AWS."""

    def __init__(self, world):
        self.world = world
        self.clock = 0.0  # seconds by which CloudFormation's clock is ahead
        self.status = "CREATE_IN_PROGRESS"
        self.root_status = ""  # of the stack that this one is nested in
        self.resources = {}
        self.ended = {}  # url -> when CloudFormation stopped waiting for its answer
        self.physical_id = None
        self.props = None
        self.data = None
        self.attempted, self.left_failed = None, False  # what was tried last, and whether the resource failed at it
        self.network = None  # VpcConfig of the network that the stack owns
        self.stable = None
        self.was_cancelled_early = False  # ... before clocks could tell the operation from its rollback
        self.history = []
        self.deliveries = [(0.0,)]  # of the next events; the last one stays
        self.rollback_names_new_id = False  # CloudFormation's rollback Update after a replacement
        self.reuse_request_id, self.signed = False, True
        self.calls_tried_old = False  # after a failure without rollback: what was tried, not what was deployed
        self.events_tell = True  # ... which properties were wanted
        self.cancel_after = None  # another resource fails so many seconds into the next operation on the job
        self.allowing = ""  # the policy that jobs start with
        self.strict = True  # a Delete has the time that it needs
        self.urls = []  # of the events sent
        self._requests, self._failed = itertools.count(1), {}
        self._record_stack("CREATE_IN_PROGRESS")

    # What DescribeStacks and its like say.
    def describe_stacks(self, StackName):  # noqa: N803
        if StackName == ROOT:
            return {"Stacks": [{"StackStatus": self.root_status}]}
        assert StackName == STACK
        return {"Stacks": [{"StackStatus": self.status} | ({"RootId": ROOT} if self.root_status else {})]}

    def describe_stack_events(self, StackName, NextToken="0"):  # noqa: N803
        assert StackName == STACK
        start = int(NextToken)
        page = {"StackEvents": self.history[::-1][start : start + 4]}
        return page | ({"NextToken": str(start + 4)} if start + 4 < len(self.history) else {})

    def describe_stack_resource(self, StackName, LogicalResourceId):  # noqa: N803
        assert StackName == STACK
        if LogicalResourceId not in self.resources:
            raise error("ValidationError", f"Resource {LogicalResourceId} does not exist for stack example")
        found = self.resources[LogicalResourceId]
        return {
            "StackResourceDetail": {
                "PhysicalResourceId": found.physical_id,
                "ResourceStatus": found.status,
                "LastUpdatedTimestamp": found.since and datetime.fromtimestamp(found.since + self.clock, UTC),
            }
        }

    # What happens to a resource.
    def begin(self, logical_id, kind, url, physical_id):
        """An operation on a resource begins."""
        known = self.resources.setdefault(logical_id, Resource("", 0.0))
        if kind == "Delete" and known.physical_id != physical_id:
            return  # the clean-up of what was replaced does not touch the resource
        if kind != "Delete" and "ROLLBACK" not in self.status:
            self.status = f"{kind.upper()}_IN_PROGRESS"
        self._end(known)
        known.status, known.since, known.url = f"{kind.upper()}_IN_PROGRESS", self.world.now, url

    def hear(self, url, answer):
        """An answer has arrived; one that nobody waits for is ignored."""
        for known in self.resources.values():
            if known.url == url and known.status.endswith("IN_PROGRESS"):
                self._end(known)
                fine = answer["Status"] == "SUCCESS"
                known.status = known.status.replace("IN_PROGRESS", "COMPLETE" if fine else "FAILED")
                known.since, known.physical_id = self.world.now, answer["PhysicalResourceId"]

    def waits_for(self, url):
        """Whether a start for an event is right; what ended this second can have been asked about just before."""
        rolls_back = self.status not in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
        waited = any(each.url == url and each.status.endswith("IN_PROGRESS") for each in self.resources.values())
        return (waited and not rolls_back) or self.world.now - self.ended.get(url, -1e9) < 1.5

    def _end(self, known):
        if known.url:
            self.ended.setdefault(known.url, self.world.now)

    def _record_stack(self, status):
        self.status = status
        self._append("example", STACK, status)

    def _append(self, name, physical_id, status, props=None):
        entry = {"LogicalResourceId": name, "PhysicalResourceId": physical_id, "ResourceStatus": status}
        entry["Timestamp"] = datetime.fromtimestamp(self.world.now, UTC)
        if props and self.events_tell:
            entry["ResourceProperties"] = json.dumps(props)
        self.history.append(entry)

    def _send(self, kind, props, cancel_after=None, logical_id="Job", **more):
        # A deployment that is tried again can come with the request id of the one that failed.
        again = self._failed.pop(kind, None) if self.reuse_request_id and logical_id == "Job" else None
        self.request_id = request_id = again or f"request-{next(self._requests)}"
        event = self.world.event(kind, props, request_id=request_id, signed=self.signed, logical_id=logical_id, **more)
        self.urls.append(event["ResponseURL"])
        deliveries = self.deliveries.pop(0) if len(self.deliveries) > 1 else self.deliveries[0]
        self._append(logical_id, more.get("PhysicalResourceId") or "", f"{kind.upper()}_IN_PROGRESS", props)
        answer = self.world.send(event, deliveries, wait=cancel_after)
        fine = answer is not None and answer["Status"] == "SUCCESS"
        physical_id = answer["PhysicalResourceId"] if answer else more.get("PhysicalResourceId") or "made-up-by-cfn"
        known = self.resources[logical_id]
        if known.url == event["ResponseURL"] and not answer:  # cancelled, or never answered
            self._end(known)
            known.status, known.since, known.physical_id = f"{kind.upper()}_FAILED", self.world.now, physical_id
        self._append(logical_id, physical_id, f"{kind.upper()}_{'COMPLETE' if fine else 'FAILED'}", props)
        return answer, fine, physical_id

    def _operate(self, kind, props, **more):
        """Create or update the job; whether it went well, and nothing else failed meanwhile."""
        cancel_after, self.cancel_after = self.cancel_after, None
        self.was_cancelled_early |= cancel_after is not None and cancel_after < 30
        answer, fine, physical_id = self._send(kind, props, cancel_after, **more)
        return answer, fine, physical_id, cancel_after is not None

    def _make_network(self, network):
        if network and network != self.network:
            self._send("Create" if not self.network else "Update", network_properties(network), logical_id="Network")

    def _drop_network(self, network, kept):
        if network and network != kept:
            answer, *_ = self._send(
                "Delete", network_properties(network), logical_id="Network", PhysicalResourceId="network"
            )
            if not answer or answer["Status"] != "SUCCESS":
                self.world.violations.append("a network could not be deleted")
            if self.strict and self.world.ec2.left(network):
                self.world.violations.append("a network interface was left behind")

    def _drop_rights(self, dropped, kept=None, job_arn=None):
        """Remove the policy of a configuration in the clean-up; a job that is named must not need it any more."""
        if kept and _allowed(dropped) == _allowed(kept):
            return
        abandons = "true" in (dropped.get("AbandonOnDelete"), (kept or dropped).get("AbandonOnDelete"))
        needing = [
            job for job in self.world.comprehend.running() if job.allowed == _allowed(dropped) and not job.vanishes
        ]
        if self.strict and not abandons and job_arn in [job.arn for job in needing]:
            self.world.violations.append("a running job lost what it needs")
        self.world.comprehend.revoke(_allowed(dropped))

    def create(self, props, *, other_fails=False, network=None):
        """Create the stack; a failure rolls it back. Returns the job resource's answer."""
        self._record_stack("CREATE_IN_PROGRESS")
        self._make_network(network)
        self.allowing = _allowed(props)
        answer, fine, physical_id, cancelled = self._operate("Create", props)
        if fine and not other_fails and not cancelled:
            self.physical_id, self.props, self.data, self.network = physical_id, props, answer["Data"], network
            self._record_stack("CREATE_COMPLETE")
            self.stable = (physical_id, props, self.data, network)
            return answer
        request_id = self.request_id
        self._record_stack("ROLLBACK_IN_PROGRESS")
        self.physical_id = physical_id
        self._send("Delete", props, PhysicalResourceId=physical_id)
        self._drop_rights(props)
        self._drop_network(network, None)
        self.resources.pop("Job", None)
        self.physical_id = self.network = None
        self._failed["Create"] = request_id
        self._record_stack("ROLLBACK_COMPLETE")
        return answer

    def update(self, props, *, other_fails=False, network=None, rollback=True):
        """Update the stack; a failure rolls it back. Returns the (first) answer, or None when nothing changed."""
        old, old_id, old_network = self.props, self.physical_id, self.network
        is_left = self.status == "UPDATE_FAILED"
        called_old = self.attempted if is_left and self.calls_tried_old else old
        if props == called_old and network == self.network and not (is_left and self.left_failed):
            return None
        self._record_stack("UPDATE_IN_PROGRESS")
        self._make_network(network)
        self.allowing = _allowed(props)
        answer, fine, new_id, cancelled = self._operate(
            "Update", props, PhysicalResourceId=old_id, OldResourceProperties=called_old
        )
        if fine and not other_fails and not cancelled:
            self.physical_id, self.props, self.data, self.network = new_id, props, answer["Data"], network
            self._record_stack("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            if new_id != old_id:
                self._send("Delete", old, PhysicalResourceId=old_id)
            self._drop_rights(old, props, old_id)
            self._drop_network(old_network, network)
            self._record_stack("UPDATE_COMPLETE")
            self.stable = (new_id, props, self.data, network)
            return answer
        self._failed["Update"] = self.request_id
        self.network = network or old_network
        if fine:
            self.physical_id, self.props, self.data = new_id, props, answer["Data"]
        self.attempted, self.left_failed = props, not fine
        if not rollback:
            self._record_stack("UPDATE_FAILED")
            return answer
        self.roll_back(named=new_id if fine and self.rollback_names_new_id else old_id)
        return answer

    def roll_back(self, named=None):
        """Go back to the last configuration that was deployed."""
        _, stable_props, _, stable_network = self.stable
        left, left_props, left_network = self.physical_id, self.attempted, self.network
        self._record_stack("UPDATE_ROLLBACK_IN_PROGRESS")
        back, fine_back, back_id = self._send(
            "Update", stable_props, PhysicalResourceId=named or left, OldResourceProperties=left_props
        )
        self.rollback_answer = back
        self.physical_id, self.props, self.network = back_id, stable_props, stable_network
        self._record_stack("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        if left != back_id:
            self._send("Delete", left_props, PhysicalResourceId=left)
        self._drop_rights(left_props, stable_props)
        self._drop_network(left_network, stable_network)
        self._record_stack("UPDATE_ROLLBACK_COMPLETE" if fine_back else "UPDATE_ROLLBACK_FAILED")
        if fine_back:
            self.data = back["Data"]

    def delete(self):
        """Delete the stack."""
        self._record_stack("DELETE_IN_PROGRESS")
        answer, _, _ = self._send("Delete", self.props, PhysicalResourceId=self.physical_id)
        self._drop_rights(self.props, None, self.physical_id)
        self._drop_network(self.network, None)
        self._record_stack("DELETE_COMPLETE")
        self.physical_id = self.network = None
        return answer


def network_properties(network):
    """The properties of a network's own resource."""
    return {
        "ServiceToken": FUNCTION,
        "ServiceTimeout": "3600",
        "SubnetIds": network["Subnets"],
        "SecurityGroupIds": network["SecurityGroupIds"],
    }


def _allowed(props):
    """What the template gives a job's data access role, as the policy's content."""
    wanted = props["Request"]
    places = (wanted.get("InputDataConfig"), wanted.get("OutputDataConfig"), wanted.get("VolumeKmsKeyId"))
    return json.dumps([wanted.get("DataAccessRoleArn"), *places, props.get("Rights")], sort_keys=True)
