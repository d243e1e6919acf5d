"""What SQLite says about a file, in our own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import apsw

from backend.errors import AppError, DatabaseError, DataError, RefusedError, TransientError

_Kinds = tuple[type[apsw.Error], ...]
_LARGE = (
    "a row of {path} is too large: as text it may have 1 GB, and bytes need two characters each"
)
_EXTENSION = "see PRAGMA integrity_check, and whether SQLite needs an extension to read it"


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn an error of SQLite into one of our own that names the file."""
    try:
        yield
    except apsw.Error as error:
        _raise(error, path)
    except UnicodeDecodeError as error:
        # A name of the schema: values are read as bytes.
        raise _of_names(path) from error


def _raise(error: apsw.Error, path: Path) -> NoReturn:
    raise _translate(error, path) from error


def _translate(error: apsw.Error, path: Path) -> AppError:
    for kinds, make, said, hint in _KINDS:
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


_KINDS: tuple[tuple[_Kinds, Callable[..., AppError], str, str], ...] = (
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
