"""Queries for what depends on a table and is created again once the new table has its name.

They return rows as in `ddl_queries`; these statements name the live table and run inside the swap.
"""

from __future__ import annotations

from backend.db.session import ResultRow, Session
from backend.db.sql import statement
from backend.tablecopy.shadow.privileges import PRIVILEGES

_TRIGGERS = """
    SELECT 'after', c.relname, 'trigger', s.statement FROM pg_class c
    JOIN pg_trigger g ON g.tgrelid = c.oid AND NOT g.tgisinternal
    CROSS JOIN LATERAL (SELECT 1, pg_get_triggerdef(g.oid) UNION ALL
        SELECT 2, format('ALTER TABLE %%I.%%I %%s TRIGGER %%I', %(schema)s::text, c.relname,
            CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                ELSE 'ENABLE ALWAYS' END, g.tgname) WHERE g.tgenabled <> 'O' UNION ALL
        SELECT 3, format('COMMENT ON TRIGGER %%I ON %%I.%%I IS %%L', g.tgname, %(schema)s::text,
            c.relname, obj_description(g.oid, 'pg_trigger'))
        WHERE obj_description(g.oid, 'pg_trigger') IS NOT NULL UNION ALL
        SELECT 4, format('COMMENT ON CONSTRAINT %%I ON %%I.%%I IS %%L', g.tgname, %(schema)s::text,
            c.relname, obj_description(g.tgconstraint, 'pg_constraint'))
        WHERE obj_description(g.tgconstraint, 'pg_constraint') IS NOT NULL UNION ALL
        SELECT 5, format('ALTER TRIGGER %%I ON %%I.%%I DEPENDS ON EXTENSION %%I', g.tgname,
            %(schema)s::text, c.relname, e.extname)
        FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid WHERE d.deptype = 'x'
            AND d.classid = 'pg_trigger'::regclass AND d.objid = g.oid) s(place, statement)
    WHERE c.oid = ANY(%(oids)s) ORDER BY c.relname, g.tgname, s.place"""
_RULES = """
    SELECT 'after', c.relname, 'rule', s.statement FROM pg_class c
    JOIN pg_rewrite w ON w.ev_class = c.oid
    CROSS JOIN LATERAL (SELECT 1, pg_get_ruledef(w.oid) UNION ALL
        SELECT 2, format('ALTER TABLE %%I.%%I %%s RULE %%I', %(schema)s::text, c.relname,
            CASE w.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                ELSE 'ENABLE ALWAYS' END, w.rulename) WHERE w.ev_enabled <> 'O' UNION ALL
        SELECT 3, format('COMMENT ON RULE %%I ON %%I.%%I IS %%L', w.rulename, %(schema)s::text,
            c.relname, obj_description(w.oid, 'pg_rewrite'))
        WHERE obj_description(w.oid, 'pg_rewrite') IS NOT NULL) s(place, statement)
    WHERE c.oid = ANY(%(oids)s) ORDER BY c.relname, w.rulename, s.place"""
_STATISTICS = """
    SELECT 'after', c.relname, 'statistics', s.statement
    FROM pg_class c JOIN pg_statistic_ext x ON x.stxrelid = c.oid
    JOIN pg_namespace n ON n.oid = x.stxnamespace JOIN pg_roles r ON r.oid = x.stxowner
    CROSS JOIN LATERAL (SELECT 1, pg_get_statisticsobjdef(x.oid) UNION ALL
        SELECT 2, format('ALTER STATISTICS %%I.%%I SET STATISTICS %%s', n.nspname, x.stxname,
            x.stxstattarget) WHERE x.stxstattarget >= 0 UNION ALL
        SELECT 3, format('COMMENT ON STATISTICS %%I.%%I IS %%L', n.nspname, x.stxname,
            obj_description(x.oid, 'pg_statistic_ext'))
        WHERE obj_description(x.oid, 'pg_statistic_ext') IS NOT NULL UNION ALL
        SELECT 4, format('ALTER STATISTICS %%I.%%I OWNER TO %%I', n.nspname, x.stxname, r.rolname)
        WHERE r.rolname <> current_user) s(place, statement)
    WHERE c.oid = ANY(%(oids)s) ORDER BY c.relname, n.nspname, x.stxname, s.place"""
