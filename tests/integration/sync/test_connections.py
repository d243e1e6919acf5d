"""How both databases are opened, and that a pooler is found out before anything is written."""

import sqlite3
from contextlib import closing

import psycopg
import pytest
from psycopg import sql

from backend.config.database_url import DatabaseUrl
from backend.db.connect import configure_if_direct
from backend.errors import ConfigError, DatabaseError, RefusedError
from backend.sync.connections import postgres_at, sqlite_at


@pytest.fixture
def file(sqlite: DatabaseUrl) -> DatabaseUrl:
    assert sqlite.path is not None
    with closing(sqlite3.connect(sqlite.path)) as connection:
        connection.execute("CREATE TABLE thing (id INTEGER PRIMARY KEY)")
    return sqlite


def pragma(connection: sqlite3.Connection, name: str) -> object:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_a_file_is_opened_as_the_app_opens_it(file) -> None:
    with sqlite_at(file, writing=True) as connection:
        found = {
            name: pragma(connection, name)
            for name in ("busy_timeout", "foreign_keys", "synchronous")
        }
        begun = connection.in_transaction

    assert found == {"busy_timeout": 5000, "foreign_keys": 1, "synchronous": 2}
    assert not begun


def test_a_look_cannot_write_to_a_file(file) -> None:
    with (
        sqlite_at(file, writing=False) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("INSERT INTO thing VALUES (1)")


def test_a_file_that_is_not_there_is_not_made(sqlite) -> None:
    with (
        pytest.raises(ConfigError, match="there is no SQLite file at") as caught,
        sqlite_at(sqlite, writing=True),
    ):
        pass

    assert "--local" in caught.value.hint
    assert not sqlite.path.exists()


def test_what_is_no_database_is_said_to_be_none(sqlite) -> None:
    sqlite.path.write_text("a letter, long enough to be one\n" * 100)

    with (
        pytest.raises(DatabaseError, match="file is not a database"),
        sqlite_at(sqlite, writing=True),
    ):
        pass


def setting(session: psycopg.Connection, name: str) -> str:
    row = session.execute("SELECT current_setting(%s)", (name,)).fetchone()
    assert row is not None
    return str(row[0])


def test_a_session_depends_on_nothing_that_the_server_or_the_role_prefers(
    postgres, postgres_server
) -> None:
    name = sql.Identifier(postgres.params["dbname"])
    for word, value in {
        "TimeZone": "Asia/Tokyo",
        "DateStyle": "German",
        "search_path": "x",
    }.items():
        statement = sql.SQL("ALTER DATABASE {} SET {} = {}")
        postgres_server.execute(statement.format(name, sql.Identifier(word), sql.Literal(value)))

    with postgres_at(postgres, name="--remote", writing=True) as session:
        names = ("TimeZone", "DateStyle", "search_path", "application_name", "statement_timeout")
        found = [setting(session, each) for each in names]

    assert found == ["UTC", "ISO, YMD", "public", "sync", "30min"]


def test_the_server_notices_within_a_minute_that_we_are_gone(postgres) -> None:
    with postgres_at(postgres, name="--remote", writing=True) as session:
        found = [
            setting(session, f"tcp_keepalives_{word}") for word in ("idle", "interval", "count")
        ]

    assert found == ["15", "10", "3"]


def test_a_look_cannot_write_to_a_server(postgres) -> None:
    with (
        postgres_at(postgres, name="--remote", writing=False) as session,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        session.execute("CREATE TABLE thing (id int)")


@pytest.mark.parametrize("writing", [True, False])
def test_a_pooler_in_transaction_mode_is_refused(pooled, *, writing: bool) -> None:
    with (
        pytest.raises(RefusedError, match="a pooler in transaction mode") as caught,
        postgres_at(pooled.url, name="RENDER_DATABASE_URL", writing=writing),
    ):
        pass

    assert "RENDER_DATABASE_URL" in caught.value.hint
    assert "6432" in caught.value.hint
    assert "-pooler" in caught.value.hint


def test_what_others_get_from_a_pooler_is_as_it_was(pooled) -> None:
    for writing in (True, False):
        with (
            pytest.raises(RefusedError),
            postgres_at(pooled.url, name="RENDER_DATABASE_URL", writing=writing),
        ):
            pass

    assert not pooled.left_behind()


@pytest.mark.parametrize("writing", [True, False])
def test_the_server_itself_is_taken_for_what_it_is(postgres, *, writing: bool) -> None:
    with postgres_at(postgres, name="--remote", writing=writing) as session:
        assert configure_if_direct(session, {"lock_timeout": "7s"})
        assert setting(session, "lock_timeout") == "7s"
