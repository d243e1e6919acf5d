"""The tables of a schema as the catalog knows them."""

from __future__ import annotations

from collections.abc import Iterable

from backend.tablecopy.postgres.session import Session

_OIDS = """
    SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = ANY(%s) AND c.relkind IN ('r', 'p') ORDER BY c.relname"""


def table_oids(session: Session, schema: str, names: Iterable[str]) -> list[int]:
    """Return the oids of these tables, ordered by their names."""
    return [row[0] for row in session.execute(_OIDS, (schema, list(names)))]
