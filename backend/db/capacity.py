"""Check that the database has room for the connections that the settings ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.db import probe
from backend.errors import ConfigError

if TYPE_CHECKING:
    from backend.config.database_url import DatabaseUrl

_PROBE_SECONDS = 5
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


def check_capacity(database: DatabaseUrl, *, workers: int, threads: int) -> None:
    """Check that there is room for both colours at once: on the server, and for this login.

    A SQLite file takes any number of connections.

    Raises:
        ConfigError: there is not; says what was counted.
        DatabaseError: the server does not answer.
    """
    if database.engine == "sqlite":
        return
    row = probe.fetch_row(database.conninfo(), _ROOM, seconds=_PROBE_SECONDS)
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
