"""The live tables of a target: their oids, their own rows, and a lock against writers."""

from __future__ import annotations

from collections.abc import Iterable

from backend.db import sql
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


def own_rows(table: PostgresTable, schema: str | None = None) -> sql.SqlPart:
    """Return the table as SQL for its own rows, without those of tables that inherit from it."""
    name = sql.name(schema or table.schema, table.name)
    return name if table.partitioned else sql.statement("ONLY {}", name)


def keep_writers_out(session: Session, tables: Iterable[PostgresTable]) -> None:
    """Lock out writers, not readers, until the transaction ends."""
    names = [own_rows(one) for one in sorted(tables, key=_by_name)]
    if names:
        session.execute("SELECT set_config('lock_timeout', %s, true)", (_LOCK_TIMEOUT,))
        session.execute(sql.statement(_LOCK, sql.join(", ", names)))


def _by_name(table: PostgresTable) -> tuple[str, str]:
    # Always in the same order, so that two such locks cannot deadlock.
    return table.schema, table.name
