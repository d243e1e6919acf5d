"""Both databases, open for one run: reached, two of them, and for us alone where that counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from backend.config.database_url import DatabaseUrl
from backend.db.locks import SYNC, advisory_lock, file_lock
from backend.db.session import Session
from backend.errors import RefusedError
from backend.sync.options import Endpoints
from backend.sync.reach.reaching import postgres_at, sqlite_at
from backend.sync.reach.tls import told, with_tls
from backend.sync.replica.pair import ReplicaPair
from backend.sync.replica.postgres import PostgresReplica
from backend.sync.replica.replica import Replica
from backend.sync.replica.sqlite import SQLiteReplica

_SAME = "SELECT pg_postmaster_start_time(), oid FROM pg_database WHERE datname = current_database()"


@dataclass(frozen=True)
class OpenPair:
    """The two sides, and how the way to each that is a server is protected."""

    pair: ReplicaPair
    connection_notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Endpoint:
    """One database, open; `name` is what people call it."""

    database: DatabaseUrl
    name: str
    connection: sqlite3.Connection | Session

    def replica(self) -> Replica:
        """Return it as the engine takes it."""
        if isinstance(self.connection, sqlite3.Connection):
            return SQLiteReplica(self.connection, str(self.database))
        return PostgresReplica(self.connection, str(self.database))

    def connection_note(self) -> list[str]:
        """Say what protects the way there."""
        if isinstance(self.connection, sqlite3.Connection):
            return []
        encrypted = self.connection.pgconn.ssl_in_use
        return [f"{self.name}: {told(with_tls(self.database, self.name), encrypted=encrypted)}"]


@contextmanager
def open_pair(endpoints: Endpoints, *, writing: bool) -> Iterator[OpenPair]:
    """Open both sides; where something is to be written, for us alone.

    Raises:
        ConfigError, DatabaseError: one of them is not there, or does not let us in.
        RefusedError: they are one, or the way to one of them is not to be gone.
        LockHeldError: somebody else is syncing one of them.
    """
    with ExitStack() as stack:
        # The local one first: what is wrong at home shows without waiting for the network.
        local = _opened(stack, endpoints.local, "the local address", writing=writing)
        remote = _opened(stack, endpoints.remote, endpoints.remote_name, writing=writing)
        _refuse_the_same(local, remote)
        if writing:
            for endpoint in (local, remote):
                _lock(stack, endpoint)
        yield OpenPair(
            ReplicaPair(local.replica(), remote.replica()),
            (*local.connection_note(), *remote.connection_note()),
        )


def _opened(stack: ExitStack, database: DatabaseUrl, name: str, *, writing: bool) -> _Endpoint:
    if database.engine == "sqlite":
        file = stack.enter_context(sqlite_at(database, writing=writing))
        return _Endpoint(database, name, file)
    session = stack.enter_context(postgres_at(database, name=name, writing=writing))
    return _Endpoint(database, name, session)


def _refuse_the_same(local: _Endpoint, remote: _Endpoint) -> None:
    """See that there are two; by their names one could not tell."""
    paths = (local.database.path, remote.database.path)
    if all(paths):
        same = paths[0].samefile(paths[1])  # type: ignore[union-attr, arg-type] # all() saw them
    else:
        same = _identity(local) is not None and _identity(local) == _identity(remote)
    if same:
        raise RefusedError(
            f"{local.database} and {remote.database} are the same database",
            hint="name another one with --local or --remote",
        )


def _identity(endpoint: _Endpoint) -> tuple[object, ...] | None:
    if isinstance(endpoint.connection, sqlite3.Connection):
        return None
    return endpoint.connection.execute(_SAME).fetchone()


def _lock(stack: ExitStack, endpoint: _Endpoint) -> None:
    if isinstance(endpoint.connection, sqlite3.Connection):
        stack.enter_context(file_lock(endpoint.database, SYNC))
        return
    stack.enter_context(advisory_lock(endpoint.connection, endpoint.database, SYNC))
