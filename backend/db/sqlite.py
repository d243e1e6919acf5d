"""SQLite: one file, many readers, one writer that waits its turn."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event

from backend.db.dialect import WRITES
from backend.db.sqlite_file import BUSY_TIMEOUT_MS
from backend.errors import ConfigError, DatabaseError

if TYPE_CHECKING:
    from pathlib import Path

    from backend.config.database_url import DatabaseUrl
    from backend.db.dialect import PoolOptions


class SQLite:
    """A database in a file."""

    def __init__(self, database: DatabaseUrl, options: PoolOptions) -> None:
        assert database.path is not None  # noqa: S101 - what parse_database_url promises
        self._path: Path = database.path.absolute()
        self._options = options

    def create_engine(self) -> Engine:
        """Return an engine whose transactions say at their start whether they will write."""
        engine = create_engine(
            f"sqlite:///{self._path}",
            pool_size=self._options.size,
            max_overflow=0,
            pool_timeout=BUSY_TIMEOUT_MS / 1000,
            connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000},
        )
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine

    def fetch_row(self, sql: str, *, seconds: float) -> dict[str, str | None]:
        """Run one query on a read-only connection of its own."""
        try:
            with closing(sqlite3.connect(self._uri("ro"), uri=True, timeout=seconds)) as connection:
                connection.row_factory = sqlite3.Row
                row: sqlite3.Row | None = connection.execute(sql).fetchone()
        except sqlite3.Error as error:
            raise DatabaseError(f"SQLite at {self._path} does not answer: {error}") from None
        return {} if row is None else dict(zip(row.keys(), map(_text, row), strict=True))

    def abandon(self) -> None:
        """Do nothing: no call on a local file outlives `busy_timeout`."""

    def _uri(self, mode: str) -> str:
        return f"{self._path.as_uri()}?mode={mode}"


def make_parent(database: DatabaseUrl) -> None:
    """Create the folder that the file is to lie in.

    Raises:
        ConfigError: the folder cannot be made.
    """
    if database.path is None:
        return
    try:
        database.path.absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"the folder of {database} cannot be made: {error.strerror}",
            hint="name a folder that this user can write to",
        ) from None


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    # Transactions are begun by _begin: the driver's own habit is to begin one only at the first
    # INSERT, too late for a consistent read and too late to wait for the write lock.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    # An acknowledged write survives a power cut; NORMAL would lose the last ones.
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
