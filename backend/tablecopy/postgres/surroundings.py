"""What belongs to a table or hangs on it, and is put back once the table has its name again.

Read as in `definitions`; these statements name the live table, and run inside the swap.
"""

from __future__ import annotations

from backend.tablecopy.postgres.replication import REPLICATION
from backend.tablecopy.postgres.session import Row, Session

_TRIGGERS = """
    SELECT 'after', c.relname, 'trigger', s.statement FROM pg_class c
    JOIN pg_trigger g ON g.tgrelid = c.oid AND NOT g.tgisinternal
    CROSS JOIN LATERAL (SELECT 1, pg_get_triggerdef(g.oid) UNION ALL
        SELECT 2, format('ALTER TABLE %%I.%%I %%s TRIGGER %%I', %(schema)s::text, c.relname,
            CASE g.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                ELSE 'ENABLE ALWAYS' END, g.tgname) WHERE g.tgenabled <> 'O' UNION ALL
        SELECT 3, format('COMMENT ON TRIGGER %%I ON %%I.%%I IS %%L', g.tgname, %(schema)s::text,
            c.relname, obj_description(g.oid, 'pg_trigger'))
        WHERE obj_description(g.oid, 'pg_trigger') IS NOT NULL) s(place, statement)
    WHERE c.oid = ANY(%(oids)s) ORDER BY c.relname, g.tgname, s.place"""
_RULES = """
    SELECT 'after', c.relname, 'rule', s.statement FROM pg_class c
    JOIN pg_rewrite w ON w.ev_class = c.oid
    CROSS JOIN LATERAL (SELECT 1, pg_get_ruledef(w.oid) UNION ALL
        SELECT 2, format('ALTER TABLE %%I.%%I %%s RULE %%I', %(schema)s::text, c.relname,
            CASE w.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                ELSE 'ENABLE ALWAYS' END, w.rulename) WHERE w.ev_enabled <> 'O') s(place, statement)
    WHERE c.oid = ANY(%(oids)s) ORDER BY c.relname, w.rulename, s.place"""
_STATISTICS = """
    SELECT 'after', c.relname, 'statistics', pg_get_statisticsobjdef(x.oid)
    FROM pg_class c JOIN pg_statistic_ext x ON x.stxrelid = c.oid WHERE c.oid = ANY(%(oids)s)"""
_POLICIES = """
    SELECT 'after', c.relname, 'policy', format(
        'CREATE POLICY %%I ON %%I.%%I AS %%s FOR %%s TO %%s',
        p.polname, %(schema)s::text, c.relname,
        CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
            WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        (SELECT string_agg(coalesce(quote_ident(r.rolname), 'PUBLIC'), ', ')
            FROM unnest(p.polroles) e(oid) LEFT JOIN pg_roles r USING (oid)))
        || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
        || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
    FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid WHERE c.oid = ANY(%(oids)s)
    UNION ALL
    SELECT 'after', c.relname, 'row security', format('ALTER TABLE %%I.%%I %%s ROW LEVEL SECURITY',
        %(schema)s::text, c.relname, w.what)
    FROM pg_class c CROSS JOIN LATERAL (SELECT 'ENABLE' WHERE c.relrowsecurity UNION ALL
        SELECT 'FORCE' WHERE c.relforcerowsecurity) w(what) WHERE c.oid = ANY(%(oids)s)"""

# A sequence that a table owns would go with it; it stays, with its rights and its last value.
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
# References from tables that are not moved: for the moment of the swap they have nothing to hold.
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

_QUERIES = (_SEQUENCES, _REFERENCES, _STATISTICS, _RULES, _POLICIES, _TRIGGERS)

