"""Postgres: a pool of psycopg connections that can be cut loose when the server freezes."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import Engine, create_engine

from backend.db import probe
from backend.errors import DatabaseError

if TYPE_CHECKING:
    from backend.config.database_url import DatabaseUrl
    from backend.db.dialect import PoolOptions

CONNECT_SECONDS = 5
POOL_SECONDS = 3


class Postgres:
    """A database on a Postgres server."""

    def __init__(self, database: DatabaseUrl, options: PoolOptions) -> None:
        self._database = database
        self._options = options
        self._open: weakref.WeakSet[psycopg.Connection] = weakref.WeakSet()
        self._lock = threading.Lock()
        # Where the newest connection has led to, and whether the probe looks there.
        self._address: dict[str, str] = {}
        self._by_address = True

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
        """Run one query on a short connection of its own.

        It goes where the app's connections lead: they work on while names cannot be looked up, as
        when Docker's engine is busy, and what is asked for is the server. If there is no answer
        there, the next query goes by the name, for the server may have moved. If there is none by
        the name either, the one after goes to the address: its answer may only have been late.
        """
        name = f"{self._options.application_name}:probe"
        address = self._address if self._by_address else {}
        server = replace(self._database, params={**self._database.params, **address})
        try:
            return probe.fetch_row(server.conninfo(application_name=name), sql, seconds=seconds)
        except DatabaseError:
            self._by_address = not address
            raise

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
        self._address, self._by_address = _address(connection), True
        return connection


def _address(connection: psycopg.Connection) -> dict[str, str]:
    info = connection.info
    # Of a socket there is none.
    if not info.hostaddr:
        return {}
    return {"host": info.host, "hostaddr": info.hostaddr, "port": str(info.port)}
