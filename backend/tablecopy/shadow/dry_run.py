"""Create a shadow and roll it back at once: what the server would refuse later, it refuses now.

Privileges on schemas, functions and types that definitions mention, roles that cannot own a table,
event triggers: only the server knows all that it checks, and otherwise it would say so after the
last row has been loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from backend.db.errors import LOCK_NOT_TAKEN, PostgresError, message
from backend.db.session import Session
from backend.db.sql import join
from backend.tablecopy.obstacle import Intent, Obstacle
from backend.tablecopy.shadow.schema import create_tables
from backend.tablecopy.shadow.table_ddl import DdlStatement, TableDdl

# Nobody shall wait for a dry run.
_TIMEOUT = "SET LOCAL lock_timeout = '1s'"
# All parts after the bare tables, in an order in which one session can run them.
_PARTS = ("check", "index", "exclusion", "key", "foreign key", "validate", "attributes", "marks")
_NOTHING_TO_REFUSE = """
    SELECT r.rolsuper AND NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtenabled <> 'D')
    FROM pg_roles r WHERE r.rolname = current_user"""


def dry_run_shadow(session: Session, intent: Intent, ddl: TableDdl) -> Iterator[Obstacle]:
    """Return what the server refuses to create; nothing of it stays."""
    if session.execute(_NOTHING_TO_REFUSE).fetchone() == (True,):
        return
    inner = _without_outer_references(ddl)
    statements = inner.part(*_PARTS)
    try:
        with session.transaction(force_rollback=True):
            session.execute(_TIMEOUT)
            create_tables(session, inner)
            # Sent as one text they take one round trip.
            session.execute(join("; ", (one.sql for one in statements)))
    except LOCK_NOT_TAKEN:
        return
    except PostgresError as error:
        if session.closed:
            raise
        yield from _each_refused(session, intent, inner, error)


def _each_refused(
    session: Session, intent: Intent, ddl: TableDdl, first: PostgresError
) -> Iterator[Obstacle]:
    """Return the first refusal of each table, or the refusal of them all."""
    found: dict[str, Obstacle] = {}
    try:
        with session.transaction(force_rollback=True):
            session.execute(_TIMEOUT)
            create_tables(session, ddl)
            for one in ddl.part(*_PARTS):
                error = _error(session, one) if one.table not in found else None
                if error is not None:
                    found[one.table] = _obstacle(intent, error, one.table)
    except PostgresError as error:
        first = error
    yield from found.values() or [_obstacle(intent, first, "")]


def _error(session: Session, statement: DdlStatement) -> PostgresError | None:
    try:
        with session.transaction():
            session.execute(statement.sql)
    except PostgresError as error:
        return error
    return None


def _obstacle(intent: Intent, error: PostgresError, table: str) -> Obstacle:
    what = (
        "it cannot be made again beside itself" if table else "no tables to load into can be made"
    )
    return Obstacle(
        f"{what}: {message(error)}", f"{intent.in_place} makes no tables of its own", table
    )


def _without_outer_references(ddl: TableDdl) -> TableDdl:
    """Leave out foreign keys that would lock tables which are not exchanged."""
    keys = ddl.part("foreign key")
    outwards = {(one.table, one.name) for one in keys if not one.refers}
    kept = (one for one in ddl.statements if (one.table, one.name) not in outwards)
    return replace(ddl, statements=tuple(kept))
