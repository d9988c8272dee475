import pytest
from handler.world import World


@pytest.fixture(autouse=True)
def _function(monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "jobs")


@pytest.fixture
def world():
    return World()
