"""A bench for one test: buckets, roles, users, jobs and stacks with names of its own on the local AWS."""

import json
import time

ACCOUNT, REGION = "000000000000", "us-east-1"
ALL_JOBS = f"arn:aws:comprehend:{REGION}:{ACCOUNT}:document-classification-job/*"
COMPREHEND = "comprehend.amazonaws.com"


def allow(*actions, on="*", **more):
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Bench:
    def __init__(self, aws, classifier, name):
        self.aws, self.classifier, self.name = aws, classifier, name
        self.client = aws.client
        self.bucket = f"{name}-bucket"
        place = {"CreateBucketConfiguration": {"LocationConstraint": aws.region}} if aws.region != REGION else {}
        aws.client("s3").create_bucket(Bucket=self.bucket, **place)

    def write(self, key, text, **options):
        self.client("s3").put_object(Bucket=self.bucket, Key=key, Body=text.encode(), **options)

    def access_to_bucket(self):
        return [
            allow("s3:GetObject", "s3:PutObject", on=f"arn:aws:s3:::{self.bucket}/*"),
            allow("s3:ListBucket", on=f"arn:aws:s3:::{self.bucket}"),
        ]

    def role(self, *statements, service=COMPREHEND, path="/", suffix="role", condition=None):
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        trust |= {"Condition": condition} if condition else {}
        iam, name = self.client("iam"), f"{self.name}-{suffix}"
        role = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=policy(trust))["Role"]
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(*statements))
        return role["Arn"]

    def user(self, *statements, suffix="user"):
        iam, name = self.client("iam"), f"{self.name}-{suffix}"
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(*statements))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}

    def request(self, role, **changes):
        request = {
            "DocumentClassifierArn": self.classifier,
            "InputDataConfig": {"S3Uri": f"s3://{self.bucket}/in/", "InputFormat": "ONE_DOC_PER_FILE"},
            "OutputDataConfig": {"S3Uri": f"s3://{self.bucket}/out/"},
            "DataAccessRoleArn": role,
            **changes,
        }
        return {name: value for name, value in request.items() if value is not None}

    def start(self, role, credentials=None, **changes):
        return self.client("comprehend", credentials).start_document_classification_job(**self.request(role, **changes))

    def describe(self, job_id):
        answer = self.client("comprehend").describe_document_classification_job(JobId=job_id)
        return answer["DocumentClassificationJobProperties"]

    def finished(self, started):
        return until(lambda: self.describe(started["JobId"]), lambda job: job["JobStatus"] in {"COMPLETED", "FAILED"})

    def run(self, role, **changes):
        return self.finished(self.start(role, **changes))

    # Stacks, deployed straight through the API: no CDK app, no CLI.

    def create_stack(self, resources, outputs=None, suffix="stack"):
        self.begin("create_stack", resources, outputs, suffix)
        return self.settled(f"{self.name}-{suffix}")

    def update_stack(self, resources, outputs=None, suffix="stack"):
        self.begin("update_stack", resources, outputs, suffix)
        return self.settled(f"{self.name}-{suffix}")

    def delete_stack(self, suffix="stack"):
        identifier = self.stack(suffix)["StackId"]
        self.client("cloudformation").delete_stack(StackName=identifier)
        return self.settled(identifier)

    def stack(self, suffix="stack"):
        return self.client("cloudformation").describe_stacks(StackName=f"{self.name}-{suffix}")["Stacks"][0]

    def history(self, suffix="stack"):
        """The stack's events, the oldest first."""
        pages = self.client("cloudformation").get_paginator("describe_stack_events")
        found = [page["StackEvents"] for page in pages.paginate(StackName=f"{self.name}-{suffix}")]
        return [event for page in found for event in page][::-1]

    def reasons(self, suffix="stack"):
        return " ".join(event.get("ResourceStatusReason", "") for event in self.history(suffix))

    def begin(self, operation, resources, outputs=None, suffix="stack"):
        template = json.dumps({"Resources": resources, "Outputs": outputs or {}})
        call = getattr(self.client("cloudformation"), operation)
        call(StackName=f"{self.name}-{suffix}", TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])

    def settled(self, name):
        cloudformation = self.client("cloudformation")
        return until(
            lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"],
            lambda status: not status.endswith("_IN_PROGRESS"),
        )


def until(look, is_it, patience=20.0):
    deadline, pause = time.monotonic() + patience, 0.03
    while not is_it(found := look()):
        assert time.monotonic() < deadline, f"still {found!r} after {patience} s"
        time.sleep(pause)
        pause = min(pause * 1.2, 0.3)  # who waits long asks less often: each question takes the server's time
    return found


def events(bench):
    """What the recorder got for the stack of this test, in order."""
    s3 = bench.client("s3")
    listed = s3.list_objects_v2(Bucket="recorder-bucket", Prefix=f"{bench.name}-stack/").get("Contents", [])
    return [json.load(s3.get_object(Bucket="recorder-bucket", Key=item["Key"])["Body"]) for item in listed]
