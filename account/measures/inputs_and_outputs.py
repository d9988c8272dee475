"""What counts as a document, and where results are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from account.bench import TEXT
from account.expectations import expect
from account.measures.starts import plain_role

if TYPE_CHECKING:
    from account.bench import Bench


def empty_objects(bench: Bench) -> str:
    """Run a job on one document and one empty object."""
    role = plain_role(bench)
    bench.write("in/empty.txt", "")
    job = bench.completed(bench.start(role))
    files = sorted(prediction.file for prediction in bench.predictions(job))
    expect(files == ["a.txt"], f"one document and one empty object gave predictions for {', '.join(files)}")
    return "an empty object is no document"


def empty_prefix(bench: Bench) -> str:
    """Run a job where nothing is."""
    role = plain_role(bench)
    try:
        job = bench.finished(bench.start(role, "nothing-here/"))
    except ClientError as error:
        return f"refused at once: {error}"
    expect(job["JobStatus"] == "FAILED", f"a job without documents is {job['JobStatus']}")
    return f"FAILED: {job.get('Message')}"


def default_format(bench: Bench) -> str:
    """Run a job that does not say whether a file or a line is a document."""
    role = plain_role(bench)
    bench.write("in/a.txt", f"{TEXT}\n{TEXT}\n")
    job = bench.completed(bench.start(role, InputDataConfig={"S3Uri": bench.uri("in/")}))
    count = len(bench.predictions(job))
    expect(count == 1, f"a file of two lines gave {count} predictions")
    return "a file is one document"


def place_of_results(bench: Bench) -> str:
    """Look where a job says that its results are, and what else it left there."""
    role = plain_role(bench)
    started = bench.start(role)
    early, job = bench.describe(started), bench.completed(started)
    place = job["OutputDataConfig"]["S3Uri"]
    wanted = f"{re.escape(bench.uri('out/'))}{bench.cloud.account}-CLN-{started}/output/output\\.tar\\.gz"
    expect(re.fullmatch(wanted, place), f"Describe says {place}")
    expect(early["OutputDataConfig"]["S3Uri"] == place, f"at first it said {early['OutputDataConfig']['S3Uri']}")
    bench.predictions(job)
    listed = bench.client("s3").list_objects_v2(Bucket=bench.run.bucket(), Prefix=f"{bench.folder}out/")["Contents"]
    others = sorted(each["Key"].rpartition("/")[2] for each in listed if not each["Key"].endswith("output.tar.gz"))
    return f"<prefix><account>-CLN-<job id>/output/output.tar.gz; beside it: {', '.join(others) or 'nothing'}"
