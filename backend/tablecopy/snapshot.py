"""One moment of a target that is in use: several sessions see what was committed by then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from backend.tablecopy.postgres.session import Session, translated

_JOIN = "SET TRANSACTION SNAPSHOT {}"


@contextmanager
def one_moment(session: Session) -> Iterator[str]:
    """Let a session see one moment until the block ends, and return its name for others."""
    with translated("looking at one moment of the target"), session.transaction():
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = session.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None  # noqa: S101 - a SELECT without FROM has one row
        yield str(row[0])


def join(session: Session, moment: str) -> None:
    """See the moment that another session has named, until this one is closed."""
    with translated("joining a moment of the target"):
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        session.execute(joining(moment).encode())


def joining(moment: str) -> str:
    """Return the statement that must come first in a transaction of somebody who joins."""
    return sql.SQL(_JOIN).format(sql.Literal(moment)).as_string()
