"""A session that sees one moment of a database, and writes what it sees like any other server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from backend.backup.postgres.contents import SequenceState
from backend.backup.postgres.database_objects import StoredTable, sequence_states, stored_tables
from backend.config.database_url import DatabaseUrl
from backend.db.connect import FIXED_SETTINGS, KEEPALIVES, configure, connect
from backend.db.errors import translated
from backend.db.session import Session

# Names of types and functions then come out qualified, whoever made the database.
_SETTINGS = {**FIXED_SETTINGS, "search_path": "", "application_name": "hesap-paylas backup"}


@dataclass
class DatabaseSnapshot:
    """One database as it was at the point; `session` sees nothing else until it is closed."""

    database: DatabaseUrl
    session: Session
    tables: tuple[StoredTable, ...]
    sequences: Mapping[str, SequenceState]


@contextmanager
def snapshot_session(database: DatabaseUrl) -> Iterator[Session]:
    """Log in with settings by which any two servers write equal rows alike."""
    with connect(database, KEEPALIVES) as session:
        with translated("preparing a session for the manifest"):
            configure(session, _SETTINGS)
        yield session


@contextmanager
def still_database(database: DatabaseUrl) -> Iterator[DatabaseSnapshot]:
    """See one moment of a database that nobody writes to."""
    with snapshot_session(database) as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield DatabaseSnapshot(database, session, stored_tables(session), sequence_states(session))
