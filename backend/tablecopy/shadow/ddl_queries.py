"""Queries whose rows are the statements that create tables again, in Postgres's own words.

Each returns (part, table, name, statement), for a foreign key also the table that it refers to, for
the tables in `oids`. They run with an empty search path, so that Postgres qualifies every name;
what is created elsewhere is put into `shadow` by name. Nothing is parsed: a definition that does
not begin as expected comes out as NULL, and `table_ddl` refuses it.
"""

from __future__ import annotations

from backend.db.session import ResultRow, Session
from backend.db.sql import statement

# Without what makes a load slow: indexes, foreign keys and checks come afterwards. And without
# autovacuum, which would only get in the way of them.
_CREATE = """
    SELECT 'create', c.relname, c.relname, format(
        'CREATE %%sTABLE %%I.%%I (LIKE %%I.%%I INCLUDING DEFAULTS INCLUDING GENERATED'
        ' INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS) USING %%I'
        ' WITH (autovacuum_enabled = false)%%s',
        CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED ' ELSE '' END,
        %(shadow)s::text, c.relname, %(schema)s::text, c.relname, m.amname,
        ' TABLESPACE ' || quote_ident(t.spcname))
    FROM pg_class c JOIN pg_am m ON m.oid = c.relam
    LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace
    WHERE c.oid = ANY(%(oids)s)"""

_IDENTITY = """
    SELECT 'create', c.relname, s.relname, format(
        'ALTER TABLE %%I.%%I ALTER COLUMN %%I ADD GENERATED %%s AS IDENTITY (SEQUENCE NAME %%I.%%I'
        ' START %%s INCREMENT %%s MINVALUE %%s MAXVALUE %%s CACHE %%s%%s)',
        %(shadow)s::text, c.relname, a.attname,
        CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, %(shadow)s::text,
        s.relname, q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
        CASE WHEN q.seqcycle THEN ' CYCLE' END)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> ''
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
        AND d.refobjid = c.oid AND d.refobjsubid = a.attnum AND d.deptype = 'i'
    JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_sequence q ON q.seqrelid = s.oid
    WHERE c.oid = ANY(%(oids)s)"""

# Default privileges can take from an owner what the making of the table asks for.
_OWN_GRANTS = """
    SELECT 'create', c.relname, 'own rights', format('GRANT ALL ON %%s %%I.%%I TO %%I', o.kind,
        %(shadow)s::text, o.name, current_user)
    FROM pg_class c CROSS JOIN LATERAL (SELECT 'TABLE', c.relname UNION ALL
        SELECT 'SEQUENCE', s.relname
        FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        WHERE d.refobjid = c.oid AND d.refclassid = 'pg_class'::regclass
            AND d.classid = 'pg_class'::regclass AND d.deptype = 'i') o(kind, name)
    WHERE c.oid = ANY(%(oids)s) AND EXISTS (SELECT FROM pg_default_acl)"""

# All checks of a table in one statement, so that they are one pass over its rows. What the live
# table asks of rows that come is asked of these too; only then is it said to be not valid.
_CHECKS = """
    SELECT 'check', c.relname, 'checks', format('ALTER TABLE %%I.%%I ', %(shadow)s::text, c.relname)
        || string_agg(format('ADD CONSTRAINT %%I %%s', k.conname,
            CASE WHEN d.text LIKE '%% NOT VALID' THEN left(d.text, -10) ELSE d.text END),
            ', ' ORDER BY k.conname)
    FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'c'
    CROSS JOIN LATERAL (SELECT pg_get_constraintdef(k.oid)) d(text)
    WHERE c.oid = ANY(%(oids)s) GROUP BY c.relname"""

# An exclusion constraint, and a key WITHOUT OVERLAPS, cannot be made from an index.
_INDEXES = """
    SELECT 'index', c.relname, x.relname, format('CREATE %%sINDEX %%I ON %%I.%%I USING ',
            p.uniqueness, x.relname, %(shadow)s::text, c.relname)
        || CASE WHEN starts_with(p.definition, p.prefix)
            THEN substr(p.definition, length(p.prefix) + 1) END
    FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
    CROSS JOIN LATERAL (SELECT CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END) u(uniqueness)
    CROSS JOIN LATERAL (SELECT u.uniqueness, pg_get_indexdef(x.oid), format(
        'CREATE %%sINDEX %%I ON %%I.%%I USING ', u.uniqueness, x.relname,
        %(schema)s::text, c.relname)) p(uniqueness, definition, prefix)
    WHERE c.oid = ANY(%(oids)s) AND NOT i.indisexclusion"""

_KEYS = """
    SELECT CASE WHEN i.indisexclusion THEN 'exclusion' ELSE 'key' END, c.relname, k.conname,
        format('ALTER TABLE %%I.%%I ADD CONSTRAINT %%I ', %(shadow)s::text, c.relname, k.conname)
        || CASE WHEN i.indisexclusion THEN pg_get_constraintdef(k.oid) ELSE
            CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END
            || format(' USING INDEX %%I', x.relname)
            || CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END
            || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END END
    FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('p', 'u', 'x')
    JOIN pg_class x ON x.oid = k.conindid JOIN pg_index i ON i.indexrelid = x.oid
    WHERE c.oid = ANY(%(oids)s)"""

