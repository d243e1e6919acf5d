"""An engine with one release on it, on which nothing is waited for."""

import pytest

from deploy.rollout import waits, watch
from tests.unit.rollout.fake_docker import FakeDocker


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    monkeypatch.setattr(waits, "INTERVAL", 0.0)
    monkeypatch.setattr(watch, "INTERVAL", 0.0)
    return FakeDocker.with_release("v1")
