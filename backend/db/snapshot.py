"""A snapshot of a database that is in use: several sessions see what was committed by then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from backend.db import sql
from backend.db.errors import translated
from backend.db.session import Session


@contextmanager
def exported_snapshot(session: Session) -> Iterator[str]:
    """Let a session see one snapshot until the block ends, and return its name for others."""
    with translated("taking a snapshot"), session.transaction():
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = session.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None  # noqa: S101 - a SELECT without FROM has one row
        yield str(row[0])


def join_snapshot(session: Session, snapshot: str) -> None:
    """See the snapshot that another session has exported, until this session is closed."""
    with translated("joining a snapshot"):
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        session.execute(set_snapshot(snapshot))


def set_snapshot(snapshot: str) -> sql.Sql:
    """Return the statement that must come first in a transaction of somebody who joins."""
    return sql.statement("SET TRANSACTION SNAPSHOT {}", sql.value(snapshot))
