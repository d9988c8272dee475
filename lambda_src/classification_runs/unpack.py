"""Turn the archive of a job into rows of the table, in one pass and bounded memory."""

from __future__ import annotations

import gzip
import io
import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from reading import read_predictions, row_encoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .environment import Settings

PART = 8 << 20  # bytes; S3 takes parts of 5 MiB or more, at most 10,000
_SHOWN = 250  # classes counted in the run's output, which must stay below 256 KiB
_ROOM = 64 << 10  # bytes of their names
_AT_ONCE = 500  # rows
_FAST = 3  # of gzip: half the time of its default, a tenth more bytes


@dataclass
class Unpacked:
    """What a job has found.

    Args:
        uri: Where its rows are.
        documents: How many rows.
        errors: How many of them have an error.
        classes: How many rows a class has.
    """

    uri: str
    documents: int = 0
    errors: int = 0
    classes: Counter[str] = field(default_factory=Counter)

    def result(self) -> dict[str, object]:
        """What the state machine goes on with."""
        return {
            "PredictionsS3Uri": self.uri,
            "Documents": self.documents,
            "Errors": self.errors,
            "Classes": self._most_frequent(),
        }

    def _most_frequent(self) -> dict[str, int]:
        room = _ROOM
        shown = {}
        for name, count in self.classes.most_common(_SHOWN):
            room -= len(json.dumps(name))
            if room < 0:
                break
            shown[name] = count
        return shown


def unpack(client: Any, settings: Settings, job: Mapping[str, Any], run: str) -> Unpacked:
    """Write the predictions of a job as rows; the same job always to the same key.

    Args:
        client: S3.
        settings: Where.
        job: What the service says about the job, in the API's names.
        run: The name of the run.

    Returns:
        Where the rows are, and what they say in sum.

    Raises:
        BadArchiveError: The archive is damaged or holds something else; nothing is written then.
    """
    bucket, _, archive = job["OutputDataConfig"]["S3Uri"].removeprefix("s3://").partition("/")
    key = f"{settings.predictions}dt={job['SubmitTime'][:10]}/{job['JobId']}.jsonl.gz"
    found = Unpacked(f"s3://{settings.results_bucket}/{key}")
    body = client.get_object(Bucket=bucket, Key=archive)["Body"]
    row = row_encoder(
        {
            "job_id": job["JobId"],
            "run_id": run,
            "classifier_arn": job.get("DocumentClassifierArn") or job.get("FlywheelArn"),
            "processed_at": job.get("EndTime") or job["SubmitTime"],
        }
    )
    with (
        _Upload(client, settings.results_bucket, key, settings.results_key) as upload,
        # No time in the header: the same archive gives the same bytes.
        gzip.GzipFile(fileobj=upload.buffer, mode="wb", compresslevel=_FAST, mtime=0) as zipped,
    ):
        predictions = read_predictions(body)
        while some := list(islice(predictions, _AT_ONCE)):
            zipped.write("".join(map(row, some)).encode())
            _count(found, some)
            upload.pass_on()
    return found


def _count(found: Unpacked, predictions: list[Any]) -> None:
    found.documents += len(predictions)
    found.errors += sum(1 for prediction in predictions if prediction.errors)
    found.classes.update(label.name for prediction in predictions for label in prediction.assigned())


class _Upload:
    """One object, in parts once it is long enough; nothing is left of it when it fails."""

    def __init__(self, client: Any, bucket: str, key: str, encryption_key: str) -> None:
        self.buffer = io.BytesIO()
        self._client = client
        self._place = {"Bucket": bucket, "Key": key}
        self._kind: dict[str, str] = {"ContentType": "application/gzip"}
        if encryption_key:
            self._kind |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": encryption_key}
        self._id: str | None = None
        self._parts: list[dict[str, object]] = []

    def __enter__(self) -> Self:
        return self

    def pass_on(self) -> None:
        """Send what has come together, once it is a part."""
        if self.buffer.tell() >= PART:
            self._send()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._finish()
                return
        except BaseException:
            self._abort()
            raise
        self._abort()

    def _send(self) -> None:
        if self._id is None:
            self._id = self._client.create_multipart_upload(**self._place, **self._kind)["UploadId"]
        number = len(self._parts) + 1
        sent = self._client.upload_part(
            **self._place, UploadId=self._id, PartNumber=number, Body=self.buffer.getvalue()
        )
        self._parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        self.buffer.seek(0)
        self.buffer.truncate()

    def _finish(self) -> None:
        if self._id is None:
            self._client.put_object(**self._place, Body=self.buffer.getvalue(), **self._kind)
            return
        self._send()
        self._client.complete_multipart_upload(**self._place, UploadId=self._id, MultipartUpload={"Parts": self._parts})

    def _abort(self) -> None:
        if self._id is not None:
            self._client.abort_multipart_upload(**self._place, UploadId=self._id)
