"""Corrections inside the app's database: the schema, its tables, and rights on later ones."""

from __future__ import annotations

from collections.abc import Iterator

from backend.bootstrap.corrections import Correction, correction, name_of, rights_corrections
from backend.bootstrap.functions import function_corrections
from backend.bootstrap.roles import (
    MANAGED,
    NO_RIGHTS,
    OBJECT_RIGHTS,
    OBJECT_WORDS,
    OWNER,
    PUBLIC,
    SCHEMA_RIGHTS,
    Rights,
)
from backend.db import sql
from backend.db.session import Session

_SCHEMA_OWNER = "SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public'"
_SCHEMA_RIGHTS = """
    SELECT coalesce(r.rolname, 'PUBLIC'), a.privilege_type FROM pg_namespace n
    CROSS JOIN aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
    LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE n.nspname = 'public'"""
# An extension's objects belong to it, and a column's sequence follows its table.
_RELATIONS = """
    SELECT c.relname, CASE c.relkind WHEN 'S' THEN 'S' ELSE 'r' END, o.rolname,
        EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
            AND d.objid = c.oid AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
    FROM pg_class c JOIN pg_roles o ON o.oid = c.relowner
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
        AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass
            AND e.objid = c.oid AND e.deptype = 'e')
    ORDER BY 1"""
_RELATION_RIGHTS = """
    SELECT c.relname, coalesce(r.rolname, 'PUBLIC'), a.privilege_type FROM pg_class c
    CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.relnamespace = 'public'::regnamespace AND a.grantee <> c.relowner"""
# Defaults without a schema count for every schema, and a function is open to all unless told not.
_DEFAULT_RIGHTS = """
    SELECT coalesce(r.rolname, 'PUBLIC'), a.privilege_type
    FROM aclexplode(coalesce(
        (SELECT defaclacl FROM pg_default_acl WHERE defaclrole = %(owner)s::regrole
            AND defaclnamespace = 0 AND defaclobjtype = %(kind)s),
        acldefault((CASE %(kind)s WHEN 'S' THEN 's' ELSE %(kind)s END)::"char",
            %(owner)s::regrole))) a
    LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE a.grantee <> %(owner)s::regrole"""
_AMCHECK_IS_MISSING = """
    SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck' AND installed_version IS NULL"""
_ON = {"r": "TABLE public.{}", "S": "SEQUENCE public.{}"}
# What the sync keeps beside the app's tables is for the owner alone.
_TOOLS_PREFIX = "tablecopy_"


def schema_corrections(session: Session) -> Iterator[Correction]:
    """Correct the owner of the schema and who may use it."""
    row = session.execute(_SCHEMA_OWNER).fetchone()
    if row is None:
        yield correction("create schema public", "CREATE SCHEMA public")
    if row != (OWNER,):
        yield correction(
            f"give schema public to {OWNER}",
            "ALTER SCHEMA public OWNER TO {}",
            sql.name(OWNER),
        )
    found: Rights = frozenset(session.execute(_SCHEMA_RIGHTS).fetchall())
    yield from rights_corrections(
        sql.statement("SCHEMA public"), "schema public", SCHEMA_RIGHTS, found
    )


def extension_corrections(session: Session) -> Iterator[Correction]:
    """Bring what a restore compares indexes with: on the restored server nothing can be installed.

    It is among the server's own objects, where no tool takes it for the app's.
    """
    if session.execute(_AMCHECK_IS_MISSING).fetchone():
        yield correction("install amcheck", "CREATE EXTENSION amcheck SCHEMA pg_catalog")


def default_corrections(session: Session) -> Iterator[Correction]:
    """Open what the owner creates later to the right roles from the start."""
    for kind, wanted in OBJECT_RIGHTS.items():
        words = OBJECT_WORDS[kind]
        rows = session.execute(_DEFAULT_RIGHTS, {"owner": OWNER, "kind": kind}).fetchall()
        found: Rights = frozenset(rows)
        for verb, link, pairs in (
            ("REVOKE", "FROM", found - wanted),
            ("GRANT", "TO", wanted - found),
        ):
            for role, privilege in sorted(pairs):
                yield correction(
                    f"{verb.lower()} {privilege} on future {words.lower()} {link.lower()} {role}",
                    "ALTER DEFAULT PRIVILEGES FOR ROLE {} {} {} ON {} {} {}",
                    sql.name(OWNER),
                    *map(sql.statement, (verb, privilege, words, link)),
                    name_of(role),
                )


def relation_corrections(session: Session) -> Iterator[Correction]:
    """Correct owner and rights of what is there already, after a restore for instance."""
    found: dict[str, set[tuple[str, str]]] = {}
    for name, role, privilege in session.execute(_RELATION_RIGHTS):
        if role == PUBLIC or role in MANAGED - {OWNER}:
            found.setdefault(name, set()).add((role, privilege))
    for name, kind, owner, follows in session.execute(_RELATIONS).fetchall():
        on = sql.statement(_ON[kind], sql.name(name))
        if owner != OWNER and not follows:
            yield correction(f"give {name} to {OWNER}", "ALTER {} OWNER TO {}", on, sql.name(OWNER))
        wanted = NO_RIGHTS if name.startswith(_TOOLS_PREFIX) else OBJECT_RIGHTS[kind]
        yield from rights_corrections(on, name, wanted, frozenset(found.get(name, ())))


# In the order in which they are to be applied.
PLANS = (
    schema_corrections,
    extension_corrections,
    default_corrections,
    relation_corrections,
    function_corrections,
)
