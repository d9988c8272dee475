"""`python -m constructs_lib.local deploy` on an app with three of the examples, and what people do with a run's end."""

import json
import re

import pytest
from local.bench import policy, until
from support import ROOT

from constructs_lib.local import command

PATIENCE = 90
TEXTS = {
    "INVOICE": "Please pay the total due on invoice number {} within thirty days of the date above.",
    "ORDER": "We would like to order {} boxes of copy paper, please confirm price and delivery.",
}
APP = f"""\
import runpy
import aws_cdk as cdk
app = cdk.App()
for name in ("inbox", "on_upload", "after_completion"):
    runpy.run_path(f"{ROOT}/examples/{{name}}.py")["build"](app)
app.synth()
"""
NOBODY = "0" * 32


class Account:
    """What the command has deployed, while it is there."""

    def __init__(self, aws):
        self.client = aws.client
        self.outputs = {}
        for stack in self.client("cloudformation").describe_stacks()["Stacks"]:
            found = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}
            self.outputs[stack["StackName"]] = found

    def ids(self, stack, kind):
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        found = [each for page in pages for each in page["StackResourceSummaries"] if each["ResourceType"] == kind]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}

    def runs(self, machine):
        states = self.client("stepfunctions")
        found = states.list_executions(stateMachineArn=machine)["executions"]
        return [states.describe_execution(executionArn=each["executionArn"]) for each in found]

    def and_then(self):
        """The state machine of the user, started on COMPLETED: its runs that have ended, and what it asks for."""
        stack = "ClassificationAndThen"
        (machine,) = (
            arn for name, arn in self.ids(stack, "AWS::StepFunctions::StateMachine").items() if "AndThen" in name
        )
        (queue,) = (url for name, url in self.ids(stack, "AWS::SQS::Queue").items() if name.startswith("Review"))
        runs = until(
            lambda: self.runs(machine), lambda found: found and found[0]["status"] != "RUNNING", patience=PATIENCE
        )
        return runs, self.letter(queue)

    def failure(self):
        """A run that fails, and the mail about it."""
        (topic,) = self.ids("UploadClassification", "AWS::SNS::Topic").values()
        sqs = self.client("sqs")
        queue = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allowed = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy({**allowed, "Resource": arn})})
        self.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        states, machine = self.client("stepfunctions"), self.outputs["UploadClassification"]["MailsStateMachineArn"]
        run = states.start_execution(stateMachineArn=machine, input=json.dumps({"JobId": NOBODY}))["executionArn"]
        return run, json.loads(self.letter(queue))["Message"]

    def letter(self, queue):
        sqs = self.client("sqs")
        (letter,) = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages", []), len, patience=PATIENCE)
        return letter["Body"]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What the command says, and what is there before it stops."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "app.py").write_text(APP)
    rows = [f'{label},"{text.format(number)}"\n' for label, text in TEXTS.items() for number in range(50)]
    (folder / "training.csv").write_text("".join(rows))
    (folder / "documents").mkdir()
    for name, content in {"a": TEXTS["INVOICE"].encode(), "b": TEXTS["ORDER"].encode(), "c": b"\xff\xfe\xfa"}.items():
        (folder / "documents" / f"{name}.txt").write_bytes(content)
    found, deploy = {}, command.deploy

    def deploy_and_look(aws, plan, progress):
        deploy(aws, plan, progress)
        account = Account(aws)
        found.update(and_then=account.and_then(), failure=account.failure())

    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "deploy", deploy_and_look)
        patch.setattr("constructs_lib.local.step_progress.Progress.say", lambda _self, text: said.append(text))
        options = ["--train", str(folder / "training.csv"), "--documents", str(folder / "documents")]
        assert command.main(["deploy", "--app", str(folder / "app.py"), *options]) == 0
    return {"said": "\n".join(said), **found}


def test_documents_are_put_into_each_inbox_and_each_run_is_followed_to_its_end(seen):
    assert len(re.findall(r"Put 3 documents into s3://\S+/inbox/", seen["said"])) == 3
    for step in ("collects documents|starts a job", "is COMPLETED"):
        assert re.search(rf"^\[ *[\d.]+ s\] Run \S+ ({step})$", seen["said"], re.MULTILINE)


def test_the_output_of_each_run_is_shown_and_what_its_job_found(seen):
    shown = re.findall(r"Run \S+\n  Status = COMPLETED\n(?:  .*\n)*", f"{seen['said']}\n")
    counted = [re.search(r"  Documents = 3\n(?:  .*\n)*?  Errors = 1\n", output) for output in shown]
    assert len(list(filter(None, counted))) >= 2
    assert all("  PredictionsS3Uri = s3://" in output for output in shown)
    assert re.search(r"3 predictions from s3://", seen["said"])


def test_a_state_machine_of_the_users_own_starts_with_what_a_completed_run_has_found(seen):
    runs, asked = seen["and_then"]
    assert [run["status"] for run in runs] == ["SUCCEEDED"]
    told = json.loads(runs[0]["input"])["detail"]
    assert (told["status"], told["documents"], told["errors"]) == ("COMPLETED", 3, 1)
    assert json.loads(asked) == {"predictions": told["predictionsS3Uri"], "errors": 1}


def test_a_mail_about_a_failed_run_says_what_happened_what_to_do_and_which_run_it_was(seen):
    run, mail = seen["failure"]
    message, hint, which = map(json.loads, mail.splitlines())
    assert NOBODY in message
    assert "give the JobId" in hint
    assert which == run
