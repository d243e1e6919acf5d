"""Find out whether a pooler in transaction mode lies between us and Postgres.

It gives a connection another session of the server at each transaction. No lock would hold, and
what one statement sets the next would not find.
"""

from __future__ import annotations

from backend.config.database_url import DatabaseUrl
from backend.errors import RefusedError
from backend.sync.reach.login import logged_in
from backend.tablecopy.postgres.session import Session

# A pooler with sessions to spare may give the same one again, once.
_ASKED = 3


def refuse_pooled(session: Session, database: DatabaseUrl, *, name: str) -> None:
    """See that a session stays ours while somebody else's transaction runs.

    Raises:
        RefusedError: it does not.
    """
    own = _pid(session)
    with logged_in(database, name=name) as other, other.transaction():
        found = {_pid(other)} & {own} or {_pid(session) for _ in range(_ASKED)} - {own}
    if found:
        raise RefusedError(
            f"a pooler in transaction mode lies between us and {database}",
            hint=f"give {name} the server's own address: a pooled one often has port 6432, or"
            " -pooler in its host",
        )


def _pid(session: Session) -> int:
    row = session.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None  # noqa: S101 - this statement has one row
    return int(row[0])
