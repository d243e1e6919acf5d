"""An engine with one release on it, on which nothing is waited for."""

import pytest

from deploy.rollout import waiting, watching
from tests.unit.rollout.fake_docker import FakeDocker


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    monkeypatch.setattr(waiting, "INTERVAL", 0.0)
    monkeypatch.setattr(watching, "INTERVAL", 0.0)
    return FakeDocker.with_release("v1")
