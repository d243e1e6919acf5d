"""The way into a Postgres, encrypted where it is a public one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from backend.config.database_url import DatabaseUrl
from backend.sync.reach.tls import with_tls
from backend.sync.reach.troubles import CONNECT_SECONDS, on_the_way
from backend.tablecopy.postgres.session import CONNECT, Session


@contextmanager
def logged_in(database: DatabaseUrl, *, name: str) -> Iterator[Session]:
    """Log in, and leave the session as the server gives it.

    Raises:
        RefusedError: the way there would not be encrypted, and is a public one.
        DatabaseError: the server does not answer, or does not let us in.
    """
    safe = with_tls(database, name)
    words = {**CONNECT, "connect_timeout": CONNECT_SECONDS, "application_name": "sync"}
    try:
        session = psycopg.connect(safe.conninfo(**words), autocommit=True)
    except psycopg.Error as error:
        raise on_the_way(error, safe, name) from None
    try:
        yield session
    finally:
        session.close()
