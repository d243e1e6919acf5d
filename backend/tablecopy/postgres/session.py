"""Connections to the target whose settings do not depend on server, role or environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from backend.config.database_url import DatabaseUrl, parse_database_url
from backend.db.connect import connect as log_in
from backend.db.connect import connect_directly as log_in_directly
from backend.db.errors import missing_right_hint, translate
from backend.errors import AppError, DatabaseError, DataError

# A row of unknown shape: what the catalog holds is typed by Postgres, not by us.
Row = tuple[Any, ...]
Session = psycopg.Connection[Row]

CONNECT: dict[str, str | int] = {
    "connect_timeout": 10,
    # A cut network is noticed within a minute, not after the two hours of the kernel's default.
    "keepalives": 1,
    "keepalives_idle": 15,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "client_encoding": "UTF8",
}
# Set by a statement, not by the connection string: a pooler in between drops what that asks for.
SETTINGS = {
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
    "row_security": "off",
    "client_min_messages": "warning",
    # What is made without a place of its own lies where its database does.
    "default_tablespace": "",
    # When our process is killed, what the server still does for it ends within a second.
    "client_connection_check_interval": "1s",
}
# These came with later versions than 15.
LATER_SETTINGS = {"idle_session_timeout": "0", "transaction_timeout": "0"}

_SET = "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS s(name, value)"
_SET_KNOWN = f"{_SET} WHERE name IN (SELECT name FROM pg_settings)"  # noqa: S608 - two literals
_SET_IF_DIRECT = f"{_SET_KNOWN} AND pg_backend_pid() = %s"


@dataclass(frozen=True)
class Target:
    """Where to write: a libpq connection string, never shown, and a schema."""

    conninfo: str = field(repr=False)
    schema: str = "public"
    origin: str = ""

    def database(self, name: str) -> DatabaseUrl:
        """Return it as the rest of the house knows a database, for a session of this name."""
        conninfo = make_conninfo(self.conninfo, **CONNECT, application_name=name)
        return parse_database_url(conninfo, name=self.origin)


def connect(target: Target, *, name: str, **settings: str) -> Session:
    """Log in with fixed settings; every statement is its own transaction unless a block says else.

    Raises:
        DatabaseError: the server does not answer, or does not let us in.
    """
    session = log_in(target.database(name), {})
    return _configured(session, target, name, settings)


def connect_directly(target: Target, *, name: str) -> Session:
    """Do the same, and see first that every session will be ours alone.

    Raises:
        RefusedError: a pooler in transaction mode is in between.
    """
    session = log_in_directly(target.database(name), {})
    return _configured(session, target, name, {})


def _configured(
    session: Session, target: Target, name: str, settings: Mapping[str, str]
) -> Session:
    try:
        with translated(f"connecting as {name}"):
            path = sql.Identifier(target.schema).as_string(session)
            configure(session, {**SETTINGS, **settings, "search_path": path})
            configure_known(session, LATER_SETTINGS)
    except BaseException:
        session.close()
        raise
    return session


def configure(session: Session, settings: Mapping[str, str]) -> None:
    """Set what the session shall go by until its end."""
    session.execute(_SET, (list(settings), list(settings.values())))


def configure_known(session: Session, settings: Mapping[str, str]) -> None:
    """Do the same, and leave out what this version of Postgres does not know."""
    session.execute(_SET_KNOWN, (list(settings), list(settings.values())))


def configure_if_direct(session: Session, settings: Mapping[str, str]) -> bool:
    """Do the same where the server itself has greeted us, and tell whether it has.

    A pooler greets with a number of its own; what is set there stays, for whoever gets it next.
    """
    values = (list(settings), list(settings.values()), session.info.backend_pid)
    return session.execute(_SET_IF_DIRECT, values).rowcount > 0


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn a driver's error into one of our own that says what was being done."""
    try:
        yield
    except psycopg.Error as error:
        _raise(error, doing)


def _raise(error: psycopg.Error, doing: str) -> NoReturn:
    known = translate(error)
    if known is not None:
        raise _saying(known, doing) from error
    said = error.diag.message_primary or str(error)
    # What a trigger raises is about a row too.
    if isinstance(error, errors.DataError | errors.IntegrityError | errors.RaiseException):
        raise DataError(f"{doing}: {said}{_copied_row(error)}") from error
    if isinstance(error, errors.ProgramLimitExceeded):
        raise DataError(
            f"{doing}: {said}",
            hint="the row or the index entry is larger than the server takes; --exclude leaves"
            " its table out",
        ) from error
    if isinstance(error, errors.InsufficientPrivilege):
        raise DatabaseError(f"{doing}: {said}", hint=missing_right_hint(said)) from error
    raise DatabaseError(f"{doing}: {said}") from error


def _copied_row(error: psycopg.Error) -> str:
    lines = (error.diag.context or "").splitlines()
    return next((f" ({line})" for line in lines if line.startswith("COPY ")), "")


def _saying(error: AppError, doing: str) -> AppError:
    return type(error)(f"{doing}: {error.args[0]}", hint=error.hint)
