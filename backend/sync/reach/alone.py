"""One sync at a time: whoever comes second is told who was first."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from filelock import FileLock, Timeout

from backend.config.database_url import DatabaseUrl
from backend.errors import DatabaseError, LockHeldError
from backend.tablecopy.postgres.session import Session

# Two numbers that nobody else uses; advisory locks belong to one database.
_LOCK = (0x68707379, 1)

_TRY = "SELECT pg_try_advisory_lock(%s, %s)"
_UNLOCK = "SELECT pg_advisory_unlock(%s, %s)"
_HOLDER = (
    "SELECT a.pid, coalesce(nullif(a.application_name, ''), 'unnamed') AS name,"
    " to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS since"
    " FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@contextmanager
def alone_on_server(session: Session, database: DatabaseUrl) -> Iterator[None]:
    """Hold the lock of a Postgres database; it ends with the session at the latest.

    Raises:
        LockHeldError: somebody else has it.
    """
    if not _row(session, _TRY)[0]:
        raise _held(database, _holder(session))
    try:
        yield
    finally:
        with suppress(psycopg.Error):  # a session that has ended has given it back
            session.execute(_UNLOCK, _LOCK)


@contextmanager
def alone_on_file(database: DatabaseUrl) -> Iterator[None]:
    """Hold the lock beside a SQLite file; it ends with the process at the latest.

    Raises:
        LockHeldError: somebody else has it.
        DatabaseError: there can be no file beside it.
    """
    # Resolved: two names of one file are one lock.
    path = Path(f"{Path(database.path or '').resolve()}.sync.lock")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise _held(database, _name_in(path)) from None
    except OSError as error:
        raise DatabaseError(
            f"the lock {path} cannot be taken: {error.strerror}",
            hint="let this user write to the folder of the database",
        ) from None
    try:
        _leave_name(path)
        yield
    finally:
        lock.release()


def _held(database: DatabaseUrl, holder: str) -> LockHeldError:
    return LockHeldError(
        f"{holder or 'another process'} is syncing {database}",
        hint="wait for it to finish, then run this again",
    )


def _holder(session: Session) -> str:
    row = session.execute(_HOLDER, _LOCK).fetchone()
    if row is None or row[0] is None:
        return ""
    pid, name, since = row
    return f"process {pid} of the server ({name}, since {since} UTC)"


def _row(session: Session, query: str) -> tuple[Any, ...]:  # as Postgres types it
    row = session.execute(query.encode(), _LOCK).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    return row


def _leave_name(path: Path) -> None:
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    name = f"process {os.getpid()} on {socket.gethostname()} (sync, since {since} UTC)"
    # Windows lets nobody else write to a locked file; then the holder stays without a name.
    with suppress(OSError):
        path.write_text(name, encoding="utf-8")


def _name_in(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()[:200]
    except (OSError, UnicodeDecodeError):
        return ""
