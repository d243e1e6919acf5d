"""What the service that dumps is told by its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.backup.dump.drill import ask_release
from backend.backup.dump.settings import load_dump_settings
from backend.errors import ConfigError

ENVIRON = {"DATABASE_URL": "postgresql://app:secret@db/bills", "DUMP_KEY_DIR": "/keys"}


def test_a_drill_waits_for_the_app_as_long_as_is_set(tmp_path: Path, monkeypatch) -> None:
    asked: list[tuple[Path, float]] = []

    def ask(folder: Path, *, patience: float) -> list[str]:
        asked.append((folder, patience))
        return []

    monkeypatch.setattr("backend.backup.dump.drill.ask_app", ask)
    environ = {**ENVIRON, "DRILL_CHECK_SECONDS": "900", "DRILL_SOCKET_DIR": str(tmp_path)}

    ask_release(load_dump_settings(environ))

    assert asked == [(tmp_path, 900)]


def test_a_time_that_is_too_short_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="DRILL_CHECK_SECONDS='5'"):
        load_dump_settings({**ENVIRON, "DRILL_CHECK_SECONDS": "5"})


def test_an_address_without_a_database_means_the_one_of_the_users_name() -> None:
    settings = load_dump_settings({**ENVIRON, "DATABASE_URL": "postgresql://bo:secret@db"})

    assert settings.database.params["dbname"] == "bo"
    assert settings.repository.root.name == "dumps-bo"
