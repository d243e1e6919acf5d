"""Errors of psycopg and sqlite3: what kind they are, and our own errors for them.

Nobody else has to know the drivers' errors; those of apsw are in `sqlite_reader`.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from backend.errors import AppError, DatabaseError, DataError, TransientError

# For `except` and `isinstance`: classes and tuples of classes.
PostgresError = psycopg.Error
SQLiteError = sqlite3.Error
LOCK_NOT_TAKEN = (errors.LockNotAvailable, errors.DeadlockDetected)
# What a trigger raises is about a row too.
ROW_REFUSED = (errors.IntegrityError, errors.DataError, errors.RaiseException)
SQLITE_ROW_REFUSED = sqlite3.IntegrityError
VALUE_REFUSED = errors.DataError
TEXT_TOO_LONG = errors.StringDataRightTruncation
NUMBER_OUT_OF_RANGE = errors.NumericValueOutOfRange
NULL_REFUSED = errors.NotNullViolation
DUPLICATE = errors.UniqueViolation
# Constraints that a row of somebody else may violate together with ours.
SHARED_VIOLATIONS = (
    errors.UniqueViolation,
    errors.ForeignKeyViolation,
    errors.ExclusionViolation,
)
CONSTRAINT_VIOLATIONS = (*SHARED_VIOLATIONS, errors.CheckViolation, errors.NotNullViolation)
RAISED_BY_TRIGGER = errors.RaiseException
NO_SUCH_TABLE = errors.UndefinedTable
MISSING_RIGHT = errors.InsufficientPrivilege
STATEMENT_TIMED_OUT = errors.QueryCanceled
# Where it has no SQLSTATE: the server has said nothing.
CONNECTION_LOST = psycopg.OperationalError

# SQLSTATE classes after which the same request may succeed: connection, transaction rollback,
# resources, operator intervention, lock not available (55P03 is in class 55).
_TRANSIENT_CLASSES = {"08", "40", "53", "55", "57"}
# A login that fails has no SQLSTATE: psycopg knows only what libpq says, in the server's words.
_LOGIN_REFUSED = re.compile(r"authentication failed|no pg_hba\.conf entry|no password supplied")
_INTEGRITY = "see PRAGMA integrity_check; `.recover` of sqlite3 saves what can be saved"
_NO_UTF_8 = "the database file holds bytes that are no UTF-8 where a name belongs"
_FROZEN_HINT = "try again in a moment"
_OWNER_HINT = "log in as the owner of the tables, or as a member of it"
_GRANTS = (
    (
        re.compile(r"permission denied for schema (\S+)"),
        "let its owner say GRANT USAGE, CREATE ON SCHEMA {} TO the role of this login",
    ),
    (
        re.compile(r"permission denied for database (\S+)"),
        "let its owner say GRANT CREATE, TEMPORARY ON DATABASE {} TO the role of this login",
    ),
    (
        re.compile(r"permission denied to create temporary tables in database (\S+)"),
        "let its owner say GRANT TEMPORARY ON DATABASE {} TO the role of this login",
    ),
)


def translate(error: BaseException) -> AppError | None:
    """Return our error for a driver's, or None if it is not about the database being there.

    The driver's text is not carried over: it may hold values, and libpq's may hold the address.
    """
    if isinstance(error, AppError):
        return error
    if _waited_for_pool(error):
        return TransientError("all database connections are busy", hint=_FROZEN_HINT)
    original = driver_error(error)
    if isinstance(original, psycopg.Error):
        return _postgres(original)
    if isinstance(original, sqlite3.DatabaseError):
        return _sqlite(original)
    if isinstance(original, UnicodeDecodeError):
        return DatabaseError(_NO_UTF_8, hint=_INTEGRITY)
    return None


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn an error of Postgres inside the block into ours, which says what was being done."""
    try:
        yield
    except psycopg.Error as error:
        raise _while_doing(doing, error) from error


def driver_error(error: BaseException) -> BaseException:
    """Return the driver's error that SQLAlchemy has wrapped, or the error itself."""
    return getattr(error, "orig", None) or error


