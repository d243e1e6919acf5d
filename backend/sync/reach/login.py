"""The way into a Postgres, encrypted where it is a public one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from backend.config.database_url import DatabaseUrl
from backend.db.connect import KEEPALIVES, connect, refuse_pooler
from backend.db.session import Session
from backend.sync.reach.tls import with_tls
from backend.sync.reach.troubles import CONNECT_SECONDS, advice_for

_PARAMS = {**KEEPALIVES, "connect_timeout": CONNECT_SECONDS, "application_name": "sync"}


@contextmanager
def logged_in(database: DatabaseUrl, *, name: str) -> Iterator[Session]:
    """Log in, and leave the session as the server gives it.

    Raises:
        RefusedError: the way there would not be encrypted, and is a public one.
        DatabaseError: the server does not answer, or does not let us in.
    """
    safe = with_tls(replace(database, origin=name), name)
    with closing(connect(safe, _PARAMS, advice=advice_for(safe))) as session:
        yield session


def refuse_pooled(session: Session, database: DatabaseUrl, *, name: str) -> None:
    """See that a session stays ours while somebody else's transaction runs.

    Raises:
        RefusedError: it does not.
    """
    refuse_pooler(session, with_tls(replace(database, origin=name), name), _PARAMS)
