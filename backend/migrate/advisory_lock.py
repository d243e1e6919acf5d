"""The lock that keeps migrators of one Postgres database apart."""

from __future__ import annotations

import time
from contextlib import suppress

from sqlalchemy import Connection, exc, text

from backend.db.pooler import pooled
from backend.errors import DatabaseError, LockHeldError

# Two numbers that nobody else uses; advisory locks belong to one database.
_LOCK = {"class": 0x68706D67, "object": 1}
_POLL_SECONDS = 0.2

_NEVER_IDLE_OUT = text("SELECT set_config('idle_session_timeout', '0', false)")
_TRY_LOCK = text("SELECT pg_try_advisory_lock(:class, :object), pg_backend_pid()")
_UNLOCK = text("SELECT pg_advisory_unlock(:class, :object)")
_OWN_PID = text("SELECT pg_backend_pid()")
_HOLDER = text(
    "SELECT a.pid, a.application_name, a.usename, a.client_addr::text"
    " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :class AND l.objid = :object"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def holder(connection: Connection) -> str:
    """Name the session that holds the lock; empty if nobody does."""
    row = connection.execute(_HOLDER, _LOCK).one_or_none()
    if row is None:
        return ""
    where = f" from {row.client_addr}" if row.client_addr else ""
    name = row.application_name or "unnamed"
    return f"process {row.pid} ({name}, user {row.usename}{where})"


class AdvisoryLock:
    """A session's lock: it outlives commits, and ends with the session."""

    def __init__(self, connection: Connection, pid: int, *, name: str) -> None:
        self._connection = connection
        self._pid = pid
        self._name = name

    @classmethod
    def take(cls, connection: Connection, *, name: str, wait: float) -> AdvisoryLock:
        """Ask for the lock again and again; never wait for it inside the server.

        A session that waits is a running transaction to the server: a CREATE INDEX CONCURRENTLY
        of the holder waits for that to end, and it waits for the holder.

        Raises:
            LockHeldError: somebody else still has it after `wait` seconds.
        """
        connection.execute(_NEVER_IDLE_OUT)
        until = time.monotonic() + wait
        while True:
            got, pid = connection.execute(_TRY_LOCK, _LOCK).one()
            if got:
                return cls(connection, int(pid), name=name)
            if time.monotonic() >= until:
                raise LockHeldError(
                    f"{holder(connection) or 'another process'} is migrating {name}",
                    hint="wait for it to finish, or give more time with --wait SECONDS",
                )
            time.sleep(_POLL_SECONDS)

    def check(self) -> None:
        """See that the session that took the lock is still the one that we talk to."""
        try:
            pid = self._connection.execute(_OWN_PID).scalar_one()
        except exc.DBAPIError:
            raise DatabaseError(
                "the session that held the migration lock has ended",
                hint="run it again: every revision is applied whole or not at all",
            ) from None
        if pid != self._pid:
            raise pooled(self._name, "MIGRATE_DATABASE_URL")

    def release(self) -> None:
        """Give the lock back; a session that has ended has done so already."""
        with suppress(exc.SQLAlchemyError):
            self._connection.execute(_UNLOCK, _LOCK)
