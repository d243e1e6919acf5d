"""Temporary tables that hold what live ones would hold, and refuse none of it."""

from __future__ import annotations

from backend.schema.tables import TargetTable
from backend.tablecopy.postgres.session import Session

# A domain's column takes all that the domain's own type takes, and NULL too. A sequence would
# count on, and no rollback takes that back.
_DEFINITION = """
    WITH RECURSIVE a AS (SELECT c.relname, a.*, t.typdefaultbin, t.typdefault
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_type t ON t.oid = a.atttypid WHERE n.nspname = %s AND c.relname = %s),
        base AS (SELECT attnum, atttypid AS oid, atttypmod AS typmod FROM a UNION ALL
            SELECT b.attnum, t.typbasetype, t.typtypmod FROM base b
            JOIN pg_type t ON t.oid = b.oid AND t.typtype = 'd')
    SELECT format('CREATE TEMP TABLE %%I (%%s) ON COMMIT DROP', a.relname,
        string_agg(format('%%I %%s', a.attname, format_type(b.oid, b.typmod))
            || coalesce(' COLLATE ' || quote_ident(m.nspname) || '.' || quote_ident(l.collname), '')
            || CASE a.attgenerated WHEN '' THEN coalesce(' DEFAULT ' || coalesce(
                    pg_get_expr(f.adbin, f.adrelid), pg_get_expr(a.typdefaultbin, 0)), '')
                ELSE format(' GENERATED ALWAYS AS (%%s) %%s', pg_get_expr(f.adbin, f.adrelid),
                    CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END) END,
            ', ' ORDER BY a.attnum))
    FROM a JOIN base b ON b.attnum = a.attnum
        AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid = b.oid AND t.typtype = 'd')
    LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_attrdef'::regclass
            AND d.objid = f.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid IN
                (SELECT s.oid FROM pg_class s WHERE s.relkind = 'S'))
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_namespace m ON m.oid = l.collnamespace
    GROUP BY a.relname"""


def make_copy(session: Session, table: TargetTable) -> None:
    """Make an empty table of the same name in `pg_temp`, without a constraint, in one heap."""
    with session.transaction():
        # Names then come out with their schema.
        session.execute("SET LOCAL search_path TO ''")
        row = session.execute(_DEFINITION, (table.schema, table.name)).fetchone()
        assert row is not None  # noqa: S101 - the table has been read a moment ago
        session.execute(str(row[0]).encode())
