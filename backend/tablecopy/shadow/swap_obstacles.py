"""Why tables cannot be exchanged: what depends on them would be lost, or cannot be created again.

One query for each kind of reason; each returns (table, reason). `t` are the tables with what is
dropped together with them.
"""

from __future__ import annotations

from backend.db import sql
from backend.db.session import Session

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
# Tables that cannot be exchanged at all.
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
# A table gets into a publication by name, with its schema or with all others.
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
_WHOLE = """
    WITH RECURSIVE t(name, classid, oid) AS (
        SELECT c.relname, 'pg_class'::regclass::oid, c.oid FROM pg_class c
        WHERE c.oid = ANY(%(oids)s)
        UNION
        SELECT t.name, d.classid, d.objid FROM t JOIN pg_depend d ON d.refclassid = t.classid
            AND d.refobjid = t.oid AND d.deptype IN ('a', 'i', 'P', 'S')
        WHERE NOT (d.classid = 'pg_class'::regclass AND d.deptype = 'a' AND EXISTS (
            SELECT FROM pg_class s WHERE s.oid = d.objid AND s.relkind = 'S')))"""
# Comments are put back on what these catalogs hold, and on nothing else.
_COMMENTED = """
    SELECT DISTINCT t.name, format('a comment on %%s would be lost',
        pg_describe_object(t.classid, t.oid, 0))
    FROM t JOIN pg_description d ON d.classoid = t.classid AND d.objoid = t.oid
    WHERE NOT t.classid = ANY(ARRAY['pg_class', 'pg_constraint', 'pg_trigger', 'pg_rewrite',
        'pg_policy', 'pg_statistic_ext']::regclass[]) ORDER BY 1, 2"""
_LABELS = """
    SELECT t.name, format('a security label (%%s) on %%s would be lost', l.provider,
        pg_describe_object(l.classoid, l.objoid, l.objsubid))
    FROM t JOIN pg_seclabel l ON l.classoid = t.classid AND l.objoid = t.oid ORDER BY 1, 2"""
_ROW_TYPES = """
    SELECT t.name, format('rights on %%s would be lost', pg_describe_object(t.classid, t.oid, 0))
    FROM t JOIN pg_type e ON t.classid = 'pg_type'::regclass AND e.oid = t.oid
    WHERE e.typacl IS NOT NULL ORDER BY 1, 2"""
_EXTENSIONS = """
    SELECT t.name, format('%%s belongs to extension %%s', pg_describe_object(t.classid, t.oid, 0),
        e.extname)
    FROM t JOIN pg_depend d ON d.classid = t.classid AND d.objid = t.oid AND d.deptype = 'e'
    JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
    ORDER BY 1, 2"""
_INVALID_INDEXES = """
    SELECT c.relname, format('index %%I is not valid', x.relname)
    FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
    WHERE c.oid = ANY(%(oids)s) AND NOT (i.indisvalid AND i.indisready AND i.indislive)
    ORDER BY 1, 2"""
# As whoever copies rows by other means switches references off.
_SWITCHED_OFF = """
    SELECT DISTINCT c.relname, format('constraint %%I is switched off by its triggers', k.conname)
    FROM pg_class c JOIN pg_trigger g ON c.oid IN (g.tgrelid, g.tgconstrrelid)
    JOIN pg_constraint k ON k.oid = g.tgconstraint
    WHERE c.oid = ANY(%(oids)s) AND g.tgisinternal AND g.tgenabled <> 'O' ORDER BY 1, 2"""
_IDENTITY = """
    SELECT c.relname, format('sequence %%I counts in another type than its column', s.relname)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> ''
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = c.oid AND d.refobjsubid = a.attnum AND d.deptype = 'i'
    JOIN pg_class s ON s.oid = d.objid JOIN pg_sequence q ON q.seqrelid = s.oid
    WHERE c.oid = ANY(%(oids)s) AND q.seqtypid <> a.atttypid ORDER BY 1, 2"""
# Whoever passes on rights does so in his own name, and only somebody who may be him can do it anew.
_GRANTORS = """
    SELECT DISTINCT t.name, format('rights on it were passed on by %%I, in whose name this login'
        ' cannot speak', r.rolname)
    FROM t JOIN pg_class c ON t.classid = 'pg_class'::regclass AND c.oid = t.oid
    CROSS JOIN LATERAL (SELECT g.grantor FROM aclexplode(c.relacl) g UNION SELECT g.grantor
        FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) g WHERE a.attrelid = c.oid
        ) g(oid) JOIN pg_roles r ON r.oid = g.oid
    WHERE r.oid <> c.relowner AND NOT CASE WHEN current_setting('server_version_num')::int < 160000
        THEN pg_has_role(session_user, r.oid, 'MEMBER') ELSE pg_has_role(session_user, r.oid, 'SET')
        END ORDER BY 1, 2"""
_STATISTICS = """
    SELECT c.relname, format('statistics %%I.%%I belong to %%s, or lie where nothing may be made',
        n.nspname, x.stxname, r.rolname)
    FROM pg_class c JOIN pg_statistic_ext x ON x.stxrelid = c.oid
    JOIN pg_namespace n ON n.oid = x.stxnamespace JOIN pg_roles r ON r.oid = x.stxowner
    WHERE c.oid = ANY(%(oids)s) AND NOT (has_schema_privilege(n.oid, 'CREATE')
        AND has_schema_privilege(r.oid, n.oid, 'CREATE') AND pg_has_role(r.oid, 'USAGE'))
    ORDER BY 1, 2"""

_QUERIES = (
    *map(sql.statement, (_PECULIAR, _REFERENCES, _PUBLICATIONS, _SUBSCRIPTIONS, _SLOTS)),
    *(
        sql.statement("{} {}", sql.statement(_WHOLE), sql.statement(query))
        for query in (_COMMENTED, _LABELS, _ROW_TYPES, _EXTENSIONS, _GRANTORS)
    ),
    *map(sql.statement, (_INVALID_INDEXES, _SWITCHED_OFF, _IDENTITY, _STATISTICS)),
)


def swap_obstacles(session: Session, oids: list[int]) -> list[Reason]:
    """Return what would be lost by a swap of these tables, or prevents it: (table, reason)."""
    values = {"oids": oids}
    found: list[Reason] = []
    for query in _QUERIES:
        found += session.execute(query, values).fetchall()
    hanging = session.execute(_DEPENDENTS, values).fetchall()
    return found + [(table, f"{what} depends on it") for table, what in hanging]
