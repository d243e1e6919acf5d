"""What hangs on tables that would be lost if they were exchanged, and what cannot be exchanged.

One query for each kind of reason; each answers (table, reason).
"""

from __future__ import annotations

from backend.tablecopy.postgres.replication import REPLICATION
from backend.tablecopy.postgres.session import Session
from backend.tablecopy.postgres.unsupported import UNSUPPORTED

# A table and why.
Reason = tuple[str, str]

# Whatever else depends on a table, its columns, its row type or the sequence of an identity column
# would be lost with it. So would what is made for the new table and means the old one: a value of
# type regclass, a column of rows.
_DEPENDENTS = """
    SELECT DISTINCT t.name, CASE WHEN d.classid = 'pg_rewrite'::regclass
        THEN (SELECT pg_describe_object('pg_class'::regclass, w.ev_class, 0)
            FROM pg_rewrite w WHERE w.oid = d.objid)
        ELSE pg_describe_object(d.classid, d.objid, 0) END
    FROM pg_depend d JOIN (
        SELECT 'pg_class'::regclass::oid, c.oid, c.relname FROM pg_class c
        WHERE c.oid = ANY(%(oids)s) UNION ALL
        SELECT 'pg_class'::regclass, s.oid, c.relname FROM pg_class c
        JOIN pg_depend i ON i.refobjid = c.oid AND i.refclassid = 'pg_class'::regclass
            AND i.classid = 'pg_class'::regclass AND i.deptype = 'i'
        JOIN pg_class s ON s.oid = i.objid AND s.relkind = 'S' WHERE c.oid = ANY(%(oids)s) UNION ALL
        SELECT 'pg_type'::regclass, e.oid, c.relname FROM pg_class c
        JOIN pg_type e ON c.reltype IN (e.oid, e.typelem) WHERE c.oid = ANY(%(oids)s)
        ) t(classid, oid, name) ON d.refclassid = t.classid AND d.refobjid = t.oid
    WHERE CASE d.classid
        WHEN 'pg_class'::regclass THEN
            (SELECT CASE c.relkind WHEN 'i' THEN d.deptype = 'n' AND d.refobjsubid = 0
                WHEN 't' THEN false WHEN 'S' THEN false
                ELSE d.refclassid = 'pg_type'::regclass OR NOT c.oid = ANY(%(oids)s) END
            FROM pg_class c WHERE c.oid = d.objid)
        WHEN 'pg_attrdef'::regclass THEN
            (SELECT d.refobjsubid = 0 OR NOT f.adrelid = ANY(%(oids)s)
            FROM pg_attrdef f WHERE f.oid = d.objid)
        WHEN 'pg_constraint'::regclass THEN
            (SELECT k.contype <> 'f' AND (NOT k.conrelid = ANY(%(oids)s)
                OR d.refobjid <> k.conrelid AND d.refobjsubid = 0
                OR d.refobjid = k.conrelid AND k.conbin::text LIKE '%%:consttype 2205 %%')
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
# The references of other tables are taken off for a moment, and the moved tables' own made anew.
_REFERENCES = """
    SELECT c.relname, format('%%s, which refers to it, belongs to %%s', o.oid::regclass, r.rolname)
    FROM pg_class c JOIN pg_constraint k ON k.confrelid = c.oid AND k.contype = 'f'
    JOIN pg_class o ON o.oid = k.conrelid JOIN pg_roles r ON r.oid = o.relowner
    WHERE c.oid = ANY(%(oids)s) AND NOT o.oid = ANY(%(oids)s) AND NOT pg_has_role(r.oid, 'USAGE')
    UNION
    SELECT c.relname, format('it refers to %%s, and the right REFERENCES is missing there',
        o.oid::regclass)
    FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
    JOIN pg_class o ON o.oid = k.confrelid
    WHERE c.oid = ANY(%(oids)s) AND NOT o.oid = ANY(%(oids)s)
        AND NOT has_table_privilege(o.oid, 'REFERENCES')
    UNION
    SELECT c.relname, format('it refers to %%s, and the right USAGE is missing on its schema',
        o.oid::regclass)
    FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
    JOIN pg_class o ON o.oid = k.confrelid
    WHERE c.oid = ANY(%(oids)s) AND NOT has_schema_privilege(o.relnamespace, 'USAGE')
    ORDER BY 1, 2"""

_QUERIES = (_PECULIAR, _REFERENCES, *REPLICATION, *UNSUPPORTED)


def swap_obstacles(session: Session, oids: list[int]) -> list[Reason]:
    """Name what would not survive the swap of these tables: (table, reason)."""
    values = {"oids": oids}
    found: list[Reason] = []
    for query in _QUERIES:
        found += session.execute(query.encode(), values).fetchall()
    hanging = session.execute(_DEPENDENTS.encode(), values).fetchall()
    return found + [(table, f"{what} depends on it") for table, what in hanging]
