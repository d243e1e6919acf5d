"""Connections to both engines, such that nothing about them depends on where they lead."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from backend.config.database_url import DatabaseUrl
from backend.db.connect import FIXED_SETTINGS, configure, configure_if_direct
from backend.db.session import Session
from backend.db.sqlite_file import BUSY_TIMEOUT_MS
from backend.errors import DatabaseError
from backend.sync.reach.login import logged_in, refuse_pooled
from backend.sync.reach.troubles import no_such_file

_SETTINGS = {
    **FIXED_SETTINGS,
    "search_path": "public",
    # One COPY may bring a whole table over a slow line.
    "statement_timeout": "30min",
    # Rows that others want to write are not held for ever, nor waited for.
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "15min",
    # The server, too, is to notice within a minute that we are gone: it holds our lock.
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_LOOKING = {"default_transaction_read_only": "on", "statement_timeout": "1min"}


@contextmanager
def sqlite_at(database: DatabaseUrl, *, writing: bool) -> Iterator[sqlite3.Connection]:
    """Open a file that is there; every statement is its own transaction unless BEGIN says else.

    Raises:
        ConfigError: it is not there.
        DatabaseError: it is no database, or cannot be opened.
    """
    path = _existing(database)
    connection = _opened(path)
    try:
        for pragma in _pragmas(writing=writing):
            connection.execute(pragma)
        # The first look into the file: what is not a database says so here.
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except (sqlite3.Error, UnicodeDecodeError) as error:
        connection.close()
        raise _unusable(path, error) from None
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def postgres_at(database: DatabaseUrl, *, name: str, writing: bool) -> Iterator[Session]:
    """Log in; every statement is its own transaction unless a block says else.

    Raises:
        RefusedError: the way there is a public one and not encrypted, or leads to a pooler.
        DatabaseError: the server does not answer, or does not let us in.
    """
    with logged_in(database, name=name) as session:
        if writing:
            refuse_pooled(session, database, name=name)
            configure(session, _SETTINGS)
        elif not configure_if_direct(session, _SETTINGS | _LOOKING):
            refuse_pooled(session, database, name=name)
            configure(session, _SETTINGS | _LOOKING)
        yield session


def _existing(database: DatabaseUrl) -> Path:
    path = database.path
    assert path is not None  # noqa: S101 - what parse_database_url promises for SQLite
    if not path.is_file():
        raise no_such_file(database)
    return path.absolute()


def _opened(path: Path) -> sqlite3.Connection:
    uri, seconds = f"{path.as_uri()}?mode=rw", BUSY_TIMEOUT_MS / 1000
    try:
        return sqlite3.connect(uri, uri=True, timeout=seconds, isolation_level=None)
    except sqlite3.Error as error:
        raise _unusable(path, error) from None


def _pragmas(*, writing: bool) -> list[str]:
    """Return what the app asks for too; `backend.db.sqlite` says why."""
    return [
        f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
        "PRAGMA foreign_keys = ON",
        "PRAGMA synchronous = FULL",
        *([] if writing else ["PRAGMA query_only = ON"]),
    ]


def _unusable(path: Path, error: sqlite3.Error | UnicodeDecodeError) -> DatabaseError:
    return DatabaseError(
        f"the SQLite file {path} cannot be used: {error}",
        hint="see that it is a database, that this user may write to it, that the disk has room",
    )
