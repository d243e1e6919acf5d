"""SQLite as the migration runner needs it: a file that may not be there, a lock file beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, NullPool, create_engine, event, exc

from backend.config.database_url import DatabaseUrl
from backend.db.dialect import WRITES, PoolOptions, dialect_for
from backend.db.locks import MIGRATE, file_lock, file_lock_holder
from backend.db.session import SQLiteConnection
from backend.db.sqlite import make_parent
from backend.db.sqlite_file import copy, is_sqlite, is_wal, open_file, read_header, wal_path
from backend.errors import DatabaseError, DataError, RefusedError
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
        """Read the file through a connection that cannot write."""
        if not _holds_something(self._path):
            return SchemaInspection()
        found = _inspect_at_rest(self._path)
        if found is None:
            with self.reading() as connection:
                found = inspect_schema(connection)
        refuse_what_is_not_ours(
            found,
            name=str(self._path),
            move_aside=lambda: _how_to_move_aside(self._path),
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
        with _connected_read_only(self._path) as connection:
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
            if _holds_something(self._path):
                copy(self._path, Path(folder) / "copy.db")
            with _connected(trial, self._options) as connection:
                yield connection

    def check_revision(self, connection: Connection) -> None:
        """Check that no row refers to one that is not there; the checks were off until now."""
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            table, row, parent, _ = broken[0]
            raise DataError(
                f"{len(broken)} rows refer to rows that are not there, first {table} (rowid {row})"
                f" to {parent}",
                hint="the revision was undone; repair these rows, then run it again",
            )

    def create_restore_point(self, name: str) -> None:
        """Return: a file has no WAL that anybody keeps."""

    def blocking_process(self) -> str:
        """Describe any process: SQLite does not know who holds its locks."""
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
            assert isinstance(driver, SQLiteConnection)  # noqa: S101 - told to the type checker
            driver.execute("PRAGMA foreign_keys = OFF")
            yield connection
    finally:
        engine.dispose()


def _holds_something(path: Path) -> bool:
    """Tell whether there is more than SQLite itself takes for an empty database."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DatabaseError(
            f"{path} cannot be reached: {error.strerror}", hint="name a file with --db PATH"
        ) from None


def _inspect_at_rest(path: Path) -> SchemaInspection | None:
    """Read a WAL database as it lies there; None if somebody has it open, or comes meanwhile.

    An ordinary reader of such a file leaves two more beside it, and cannot open one in a folder
    that it may not write to.

    Raises:
        RefusedError: it is a file of another kind.
    """
    if not _is_wal_at_rest(path):
        return None
    before = path.stat()
    try:
        with _connected_read_only(path, is_immutable=True) as connection:
            found = inspect_schema(connection)
    except exc.DatabaseError:
        return None
    after = path.stat()
    unchanged = (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
    return found if unchanged and not wal_path(path).exists() else None


@contextmanager
def _connected_read_only(path: Path, *, is_immutable: bool = False) -> Iterator[Connection]:
    """Connect for reading one snapshot: another migrator may commit at any moment."""
    connect = partial(open_file, path, "ro", is_immutable=is_immutable)
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with engine.connect() as connection:
        yield connection


def _how_to_move_aside(path: Path) -> str:
    """Return the advice to move a file aside."""
    return (
        f"Move it aside and run this again: mv '{path}' '{path}.old'"
        " (with its -wal and -shm files, if there are any)"
    )


def _is_wal_at_rest(path: Path) -> bool:
    """Tell whether all of a WAL database is in this one file."""
    header = read_header(path)
    if not is_sqlite(header):
        raise RefusedError(
            f"{path} is not a SQLite database: it begins with {header[:8]!r}",
            hint=f"nothing was touched. {_how_to_move_aside(path)}",
        )
    return is_wal(header) and not wal_path(path).exists()
