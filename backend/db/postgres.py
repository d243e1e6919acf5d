"""Postgres: a pool of psycopg connections that can be cut loose when the server freezes."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import weakref
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import Engine, create_engine

from backend.db import probe
from backend.errors import ConfigError

if TYPE_CHECKING:
    from backend.config.database_url import DatabaseUrl
    from backend.db.dialect import PoolOptions

CONNECT_SECONDS = 5
POOL_SECONDS = 3
COLORS = 2

# Who runs a database for others often limits the role or the database, not the server.
_ROOM = """
    SELECT least(
        current_setting('max_connections')::int
        - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true)::int, 0),
        (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user),
        (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())
    ) AS room"""


class Postgres:
    """A database on a Postgres server."""

    def __init__(self, database: DatabaseUrl, options: PoolOptions) -> None:
        self._database = database
        self._options = options
        self._open: weakref.WeakSet[psycopg.Connection] = weakref.WeakSet()
        self._lock = threading.Lock()

    def create_engine(self) -> Engine:
        """Return an engine that logs in with libpq's own reading of the database's address."""
        return create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            pool_size=self._options.size,
            max_overflow=0,
            pool_timeout=POOL_SECONDS,
            pool_pre_ping=True,
            pool_recycle=1800,
            pool_use_lifo=True,
        )

    def fetch_row(self, sql: str, *, seconds: float) -> dict[str, str | None]:
        """Run one query on a short connection of its own."""
        name = f"{self._options.application_name}:probe"
        conninfo = self._database.conninfo(application_name=name)
        return probe.fetch_row(conninfo, sql, seconds=seconds)

    def abandon(self) -> None:
        """Shut the socket of every connection: a thread that waits on one is woken with an error.

        Nothing else wakes it. The descriptor stays open until its owner closes it, so it cannot
        be given to somebody else in between.
        """
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(psycopg.Error, OSError):
                duplicate = os.dup(connection.fileno())
                with socket.socket(fileno=duplicate) as stuck:
                    stuck.shutdown(socket.SHUT_RDWR)

    def _connect(self) -> psycopg.Connection:
        conninfo = self._database.conninfo(
            connect_timeout=CONNECT_SECONDS, application_name=self._options.application_name
        )
        connection = psycopg.connect(conninfo)
        with self._lock:
            self._open.add(connection)
        return connection


def check_capacity(database: DatabaseUrl, *, workers: int, threads: int) -> None:
    """Check that there is room for both colours at once: on the server, and for this login.

    Raises:
        ConfigError: there is not; says what was counted.
        DatabaseError: the server does not answer.
    """
    row = probe.fetch_row(database.conninfo(), _ROOM, seconds=CONNECT_SECONDS)
    room, wanted = int(row["room"] or 0), connections_wanted(workers=workers, threads=threads)
    if wanted > room:
        raise ConfigError(
            f"WEB_WORKERS={workers} and WEB_THREADS={threads} need {wanted} connections for both"
            f" colours, but there is room for {room}",
            hint="lower WEB_WORKERS or WEB_THREADS, or raise max_connections, or the connection"
            " limit of the role or the database",
        )


def connections_wanted(*, workers: int, threads: int) -> int:
    """Count the connections of both colours, their probes, and one migrator with its lock."""
    probes = workers
    return COLORS * (workers * threads + probes) + 2
