"""What is meant is decided once; what contradicts itself is refused before anything is opened."""

from pathlib import Path

import pytest

from backend.config.settings import DEFAULT_SQLITE
from backend.errors import ConfigError, UsageError
from backend.sync.options import (
    Cap,
    Direction,
    Endpoints,
    OnConflict,
    SyncArgs,
    read_cap,
    read_endpoints,
    read_options,
)

HOSTED = {"RENDER_DATABASE_URL": "postgresql://me:hidden@db.example.com/hesap"}
TO_RENDER = Direction.LOCAL_TO_RENDER


def endpoints(local: str = "sqlite:////srv/app/mine.db") -> Endpoints:
    return read_endpoints(local, None, HOSTED)


def test_both_databases_come_from_the_settings() -> None:
    found = read_endpoints(None, None, HOSTED)

    assert found.local.path == DEFAULT_SQLITE
    assert str(found.remote) == "postgresql://me@db.example.com:5432/hesap"
    assert found.remote_name == "RENDER_DATABASE_URL"


def test_the_command_line_wins_over_the_settings() -> None:
    found = read_endpoints("postgresql://here/a", "sqlite:////srv/b.db", HOSTED)

    assert (str(found.local), str(found.remote)) == (
        "postgresql://@here:5432/a",
        "sqlite:////srv/b.db",
    )
    assert found.remote_name == "--remote"


def test_the_hosted_address_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "url"
    path.write_text(HOSTED["RENDER_DATABASE_URL"] + "\n")

    found = read_endpoints(None, None, {"RENDER_DATABASE_URL_FILE": str(path)})

    assert str(found.remote) == "postgresql://me@db.example.com:5432/hesap"


def test_a_local_server_is_reached_by_the_login_that_may_change_its_schema() -> None:
    environ = HOSTED | {
        "DATABASE_URL": "postgresql://app@localhost/hesap",
        "MIGRATE_DATABASE_URL": "postgresql://owner@localhost/hesap",
    }

    assert read_endpoints(None, None, environ).local.params["user"] == "owner"


def test_a_local_file_is_no_business_of_the_login_for_migrations() -> None:
    environ = HOSTED | {"MIGRATE_DATABASE_URL": "postgresql://owner@localhost/hesap"}

    assert read_endpoints(None, None, environ).local.path == DEFAULT_SQLITE


def test_without_a_hosted_database_it_says_how_to_name_one() -> None:
    with pytest.raises(ConfigError) as caught:
        read_endpoints(None, None, {})

    assert caught.value.args[0] == "RENDER_DATABASE_URL not found"
    assert "grep RENDER_DATABASE_URL .env" in caught.value.hint
    assert ">> .env" in caught.value.hint


def test_a_bad_address_is_named_and_not_shown() -> None:
    with pytest.raises(ConfigError, match="RENDER_DATABASE_URL") as caught:
        read_endpoints(None, None, {"RENDER_DATABASE_URL": "postgresql://me:hid@den@host/db"})

    assert "hid" not in str(caught.value)


def test_a_password_is_never_shown() -> None:
    assert "hidden" not in repr(endpoints())


def test_unless_told_otherwise_a_run_is_careful() -> None:
    wanted = read_options(TO_RENDER, SyncArgs(), endpoints())

    assert wanted.on_conflict is OnConflict.REPORT
    assert (wanted.deletes, wanted.max_deletes) == (False, Cap(percent=10.0))
    assert (wanted.dry_run, wanted.start_over, wanted.batch_size) == (False, False, 100)
    assert wanted.backup == Path("/srv/app/sync-backups")


def test_safety_copies_go_where_they_are_told_or_nowhere() -> None:
    there = read_options(TO_RENDER, SyncArgs(backup_dir=Path("/var/kept")), endpoints())
    nowhere = read_options(TO_RENDER, SyncArgs(no_backup=True), endpoints())

    assert (there.backup, nowhere.backup) == (Path("/var/kept"), None)


def test_beside_a_local_server_there_is_no_folder_so_the_usual_one_is_taken() -> None:
    wanted = read_options(TO_RENDER, SyncArgs(), endpoints("postgresql://localhost/hesap"))

    assert wanted.backup == DEFAULT_SQLITE.parent / "sync-backups"


@pytest.mark.parametrize(
    ("text", "cap"),
    [
        ("25", Cap(rows=25, percent=None)),
        ("0", Cap(rows=0, percent=None)),
        ("10%", Cap(percent=10.0)),
        ("2.5 %", Cap(percent=2.5)),
        ("100%", Cap(percent=100.0)),
    ],
)
def test_a_cap_is_rows_or_a_share(text: str, cap: Cap) -> None:
    assert read_cap(text) == cap


@pytest.mark.parametrize("text", ["", "%", "-1", "101%", "2.5", "ten", "1e3", "٣", "10%%"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--max-deletes"):
        read_cap(text)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (SyncArgs(mirror=True, on_conflict=OnConflict.REPORT), "--mirror and --on-conflict"),
        (SyncArgs(mirror=True, deletes=True), "--mirror and --deletes"),
        (SyncArgs(mirror=True, max_deletes=Cap()), "--mirror and --max-deletes"),
        (SyncArgs(mirror=True, start_over=True), "--mirror and --start-over"),
        (SyncArgs(max_deletes=Cap(rows=1)), "--max-deletes without --deletes"),
        (SyncArgs(no_backup=True, backup_dir=Path("x")), "--no-backup and --backup-dir"),
    ],
)
def test_a_contradiction_is_a_usage_error_that_names_both(words: SyncArgs, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        read_options(Direction.RENDER_TO_LOCAL, words, endpoints())
