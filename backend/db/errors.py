"""Translate what drivers raise into our own errors, once, so that nobody else has to know them."""

from __future__ import annotations

import re
import sqlite3

import psycopg
from sqlalchemy import exc

from backend.errors import AppError, DatabaseError, TransientError

# SQLSTATE classes after which the same request may succeed: connection, transaction rollback,
# resources, operator intervention, lock not available (55P03 is in class 55).
_TRANSIENT_CLASSES = {"08", "40", "53", "55", "57"}
# A login that fails has no SQLSTATE: psycopg knows only what libpq says, in the server's words.
_LOGIN_REFUSED = re.compile(r"authentication failed|no pg_hba\.conf entry|no password supplied")
_INTEGRITY = "see PRAGMA integrity_check; `.recover` of sqlite3 saves what can be saved"
_NO_UTF_8 = "the database file holds bytes that are no UTF-8 where a name belongs"
_FROZEN_HINT = "try again in a moment"


def translate(error: BaseException) -> AppError | None:
    """Return our error for a driver's, or None if it is not about the database being there.

    The driver's text is not carried over: it may hold values, and libpq's may hold the address.
    """
    if isinstance(error, AppError):
        return error
    if isinstance(error, exc.TimeoutError):
        return TransientError("all database connections are busy", hint=_FROZEN_HINT)
    original = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(original, psycopg.Error):
        return _postgres(original)
    if isinstance(original, sqlite3.DatabaseError):
        return _sqlite(original)
    if isinstance(original, UnicodeDecodeError):
        return DatabaseError(_NO_UTF_8, hint=_INTEGRITY)
    return None


def waited_too_long_for_lock(error: exc.DBAPIError) -> bool:
    """Tell whether a statement gave up because another transaction holds what it needs."""
    return isinstance(error.orig, psycopg.errors.LockNotAvailable)


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
    name: str = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return TransientError("another write holds the database file", hint=_FROZEN_HINT)
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return DatabaseError(f"the database file is damaged ({name})", hint=_INTEGRITY)
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY")):
        return DatabaseError(
            f"the database file cannot be used ({name})", hint="check disk and rights"
        )
    return None
