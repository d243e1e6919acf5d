"""The tables of a schema as the catalog knows them."""

from __future__ import annotations

from collections.abc import Iterable

from psycopg import sql

from backend.db.session import Session
from backend.schema.tables import PostgresTable

_OIDS = """
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = ANY(%s) AND c.relkind IN ('r', 'p') ORDER BY c.relname"""

_LOCK_TIMEOUT = "10s"
_LOCK = "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE"


def table_oids(session: Session, schema: str, names: Iterable[str]) -> list[int]:
    """Return the oids of these tables, ordered by their names."""
    return [row[0] for row in session.execute(_OIDS, (schema, list(names)))]


def own_rows(table: PostgresTable, schema: str | None = None) -> sql.Composable:
    """Return what to read, change or lock a table's rows by; those that inherit have their own."""
    name = sql.Identifier(schema or table.schema, table.name)
    return name if table.partitioned else sql.SQL("ONLY {}").format(name)


def keep_writers_out(session: Session, tables: Iterable[PostgresTable]) -> None:
    """Lock out writers, not readers, until the transaction ends."""
    names = [own_rows(one) for one in sorted(tables, key=_by_name)]
    if names:
        session.execute("SELECT set_config('lock_timeout', %s, true)", (_LOCK_TIMEOUT,))
        session.execute(sql.SQL(_LOCK).format(sql.SQL(", ").join(names)))


def _by_name(table: PostgresTable) -> tuple[str, str]:
    # Always in the same order, so that two who do this cannot block each other.
    return table.schema, table.name
