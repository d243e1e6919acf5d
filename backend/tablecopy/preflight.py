"""Every reason of the target's own why a run would be refused: for rehearsals and runs alike.

A reason that is about tables being exchanged belongs into `swap_obstacles`, where the exchange
itself asks for it once more, under its locks; all others are a function in `_CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from psycopg import sql

from backend.tablecopy.login_privileges import (
    closed_functions,
    closed_sequences,
    hidden_rows,
    missing_on_database,
    missing_on_tables,
)
from backend.tablecopy.obstacle import Intent, Method, Obstacle
from backend.tablecopy.postgres.session import Session
from backend.tablecopy.postgres.tables import table_oids
from backend.tablecopy.shadow.dry_run import shadow_refused
from backend.tablecopy.shadow.schema import new_name
from backend.tablecopy.shadow.table_ddl import draft

_READ_ONLY = """
    SELECT quote_ident(current_user), quote_ident(current_database()), pg_is_in_recovery()
    WHERE pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"""
_RULES = """
    SELECT c.relname, quote_ident(w.rulename), c.oid::regclass::text
    FROM pg_class c JOIN pg_rewrite w ON w.ev_class = c.oid
    WHERE c.oid = ANY(%(oids)s) AND w.ev_type::text = ANY(%(events)s)
        AND w.ev_enabled IN ('O', 'A') ORDER BY 1, 2"""
# Which row has changed is told by an identity; without one Postgres refuses to change any. Rows
# that no key tells apart are never changed, only deleted.
_UNIDENTIFIED = """
    SELECT DISTINCT c.relname, c.oid::regclass::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_publication_tables t ON t.schemaname = n.nspname AND t.tablename = c.relname
    JOIN pg_publication p ON p.pubname = t.pubname
    WHERE n.nspname = %(schema)s AND c.relname = ANY(%(tables)s) AND c.relreplident <> 'f'
        AND has_table_privilege(c.oid, 'SELECT') AND NOT row_security_active(c.oid)
        AND (p.pubdelete AND %(deletes)s OR p.pubupdate AND EXISTS (SELECT FROM pg_index i
            WHERE i.indrelid = c.oid AND i.indisunique))
        AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indimmediate
            AND CASE c.relreplident WHEN 'd' THEN i.indisprimary ELSE i.indisreplident END)
    ORDER BY 1"""

Check = Callable[[Session, Intent], Iterator[Obstacle]]


def target_obstacles(session: Session, intent: Intent) -> tuple[Obstacle, ...]:
    """Return everything on the target that this intent would meet; nothing stays there."""
    with session.transaction():
        # Whatever is not Postgres's own then comes out with its schema.
        session.execute("SET LOCAL search_path TO ''")
        found = [one for check in _CHECKS for one in check(session, intent)]
        if intent.method is Method.SWAP and intent.tables:
            found += _exchange(session, intent, may_try=not found)
    return tuple(found)


def _exchange(session: Session, intent: Intent, *, may_try: bool) -> Iterator[Obstacle]:
    """Name what keeps tables from being exchanged, at last by trying to make them again."""
    blueprint, reasons = draft(
        session, schema=intent.schema, shadow=new_name(), tables=intent.tables
    )
    for table, reason in reasons:
        yield Obstacle(reason, f"{intent.in_place} leaves the tables in place", table)
    if may_try and not (reasons or intent.tried):
        yield from shadow_refused(session, intent, blueprint)


def _read_only(session: Session, intent: Intent) -> Iterator[Obstacle]:
    """Name a server, or a login, that takes no writes at all."""
    row = session.execute(_READ_ONLY).fetchone() if intent.method is not Method.NONE else None
    if row is None:
        return
    who, database, standby = row
    if standby:
        yield Obstacle("the server is a standby, which is only read", "name the primary server")
        return
    lifted = f"ALTER ROLE {who} IN DATABASE {database} SET default_transaction_read_only = off"
    yield Obstacle(f"{who} may only read there (default_transaction_read_only)", lifted)


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


def _unidentified_rows(session: Session, intent: Intent) -> Iterator[Obstacle]:
    """Name published tables whose rows could not be changed."""
    if not intent.merged:
        return
    values = {"schema": intent.schema, "tables": list(intent.tables), "deletes": intent.deletes}
    for table, name in session.execute(_UNIDENTIFIED.encode(), values).fetchall():
        if _holds_rows(session, intent.schema, table):
            reason = "it is published, and nothing tells subscribers which row has changed"
            yield Obstacle(reason, f"ALTER TABLE {name} REPLICA IDENTITY FULL", table)


def _holds_rows(session: Session, schema: str, table: str) -> bool:
    query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(schema, table))
    return session.execute(query).fetchone() == (True,)


_CHECKS: tuple[Check, ...] = (
    _read_only,
    missing_on_database,
    missing_on_tables,
    hidden_rows,
    closed_sequences,
    _unidentified_rows,
    closed_functions,
    _rewritten,
)
