"""One moment of one database, for pg_dump and for us, while people go on writing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from backend.backup.postgres.database_objects import StoredTable, sequence_states, stored_tables
from backend.backup.postgres.database_snapshot import DatabaseSnapshot, snapshot_session
from backend.config.database_url import DatabaseUrl
from backend.db import sql
from backend.db.connect import KEEPALIVES, refuse_pooler
from backend.db.errors import LOCK_NOT_TAKEN, NO_SUCH_TABLE, translated
from backend.db.session import Session
from backend.errors import TransientError

_TRIES = 5
_PAUSE_SECONDS = 1.0
_LOCK_WAIT = "SET LOCAL lock_timeout = '2s'"
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
# Nobody who writes has to wait for it; who drops, empties or rewrites a table has.
_LOCK = "LOCK TABLE {} IN ACCESS SHARE MODE"


@contextmanager
def dump_snapshot(database: DatabaseUrl) -> Iterator[DatabaseSnapshot]:
    """See one moment of a database, and hold every table as it is while the block runs.

    Raises:
        RefusedError: a pooler in transaction mode is in between.
        TransientError: others change the schema all the time.
        DatabaseError: the server does not answer, or lets this login not read everything.
    """
    for number in range(_TRIES):
        time.sleep(_PAUSE_SECONDS if number else 0)
        with ExitStack() as stack:
            session = stack.enter_context(snapshot_session(database))
            refuse_pooler(session, database, KEEPALIVES)
            if (snapshot := _moment(session, database)) is not None:
                yield snapshot
                return
    raise TransientError(
        f"no moment could be taken in {_TRIES} tries: others hold locks or change the schema",
        hint="try again when migrations have ended",
    )


def _moment(session: Session, database: DatabaseUrl) -> DatabaseSnapshot | None:
    """Lock first, then look: what was emptied in between would look empty in our snapshot."""
    with translated("taking a moment of the database"):
        tables = stored_tables(session)
        session.execute(_BEGIN)
        session.execute(_LOCK_WAIT)
        try:
            _hold(session, tables)
        except (*LOCK_NOT_TAKEN, NO_SUCH_TABLE):
            return None
        # Before the dump: a sequence that goes on in between is not behind in it.
        sequences = sequence_states(session)
        if stored_tables(session) != tables:
            return None
    return DatabaseSnapshot(database, session, tables, sequences)


def _hold(session: Session, tables: tuple[StoredTable, ...]) -> None:
    if tables:
        names = [sql.statement("ONLY {}", one.sql_name) for one in tables]
        session.execute(sql.statement(_LOCK, sql.join(", ", names)))
