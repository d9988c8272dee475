"""The real outside: what can be tried on loopback."""

import dataclasses
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from classification_job import event
from classification_job.answer import Answer, deliver
from classification_job.progress import Progress
from classification_job.runtime import Runtime
from classification_job.work import begin
from handler.world import FUNCTION, World, properties


class Bucket(BaseHTTPRequestHandler):
    """Takes answers as CloudFormation's bucket does; refuses the first ones."""

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.headers["Content-Type"], body))
        self.send_response(503 if len(self.server.seen) <= self.server.refuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def bucket():
    server = HTTPServer(("127.0.0.1", 0), Bucket)
    server.seen, server.refuses = [], 0
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_answer_is_uploaded_with_an_empty_content_type(bucket):
    Runtime().put(f"http://127.0.0.1:{bucket.server_port}/x?signature=1", b'{"Status": "SUCCESS"}')
    assert bucket.seen == [("", b'{"Status": "SUCCESS"}')]


def test_a_refused_upload_is_repeated(bucket):
    bucket.refuses = 2
    outside = Runtime()
    outside.sleep = lambda _: None
    read = event.parse(World().event("Create", properties()), FUNCTION)
    read = dataclasses.replace(read, response_url=f"http://127.0.0.1:{bucket.server_port}/x")
    deliver(begin(read, Progress(began=0), outside, 900), Answer("id"))
    assert len(bucket.seen) == 3


def test_time_and_chance_are_real():
    outside = Runtime()
    assert abs(outside.now() - time.time()) < 5
    assert 0 <= outside.chance() < 1
