"""The way into a Postgres for a tool: one session, and a sentence for whatever is in the way."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace

import psycopg

from backend.config.database_url import DatabaseUrl
from backend.db.login_errors import Advice, login_error
from backend.db.pooler import Session, refuse_pooler

_GENERAL = Advice()

# libpq's, with their values.
Words = Mapping[str, str | int]


def log_in(database: DatabaseUrl, words: Words, *, advice: Advice = _GENERAL) -> Session:
    """Log in; every statement is its own transaction unless a block says else.

    The session is left as the server gives it. `words` count where the address leaves them open.

    Raises:
        DatabaseError: the server does not answer, or does not let us in.
    """
    params = {**{name: str(word) for name, word in words.items()}, **database.params}
    asked = replace(database, params=params)
    try:
        return psycopg.connect(asked.conninfo(), autocommit=True)
    except psycopg.Error as error:
        raise login_error(error, asked, advice) from None


def log_in_directly(database: DatabaseUrl, words: Words) -> Session:
    """Do the same, and see that the session is ours until it ends.

    Raises:
        RefusedError: a pooler in transaction mode is in between.
    """
    session = log_in(database, words)
    try:
        refuse_pooler(session, lambda: closing(log_in(database, words)), database=database)
    except BaseException:
        session.close()
        raise
    return session
