"""Corrections of who may call the server's own functions; each database has rights of its own."""

from __future__ import annotations

from collections.abc import Iterator

from backend.bootstrap.corrections import Correction, rights_corrections
from backend.bootstrap.roles import FUNCTION_RIGHTS, MANAGED, NO_RIGHTS, Rights
from backend.db import sql
from backend.db.session import Session

# What everybody may do with a function that is not in our table is the operator's business.
_RIGHTS = """
    SELECT p.oid::regprocedure::text, coalesce(r.rolname, 'PUBLIC'), a.privilege_type
    FROM pg_proc p CROSS JOIN aclexplode(p.proacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE p.pronamespace = 'pg_catalog'::regnamespace
        AND (p.oid = ANY(%(known)s::regprocedure[]) OR r.rolname = ANY(%(managed)s))"""


def function_corrections(session: Session) -> Iterator[Correction]:
    """Open the functions that backups and migrations need, and close them to all others."""
    known = {"known": list(FUNCTION_RIGHTS), "managed": list(MANAGED)}
    found: dict[str, set[tuple[str, str]]] = {}
    for function, role, privilege in session.execute(_RIGHTS, known):
        found.setdefault(function, set()).add((role, privilege))
    for function in sorted(found.keys() | FUNCTION_RIGHTS.keys()):
        wanted: Rights = FUNCTION_RIGHTS.get(function, NO_RIGHTS)
        on = sql.statement("FUNCTION {}", sql.verbatim(function))
        yield from rights_corrections(
            on, f"function {function}", wanted, frozenset(found.get(function, ()))
        )
