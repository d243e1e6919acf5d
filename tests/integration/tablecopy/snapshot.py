"""Everything that the catalog says about the tables of a schema, without what may differ (oids)."""

from typing import Any

from psycopg import Connection

# Read in another way than the code under test does: by pg_catalog's own columns.
_QUERIES = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
            a.attidentity, a.attgenerated, a.attstorage, a.attcompression,
            a.attcollation::regcollation::text, coalesce(a.attstattarget, -1), a.attoptions,
            (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(a.attacl) x),
            col_description(c.oid, a.attnum),
            pg_get_expr(d.adbin, d.adrelid), pg_get_serial_sequence(format('%%I.%%I', n.nspname, c.relname), a.attname)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE n.nspname = %(schema)s AND c.relkind = 'r' ORDER BY 1, a.attnum""",
    "relations": """
        SELECT c.relname, c.relkind, c.relowner::regrole::text, c.reloptions, c.relpersistence,
            (SELECT array_agg(x::text ORDER BY x::text) FROM unnest(coalesce(c.relacl,
                acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) x),
            c.relreplident, c.relrowsecurity,
            c.relforcerowsecurity, obj_description(c.oid, 'pg_class'), t.reloptions
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
        WHERE n.nspname = %(schema)s ORDER BY 1, 2""",
    "indexes": """
        SELECT x.relname, pg_get_indexdef(x.oid), i.indisprimary, i.indisunique, i.indisvalid,
            i.indimmediate, i.indisreplident, i.indisclustered,
            (SELECT array_agg(coalesce(a.attstattarget, -1) ORDER BY attnum) FROM pg_attribute a WHERE a.attrelid = x.oid)
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_namespace n ON n.oid = x.relnamespace WHERE n.nspname = %(schema)s ORDER BY 1""",
    "constraints": """
        SELECT c.relname, k.conname, k.contype, pg_get_constraintdef(k.oid), k.convalidated,
            k.condeferrable, k.condeferred, obj_description(k.oid, 'pg_constraint')
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %(schema)s ORDER BY 1, 2""",
    "triggers": """
        SELECT c.relname, g.tgname, pg_get_triggerdef(g.oid), g.tgenabled
        FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = %(schema)s AND NOT g.tgisinternal ORDER BY 1, 2""",
    "rules": "SELECT tablename, rulename, definition FROM pg_rules WHERE schemaname = %(schema)s ORDER BY 1, 2",
    "policies": """
        SELECT tablename, policyname, permissive, roles, cmd, qual, with_check
        FROM pg_policies WHERE schemaname = %(schema)s ORDER BY 1, 2""",
    "statistics": """
        SELECT x.stxname, pg_get_statisticsobjdef(x.oid) FROM pg_statistic_ext x
        JOIN pg_namespace n ON n.oid = x.stxnamespace WHERE n.nspname = %(schema)s ORDER BY 1""",
    "sequences": """
        SELECT sequencename, data_type::text, start_value, min_value, max_value, increment_by, cycle, cache_size
        FROM pg_sequences WHERE schemaname = %(schema)s ORDER BY 1""",
}


def snapshot(connection: Connection[Any], schema: str) -> dict[str, list[Any]]:
    """Return it, part by part."""
    with connection.transaction():
        connection.execute("SET LOCAL search_path TO ''")
        return {
            part: connection.execute(query.encode(), {"schema": schema}).fetchall()
            for part, query in _QUERIES.items()
        }


def schemas(connection: Connection[Any]) -> list[str]:
    """Return the names of schemas that loads have made."""
    rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tablecopy%'")
    return [row[0] for row in rows.fetchall()]
