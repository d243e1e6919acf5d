"""Whose backups the command is about."""

from pathlib import Path

import pytest

from backend.backup.open_backups import open_backups
from backend.backup.sqlite.sqlite_backups import SQLiteBackups
from backend.errors import ConfigError, RefusedError, UsageError


def test_a_file_is_named_by_the_command_line_or_by_the_settings(tmp_path: Path) -> None:
    environ = {"DATABASE_URL": f"sqlite:///{tmp_path}/home.db"}

    configured = open_backups(None, environ)
    named = open_backups(tmp_path / "other.db", environ)

    assert isinstance(configured, SQLiteBackups)
    assert configured.status().database == f"{tmp_path}/home.db"
    assert named.status().database == f"{tmp_path}/other.db"


def test_backups_lie_beside_the_file_or_in_the_folder_that_is_set(tmp_path: Path) -> None:
    beside = open_backups(tmp_path / "home.db", {})
    elsewhere = open_backups(tmp_path / "home.db", {"BACKUP_DIR": f"{tmp_path}/elsewhere"})

    assert beside.status().folder == f"{tmp_path}/backups/home"
    assert elsewhere.status().folder == f"{tmp_path}/elsewhere/home"


def test_a_link_is_followed_to_the_file_that_a_restore_would_replace(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "home.db").symlink_to(tmp_path / "data" / "home.db")

    assert open_backups(tmp_path / "home.db", {}).status().database == f"{tmp_path}/data/home.db"


def test_a_postgres_is_backed_up_by_the_service_beside_it() -> None:
    with pytest.raises(RefusedError, match="backed up by the service beside it") as caught:
        open_backups(None, {"DATABASE_URL": "postgresql://app:secret@db/app"})

    assert caught.value.exit_code == 77
    assert "run --rm backup create" in caught.value.hint
    assert "secret" not in str(caught.value)


def test_the_image_of_the_cluster_takes_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--db names a SQLite file"):
        open_backups(tmp_path / "home.db", {"BACKUPS_OF": "cluster"})


def test_an_unknown_word_is_refused() -> None:
    with pytest.raises(ConfigError, match="BACKUPS_OF='server' is unknown"):
        open_backups(None, {"BACKUPS_OF": "server"})


def test_a_service_that_has_a_key_of_dumps_dumps_the_configured_postgres(tmp_path: Path) -> None:
    environ = {
        "DATABASE_URL": "postgresql://app:secret@db/a%2Fb",
        "BACKUP_DIR": str(tmp_path),
        "DUMP_KEY_DIR": str(tmp_path),
    }

    status = open_backups(None, environ).status()

    assert status.database == "postgresql://app@db:5432/a/b"
    assert status.folder == f"{tmp_path}/dumps-a%2Fb"


def test_a_service_that_dumps_takes_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--db names a SQLite file"):
        open_backups(tmp_path / "home.db", {"DUMP_KEY_DIR": str(tmp_path)})


def test_a_service_that_dumps_needs_a_postgres(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no Postgres"):
        open_backups(None, {"DUMP_KEY_DIR": str(tmp_path)}).status()