# Whatever else depends on a table, its columns or its row type would be lost with it.
_DEPENDENTS = """
    SELECT DISTINCT t.name, CASE WHEN d.classid = 'pg_rewrite'::regclass
        THEN (SELECT pg_describe_object('pg_class'::regclass, w.ev_class, 0)
            FROM pg_rewrite w WHERE w.oid = d.objid)
        ELSE pg_describe_object(d.classid, d.objid, 0) END
    FROM pg_depend d JOIN (
        SELECT 'pg_class'::regclass::oid, c.oid, c.relname FROM pg_class c
        WHERE c.oid = ANY(%(oids)s) UNION ALL
        SELECT 'pg_type'::regclass::oid, e.oid, c.relname FROM pg_class c
        JOIN pg_type e ON c.reltype IN (e.oid, e.typelem) WHERE c.oid = ANY(%(oids)s)
        ) t(classid, oid, name) ON d.refclassid = t.classid AND d.refobjid = t.oid
    WHERE CASE d.classid
        WHEN 'pg_class'::regclass THEN
            (SELECT c.relkind NOT IN ('i', 't', 'S') FROM pg_class c WHERE c.oid = d.objid)
            AND NOT d.objid = ANY(%(oids)s)
        WHEN 'pg_attrdef'::regclass THEN
            (SELECT NOT f.adrelid = ANY(%(oids)s) FROM pg_attrdef f WHERE f.oid = d.objid)
        WHEN 'pg_constraint'::regclass THEN
            (SELECT k.contype <> 'f' AND NOT k.conrelid = ANY(%(oids)s)
            FROM pg_constraint k WHERE k.oid = d.objid)
        WHEN 'pg_trigger'::regclass THEN
            (SELECT NOT g.tgisinternal AND NOT g.tgrelid = ANY(%(oids)s)
            FROM pg_trigger g WHERE g.oid = d.objid)
        WHEN 'pg_rewrite'::regclass THEN
            (SELECT NOT w.ev_class = ANY(%(oids)s) FROM pg_rewrite w WHERE w.oid = d.objid)
        WHEN 'pg_policy'::regclass THEN
            (SELECT NOT p.polrelid = ANY(%(oids)s) FROM pg_policy p WHERE p.oid = d.objid)
        WHEN 'pg_statistic_ext'::regclass THEN false
        WHEN 'pg_publication_rel'::regclass THEN false
        WHEN 'pg_type'::regclass THEN
            (SELECT e.typrelid = 0 AND e.typelem = 0 FROM pg_type e WHERE e.oid = d.objid)
        ELSE true END
    ORDER BY 1, 2"""
# What a plain table never is: these cannot be swapped at all.
_PECULIAR = """
    SELECT c.relname, CASE WHEN c.relkind = 'p' THEN 'it is partitioned'
        WHEN c.reloftype <> 0 THEN 'it is made from a type'
        WHEN i.inhrelid = c.oid THEN 'it inherits from another table'
        ELSE 'another table inherits from it' END
    FROM pg_class c LEFT JOIN pg_inherits i ON c.oid IN (i.inhrelid, i.inhparent)
    WHERE c.oid = ANY(%(oids)s) AND (c.relkind = 'p' OR c.reloftype <> 0 OR i.inhrelid IS NOT NULL)
    UNION
    SELECT c.relname, format('it belongs to %%s', r.rolname)
    FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner
    WHERE c.oid = ANY(%(oids)s) AND NOT pg_has_role(r.oid, 'USAGE')
    ORDER BY 1, 2"""


def surroundings(session: Session, *, schema: str, oids: list[int]) -> list[Row]:
    """Return what makes one `Statement` each, for what runs around the exchange of names."""
    values = {"schema": schema, "oids": oids}
    found: list[Row] = []
    for query in _QUERIES:
        found += session.execute(query.encode(), values).fetchall()
    return found


def obstacles(session: Session, oids: list[int]) -> list[str]:
    """Name what would not survive the swap of these tables."""
    values = {"oids": oids}
    found: list[Row] = []
    for query in (_PECULIAR, *REPLICATION):
        found += session.execute(query.encode(), values).fetchall()
    said = [f"{table}: {why}" for table, why in found]
    hanging = session.execute(_DEPENDENTS.encode(), values).fetchall()
    return said + [f"{table}: {what} depends on it" for table, what in hanging]
