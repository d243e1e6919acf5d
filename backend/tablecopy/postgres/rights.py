"""Who may do what with a table, as statements that grant it on the table that is being made.

Read as in `definitions`.
"""

from __future__ import annotations

# Rights as they are, the owner's own going unsaid.
_RIGHTS = """
    WITH held AS (
        SELECT c.relname, 'TABLE' AS kind, c.relname AS name, c.relowner, a.* FROM pg_class c
        CROSS JOIN LATERAL aclexplode(c.relacl) a WHERE c.oid = ANY(%(oids)s)
        UNION ALL
        SELECT c.relname, 'SEQUENCE', s.relname, c.relowner, a.* FROM pg_class c
        JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.deptype = 'i'
            AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
        JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        CROSS JOIN LATERAL aclexplode(s.relacl) a WHERE c.oid = ANY(%(oids)s))
    SELECT 'dress', h.relname, 'rights', format('GRANT %%s ON %%s %%I.%%I TO %%s%%s',
        string_agg(h.privilege_type, ', ' ORDER BY h.privilege_type), h.kind, %(shadow)s::text,
        h.name, coalesce(quote_ident(r.rolname), 'PUBLIC'),
        CASE WHEN h.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM held h LEFT JOIN pg_roles r ON r.oid = h.grantee WHERE h.grantee <> h.relowner
    GROUP BY h.relname, h.kind, h.name, r.rolname, h.is_grantable"""
_COLUMN_RIGHTS = """
    SELECT 'dress', c.relname, 'rights', format('GRANT %%s (%%I) ON %%I.%%I TO %%s%%s',
        a.privilege_type, t.attname, %(shadow)s::text, c.relname,
        coalesce(quote_ident(r.rolname), 'PUBLIC'),
        CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid AND NOT t.attisdropped
    CROSS JOIN LATERAL aclexplode(t.attacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.oid = ANY(%(oids)s) AND a.grantee <> c.relowner"""
_DEFAULT_RIGHTS = """
    SELECT 'dress', c.relname, 'a', format('REVOKE ALL ON %%s %%I.%%I FROM %%s', k.kind,
        %(shadow)s::text, k.name, coalesce(quote_ident(r.rolname), 'PUBLIC'))
    FROM pg_class c
    CROSS JOIN LATERAL (SELECT 'TABLE', c.relname, 'r' UNION ALL
        SELECT 'SEQUENCE', s.relname, 'S' FROM pg_depend d
        JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S'
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
            AND d.refobjid = c.oid AND d.deptype = 'i') k(kind, name, letter)
    JOIN pg_default_acl f ON f.defaclobjtype = k.letter::"char"
    CROSS JOIN LATERAL aclexplode(f.defaclacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.oid = ANY(%(oids)s) AND a.grantee <> c.relowner GROUP BY c.relname, 4"""

# What a new table gives away by default is taken back before.
RIGHTS = (_DEFAULT_RIGHTS, _RIGHTS, _COLUMN_RIGHTS)
