"""Who may do what with a table, as statements that let nobody do more or less with the new one.

Read as in `surroundings`. They come last of all: an owner who has taken rights from himself could
not put back what hangs on the table.
"""

from __future__ import annotations

# Somebody who passes on what he was given does so in his own name.
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
# What a new table gives away by default, and its owner's own, is taken back before.
_RIGHTS = f"""
    WITH o(relation, relname, relowner, columns, said, given, letter) AS ({_OBJECTS}),
    w AS (SELECT o.*, coalesce(o.given, acldefault(o.letter, o.relowner)) AS acl FROM o
        WHERE o.given IS NOT NULL OR EXISTS (SELECT FROM pg_default_acl))
    SELECT 'rights', o.relation, o.relname, concat_ws('; ', format('REVOKE ALL ON %%s FROM %%s',
        o.said, t.holders), g.said)
    FROM w o CROSS JOIN LATERAL (
        SELECT string_agg(DISTINCT coalesce(quote_ident(r.rolname), 'PUBLIC'), ', ')
        FROM (SELECT 0::oid UNION SELECT o.relowner UNION SELECT a.grantee
            FROM pg_default_acl f CROSS JOIN LATERAL aclexplode(f.defaclacl) a) h(oid)
        LEFT JOIN pg_roles r USING (oid)) t(holders) {_GRANTS}"""  # noqa: S608 - constants
_COLUMN_RIGHTS = f"""
    SELECT 'rights', o.relname, o.column, g.said FROM (SELECT c.relname, t.attname, c.relowner,
            format(' (%%I)', t.attname), format('%%I.%%I', %(schema)s::text, c.relname), t.attacl
        FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND NOT t.attisdropped
        WHERE c.oid = ANY(%(oids)s) AND t.attacl IS NOT NULL
        ) o(relname, "column", relowner, columns, said, acl) {_GRANTS}
    WHERE g.said IS NOT NULL"""  # noqa: S608 - constants

RIGHTS = (f"{_RIGHTS} ORDER BY 2, 3, 4", f"{_COLUMN_RIGHTS} ORDER BY 2, 3, 4")