# Created NOT VALID, for which no row is read, and validated later: that takes weaker locks. With
# its comment, which must follow it.
_FOREIGN_KEYS = """
    SELECT 'foreign key', c.relname, k.conname,
        format('ALTER TABLE %%I.%%I ADD CONSTRAINT %%I ', %(shadow)s::text, c.relname, k.conname)
        || CASE WHEN starts_with(d.definition, d.prefix) THEN
            CASE WHEN o.oid = ANY(%(oids)s) THEN d.wanted ELSE d.prefix END
            || substr(d.definition, length(d.prefix) + 1) END
        || CASE WHEN k.convalidated THEN ' NOT VALID' ELSE '' END
        || coalesce(format('; COMMENT ON CONSTRAINT %%I ON %%I.%%I IS %%L', k.conname,
            %(shadow)s::text, c.relname, w.words), ''),
        CASE WHEN o.oid = ANY(%(oids)s) THEN o.relname ELSE '' END
    FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
    JOIN pg_class o ON o.oid = k.confrelid
    JOIN pg_namespace n ON n.oid = o.relnamespace
    LEFT JOIN LATERAL (SELECT obj_description(k.oid, 'pg_constraint')) w(words)
        ON w.words IS NOT NULL
    CROSS JOIN LATERAL (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY place)
        FROM unnest(k.conkey) WITH ORDINALITY e(attnum, place)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = e.attnum) l(columns)
    CROSS JOIN LATERAL (SELECT pg_get_constraintdef(k.oid),
        format('FOREIGN KEY (%%s) REFERENCES %%I.%%I(', l.columns, n.nspname, o.relname),
        format('FOREIGN KEY (%%s) REFERENCES %%I.%%I(', l.columns, %(shadow)s::text, o.relname)
        ) d(definition, prefix, wanted)
    WHERE c.oid = ANY(%(oids)s)"""
_VALIDATE = """
    SELECT 'validate', c.relname, k.conname, format('ALTER TABLE %%I.%%I VALIDATE CONSTRAINT %%I',
        %(shadow)s::text, c.relname, k.conname)
    FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
    WHERE c.oid = ANY(%(oids)s)
        AND (k.convalidated OR pg_get_constraintdef(k.oid) LIKE '%% NOT VALID')"""

_OWNER = """
    SELECT 'attributes', c.relname, 'owner', format('ALTER TABLE %%I.%%I OWNER TO %%I',
        %(shadow)s::text, c.relname, r.rolname)
    FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE c.oid = ANY(%(oids)s)"""
_OPTIONS = """
    SELECT 'attributes', c.relname, 'options', format('ALTER TABLE %%I.%%I '
            'RESET (autovacuum_enabled)', %(shadow)s::text, c.relname)
        || coalesce(', SET (' || string_agg(format('%%s%%s = %%L', o.prefix, o.name, o.value), ', ')
            FILTER (WHERE o.name IS NOT NULL) || ')', '')
    FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
    LEFT JOIN LATERAL (SELECT '', option_name, option_value FROM pg_options_to_table(c.reloptions)
        UNION ALL SELECT 'toast.', option_name, option_value FROM pg_options_to_table(t.reloptions)
        ) o(prefix, name, value) ON true
    WHERE c.oid = ANY(%(oids)s) GROUP BY c.relname"""
_COLUMNS = """
    SELECT 'attributes', c.relname, a.attname, format('ALTER TABLE %%I.%%I ALTER COLUMN %%I ',
        %(shadow)s::text, c.relname, a.attname) || o.what
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    CROSS JOIN LATERAL (
        SELECT format('SET STATISTICS %%s', a.attstattarget) WHERE a.attstattarget >= 0 UNION ALL
        SELECT 'SET (' || string_agg(format('%%s = %%L', option_name, option_value), ', ') || ')'
        FROM pg_options_to_table(a.attoptions) HAVING count(*) > 0) o(what)
    WHERE c.oid = ANY(%(oids)s) AND NOT a.attisdropped"""
_MARKS = """
    SELECT 'marks', c.relname, 'replica identity', format('ALTER TABLE %%I.%%I REPLICA IDENTITY ',
        %(shadow)s::text, c.relname) || CASE c.relreplident WHEN 'f' THEN 'FULL'
            WHEN 'n' THEN 'NOTHING' ELSE format('USING INDEX %%I', x.relname) END
    FROM pg_class c LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisreplident
    LEFT JOIN pg_class x ON x.oid = i.indexrelid
    WHERE c.oid = ANY(%(oids)s) AND c.relreplident <> 'd'
    UNION ALL
    SELECT 'marks', c.relname, 'cluster', format('ALTER TABLE %%I.%%I CLUSTER ON %%I',
        %(shadow)s::text, c.relname, x.relname)
    FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisclustered
    JOIN pg_class x ON x.oid = i.indexrelid WHERE c.oid = ANY(%(oids)s)"""
