"""What is meant is decided once; what contradicts itself is refused before anything is opened."""

from pathlib import Path

import pytest

from backend.config.settings import DEFAULT_SQLITE
from backend.errors import ConfigError, UsageError
from backend.transfer.options import Task, Words, read_options
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
    options = read_options(Words(), POSTGRES)

    assert options.source == DEFAULT_SQLITE
    assert str(options.target) == "postgresql://migrate@db.example.com:5432/hesap"
    assert (options.task, options.writes) == (Task.LOAD, True)


def test_the_parts_of_an_address_are_an_address_too() -> None:
    assert str(read_options(Words(), PARTS).target) == "postgresql://app@db:5432/hesap"


def test_a_configured_sqlite_file_is_the_source_where_another_url_names_the_target() -> None:
    options = read_options(Words(), POSTGRES | {"DATABASE_URL": "sqlite:////srv/old.db"})

    assert options.source == Path("/srv/old.db")


def test_the_command_line_wins_over_the_settings() -> None:
    words = Words(sqlite=Path("/srv/mine.db"), pg_url="postgres://me@localhost/mine")

    options = read_options(words, POSTGRES)

    assert options.source == Path("/srv/mine.db")
    assert str(options.target) == "postgresql://me@localhost:5432/mine"


def test_without_any_postgres_it_says_how_to_name_one() -> None:
    with pytest.raises(ConfigError, match=r"MIGRATE_DATABASE_URL.*--pg-url"):
        read_options(Words(), {})


@pytest.mark.parametrize(
    ("words", "task", "writes"),
    [
        pytest.param(Words(truncate=True), Task.REPLACE, True, id="--truncate"),
        pytest.param(Words(update=True), Task.UPDATE, True, id="--update"),
        pytest.param(Words(check=True), Task.CHECK, False, id="--check"),
        pytest.param(Words(verify_only=True), Task.VERIFY, False, id="--verify-only"),
        pytest.param(Words(dry_run=True), Task.LOAD, False, id="--dry-run"),
        pytest.param(Words(dry_run=True, update=True), Task.UPDATE, False, id="plan of an update"),
    ],
)
def test_flags_decide_what_a_run_does(words: Words, task: Task, *, writes: bool) -> None:
    options = read_options(words, POSTGRES)

    assert (options.task, options.writes) == (task, writes)


@pytest.mark.parametrize(
    ("words", "way"),
    [
        (Words(check=True), Task.LOAD),
        (Words(check=True, update=True), Task.UPDATE),
        (Words(check=True, truncate=True), Task.REPLACE),
        (Words(update=True), Task.UPDATE),
    ],
)
def test_a_check_is_about_the_run_that_the_same_flags_would_begin(words: Words, way: Task) -> None:
    assert read_options(words, POSTGRES).way is way


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (Words(truncate=True, update=True), "--truncate and --update"),
        (Words(check=True, verify_only=True), "--check and --verify-only"),
        (Words(dry_run=True, check=True), "--dry-run and --check"),
        (Words(verify_only=True, update=True), "--verify-only and --update"),
        (Words(verify_only=True, truncate=True), "--verify-only and --truncate"),
        (Words(verify_only=True, migrate=True), "--verify-only and --migrate"),
        (Words(check=True, archive_sqlite=True), "--check and --archive-sqlite"),
        (Words(check=True, set_readonly=True), "--check and --set-readonly"),
        (Words(archive_dir=Path("x")), "--archive-dir without --archive-sqlite"),
        (Words(delete=True), "--delete without --update"),
        (Words(tables=" , "), "--tables names no table"),
        (Words(pg_url="sqlite:///x.db"), "--pg-url names no Postgres"),
        (Words(report=Path("/not/there/report.json")), "the folder of --report"),
    ],
)
def test_a_contradiction_is_a_usage_error_that_names_both(words: Words, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        read_options(words, POSTGRES)


def test_tables_are_listed_with_commas() -> None:
    assert read_options(Words(tables="users, Order"), POSTGRES).tables == ("users", "Order")


def test_the_archive_lies_beside_the_source_unless_told_otherwise() -> None:
    words = Words(sqlite=Path("/srv/a.db"), archive_sqlite=True)

    assert read_options(words, POSTGRES).archive_folder == Path("/srv/archive")


def test_nothing_is_read_as_something_else_unless_told() -> None:
    assert read_options(Words(), POSTGRES).casts == Casts("refuse", "refuse", "refuse")


def test_a_password_is_never_shown() -> None:
    options = read_options(Words(pg_url="postgresql://me:hidden@localhost/mine"), {})

    assert "hidden" not in repr(options)
    assert "hidden" not in str(options.target)
