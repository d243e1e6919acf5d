"""The Postgres database that is written to: sessions with fixed settings, and its live tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from backend.config.database_url import DatabaseUrl, parse_database_url
from backend.db import connect as db
from backend.db import sql
from backend.db.errors import translated
from backend.db.session import Session
from backend.schema.tables import PostgresTable

_OIDS = """
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = ANY(%s) AND c.relkind IN ('r', 'p') ORDER BY c.relname"""

_ROWS_AT_ONCE = 2_000
_LOCK_TIMEOUT = "10s"
_LOCK = "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE"


@dataclass(frozen=True)
class Target:
    """Where to write: a libpq connection string, never shown, and a schema."""

    conninfo: str = field(repr=False)
    schema: str = "public"
    origin: str = ""

    def database(self, name: str) -> DatabaseUrl:
        """Return its address, with keepalives, for a session that the server shows by this name."""
        database = parse_database_url(self.conninfo, name=self.origin)
        fixed = {key: str(value) for key, value in db.KEEPALIVES.items()}
        return replace(database, params={**database.params, **fixed, "application_name": name})


def connect(target: Target, *, name: str, **settings: str) -> Session:
    """Log in with fixed settings; every statement is its own transaction unless a block says else.

    Raises:
        DatabaseError: the server does not answer, or does not let us in.
    """
    return _configured(db.connect(target.database(name), {}), target, name, settings)


def connect_directly(target: Target, *, name: str) -> Session:
    """Do the same, and check first that the session is ours until it ends.

    Raises:
        RefusedError: a pooler in transaction mode is in between.
    """
    return _configured(db.connect_directly(target.database(name), {}), target, name, {})


def table_oids(session: Session, schema: str, names: Iterable[str]) -> list[int]:
    """Return the oids of these tables, ordered by their names."""
    return [row[0] for row in session.execute(_OIDS, (schema, list(names)))]


def own_rows(table: PostgresTable, schema: str | None = None) -> sql.SqlPart:
    """Return the table as SQL for its own rows, without those of tables that inherit from it."""
    name = sql.name(schema or table.schema, table.name)
    return name if table.partitioned else sql.statement("ONLY {}", name)


def streamed(session: Session, query: sql.Sql) -> Iterator[bytes]:
    """Yield the one value of each row, of a query whose answer may not fit into memory."""
    with session.transaction(), session.cursor(name="tablecopy_rows", binary=True) as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        for (value,) in cursor.execute(query):
            yield value


def keep_writers_out(session: Session, tables: Iterable[PostgresTable]) -> None:
    """Lock out writers, not readers, until the transaction ends."""
    names = [own_rows(one) for one in sorted(tables, key=_by_name)]
    if names:
        session.execute("SELECT set_config('lock_timeout', %s, true)", (_LOCK_TIMEOUT,))
        session.execute(sql.statement(_LOCK, sql.join(", ", names)))


def _configured(
    session: Session, target: Target, name: str, settings: Mapping[str, str]
) -> Session:
    try:
        with translated(f"connecting as {name}"):
            path = sql.name(target.schema).as_string(session)
            db.configure(session, {**db.FIXED_SETTINGS, **settings, "search_path": path})
    except BaseException:
        session.close()
        raise
    return session


def _by_name(table: PostgresTable) -> tuple[str, str]:
    # Always in the same order, so that two such locks cannot deadlock.
    return table.schema, table.name
