"""A SQLite file, looked at without leaving a trace in it or beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, event, exc

from backend.db.sqlite_file import BUSY_TIMEOUT_MS, is_sqlite, is_wal, read_header, wal_path
from backend.errors import DatabaseError, RefusedError
from backend.migrate.inspection import SchemaInspection, inspect_schema


def holds_something(path: Path) -> bool:
    """Tell whether there is more than SQLite itself takes for an empty database."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
    except OSError as error:
        raise DatabaseError(
            f"{path} cannot be reached: {error.strerror}", hint="name a file with --db PATH"
        ) from None


def inspect_at_rest(path: Path) -> SchemaInspection | None:
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
        with connected(path, "mode=ro&immutable=1") as connection:
            found = inspect_schema(connection)
    except exc.DatabaseError:
        return None
    after = path.stat()
    unchanged = (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
    return found if unchanged and not wal_path(path).exists() else None


@contextmanager
def connected(path: Path, how: str) -> Iterator[Connection]:
    """Connect as `how` says, in one snapshot: another migrator may commit at any moment."""

    def connect() -> sqlite3.Connection:
        uri, seconds = f"{path.as_uri()}?{how}", BUSY_TIMEOUT_MS / 1000
        return sqlite3.connect(uri, uri=True, timeout=seconds, isolation_level=None)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with engine.connect() as connection:
        yield connection


def how_to_move_aside(path: Path) -> str:
    """Tell people how to make room."""
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
            hint=f"nothing was touched. {how_to_move_aside(path)}",
        )
    return is_wal(header) and not wal_path(path).exists()
