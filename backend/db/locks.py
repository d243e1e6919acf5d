"""Locks that keep commands apart: advisory ones in Postgres, a file beside a SQLite database."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from filelock import FileLock, Timeout

from backend.config.database_url import DatabaseUrl
from backend.db.login_errors import pooler_error
from backend.db.session import Session
from backend.errors import DatabaseError, LockHeldError

_POLL_SECONDS = 0.1

_NEVER_IDLE_OUT = "SELECT set_config('idle_session_timeout', '0', false)"
_TRY_LOCK = "SELECT pg_try_advisory_lock(%s, 1), pg_backend_pid()"
_UNLOCK = "SELECT pg_advisory_unlock(%s, 1)"
_OWN_PID = "SELECT pg_backend_pid()"
# What is not ours to see is empty: another user's name and address.
_HOLDER = """
    SELECT l.pid, coalesce(nullif(a.application_name, ''), 'unnamed'),
        ', user ' || a.usename, ' from ' || a.client_addr::text,
        to_char(a.backend_start AT TIME ZONE 'UTC', ', "since" YYYY-MM-DD HH24:MI:SS "UTC"')
    FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""


@dataclass(frozen=True)
class CommandLock:
    """What one kind of command holds while it works on a database.

    `number` is an advisory lock's in that database and nobody else's; `command` names the file
    beside a SQLite database; `activity` says in an error what the holder is doing.
    """

    number: int
    command: str
    activity: str
    hint: str = "wait for it to finish, then run this again"


BACKUP = CommandLock(0x6870626B, "backup", "backing up or restoring")
BOOTSTRAP = CommandLock(0x68706273, "bootstrap", "setting up")
MIGRATE = CommandLock(
    0x68706D67,
    "migrate",
    "migrating",
    hint="wait for it to finish, or give more time with --wait SECONDS",
)
SYNC = CommandLock(0x68707379, "sync", "syncing")
TRANSFER = CommandLock(0x68707463, "transfer", "writing to")


class AdvisoryLock:
    """A lock of a session: it outlives transactions, and ends with the session."""

    def __init__(self, session: Session, database: DatabaseUrl, pid: object) -> None:
        self._session = session
        self._database = database
        self._pid = pid

    def check(self) -> None:
        """Check that the session that took the lock is still the one that answers.

        Raises:
            DatabaseError: it has ended.
            RefusedError: a pooler has put another one in its place.
        """
        try:
            pid = _one(self._session, _OWN_PID)[0]
        except psycopg.Error:
            raise DatabaseError(
                "the session that held the lock has ended",
                hint="run it again: every step is applied whole or not at all",
            ) from None
        if pid != self._pid:
            raise pooler_error(self._database)


@contextmanager
def advisory_lock(
    session: Session, database: DatabaseUrl, lock: CommandLock, *, wait: float = 0
) -> Iterator[AdvisoryLock]:
    """Hold a lock of a Postgres database on a session in autocommit.

    It is asked for again and again, never waited for inside the server: a session that waits is a
    running transaction, for which a CREATE INDEX CONCURRENTLY of the holder would wait in turn.

    Raises:
        LockHeldError: another session still has it after `wait` seconds.
    """
    session.execute(_NEVER_IDLE_OUT)
    until = time.monotonic() + wait
    while True:
        is_ours, pid = _one(session, _TRY_LOCK, lock.number)
        if is_ours:
            break
        if time.monotonic() >= until:
            raise _held(str(database), lock, advisory_lock_holder(session, lock))
        time.sleep(_POLL_SECONDS)
    try:
        yield AdvisoryLock(session, database, pid)
    finally:
        # A session that has ended has given it back.
        with suppress(psycopg.Error):
            session.execute(_UNLOCK, (lock.number,))


def advisory_lock_holder(session: Session, lock: CommandLock) -> str:
    """Describe the session that holds a lock; empty if there is none."""
    row = session.execute(_HOLDER, (lock.number,)).fetchone()
    if row is None:
        return ""
    pid, name, *details = row
    return f"process {pid} of the server ({name}{''.join(filter(None, details))})"


@contextmanager
def file_lock(database: DatabaseUrl, lock: CommandLock, *, wait: float = 0) -> Iterator[None]:
    """Hold the lock beside a SQLite file; it ends with the process at the latest.

    Raises:
        LockHeldError: another process still has it after `wait` seconds.
        DatabaseError: there can be no file beside it.
    """
    with path_lock(_lock_path(database, lock), lock, str(database), wait=wait):
        yield


@contextmanager
def path_lock(path: Path, lock: CommandLock, what: str, *, wait: float = 0) -> Iterator[None]:
    """Hold a lock file; `what` is what the command works on, for whoever finds it held.

    Raises:
        LockHeldError: another process still has it after `wait` seconds.
        DatabaseError: there can be no such file.
    """
    taken = FileLock(path, poll_interval=_POLL_SECONDS)
    try:
        taken.acquire(timeout=wait)
    except Timeout:
        raise _held(what, lock, _read_holder(path)) from None
    except OSError as error:
        raise DatabaseError(
            f"the lock file {path} cannot be made: {error.strerror}",
            hint="let this user write to the folder, or name another database",
        ) from None
    try:
        _write_holder(path, lock)
        yield
    finally:
        taken.release()


def file_lock_holder(database: DatabaseUrl, lock: CommandLock) -> str:
    """Describe the process that holds the lock beside a SQLite file; empty if there is none."""
    path = _lock_path(database, lock)
    if not path.exists():
        return ""
    try:
        with FileLock(path, timeout=0):
            return ""
    except Timeout:
        return _read_holder(path) or "another process"
    except OSError:
        return ""  # a lock file that we may not open tells us nothing


def _held(what: str, lock: CommandLock, holder: str) -> LockHeldError:
    return LockHeldError(f"{holder or 'another process'} is {lock.activity} {what}", hint=lock.hint)


def _one(session: Session, query: str, *values: int) -> tuple[object, ...]:
    # Never prepared: behind a pooler the statement would stay in a session that is not ours.
    row = session.execute(query, values, prepare=False).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    return row


def _lock_path(database: DatabaseUrl, lock: CommandLock) -> Path:
    # Resolved: two names of one file are one lock.
    return Path(f"{Path(database.path or '').resolve()}.{lock.command}.lock")


def _write_holder(path: Path, lock: CommandLock) -> None:
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    text = f"process {os.getpid()} on {socket.gethostname()} ({lock.command}, since {since} UTC)"
    # Windows lets nobody else write to a locked file; then the holder stays without a name.
    with suppress(OSError):
        path.write_text(text, encoding="utf-8")


def _read_holder(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()[:200]
    except (OSError, UnicodeDecodeError):
        return ""
