"""One moment of a whole cluster: a restore point in the WAL, and sessions that see just that.

Every table is locked against writers for as long as it takes to make the point and to take a
snapshot of each database. What is committed is then in both, or in neither.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import LiteralString

from backend.backup.cluster.visibility import completed_between
from backend.backup.cluster.wal import WalSegment
from backend.backup.postgres.contents import SequenceState
from backend.backup.postgres.database_objects import StoredTable, sequence_states, stored_tables
from backend.backup.postgres.database_snapshot import DatabaseSnapshot, snapshot_session
from backend.config.database_url import DatabaseUrl
from backend.db import sql
from backend.db.errors import LOCK_NOT_TAKEN, NO_SUCH_TABLE, STATEMENT_TIMED_OUT, translated
from backend.db.session import Session
from backend.db.snapshot import join_snapshot
from backend.errors import TransientError

# How long each try may keep writers waiting, in milliseconds. Shorter than deadlock_timeout (one
# second): where we and a writer wait for each other, it is always we who give up.
_TRIES = (100, 200, 400, 400, 800, 800, 800, 800, 800, 800)
_PAUSE_SECONDS = 1.0

_DATABASES = """
    SELECT datname, has_database_privilege(oid, 'CONNECT') FROM pg_database
    WHERE datallowconn ORDER BY datname COLLATE "C" """
_AGAINST_WRITERS: LiteralString = "LOCK TABLE {} IN SHARE MODE"
_AGAINST_CHANGES: LiteralString = "LOCK TABLE {} IN ACCESS SHARE MODE"
_SEEN = "SELECT pg_current_snapshot()::text"
_EXPORTED = "SELECT pg_export_snapshot(), pg_current_snapshot()::text"
_POINT = "SELECT lsn::text, pg_walfile_name(lsn) FROM pg_create_restore_point(%s) AS lsn"


class _MomentLostError(Exception):
    """Somebody changed what the moment is about while it was taken."""


@dataclass(frozen=True)
class ClusterSnapshot:
    """All databases as they were at one restore point."""

    name: str
    lsn: str
    wal: WalSegment
    databases: Mapping[str, DatabaseSnapshot]
    closed_databases: Sequence[str]
    locked_seconds: float


@dataclass
class _Moment:
    """The sessions of one try; the lockers let go as soon as the readers have joined."""

    lockers: dict[str, Session] = field(default_factory=dict)
    tables: dict[str, tuple[StoredTable, ...]] = field(default_factory=dict)
    sequences: dict[str, Mapping[str, SequenceState]] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    exported: dict[str, str] = field(default_factory=dict)


@contextmanager
def cluster_snapshot(server: DatabaseUrl, new_name: Callable[[], str]) -> Iterator[ClusterSnapshot]:
    """Take a moment of all databases, and hold it while the block runs.

    Each try takes a new name: a restore would end at the first point that has it.

    Raises:
        TransientError: writers hold their locks for longer than we make others wait.
        DatabaseError: the server does not answer to the end, or refuses something.
    """
    with translated("taking a moment of all databases"), _in_tries(server, new_name) as snapshot:
        yield snapshot


@contextmanager
def _in_tries(server: DatabaseUrl, new_name: Callable[[], str]) -> Iterator[ClusterSnapshot]:
    for number, milliseconds in enumerate(_TRIES):
        time.sleep(_PAUSE_SECONDS if number else 0)
        with ExitStack() as stack:
            try:
                snapshot = _try(stack, server, new_name(), milliseconds)
            except (_MomentLostError, *LOCK_NOT_TAKEN, STATEMENT_TIMED_OUT, NO_SUCH_TABLE):
                continue
            yield snapshot
            return
    raise TransientError(
        f"no moment could be taken in {len(_TRIES)} tries: others hold locks or change the schema",
        hint="try again when long transactions and migrations have ended",
    )


def open_databases(server: DatabaseUrl) -> Mapping[str, DatabaseUrl]:
    """Return the databases of a cluster that this login can connect to, by their names."""
    with snapshot_session(server) as session, translated("listing the databases"):
        return _databases(session, server)[0]


def _try(stack: ExitStack, server: DatabaseUrl, name: str, milliseconds: int) -> ClusterSnapshot:
    admin = stack.enter_context(snapshot_session(server))
    open_ones, closed = _databases(admin, server)
    readers = {n: stack.enter_context(snapshot_session(one)) for n, one in open_ones.items()}
    with ExitStack() as locks:
        moment = _Moment(
            {n: locks.enter_context(snapshot_session(d)) for n, d in open_ones.items()}
        )
        moment.tables = {n: stored_tables(one) for n, one in moment.lockers.items()}
        begun = time.monotonic()
        _lock(moment, milliseconds)
        lsn, wal, after = _make_point(admin, name)
        for database, reader in readers.items():
            _join(reader, moment, database)
    locked = time.monotonic() - begun
    _check_moment(moment, readers, after)
    databases = {
        n: DatabaseSnapshot(open_ones[n], reader, moment.tables[n], moment.sequences[n])
        for n, reader in readers.items()
    }
    return ClusterSnapshot(name, lsn, WalSegment.parse(wal), databases, closed, locked)


def _databases(
    session: Session, server: DatabaseUrl
) -> tuple[Mapping[str, DatabaseUrl], list[str]]:
    """Return the databases that can be read, and the names of those that cannot."""
    found = session.execute(_DATABASES).fetchall()
    open_ones = {name: server.with_database(name) for name, may_connect in found if may_connect}
    return open_ones, [name for name, may_connect in found if not may_connect]


def _lock(moment: _Moment, milliseconds: int) -> None:
    until = time.monotonic() + milliseconds / 1000
    for database, locker in moment.lockers.items():
        left = max(1, int((until - time.monotonic()) * 1000))
        locker.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        # For all tables together; lock_timeout would count for each anew. No SELECT before the
        # locks: its snapshot would miss what those who held them have committed.
        locker.execute(sql.statement("SET LOCAL statement_timeout = {}", sql.value(left)))
        _lock_tables(locker, moment.tables[database], _AGAINST_WRITERS)
    for database, locker in moment.lockers.items():
        moment.sequences[database] = sequence_states(locker)
        (row,) = locker.execute(_EXPORTED).fetchall()
        moment.exported[database], moment.seen[database] = row


def _make_point(admin: Session, name: str) -> tuple[str, str, str]:
    (point,) = admin.execute(_POINT, (name,)).fetchall()
    (after,) = admin.execute(_SEEN).fetchall()
    return point[0], point[1], after[0]


def _join(reader: Session, moment: _Moment, database: str) -> None:
    join_snapshot(reader, moment.exported[database])
    # Dropped, emptied or rewritten later, a table would look empty from our snapshot.
    _lock_tables(reader, moment.tables[database], _AGAINST_CHANGES)


def _lock_tables(session: Session, tables: Sequence[StoredTable], template: LiteralString) -> None:
    if tables:
        names = [sql.statement("ONLY {}", one.sql_name) for one in tables]
        session.execute(sql.statement(template, sql.join(", ", names)))


def _check_moment(moment: _Moment, readers: Mapping[str, Session], after: str) -> None:
    for database, reader in readers.items():
        # What no table lock stops, a change of the schema, could lie between snapshot and point.
        if completed_between(moment.seen[database], after):
            raise _MomentLostError
        if stored_tables(reader) != moment.tables[database]:
            raise _MomentLostError
