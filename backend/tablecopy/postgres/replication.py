"""Who hears of the rows of a table, or writes to it, by logical replication.

All of them know a table by its oid or its schema: of rows that are loaded beside it they get
nothing, or changes to a table that they do not have. Each query answers (table, reason).
"""

from __future__ import annotations

# However a table got into a publication: by name, with its schema or with all others.
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
