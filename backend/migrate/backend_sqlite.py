"""SQLite as the migration runner needs it: a file that may not be there, a lock file beside it."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, exc

from backend.config.database_url import DatabaseUrl
from backend.db.dialect import WRITES, PoolOptions, dialect_for
from backend.db.locks import MIGRATE, file_lock, file_lock_holder
from backend.db.sqlite import make_parent
from backend.db.sqlite_file import copy
from backend.errors import DataError
from backend.migrate import sqlite_file
from backend.migrate.inspection import SchemaInspection, inspect_schema, refuse_what_is_not_ours

if TYPE_CHECKING:
    from backend.migrate.backend import Timeouts


class SQLiteBackend:
    """A database in a file."""

    render_as_batch = True

    def __init__(self, database: DatabaseUrl, options: PoolOptions, timeouts: Timeouts) -> None:
        assert database.path is not None  # noqa: S101 - what parse_database_url promises
        self._path: Path = database.path.absolute()
        self._database = database
        self._options = options
        self._timeouts = timeouts

    def inspect(self) -> SchemaInspection:
        """Look at the file through a connection that cannot write."""
        if not sqlite_file.holds_something(self._path):
            return SchemaInspection()
        found = sqlite_file.inspect_at_rest(self._path)
        if found is None:
            with self.reading() as connection:
                found = inspect_schema(connection)
        refuse_what_is_not_ours(
            found,
            name=str(self._path),
            move_aside=lambda: sqlite_file.how_to_move_aside(self._path),
        )
        return found

    @contextmanager
    def locked(self) -> Iterator[SQLiteBackend]:
        """Hold the lock file; it is free again as soon as this process ends, however it ends."""
        make_parent(self._database)
        with file_lock(self._database, MIGRATE, wait=self._timeouts.wait):
            yield self

    def check(self) -> None:
        """Return: the system takes this lock away from nobody who lives."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Connect read-only."""
        with sqlite_file.connected(self._path, "mode=ro") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Connect with `BEGIN IMMEDIATE` for every transaction."""
        with _connected(self._database, self._options) as connection:
            yield connection

    @contextmanager
    def rolled_back(self) -> Iterator[Connection]:
        """Connect with a copy, made by SQLite's own backup so that the WAL is in it."""
        with tempfile.TemporaryDirectory(prefix="migrate-", ignore_cleanup_errors=True) as folder:
            trial = DatabaseUrl("sqlite", path=Path(folder) / "copy.db")
            if sqlite_file.holds_something(self._path):
                copy(self._path, Path(folder) / "copy.db")
            with _connected(trial, self._options) as connection:
                yield connection

    def check_revision(self, connection: Connection) -> None:
        """See that no row refers to one that is not there; the checks were off until now."""
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            table, row, parent, _ = broken[0]
            raise DataError(
                f"{len(broken)} rows refer to rows that are not there, first {table} (rowid {row})"
                f" to {parent}",
                hint="the revision was undone; repair these rows, then run it again",
            )

    def is_worth_retrying(self, error: BaseException) -> bool:
        """Tell whether somebody else was writing."""
        original = error.orig if isinstance(error, exc.DBAPIError) else error
        name: str = getattr(original, "sqlite_errorname", "")
        return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))

    def blocking_process(self) -> str:
        """Say what can be said: SQLite does not know who holds its locks."""
        return "a process that has the file open for writing"

    def holder(self) -> str:
        """Name the process that holds the lock file."""
        return file_lock_holder(self._database, MIGRATE)

    def old_releases(self) -> tuple[str, ...]:
        """Return nobody: SQLite does not know who has the file open."""
        return ()

    def broken_indexes(self) -> tuple[str, ...]:
        """Return none: an index of SQLite is whole or not there."""
        return ()

    def close(self) -> None:
        """Do nothing: connections end with their blocks."""


@contextmanager
def _connected(database: DatabaseUrl, options: PoolOptions) -> Iterator[Connection]:
    engine = dialect_for(database, options).create_engine()
    try:
        with engine.connect().execution_options(**{WRITES: True}) as connection:
            # A table is changed by copying it and dropping the old one: with the checks on, that
            # would delete the rows that refer to it. check_revision makes up for it.
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - told to the type checker
            driver.execute("PRAGMA foreign_keys = OFF")
            yield connection
    finally:
        engine.dispose()
