"""Both databases, open for one run: checked to be two, and locked where something is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from backend.config.database_url import DatabaseUrl
from backend.config.settings import RENDER_DATABASE_URL
from backend.db import sqlite_file
from backend.db.connect import (
    FIXED_SETTINGS,
    KEEPALIVES,
    configure,
    configure_if_direct,
    connect,
    refuse_pooler,
)
from backend.db.errors import SQLiteError
from backend.db.locks import SYNC, advisory_lock, file_lock
from backend.db.login_errors import Advice
from backend.db.session import Session, SQLiteConnection
from backend.db.tls import describe_tls, with_tls
from backend.errors import ConfigError, DatabaseError, RefusedError
from backend.sync.options import RENDER_URL_PLACE, Endpoints
from backend.sync.replica.pair import ReplicaPair
from backend.sync.replica.postgres import PostgresReplica
from backend.sync.replica.replica import Replica
from backend.sync.replica.sqlite import SQLiteReplica

CONNECT_SECONDS = 30

_PARAMS = {**KEEPALIVES, "connect_timeout": CONNECT_SECONDS, "application_name": "sync"}
_SETTINGS = {
    **FIXED_SETTINGS,
    "search_path": "public",
    # One COPY may bring a whole table over a slow line.
    "statement_timeout": "30min",
    # Rows that others want to write are not held for ever, nor waited for.
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "15min",
    # The server, too, is to notice within a minute that we are gone: it holds our lock.
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
_READ_ONLY = {**_SETTINGS, "default_transaction_read_only": "on", "statement_timeout": "1min"}
_IDENTITY = """
    SELECT pg_postmaster_start_time(), oid FROM pg_database WHERE datname = current_database()"""
_RENDER = Advice(
    closed="1. is it running? Dashboard → PostgreSQL → Logs"
    "   2. is access from here allowed? Dashboard → PostgreSQL → Networking (IP allow list)"
    f"   3. is {{name}} right? it is {RENDER_URL_PLACE}",
    unknown_host=f"is {{name}} right? it is {RENDER_URL_PLACE}: the internal one works inside"
    " Render only",
    timed_out="a free plan wakes slowly: wait and run it again (each try waits {seconds}"
    " seconds); if it comes back in the middle of a sync, take smaller batches, as in"
    " --batch-size 50",
    not_allowed="add it in Dashboard → PostgreSQL → Networking (IP allow list)",
    login=f"check {{name}} ({RENDER_URL_PLACE}), PGPASSWORD and ~/.pgpass",
    cut="run it again; a Render database also hangs up on addresses that its IP allow list"
    " (Dashboard → PostgreSQL → Networking) does not name",
)


@dataclass(frozen=True)
class OpenPair:
    """The two replicas; `connection_notes` say how the connection to each server is protected."""

    pair: ReplicaPair
    connection_notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Opened:
    """One database, open; `name` is who named its address."""

    database: DatabaseUrl
    name: str
    connection: SQLiteConnection | Session

    def replica(self) -> Replica:
        """Return the replica of its engine."""
        if isinstance(self.connection, SQLiteConnection):
            return SQLiteReplica(self.connection, str(self.database))
        return PostgresReplica(self.connection, str(self.database))

    def notes(self) -> list[str]:
        """Describe what protects the connection; nothing for a file."""
        if isinstance(self.connection, SQLiteConnection):
            return []
        safe, encrypted = with_tls(self.database, self.name), self.connection.pgconn.ssl_in_use
        return [f"{self.name}: {describe_tls(safe, encrypted=encrypted)}"]

    def identity(self) -> tuple[object, ...] | None:
        """Return what tells a database of a server from any other; None for a file."""
        if isinstance(self.connection, SQLiteConnection):
            return None
        return self.connection.execute(_IDENTITY).fetchone()


@contextmanager
def open_pair(endpoints: Endpoints, *, writing: bool) -> Iterator[OpenPair]:
    """Open both sides; where something is to be written, with the lock of each.

    Raises:
        ConfigError, DatabaseError: one of them is not there, or does not let us in.
        RefusedError: they are one, or the connection to one of them would not be safe.
        LockHeldError: somebody else is syncing one of them.
    """
    with ExitStack() as stack:
        # The local one first: what is wrong at home shows without waiting for the network.
        local = _opened(stack, endpoints.local, "the local address", writing=writing)
        remote = _opened(stack, endpoints.remote, endpoints.remote_name, writing=writing)
        _refuse_the_same(local, remote)
        if writing:
            for one in (local, remote):
                _lock(stack, one)
        pair = ReplicaPair(local.replica(), remote.replica())
        yield OpenPair(pair, (*local.notes(), *remote.notes()))


@contextmanager
def sqlite_at(database: DatabaseUrl, *, writing: bool) -> Iterator[SQLiteConnection]:
    """Open a file that is there; every statement is its own transaction unless BEGIN says else.

    Raises:
        ConfigError: it is not there.
        DatabaseError: it is no database, or cannot be opened.
    """
    path = _existing(database)
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(closing(sqlite_file.open_file(path, "rw")))
            # What the app asks for too; `backend.db.sqlite` says why.
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
            if not writing:
                connection.execute("PRAGMA query_only = ON")
            # The first read: what is not a database is noticed here.
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except (SQLiteError, UnicodeDecodeError) as error:
            raise DatabaseError(
                f"the SQLite file {path} cannot be used: {error}",
                hint="see that it is a database, that this user may write to it, that the disk has"
                " room",
            ) from None
        yield connection


@contextmanager
def postgres_at(database: DatabaseUrl, *, name: str, writing: bool) -> Iterator[Session]:
    """Log in; every statement is its own transaction unless a block says else.

    Raises:
        RefusedError: the connection is a public one and not encrypted, or leads to a pooler.
        DatabaseError: the server does not answer, or does not let us in.
    """
    safe = with_tls(replace(database, origin=name), name)
    settings = _SETTINGS if writing else _READ_ONLY
    with closing(connect(safe, _PARAMS, advice=_advice_for(safe))) as session:
        # The check for a pooler would take longer than a status does.
        if writing or not configure_if_direct(session, settings):
            refuse_pooler(session, safe, _PARAMS)
            configure(session, settings)
        yield session


def _opened(stack: ExitStack, database: DatabaseUrl, name: str, *, writing: bool) -> _Opened:
    if database.engine == "sqlite":
        file = stack.enter_context(sqlite_at(database, writing=writing))
        return _Opened(database, name, file)
    session = stack.enter_context(postgres_at(database, name=name, writing=writing))
    return _Opened(database, name, session)


def _existing(database: DatabaseUrl) -> Path:
    path = database.path
    assert path is not None  # noqa: S101 - what parse_database_url promises for SQLite
    if not path.is_file():
        raise ConfigError(
            f"there is no SQLite file at {path}",
            hint="make it with python backend/db_migrate.py, or name another one with --local PATH",
        )
    return path.absolute()


def _advice_for(database: DatabaseUrl) -> Advice:
    """Return what to do when nobody can log in to `database`."""
    host = database.params.get("host", "")
    is_render = database.origin == RENDER_DATABASE_URL or host.endswith(".render.com")
    return _RENDER if is_render else Advice()


def _refuse_the_same(local: _Opened, remote: _Opened) -> None:
    """Refuse one database under two addresses."""
    here, there = local.database.path, remote.database.path
    if here and there:
        same = here.samefile(there)
    else:
        same = local.identity() is not None and local.identity() == remote.identity()
    if same:
        raise RefusedError(
            f"{local.database} and {remote.database} are the same database",
            hint="name another one with --local or --remote",
        )


def _lock(stack: ExitStack, one: _Opened) -> None:
    if isinstance(one.connection, SQLiteConnection):
        stack.enter_context(file_lock(one.database, SYNC))
    else:
        stack.enter_context(advisory_lock(one.connection, one.database, SYNC))