def sqlstate(error: BaseException) -> str:
    """Return the five letters by which Postgres names an error; empty if it has none."""
    original = driver_error(error)
    return (original.sqlstate or "") if isinstance(original, psycopg.Error) else ""


def message(error: BaseException) -> str:
    """Return the driver's main message, without the detail, which would show people's data."""
    original = driver_error(error)
    primary = original.diag.message_primary if isinstance(original, psycopg.Error) else None
    return primary or str(original)


def is_row_refused(error: BaseException) -> bool:
    """Tell whether a constraint of either engine refused a row."""
    return isinstance(driver_error(error), errors.IntegrityError | sqlite3.IntegrityError)


def is_lock_not_taken(error: BaseException) -> bool:
    """Tell whether a statement of either engine gave up because another one holds what it needs."""
    original = driver_error(error)
    return isinstance(original, LOCK_NOT_TAKEN) or is_sqlite_busy(original)


def is_sqlite_busy(error: BaseException) -> bool:
    """Tell whether another connection holds the lock of a SQLite file."""
    return _sqlite_name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def is_sqlite_damaged(error: BaseException) -> bool:
    """Tell whether a file is no SQLite database, or a damaged one."""
    return _sqlite_name(error).startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))


def waited_too_long_for_lock(error: BaseException) -> bool:
    """Tell whether a statement of Postgres waited until its lock_timeout."""
    return isinstance(driver_error(error), errors.LockNotAvailable)


def missing_right_hint(said: str) -> str:
    """Return which GRANT would have let a statement through.

    Postgres names the object in its message alone. In another language than English the general
    advice has to do.
    """
    for pattern, advice in _GRANTS:
        found = pattern.search(said)
        if found:
            return advice.format(found[1])
    return _OWNER_HINT


def _while_doing(doing: str, error: psycopg.Error) -> AppError:
    known = translate(error)
    if known is not None:
        return type(known)(f"{doing}: {known.args[0]}", hint=known.hint)
    said = f"{doing}: {message(error)}"
    if isinstance(error, ROW_REFUSED):
        return DataError(f"{said}{_copied_row(error)}")
    if isinstance(error, errors.ProgramLimitExceeded):
        return DataError(
            said,
            hint="the row or the index entry is larger than the server takes; --exclude leaves"
            " its table out",
        )
    if isinstance(error, errors.InsufficientPrivilege):
        return DatabaseError(said, hint=missing_right_hint(said))
    return DatabaseError(said)


def _copied_row(error: psycopg.Error) -> str:
    lines = (error.diag.context or "").splitlines()
    return next((f" ({line})" for line in lines if line.startswith("COPY ")), "")


def _waited_for_pool(error: BaseException) -> bool:
    # Only a process that has SQLAlchemy has a pool. Tools must not import it: it is half of what
    # a worker's memory would be.
    sqlalchemy = sys.modules.get("sqlalchemy.exc")
    return sqlalchemy is not None and isinstance(error, sqlalchemy.TimeoutError)


def _postgres(error: psycopg.Error) -> AppError | None:
    state = error.sqlstate or ""
    if state.startswith("28") or _LOGIN_REFUSED.search(str(error)):
        return DatabaseError("the database refuses our login", hint="check user and password")
    if state[:2] in _TRANSIENT_CLASSES:
        return TransientError(
            f"the database cannot answer now (SQLSTATE {state})", hint=_FROZEN_HINT
        )
    if not state and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return TransientError("the database does not answer", hint=_FROZEN_HINT)
    return None


def _sqlite(error: sqlite3.DatabaseError) -> AppError | None:
    name = _sqlite_name(error)
    if is_sqlite_busy(error):
        return TransientError("another write holds the database file", hint=_FROZEN_HINT)
    if is_sqlite_damaged(error):
        return DatabaseError(f"the database file is damaged ({name})", hint=_INTEGRITY)
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY")):
        return DatabaseError(
            f"the database file cannot be used ({name})", hint="check disk and rights"
        )
    return None


def _sqlite_name(error: BaseException) -> str:
    return getattr(driver_error(error), "sqlite_errorname", "")
