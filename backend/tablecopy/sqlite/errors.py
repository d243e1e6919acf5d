"""What SQLite says about a file, in our own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import apsw

from backend.errors import AppError, DatabaseError, RefusedError, TransientError


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn an error of SQLite into one of our own that names the file."""
    try:
        yield
    except apsw.Error as error:
        _raise(error, path)


def _raise(error: apsw.Error, path: Path) -> NoReturn:
    raise _translate(error, path) from error


def _translate(error: apsw.Error, path: Path) -> AppError:
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return TransientError(
            f"{path} is locked by somebody who writes to it",
            hint="run it again in a quieter moment",
        )
    if isinstance(error, apsw.NotADBError):
        return RefusedError(
            f"{path} is not a SQLite database, or an encrypted one", hint="name another file"
        )
    if isinstance(error, apsw.CorruptError):
        return DatabaseError(
            f"{path} is damaged: {error}",
            hint="see PRAGMA integrity_check; `.recover` of sqlite3 saves what can be saved",
        )
    if isinstance(error, apsw.FullError):
        return DatabaseError(f"the disk is full while {path} is being read", hint="make room")
    return DatabaseError(f"{path} cannot be read: {error}", hint="let this user read it")
