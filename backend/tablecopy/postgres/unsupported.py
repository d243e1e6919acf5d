"""What a table can have that is not made again, so that such a table is not exchanged.

Each query answers (table, reason). `t` are the tables with what goes with them when they are
dropped; what hangs on them otherwise is looked for in `swap_obstacles`.
"""

from __future__ import annotations

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
_INDEXES = """
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

UNSUPPORTED = (
    *(f"{_WHOLE} {query}" for query in (_COMMENTED, _LABELS, _ROW_TYPES, _EXTENSIONS, _GRANTORS)),
    _INDEXES,
    _SWITCHED_OFF,
    _IDENTITY,
    _STATISTICS,
)
