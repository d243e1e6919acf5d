"""SQLite files as tools read them: by apsw, which shows every value as it lies in the file.

Errors of apsw become ours here. Not to be imported by the app, which does without apsw.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import apsw

from backend.db.session import ResultRow
from backend.errors import AppError, DatabaseError, DataError, RefusedError, TransientError

APSWConnection = apsw.Connection

# For `except` and `isinstance`.
VALUE_TOO_LARGE = apsw.TooBigError
UNREADABLE_IN_PLACE = (apsw.CantOpenError, apsw.ReadOnlyError, apsw.PermissionsError, apsw.IOError)
COPY_NOT_WRITTEN = (apsw.FullError, apsw.IOError, apsw.CantOpenError)

_Errors = tuple[type[apsw.Error], ...]
_LARGE = (
    "a row of {path} is too large: as text it may have 1 GB, and bytes need two characters each"
)
_EXTENSION = "see PRAGMA integrity_check, and whether SQLite needs an extension to read it"
_PAGES_AT_ONCE = 10_000
_NO_LIMIT = 2**31 - 1


class ReadOnlyFile(apsw.Connection):
    """A connection that cannot write."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), flags=apsw.SQLITE_OPEN_READONLY)

    def limit_length(self, most_bytes: int | None = None) -> None:
        """Let no value and no row be longer; without a number, as long as SQLite allows."""
        self.limit(apsw.SQLITE_LIMIT_LENGTH, most_bytes or _NO_LIMIT)


def open_new(path: Path) -> APSWConnection:
    """Open a file for writing; it is made if it is not there."""
    return apsw.Connection(str(path))


def query(
    connection: APSWConnection, sql: str, bound: Sequence[object] = ()
) -> Iterator[ResultRow]:
    """Run one statement; its rows come as they are asked for."""
    return cast("Iterator[ResultRow]", connection.execute(sql, cast("apsw.Bindings", bound)))


def begin(connection: APSWConnection) -> None:
    """Begin a transaction; it is the first read, not BEGIN, that fixes the snapshot."""
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()


def copy_pages(
    source: APSWConnection, target: APSWConnection, *, at_once: int = _PAGES_AT_ONCE
) -> None:
    """Copy the whole database in steps of so many pages; -1 copies all of them in one."""
    with target.backup("main", source, "main") as backup:
        while not backup.done:
            backup.step(at_once)


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Turn an error of apsw inside the block into ours, which names the file."""
    try:
        yield
    except apsw.Error as error:
        raise _translate(error, path) from error
    except UnicodeDecodeError as error:
        # A name of the schema: values are read as bytes.
        raise _of_names(path) from error


def _translate(error: apsw.Error, path: Path) -> AppError:
    for kinds, make, said, hint in _KNOWN:
        if isinstance(error, kinds):
            return make(said.replace("{path}", str(path)).replace("{error}", str(error)), hint=hint)
    return DatabaseError(
        f"SQLite does not answer a question about {path}: {error}", hint=_EXTENSION
    )


def _of_names(path: Path) -> RefusedError:
    return RefusedError(
        f"{path} holds text that is no UTF-8 where a name or a key belongs",
        hint="rename it, or leave its table out with --exclude",
    )


_KNOWN: tuple[tuple[_Errors, Callable[..., AppError], str, str], ...] = (
    (
        (apsw.BusyError, apsw.LockedError),
        TransientError,
        "{path} is locked by somebody who writes to it",
        "run it again in a quieter moment",
    ),
    (
        (apsw.NotADBError,),
        RefusedError,
        "{path} is not a SQLite database, or an encrypted one",
        "name another file",
    ),
    (
        (apsw.CorruptError,),
        DatabaseError,
        "{path} is damaged: {error}",
        "see PRAGMA integrity_check; `.recover` of sqlite3 saves what can be saved",
    ),
    ((apsw.FullError,), DatabaseError, "the disk is full while {path} is being read", "make room"),
    (
        (apsw.TooBigError,),
        DataError,
        _LARGE,
        "--check names the value; leave its table out with --exclude",
    ),
    ((apsw.NoMemError,), DatabaseError, "memory is short while {path} is being read", "give more"),
    (
        (apsw.CantOpenError, apsw.PermissionsError, apsw.AuthError, apsw.ReadOnlyError),
        DatabaseError,
        "{path} cannot be read: {error}",
        "let this user read it",
    ),
    (
        (apsw.IOError,),
        DatabaseError,
        "{path} cannot be read: {error}",
        "let this user read it, and see whether the file is whole and the disk sound",
    ),
)
