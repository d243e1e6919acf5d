"""The service of the backups is let out by one overlay, and by nothing else."""

import json
from typing import Any

import pytest

from tests.system.stack import Stack

EGRESS_FILE = "deploy/docker-compose.backup-egress.yml"
ASK = "from backend.backup.notification.delivery import has_way_out; print(has_way_out())"


def described(stack: Stack) -> dict[str, Any]:  # Any: Compose's own JSON
    config: dict[str, Any] = json.loads(stack.compose("config", "--format", "json").stdout)
    return config


def test_the_overlay_changes_one_service_and_adds_one_network(built: Stack, monkeypatch) -> None:
    before = described(built)
    monkeypatch.setattr(built, "overlays", (EGRESS_FILE,))

    after = described(built)

    assert before["services"]["backup"].pop("network_mode") == "none"
    assert after["services"]["backup"].pop("networks") == {"backup-egress": None}
    assert after["networks"].pop("backup-egress").get("internal") is None
    assert after == before


@pytest.mark.parametrize(
    ("overlays", "way_out"),
    [
        pytest.param((), "False", id="not by a variable"),
        pytest.param((EGRESS_FILE,), "True", id="by the overlay"),
    ],
)
def test_there_is_a_way_out(built: Stack, monkeypatch, overlays, way_out) -> None:
    built.configure(BACKUP_NOTIFY_URL="https://hc.example/6f1a0d4e")
    monkeypatch.setattr(built, "overlays", overlays)
    python = ("run", "--rm", "--no-deps", "-T", "--entrypoint", "/opt/venv/bin/python")

    try:
        said = built.compose(*python, "backup", "-c", ASK).stdout
    finally:
        # While the overlay is named: nobody else knows its network.
        built.compose("down")
        built.configure()

    assert said.strip() == way_out
