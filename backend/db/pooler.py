"""Find out whether a pooler in transaction mode lies between us and Postgres.

It gives a connection another session of the server at each transaction. No lock would hold, what
one statement sets the next would not find, and somebody else would find it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg

from backend.config.database_url import DatabaseUrl
from backend.errors import RefusedError

Session = psycopg.Connection[tuple[Any, ...]]  # Any: what a column holds, the query knows

OWN_ADDRESS = (
    "give {name} the server's own address: a pooled one often has port 6432, or -pooler in its host"
)
# One that lends the session that has waited longest, of two, lends ours at the second time.
_ROUNDS = 2
# A pooler with sessions to spare may give the same one again, once.
_ASKED = 3


def refuse_pooler(
    session: Session,
    log_in: Callable[[], AbstractContextManager[Session]],
    *,
    database: DatabaseUrl,
) -> None:
    """See that a session stays ours while transactions of another run; set and lock nothing.

    Both are to be in autocommit, and fresh.

    Raises:
        RefusedError: it does not.
    """
    if _wanders(session, log_in):
        raise pooled(str(database), database.origin)


def pooled(database: str, origin: str) -> RefusedError:
    """Say that there is a pooler on the way to a database whose address `origin` named."""
    return RefusedError(
        f"a pooler in transaction mode lies between us and {database}",
        hint=OWN_ADDRESS.replace("{name}", origin or "the command"),
    )


def _wanders(session: Session, log_in: Callable[[], AbstractContextManager[Session]]) -> bool:
    own = _pid(session)
    with log_in() as other:
        for _ in range(_ROUNDS):
            with other.transaction():
                if _pid(other) == own or {_pid(session) for _ in range(_ASKED)} != {own}:
                    return True
    return False


def _pid(session: Session) -> int:
    # Never prepared: the statement would stay in a session that is not ours.
    row = session.execute("SELECT pg_backend_pid()", prepare=False).fetchone()
    assert row is not None  # noqa: S101 - this statement has one row
    return int(row[0])
