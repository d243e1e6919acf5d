"""A SQLite database as a file: how it is opened, its first bytes, the files beside it, a copy.

Whether a database is this app's is a question for `backend.migrate`.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Literal

from backend.db.session import SQLiteConnection
from backend.errors import DatabaseError

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 20
# The last two of these bytes, https://www.sqlite.org/fileformat.html: 2 stands for WAL.
_WAL_VERSIONS = b"\2\2"

# How long the app and every tool wait for the lock of a file.
BUSY_TIMEOUT_MS = 5_000


def open_file(
    path: Path, mode: Literal["ro", "rw", "rwc"], *, is_immutable: bool = False
) -> SQLiteConnection:
    """Open a file; every statement is its own transaction unless BEGIN says else.

    `rwc` makes the file if it is not there. `is_immutable` promises that nobody writes meanwhile:
    no file appears beside the database then.

    Raises:
        SQLiteError: it cannot be opened.
    """
    uri = f"{path.absolute().as_uri()}?mode={mode}{'&immutable=1' if is_immutable else ''}"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)


def read_header(path: Path) -> bytes:
    """Return the first bytes, empty if the file is.

    Never to be called while SQLite has the file open in this process: closing this descriptor
    would take SQLite's locks away.

    Raises:
        DatabaseError: the file is not there, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(_HEADER_BYTES)
    except FileNotFoundError:
        raise DatabaseError(f"{path} is not there", hint="name another file") from None
    except OSError as error:
        raise DatabaseError(
            f"{path} cannot be read: {error.strerror}",
            hint="let this user read it, or name another file",
        ) from None


def is_sqlite(header: bytes) -> bool:
    """Tell whether a file that begins like this is a SQLite database."""
    return header.startswith(_MAGIC)


def is_wal(header: bytes) -> bool:
    """Tell whether a database that begins like this is in WAL mode."""
    return header.endswith(_WAL_VERSIONS)


def wal_path(path: Path) -> Path:
    """Return the name of a database's WAL."""
    return path.with_name(f"{path.name}-wal")


def shm_path(path: Path) -> Path:
    """Return the name of the index of a database's WAL."""
    return path.with_name(f"{path.name}-shm")


def journal_path(path: Path) -> Path:
    """Return the name of a database's rollback journal."""
    return path.with_name(f"{path.name}-journal")


def copy(source: Path, target: Path) -> None:
    """Copy a database with what is still in its WAL, while it may be in use."""
    with (
        closing(open_file(source, "ro")) as original,
        closing(open_file(target, "rwc")) as copied,
    ):
        original.backup(copied)


def check_whole(path: Path) -> str:
    """Return what SQLite finds wrong with a copy, `ok` if nothing; make it one file alone.

    Raises:
        SQLiteError: it cannot be opened or written.
    """
    with closing(open_file(path, "rw")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return str(found)
