"""How every tool connects to Postgres: one session, what it goes by, and why it cannot be had."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace

import psycopg

from backend.config.database_url import DatabaseUrl
from backend.db.login_errors import Advice, login_error, pooler_error
from backend.db.session import Session

# Keywords of libpq with their values; they count where the address leaves them open.
ConnectParams = Mapping[str, str | int]

# A cut network is noticed within a minute, not after the two hours of the kernel's default.
KEEPALIVES: ConnectParams = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 15,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "client_encoding": "UTF8",
}
# What makes a session independent of server, role and environment. Set by a statement, not by the
# connection string: a pooler in between drops what that asks for.
FIXED_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "quote_all_identifiers": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    # Unknown before Postgres 14 and 17.
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
    "row_security": "off",
    "client_min_messages": "warning",
    # What is made without a place of its own lies where its database does.
    "default_tablespace": "",
    # When our process is killed, what the server still does for it ends within a second.
    "client_connection_check_interval": "1s",
}

_GENERAL = Advice()
_SET = """
    SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS s(name, value)
    WHERE name IN (SELECT name FROM pg_settings)"""
_SET_IF_DIRECT = """
    SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS s(name, value)
    WHERE name IN (SELECT name FROM pg_settings) AND pg_backend_pid() = %s"""

# A pooler with two sessions that lends the one idle longest lends ours in the second round.
_ROUNDS = 2
# A pooler with sessions to spare may give the same one again, once.
_ASKED = 3


def connect(database: DatabaseUrl, params: ConnectParams, *, advice: Advice = _GENERAL) -> Session:
    """Log in; every statement is its own transaction unless a block says else.

    The session is left as the server gives it.

    Raises:
        DatabaseError: the server does not answer, or does not let us in.
    """
    all_params = {**{key: str(value) for key, value in params.items()}, **database.params}
    asked = replace(database, params=all_params)
    try:
        return psycopg.connect(asked.conninfo(), autocommit=True)
    except psycopg.Error as error:
        raise login_error(error, asked, advice) from None


def connect_directly(database: DatabaseUrl, params: ConnectParams) -> Session:
    """Log in, and check that the session is ours until it ends.

    Raises:
        DatabaseError: the server does not answer, or does not let us in.
        RefusedError: a pooler in transaction mode is in between.
    """
    session = connect(database, params)
    try:
        refuse_pooler(session, database, params)
    except BaseException:
        session.close()
        raise
    return session


def refuse_pooler(session: Session, database: DatabaseUrl, params: ConnectParams) -> None:
    """Check that a fresh session stays ours while transactions of another one run.

    A pooler in transaction mode gives a connection another session of the server at each
    transaction. No lock would hold, what one statement sets the next would not find, and somebody
    else would find it. Nothing is set or locked here.

    Raises:
        RefusedError: a pooler in transaction mode is in between.
    """
    if _changes_sessions(session, database, params):
        raise pooler_error(database)


def configure(session: Session, settings: Mapping[str, str]) -> None:
    """Set settings until the session ends; leave out those that this Postgres does not know."""
    session.execute(_SET, (list(settings), list(settings.values())))


def configure_if_direct(session: Session, settings: Mapping[str, str]) -> bool:
    """Set settings if the server itself greeted us, and return whether it did.

    A pooler greets with a number of its own; what is set there stays, for whoever gets it next.
    """
    values = (list(settings), list(settings.values()), session.info.backend_pid)
    return session.execute(_SET_IF_DIRECT, values).rowcount > 0


def _changes_sessions(session: Session, database: DatabaseUrl, params: ConnectParams) -> bool:
    own = _backend_pid(session)
    with closing(connect(database, params)) as other:
        for _ in range(_ROUNDS):
            with other.transaction():
                if _backend_pid(other) == own:
                    return True
                if {_backend_pid(session) for _ in range(_ASKED)} != {own}:
                    return True
    return False


def _backend_pid(session: Session) -> int:
    # Never prepared: the statement would stay in a session that is not ours.
    row = session.execute("SELECT pg_backend_pid()", prepare=False).fetchone()
    assert row is not None  # noqa: S101 - this statement has one row
    return int(row[0])
