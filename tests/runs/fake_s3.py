"""An S3 that keeps objects in memory, judges conditions as S3 does, and fails, dies or is interrupted on demand."""

import hashlib
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import RLock

from botocore.exceptions import ClientError, ReadTimeoutError

STATUS = {"PreconditionFailed": 412, "NoSuchKey": 404, "AccessDenied": 403, "InvalidObjectState": 403, "SlowDown": 503}
BEGIN = datetime(2026, 11, 24, 8, tzinfo=UTC)


class Died(BaseException):
    """The function is gone, in the middle of a call."""


@dataclass
class Stored:
    body: bytes
    etag: str
    modified: datetime


class FakeS3:
    """One world of buckets; `interrupt` is asked before and after each call and may do anything."""

    def __init__(self):
        self.objects = {}
        self.uploads = {}
        self.kinds = {}
        self.smallest_part = 5 << 20
        self.calls = []
        self.written = 0
        self.interrupt = lambda _moment, _number, _operation, _arguments: None
        self.refuse = {}
        # What S3 answers about an object that is not there; AccessDenied to those who list under a condition.
        self.missing = "NoSuchKey"
        self._lock = RLock()

    # What tests do

    def write(self, key, body, bucket="documents"):
        with self._lock:
            self.written += 1
            # Encrypted with a key of the customer, so that equal bodies have different tags.
            etag = f'"{hashlib.sha256(f"{self.written}".encode()).hexdigest()[:32]}"'
            self.objects[bucket, key] = Stored(body, etag, BEGIN + timedelta(seconds=self.written))
            return etag

    def keys(self, prefix="", bucket="documents"):
        with self._lock:
            return sorted(key for where, key in self.objects if where == bucket and key.startswith(prefix))

    def body(self, key, bucket="documents"):
        return self.objects[bucket, key].body

    def bodies(self, prefix=""):
        return sorted(self.body(key) for key in self.keys(prefix))

    # What the function calls

    def get_paginator(self, operation):
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket, Prefix):  # noqa: N803
        token = ""
        while True:
            page, token = self._call("list_objects_v2", Bucket=Bucket, Prefix=Prefix, StartAfter=token)
            yield page
            if not token:
                return

    def __getattr__(self, operation):
        if operation.startswith("_"):
            raise AttributeError(operation)
        return lambda **arguments: self._call(operation, **arguments)

    def _call(self, operation, **arguments):
        with self._lock:
            self.calls.append(operation)
            number = len(self.calls) - 1
        self.interrupt("before", number, operation, arguments)
        if code := self.refuse.get((operation, arguments.get("CopySource", arguments).get("Key"))):
            raise failure(operation, code)
        with self._lock:
            answer = getattr(self, f"_{operation}")(**arguments)
        self.interrupt("after", number, operation, arguments)
        return answer

    def _find(self, operation, bucket, key, condition=None):
        found = self.objects.get((bucket, key))
        if found is None:
            raise failure(operation, self.missing)
        if condition not in {None, found.etag}:
            raise failure(operation, "PreconditionFailed")
        return found

    def _list_objects_v2(self, *, Bucket, Prefix, StartAfter):  # noqa: N803
        keys = [key for key in self.keys(Prefix, Bucket) if key > StartAfter]
        contents = [
            {"Key": key, "Size": len(found.body), "ETag": found.etag, "LastModified": found.modified}
            for key in keys[:1000]
            for found in [self.objects[Bucket, key]]
        ]
        return {"Contents": contents} if contents else {}, keys[999] if len(keys) > 1000 else ""

    def _copy_object(self, *, Bucket, Key, CopySource, CopySourceIfMatch=None, IfNoneMatch=None):  # noqa: N803
        source = self._find("CopyObject", CopySource["Bucket"], CopySource["Key"], CopySourceIfMatch)
        if IfNoneMatch == "*" and (Bucket, Key) in self.objects:
            raise failure("CopyObject", "PreconditionFailed")
        return {"CopyObjectResult": {"ETag": self.write(Key, source.body, Bucket)}}

    def _delete_object(self, *, Bucket, Key, IfMatch=None):  # noqa: N803
        if IfMatch is not None:
            self._find("DeleteObject", Bucket, Key, IfMatch)
        self.objects.pop((Bucket, Key), None)
        return {}

    def _get_object(self, *, Bucket, Key, IfMatch=None):  # noqa: N803
        found = self._find("GetObject", Bucket, Key, IfMatch)
        return {"ContentLength": len(found.body), "Body": io.BytesIO(found.body), "ETag": found.etag}

    def _put_object(self, *, Bucket, Key, Body, **kind):  # noqa: N803
        self.kinds[Key] = kind
        return {"ETag": self.write(Key, Body, Bucket)}

    def _create_multipart_upload(self, *, Bucket, Key, **kind):  # noqa: N803
        self.kinds[Key] = kind
        name = f"upload-{len(self.calls)}"
        self.uploads[name] = {"place": (Bucket, Key), "parts": {}}
        return {"UploadId": name}

    def _upload_part(self, *, Bucket, Key, UploadId, PartNumber, Body):  # noqa: N803
        assert self.uploads[UploadId]["place"] == (Bucket, Key)
        self.uploads[UploadId]["parts"][PartNumber] = bytes(Body)
        return {"ETag": f'"{PartNumber}"'}

    def _complete_multipart_upload(self, *, Bucket, Key, UploadId, MultipartUpload):  # noqa: N803
        parts = self.uploads.pop(UploadId)["parts"]
        numbers = [part["PartNumber"] for part in MultipartUpload["Parts"]]
        assert numbers == sorted(parts)
        assert all(len(parts[number]) >= self.smallest_part for number in numbers[:-1])
        self.write(Key, b"".join(parts[number] for number in numbers), Bucket)
        return {}

    def _abort_multipart_upload(self, *, Bucket, Key, UploadId):  # noqa: N803
        assert self.uploads.pop(UploadId)["place"] == (Bucket, Key)
        return {}


def failure(operation, code):
    status = STATUS[code]
    answer = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


def no_answer():
    return ReadTimeoutError(endpoint_url="https://s3")
