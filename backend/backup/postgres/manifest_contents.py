"""What a snapshot of a database holds, as a manifest notes it."""

from __future__ import annotations

from collections.abc import Callable

from backend.backup.postgres.contents import DatabaseContents, TableContents
from backend.backup.postgres.database_objects import StoredTable, without_digest
from backend.backup.postgres.database_snapshot import DatabaseSnapshot
from backend.backup.postgres.schema_dump import schema_dump
from backend.backup.postgres.table_digest import table_digest
from backend.db.errors import translated
from backend.db.session import Session

_HAS_LEVELS = "SELECT to_regclass('public.schema_state') IS NOT NULL"
_LEVELS = "SELECT expand_level, contract_level FROM public.schema_state WHERE id = 1"

# Is told of each table that was read.
TableCounter = Callable[[StoredTable, TableContents], None]


def read_contents(one: DatabaseSnapshot, search_path: str, count: TableCounter) -> DatabaseContents:
    """Read all rows of a database as it was at its snapshot, while others go on writing.

    Raises:
        DatabaseError: it could not be read to the end.
    """
    with translated(f"reading database {one.database.params['dbname']}"):
        ours = one.session.execute("SELECT pg_export_snapshot()").fetchall()[0][0]
        return DatabaseContents(
            schema=schema_dump(one.database, search_path, snapshot=ours),
            tables=dict(_digests(one, count)),
            sequences=one.sequences,
            not_compared=without_digest(one.session, one.tables),
            levels=_levels(one.session),
        )


def _digests(one: DatabaseSnapshot, count: TableCounter) -> list[tuple[str, TableContents]]:
    found = []
    for table in filter(lambda table: table.logged, one.tables):
        digest = table_digest(one.session, table)
        count(table, digest)
        found.append((str(table), digest))
    return found


def _levels(session: Session) -> tuple[int, int] | None:
    """Return how far the schema has come in each phase, if the database is the app's."""
    if not session.execute(_HAS_LEVELS).fetchall()[0][0]:
        return None
    rows = session.execute(_LEVELS).fetchall()
    return (rows[0][0], rows[0][1]) if rows else None
