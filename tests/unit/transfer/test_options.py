"""What is meant is decided once; what contradicts itself is refused before anything is opened."""

from pathlib import Path

import pytest

from backend.config.settings import DEFAULT_SQLITE
from backend.errors import ConfigError, UsageError
from backend.transfer.options import CliArgs, TransferMode, read_options
from backend.values.conversion import Casts

POSTGRES = {"MIGRATE_DATABASE_URL": "postgresql://migrate@db.example.com/hesap"}
PARTS = {
    "DB_ENGINE": "postgres",
    "PG_HOST": "db",
    "PG_DB": "hesap",
    "PG_USER": "app",
    "PG_PASSWORD": "invented",
}


def test_both_databases_come_from_the_settings() -> None:
    options = read_options(CliArgs(), POSTGRES)

    assert options.source == DEFAULT_SQLITE
    assert str(options.target) == "postgresql://migrate@db.example.com:5432/hesap"
    assert (options.mode, options.writes) == (TransferMode.LOAD, True)


def test_the_parts_of_an_address_are_an_address_too() -> None:
    assert str(read_options(CliArgs(), PARTS).target) == "postgresql://app@db:5432/hesap"


def test_a_configured_sqlite_file_is_the_source_where_another_url_names_the_target() -> None:
    options = read_options(CliArgs(), POSTGRES | {"DATABASE_URL": "sqlite:////srv/old.db"})

    assert options.source == Path("/srv/old.db")


def test_the_command_line_wins_over_the_settings() -> None:
    args = CliArgs(sqlite=Path("/srv/mine.db"), pg_url="postgres://me@localhost/mine")

    options = read_options(args, POSTGRES)

    assert options.source == Path("/srv/mine.db")
    assert str(options.target) == "postgresql://me@localhost:5432/mine"


def test_without_any_postgres_it_says_how_to_name_one() -> None:
    with pytest.raises(ConfigError, match=r"MIGRATE_DATABASE_URL.*--pg-url"):
        read_options(CliArgs(), {})


@pytest.mark.parametrize(
    ("args", "task", "writes"),
    [
        pytest.param(CliArgs(truncate=True), TransferMode.REPLACE, True, id="--truncate"),
        pytest.param(CliArgs(update=True), TransferMode.UPDATE, True, id="--update"),
        pytest.param(CliArgs(check=True), TransferMode.CHECK, False, id="--check"),
        pytest.param(CliArgs(verify_only=True), TransferMode.VERIFY, False, id="--verify-only"),
        pytest.param(CliArgs(dry_run=True), TransferMode.LOAD, False, id="--dry-run"),
        pytest.param(
            CliArgs(dry_run=True, update=True), TransferMode.UPDATE, False, id="plan of an update"
        ),
    ],
)
def test_flags_decide_what_a_run_does(args: CliArgs, task: TransferMode, *, writes: bool) -> None:
    options = read_options(args, POSTGRES)

    assert (options.mode, options.writes) == (task, writes)


@pytest.mark.parametrize(
    ("args", "mode"),
    [
        (CliArgs(check=True), TransferMode.LOAD),
        (CliArgs(check=True, update=True), TransferMode.UPDATE),
        (CliArgs(check=True, truncate=True), TransferMode.REPLACE),
        (CliArgs(update=True), TransferMode.UPDATE),
    ],
)
def test_a_check_is_about_the_run_that_the_same_flags_would_begin(
    args: CliArgs, mode: TransferMode
) -> None:
    assert read_options(args, POSTGRES).effective_mode is mode


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (CliArgs(truncate=True, update=True), "--truncate and --update"),
        (CliArgs(check=True, verify_only=True), "--check and --verify-only"),
        (CliArgs(dry_run=True, check=True), "--dry-run and --check"),
        (CliArgs(verify_only=True, update=True), "--verify-only and --update"),
        (CliArgs(verify_only=True, truncate=True), "--verify-only and --truncate"),
        (CliArgs(verify_only=True, migrate=True), "--verify-only and --migrate"),
        (CliArgs(check=True, archive_sqlite=True), "--check and --archive-sqlite"),
        (CliArgs(check=True, set_readonly=True), "--check and --set-readonly"),
        (CliArgs(archive_dir=Path("x")), "--archive-dir without --archive-sqlite"),
        (CliArgs(delete=True), "--delete without --update"),
        (CliArgs(tables=" , "), "--tables names no table"),
        (CliArgs(pg_url="sqlite:///x.db"), "--pg-url names no Postgres"),
        (CliArgs(report=Path("/not/there/report.json")), "the folder of --report"),
    ],
)
def test_a_contradiction_is_a_usage_error_that_names_both(args: CliArgs, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        read_options(args, POSTGRES)


def test_tables_are_listed_with_commas() -> None:
    assert read_options(CliArgs(tables="users, Order"), POSTGRES).tables == ("users", "Order")


def test_the_archive_lies_beside_the_source_unless_told_otherwise() -> None:
    args = CliArgs(sqlite=Path("/srv/a.db"), archive_sqlite=True)

    assert read_options(args, POSTGRES).archive_folder == Path("/srv/archive")


def test_nothing_is_read_as_something_else_unless_told() -> None:
    assert read_options(CliArgs(), POSTGRES).casts == Casts("refuse", "refuse", "refuse")


def test_a_password_is_never_shown() -> None:
    options = read_options(CliArgs(pg_url="postgresql://me:hidden@localhost/mine"), {})

    assert "hidden" not in repr(options)
    assert "hidden" not in str(options.target)