_INDEX_MARKS = """
    SELECT 'marks', c.relname, x.relname, format('ALTER INDEX %%I.%%I ', %(shadow)s::text,
        x.relname) || o.what
    FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
    CROSS JOIN LATERAL (
        SELECT format('ALTER COLUMN %%s SET STATISTICS %%s', a.attnum, a.attstattarget)
        FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attstattarget >= 0 UNION ALL
        SELECT format('SET TABLESPACE %%I', t.spcname) FROM pg_tablespace t
        WHERE t.oid = x.reltablespace UNION ALL
        SELECT 'SET (' || string_agg(format('%%s = %%L', option_name, option_value), ', ') || ')'
        FROM pg_options_to_table(x.reloptions) WHERE i.indisexclusion HAVING count(*) > 0 UNION ALL
        SELECT format('DEPENDS ON EXTENSION %%I', e.extname)
        FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = x.oid AND d.deptype = 'x') o(what)
    WHERE c.oid = ANY(%(oids)s)"""
_COMMENTS = """
    SELECT 'marks', c.relname, 'comment', format('COMMENT ON TABLE %%I.%%I IS %%L',
        %(shadow)s::text, c.relname, obj_description(c.oid, 'pg_class'))
    FROM pg_class c
    WHERE c.oid = ANY(%(oids)s) AND obj_description(c.oid, 'pg_class') IS NOT NULL
    UNION ALL
    SELECT 'marks', c.relname, x.relname, format('COMMENT ON INDEX %%I.%%I IS %%L',
        %(shadow)s::text, x.relname, obj_description(x.oid, 'pg_class'))
    FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
    WHERE c.oid = ANY(%(oids)s) AND obj_description(x.oid, 'pg_class') IS NOT NULL
    UNION ALL
    SELECT 'marks', c.relname, k.conname, format('COMMENT ON CONSTRAINT %%I ON %%I.%%I IS %%L',
        k.conname, %(shadow)s::text, c.relname, obj_description(k.oid, 'pg_constraint'))
    FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype NOT IN ('f', 't')
    WHERE c.oid = ANY(%(oids)s) AND obj_description(k.oid, 'pg_constraint') IS NOT NULL
    UNION ALL
    SELECT 'marks', c.relname, s.relname, format('COMMENT ON SEQUENCE %%I.%%I IS %%L',
        %(shadow)s::text, s.relname, obj_description(s.oid, 'pg_class'))
    FROM pg_class c JOIN pg_depend d ON d.refobjid = c.oid AND d.refclassid = 'pg_class'::regclass
        AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
    JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    WHERE c.oid = ANY(%(oids)s) AND obj_description(s.oid, 'pg_class') IS NOT NULL"""

# Of an unlogged table the sequence may be logged all the same, and the other way round.
_LOGGED = """
    SELECT 'marks', c.relname, s.relname, format('ALTER SEQUENCE %%I.%%I SET %%s',
        %(shadow)s::text, s.relname, CASE s.relpersistence WHEN 'u' THEN 'UNLOGGED'
            ELSE 'LOGGED' END)
    FROM pg_class c JOIN pg_depend d ON d.refobjid = c.oid AND d.refclassid = 'pg_class'::regclass
        AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
    JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
    WHERE c.oid = ANY(%(oids)s) AND s.relpersistence <> c.relpersistence"""
_NOT_VALID = """
    SELECT 'attributes', c.relname, k.conname, format('ALTER TABLE %%I.%%I DROP CONSTRAINT %%I,'
        ' ADD CONSTRAINT %%I %%s', %(shadow)s::text, c.relname, k.conname, k.conname,
        pg_get_constraintdef(k.oid))
    FROM pg_class c JOIN pg_constraint k ON k.conrelid = c.oid
    WHERE c.oid = ANY(%(oids)s) AND k.contype IN ('c', 'n')
        AND pg_get_constraintdef(k.oid) LIKE '%% NOT VALID'"""

# Never run, only compared: whether somebody changed a column during the load.
_SIGNATURES = """
    SELECT 'columns', c.relname, a.attname, concat_ws(' ', a.attnum,
        format_type(a.atttypid, a.atttypmod), a.attcollation, a.attnotnull, a.attidentity,
        a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.oid = ANY(%(oids)s) AND NOT a.attisdropped"""

_STRUCTURE = (
    _CREATE,
    _IDENTITY,
    _OWN_GRANTS,
    _CHECKS,
    _INDEXES,
    _KEYS,
    _FOREIGN_KEYS,
    _VALIDATE,
)
_APPEARANCE = (_OWNER, _OPTIONS, _COLUMNS, _NOT_VALID, _MARKS, _INDEX_MARKS, _LOGGED, _COMMENTS)


def table_rows(session: Session, *, schema: str, shadow: str, oids: list[int]) -> list[ResultRow]:
    """Return the fields of one `DdlStatement` each, for all that is created before the swap."""
    values = {"schema": schema, "shadow": shadow, "oids": oids}
    found: list[ResultRow] = []
    for query in (*_STRUCTURE, *_APPEARANCE, _SIGNATURES):
        ordered = statement("{} ORDER BY 1, 2, 3, 4", statement(query))
        found += session.execute(ordered, values).fetchall()
    return found
