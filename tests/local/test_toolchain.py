"""What npm is to install: where, with which progress, and what is said when it cannot."""

import socket
import time

import pytest

from constructs_lib.local import LocalAwsError, toolchain


@pytest.fixture
def no_cache(tmp_path, monkeypatch):
    """Nothing is installed yet, for the project or by npm."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    return tmp_path / "cache"


def test_a_registry_that_refuses_ends_with_npms_words_and_the_cures(no_cache, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        closed = server.getsockname()[1]
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{closed}")
    fetched = []
    with pytest.raises(LocalAwsError, match=r"(?s)ECONNREFUSED.*NODE_EXTRA_CA_CERTS.*XDG_CACHE_HOME"):
        toolchain.node_modules(fetched.append)
    assert fetched == []
    assert not toolchain.installed()
    assert list(no_cache.rglob("installing-*")) == []


def test_an_npm_that_waits_for_ever_is_ended(no_cache, tmp_path, monkeypatch):
    node = tmp_path / "node"
    said = ("GET 200 one", "GET two attempt 1 failed with ETIMEDOUT")
    node.write_text("".join(["#!/bin/sh\n", *(f"echo npm http fetch {line}\n" for line in said), "exec sleep 60\n"]))
    node.chmod(0o755)
    monkeypatch.setattr(toolchain, "node_binary", lambda: node)
    monkeypatch.setattr(toolchain, "_PATIENCE", 0.5)
    fetched = []
    begun = time.monotonic()
    with pytest.raises(
        LocalAwsError, match=r"two attempt 1 failed with ETIMEDOUT\nIt was ended after 0 s, with 1 of its"
    ):
        toolchain.node_modules(fetched.append)
    assert time.monotonic() - begun < 10
    assert fetched == [1]
    assert list(no_cache.rglob("installing-*")) == []


def test_a_cache_that_cannot_be_written_names_the_variable_that_moves_it(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(LocalAwsError, match="Set XDG_CACHE_HOME to a folder that can be written"):
        toolchain.node_modules()
