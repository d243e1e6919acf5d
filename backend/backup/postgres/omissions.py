"""What a cluster has, and no manifest speaks of: nobody can say of it that it came back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from backend.backup.postgres.database_snapshot import snapshot_session
from backend.config.database_url import DatabaseUrl
from backend.db.errors import translated

_LARGE_OBJECTS = "SELECT count(*) FROM pg_largeobject_metadata"
# The server's own begin with pg_; template0 is nobody's, and as Postgres brings it.
_ROLES = "SELECT count(*) FROM pg_roles WHERE NOT starts_with(rolname, 'pg_')"
_CLOSED = """
    SELECT datname FROM pg_database WHERE NOT datallowconn AND datname <> 'template0'
    ORDER BY datname COLLATE "C" """


def omissions(server: DatabaseUrl, databases: Mapping[str, DatabaseUrl]) -> Iterator[str]:
    """Yield each thing by name; `databases` are those that can be looked at."""
    with snapshot_session(server) as session, translated("asking what no manifest speaks of"):
        ((roles,),) = session.execute(_ROLES).fetchall()
        closed = [name for (name,) in session.execute(_CLOSED).fetchall()]
    yield f"{roles} roles and their rights"
    yield from (f"database {name}, which allows no connections" for name in closed)
    for name, database in databases.items():
        if count := _large_objects(database):
            yield f"{count} large objects in {name}"


def _large_objects(database: DatabaseUrl) -> int:
    with snapshot_session(database) as session, translated("counting large objects"):
        ((count,),) = session.execute(_LARGE_OBJECTS).fetchall()
    return int(count)
