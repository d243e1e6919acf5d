"""Every reason of the target's own why a run would be refused: for rehearsals and runs alike.

A reason that is about tables being exchanged belongs into `swap_obstacles`, where the exchange
itself asks for it once more, under its locks; all others are a function in `_CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from backend.tablecopy.obstacle import Intent, Method, Obstacle
from backend.tablecopy.postgres.blueprint import exchange_obstacles
from backend.tablecopy.postgres.privileges import (
    closed_sequences,
    hidden_rows,
    missing_on_database,
    missing_on_tables,
)
from backend.tablecopy.postgres.replication import unidentified_rows
from backend.tablecopy.postgres.session import Session
from backend.tablecopy.postgres.tables import table_oids

_RULES = """
    SELECT c.relname, quote_ident(w.rulename), c.oid::regclass::text
    FROM pg_class c JOIN pg_rewrite w ON w.ev_class = c.oid
    WHERE c.oid = ANY(%(oids)s) AND w.ev_type::text = ANY(%(events)s)
        AND w.ev_enabled IN ('O', 'A') ORDER BY 1, 2"""

Check = Callable[[Session, Intent], Iterator[Obstacle]]


def target_obstacles(session: Session, intent: Intent) -> tuple[Obstacle, ...]:
    """Return everything on the target that this intent would meet."""
    with session.transaction():
        # Whatever is not Postgres's own then comes out with its schema.
        session.execute("SET LOCAL search_path TO ''")
        return tuple(one for check in _CHECKS for one in check(session, intent))


def _not_to_be_exchanged(session: Session, intent: Intent) -> Iterator[Obstacle]:
    if intent.method is Method.SWAP:
        for table, reason in exchange_obstacles(session, intent.schema, intent.tables):
            yield Obstacle(reason, f"{intent.in_place} leaves the tables in place", table)


def _rewritten(session: Session, intent: Intent) -> Iterator[Obstacle]:
    """Name rules that make another statement of what merges rows: COPY knows none, a merge does."""
    if not intent.merged:
        return
    events = ["2", "3", *(["4"] if intent.deletes else [])]
    values = {"oids": table_oids(session, intent.schema, intent.tables), "events": events}
    for table, rule, name in session.execute(_RULES.encode(), values).fetchall():
        lifted = f"ALTER TABLE {name} DISABLE RULE {rule} for the transfer"
        reason = f"rule {rule} makes something else of what is written to it"
        yield Obstacle(reason, f"{lifted}, or --truncate, which loads past it", table)


_CHECKS: tuple[Check, ...] = (
    missing_on_database,
    missing_on_tables,
    hidden_rows,
    closed_sequences,
    unidentified_rows,
    _rewritten,
    _not_to_be_exchanged,
)
