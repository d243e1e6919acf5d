"""Make a shadow of tables and take it back at once: what the server would refuse, it refuses now.

Rights on schemas, functions and types that definitions mention, roles that cannot be given a
table, event triggers: the server alone knows all that it asks for, and otherwise would say so
after the last row has been loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
from psycopg import errors

from backend.tablecopy.obstacle import Intent, Obstacle
from backend.tablecopy.postgres.session import Session
from backend.tablecopy.shadow.schema import make_shadow
from backend.tablecopy.shadow.table_ddl import Blueprint, Statement

# Nobody shall wait for a rehearsal.
_PATIENCE = "SET LOCAL lock_timeout = '1s'"
# What follows the making of bare tables, in an order in which one session can do it.
_PARTS = ("check", "index", "exclusion", "key", "foreign key", "validate", "dress", "polish")
_NOTHING_TO_REFUSE = """
    SELECT r.rolsuper AND NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtenabled <> 'D')
    FROM pg_roles r WHERE r.rolname = current_user"""
_SOON_OVER = (errors.LockNotAvailable, errors.DeadlockDetected)


def shadow_refused(session: Session, intent: Intent, blueprint: Blueprint) -> Iterator[Obstacle]:
    """Name what the server refuses to make; nothing of it stays."""
    if session.execute(_NOTHING_TO_REFUSE).fetchone() == (True,):
        return
    inner = _without_references_outwards(blueprint)
    statements = inner.part(*_PARTS)
    try:
        with session.transaction(force_rollback=True):
            session.execute(_PATIENCE)
            make_shadow(session, inner)
            # Sent as one text they are one journey to the server.
            session.execute("; ".join(one.text for one in statements).encode())
    except _SOON_OVER:
        return
    except psycopg.Error as error:
        if session.closed:
            raise
        yield from _each_refused(session, intent, inner, error)


def _each_refused(
    session: Session, intent: Intent, blueprint: Blueprint, first: psycopg.Error
) -> Iterator[Obstacle]:
    """Name the first that is refused of each table, or what is refused of them all."""
    found: dict[str, Obstacle] = {}
    try:
        with session.transaction(force_rollback=True):
            session.execute(_PATIENCE)
            make_shadow(session, blueprint)
            for one in blueprint.part(*_PARTS):
                error = _error(session, one) if one.table not in found else None
                if error is not None:
                    found[one.table] = _obstacle(intent, error, one.table)
    except psycopg.Error as error:
        first = error
    yield from found.values() or [_obstacle(intent, first, "")]


def _error(session: Session, statement: Statement) -> psycopg.Error | None:
    try:
        with session.transaction():
            session.execute(statement.text.encode())
    except psycopg.Error as error:
        return error
    return None


def _obstacle(intent: Intent, error: psycopg.Error, table: str) -> Obstacle:
    said = error.diag.message_primary or str(error)
    what = (
        "it cannot be made again beside itself" if table else "no tables to load into can be made"
    )
    return Obstacle(f"{what}: {said}", f"{intent.in_place} makes no tables of its own", table)


def _without_references_outwards(blueprint: Blueprint) -> Blueprint:
    """Leave out what would lock tables that do not travel."""
    keys = blueprint.part("foreign key")
    outwards = {(one.table, one.name) for one in keys if not one.refers}
    kept = (one for one in blueprint.statements if (one.table, one.name) not in outwards)
    return replace(blueprint, statements=tuple(kept))
