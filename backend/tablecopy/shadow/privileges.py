"""Queries for the access privileges of a table, as statements that give the new table the same.

They return rows as in `dependents`. They run last of all: an owner who has revoked privileges from
himself could not create again what depends on the table.
"""

from __future__ import annotations

from backend.db.sql import statement

# Whoever grants on what he was granted does so in his own name.
_GRANTS = """
    CROSS JOIN LATERAL (SELECT string_agg(CASE WHEN e.grantor = o.relowner THEN e.said ELSE format(
            'SET LOCAL ROLE %%I; %%s; SET LOCAL ROLE %%I', r.rolname, e.said, current_user) END,
            '; ' ORDER BY e.place)
        FROM (SELECT a.grantor, min(a.place), format('GRANT %%s ON %%s TO %%s%%s',
                string_agg(a.privilege_type || o.columns, ', ' ORDER BY a.privilege_type), o.said,
                coalesce(quote_ident(r.rolname), 'PUBLIC'),
                CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
            FROM aclexplode(o.acl) WITH ORDINALITY a(grantor, grantee, privilege_type,
                is_grantable, place) LEFT JOIN pg_roles r ON r.oid = a.grantee
            GROUP BY a.grantor, a.grantee, r.rolname, a.is_grantable) e(grantor, place, said)
        JOIN pg_roles r ON r.oid = e.grantor) g(said)"""
# The table itself, and the sequences of its identity columns.
_OBJECTS = """
    SELECT c.relname, o.relname, o.relowner, '', s.kind || format(' %%I.%%I', %(schema)s::text,
        o.relname), o.relacl, s.letter
    FROM pg_class c JOIN pg_depend d ON d.refobjid = c.oid AND d.refclassid = 'pg_class'::regclass
        AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
    JOIN pg_class o ON o.oid = d.objid AND o.relkind = 'S'
    CROSS JOIN LATERAL (SELECT 'SEQUENCE', 's'::"char") s(kind, letter)
    WHERE c.oid = ANY(%(oids)s) UNION ALL
    SELECT c.relname, c.relname, c.relowner, '', format('TABLE %%I.%%I', %(schema)s::text,
        c.relname), c.relacl, 'r' FROM pg_class c WHERE c.oid = ANY(%(oids)s)"""
# First the default privileges of a new table, and its owner's own, are revoked.
_TABLE_PRIVILEGES = statement(
    """
    WITH o(relation, relname, relowner, columns, said, given, letter) AS ({objects}),
    w AS (SELECT o.*, coalesce(o.given, acldefault(o.letter, o.relowner)) AS acl FROM o
        WHERE o.given IS NOT NULL OR EXISTS (SELECT FROM pg_default_acl))
    SELECT 'privileges', o.relation, o.relname, concat_ws('; ', format('REVOKE ALL ON %%s FROM %%s',
        o.said, t.holders), g.said)
    FROM w o CROSS JOIN LATERAL (
        SELECT string_agg(DISTINCT coalesce(quote_ident(r.rolname), 'PUBLIC'), ', ')
        FROM (SELECT 0::oid UNION SELECT o.relowner UNION SELECT a.grantee
            FROM pg_default_acl f CROSS JOIN LATERAL aclexplode(f.defaclacl) a) h(oid)
        LEFT JOIN pg_roles r USING (oid)) t(holders) {grants}
    ORDER BY 2, 3, 4""",
    objects=statement(_OBJECTS),
    grants=statement(_GRANTS),
)
_COLUMN_PRIVILEGES = statement(
    """
    SELECT 'privileges', o.relname, o.column, g.said FROM (SELECT c.relname, t.attname, c.relowner,
            format(' (%%I)', t.attname), format('%%I.%%I', %(schema)s::text, c.relname), t.attacl
        FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND NOT t.attisdropped
        WHERE c.oid = ANY(%(oids)s) AND t.attacl IS NOT NULL
        ) o(relname, "column", relowner, columns, said, acl) {grants}
    WHERE g.said IS NOT NULL ORDER BY 2, 3, 4""",
    grants=statement(_GRANTS),
)

PRIVILEGES = (_TABLE_PRIVILEGES, _COLUMN_PRIVILEGES)
