"""Who hears of the rows of a table, or writes to it, by logical replication.

All of them know a table by its oid or its schema: of rows that are loaded beside it they get
nothing, or changes to a table that they do not have.
"""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from backend.tablecopy.obstacle import Intent, Obstacle
from backend.tablecopy.postgres.session import Session

# Each answers (table, reason). A table gets into a publication by name, with its schema or with all
# others.
_PUBLICATIONS = """
    SELECT c.relname, format('publication %%I sends its rows on', p.pubname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_publication_tables p ON p.schemaname = n.nspname AND p.tablename = c.relname
    WHERE c.oid = ANY(%(oids)s) ORDER BY 1, 2"""
_SUBSCRIPTIONS = """
    SELECT c.relname, format('subscription %%I writes to it', s.subname)
    FROM pg_class c JOIN pg_subscription_rel r ON r.srrelid = c.oid
    JOIN pg_subscription s ON s.oid = r.srsubid WHERE c.oid = ANY(%(oids)s) ORDER BY 1, 2"""
# Postgres's own decoder goes by publications; any other sends on whatever is logged.
_SLOTS = """
    SELECT c.relname, format('replication slot %%I (%%s) sends its rows on', s.slot_name, s.plugin)
    FROM pg_class c CROSS JOIN pg_replication_slots s
    WHERE c.oid = ANY(%(oids)s) AND c.relpersistence = 'p' AND s.slot_type = 'logical'
        AND s.database = current_database() AND s.plugin <> 'pgoutput' ORDER BY 1, 2"""

REPLICATION = (_PUBLICATIONS, _SUBSCRIPTIONS, _SLOTS)

# Which row has changed is told by an identity; without one Postgres refuses to change any. Rows
# that no key tells apart are never changed, only deleted.
_UNIDENTIFIED = """
    SELECT DISTINCT c.relname, c.oid::regclass::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_publication_tables t ON t.schemaname = n.nspname AND t.tablename = c.relname
    JOIN pg_publication p ON p.pubname = t.pubname
    WHERE n.nspname = %(schema)s AND c.relname = ANY(%(tables)s) AND c.relreplident <> 'f'
        AND has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid)
        AND (p.pubdelete AND %(deletes)s OR p.pubupdate AND EXISTS (SELECT FROM pg_index i
            WHERE i.indrelid = c.oid AND i.indisunique))
        AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indimmediate
            AND CASE c.relreplident WHEN 'd' THEN i.indisprimary ELSE i.indisreplident END)
    ORDER BY 1"""


def unidentified_rows(session: Session, intent: Intent) -> Iterator[Obstacle]:
    """Name published tables whose rows could not be changed."""
    if not intent.merged:
        return
    values = {"schema": intent.schema, "tables": list(intent.tables), "deletes": intent.deletes}
    for table, name in session.execute(_UNIDENTIFIED.encode(), values).fetchall():
        if _holds_rows(session, intent.schema, table):
            reason = "it is published, and nothing tells subscribers which row has changed"
            yield Obstacle(reason, f"ALTER TABLE {name} REPLICA IDENTITY FULL", table)


def _holds_rows(session: Session, schema: str, table: str) -> bool:
    query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(schema, table))
    return session.execute(query).fetchone() == (True,)
