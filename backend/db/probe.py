"""Ask Postgres one question on a connection of its own, with a deadline that always holds.

Server-side timeouts, TCP keepalives and libpq's `connect_timeout` (two seconds at the least) do
not bound a query on a server that is frozen: its kernel goes on acknowledging. Here every wait is
a `select` with the time that is left.

Only the lookup of a name is outside of it: libpq does that first, and waits for it as long as the
system does. It says nothing about the server, so the time begins after it; whoever asks again and
again gives the address.
"""

from __future__ import annotations

import select
import time

from psycopg import pq

from backend.errors import DatabaseError, TransientError


def fetch_row(conninfo: str, sql: str, *, seconds: float) -> dict[str, str | None]:
    """Return the first row of `sql`, as text.

    Raises:
        TransientError: no answer in time.
        DatabaseError: the server's own error, without any secret.
    """
    connection = pq.PGconn.connect_start(conninfo.encode())
    until = time.monotonic() + seconds
    try:
        _connect(connection, until)
        return _query(connection, sql, until)
    finally:
        connection.finish()


def _connect(connection: pq.abc.PGconn, until: float) -> None:
    polling = pq.PollingStatus
    while (status := connection.connect_poll()) != polling.OK:
        if status == polling.FAILED:
            raise DatabaseError(f"Postgres refused the connection: {_message(connection)}")
        _wait(connection, until, write=status == polling.WRITING)


def _query(connection: pq.abc.PGconn, sql: str, until: float) -> dict[str, str | None]:
    connection.send_query(sql.encode())
    while connection.is_busy():
        _wait(connection, until, write=False)
        connection.consume_input()
    result = connection.get_result()
    if result is None or result.status != pq.ExecStatus.TUPLES_OK:
        raise DatabaseError(f"Postgres answered with an error: {_message(connection)}")
    if not result.ntuples:
        return {}
    names = [(result.fname(i) or b"").decode() for i in range(result.nfields)]
    values = [result.get_value(0, i) for i in range(result.nfields)]
    return {n: None if v is None else v.decode() for n, v in zip(names, values, strict=True)}


def _wait(connection: pq.abc.PGconn, until: float, *, write: bool) -> None:
    socket = connection.socket
    left = max(0.0, until - time.monotonic())
    ready = select.select([] if write else [socket], [socket] if write else [], [], left)
    if not any(ready):
        raise TransientError("Postgres does not answer")


def _message(connection: pq.abc.PGconn) -> str:
    return connection.error_message.decode(errors="replace").strip().replace("\n", " ")