_POLICIES = """
    SELECT 'after', c.relname, p.polname::text, format(
        'CREATE POLICY %%I ON %%I.%%I AS %%s FOR %%s TO %%s',
        p.polname, %(schema)s::text, c.relname,
        CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
            WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        (SELECT string_agg(coalesce(quote_ident(r.rolname), 'PUBLIC'), ', ')
            FROM unnest(p.polroles) e(oid) LEFT JOIN pg_roles r USING (oid)))
        || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
        || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
        || coalesce(format('; COMMENT ON POLICY %%I ON %%I.%%I IS %%L', p.polname,
            %(schema)s::text, c.relname, w.words), '')
    FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid
    LEFT JOIN LATERAL (SELECT obj_description(p.oid, 'pg_policy')) w(words) ON w.words IS NOT NULL
    WHERE c.oid = ANY(%(oids)s)
    UNION ALL
    SELECT 'after', c.relname, 'row security', format('ALTER TABLE %%I.%%I %%s ROW LEVEL SECURITY',
        %(schema)s::text, c.relname, w.what)
    FROM pg_class c CROSS JOIN LATERAL (SELECT 'ENABLE' WHERE c.relrowsecurity UNION ALL
        SELECT 'FORCE' WHERE c.relforcerowsecurity) w(what) WHERE c.oid = ANY(%(oids)s)
    ORDER BY 1, 2, 3, 4"""

# A sequence that a table owns would be dropped with it; it stays, with its last value.
_SEQUENCES = """
    SELECT w.part, c.relname, s.relname, format('ALTER SEQUENCE %%I.%%I OWNED BY ', n.nspname,
        s.relname) || w.owner
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = c.oid AND d.refobjsubid = a.attnum AND d.deptype = 'a'
    JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    JOIN pg_namespace n ON n.oid = s.relnamespace
    CROSS JOIN LATERAL (SELECT 'before', 'NONE' UNION ALL SELECT 'after', format('%%I.%%I.%%I',
        %(schema)s::text, c.relname, a.attname)) w(part, owner)
    WHERE c.oid = ANY(%(oids)s)"""
# References from tables that are not exchanged are dropped for the moment of the swap.
_REFERENCES = """
    SELECT s.part, c.relname, k.conname, s.statement
    FROM pg_class c JOIN pg_constraint k ON k.confrelid = c.oid AND k.contype = 'f'
    JOIN pg_class o ON o.oid = k.conrelid JOIN pg_namespace n ON n.oid = o.relnamespace
    CROSS JOIN LATERAL (SELECT 'before',
            format('ALTER TABLE %%I.%%I DROP CONSTRAINT %%I', n.nspname, o.relname, k.conname)
        UNION ALL SELECT 'after', format('ALTER TABLE %%I.%%I ADD CONSTRAINT %%I %%s',
            n.nspname, o.relname, k.conname, pg_get_constraintdef(k.oid))
        UNION ALL SELECT 'after', format('COMMENT ON CONSTRAINT %%I ON %%I.%%I IS %%L',
            k.conname, n.nspname, o.relname, obj_description(k.oid, 'pg_constraint'))
        WHERE obj_description(k.oid, 'pg_constraint') IS NOT NULL) s(part, statement)
    WHERE c.oid = ANY(%(oids)s) AND k.conparentid = 0 AND NOT k.conrelid = ANY(%(oids)s)
    ORDER BY c.relname, k.conname, s.part, s.statement"""

# All loaded rows satisfy them, and yet they are NOT VALID again, as before.
_NOT_VALID = """
    SELECT 'after', c.relname, k.conname, format('ALTER TABLE %%I.%%I DROP CONSTRAINT %%I,'
            ' ADD CONSTRAINT %%I %%s', %(schema)s::text, c.relname, k.conname, k.conname, d.text)
        || coalesce(format('; COMMENT ON CONSTRAINT %%I ON %%I.%%I IS %%L', k.conname,
            %(schema)s::text, c.relname, w.words), '')
    FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
    CROSS JOIN LATERAL (SELECT pg_get_constraintdef(k.oid)) d(text)
    LEFT JOIN LATERAL (SELECT obj_description(k.oid, 'pg_constraint')) w(words)
        ON w.words IS NOT NULL
    WHERE c.oid = ANY(%(oids)s) AND d.text LIKE '%% NOT VALID' ORDER BY c.relname, k.conname"""

_QUERIES = (_SEQUENCES, _REFERENCES, _NOT_VALID, _STATISTICS, _RULES, _POLICIES, _TRIGGERS)


def dependent_rows(session: Session, *, schema: str, oids: list[int]) -> list[ResultRow]:
    """Return the fields of one `DdlStatement` each, for all that runs inside the swap."""
    values = {"schema": schema, "oids": oids}
    found: list[ResultRow] = []
    for query in (*map(statement, _QUERIES), *PRIVILEGES):
        found += session.execute(query, values).fetchall()
    return found
