"""Check the target for every reason why a run would be refused, before anything is written.

A reason that is about tables being exchanged belongs into `shadow/swap_obstacles`, because the swap
checks it once more, under its locks; every other one is a function in `_CHECKS`.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend.db import sql
from backend.db.session import Session
from backend.tablecopy.login_privileges import (
    hidden_rows,
    missing_on_database,
    missing_on_functions,
    missing_on_sequences,
    missing_on_tables,
)
from backend.tablecopy.obstacle import Intent, Method, Obstacle
from backend.tablecopy.shadow.dry_run import dry_run_shadow
from backend.tablecopy.shadow.schema import new_shadow_name
from backend.tablecopy.shadow.table_ddl import inspect_table_ddl
from backend.tablecopy.target import table_oids

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


def target_obstacles(session: Session, intent: Intent) -> tuple[Obstacle, ...]:
    """Return every obstacle to this intent on the target; nothing stays there."""
    with session.transaction():
        # Names that are not Postgres's own then come out with their schema.
        session.execute("SET LOCAL search_path TO ''")
        found = [one for check in _CHECKS for one in check(session, intent)]
        if intent.method is Method.SWAP and intent.tables:
            found += _swap_obstacles(session, intent, may_try=not found)
    return tuple(found)


def _swap_obstacles(session: Session, intent: Intent, *, may_try: bool) -> Iterator[Obstacle]:
    """Return what keeps tables from being exchanged, at last by trying to create them."""
    ddl, reasons = inspect_table_ddl(
        session, schema=intent.schema, shadow=new_shadow_name(), tables=intent.tables
    )
    for table, reason in reasons:
        yield Obstacle(reason, f"{intent.in_place} leaves the tables in place", table)
    if may_try and not (reasons or intent.tried):
        yield from dry_run_shadow(session, intent, ddl)


def _read_only(session: Session, intent: Intent) -> Iterator[Obstacle]:
    """Return whether the server, or this login, takes no writes at all."""
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
    """Return rules that rewrite the statements of an update; COPY ignores them."""
    if not intent.merged:
        return
    events = ["2", "3", *(["4"] if intent.deletes else [])]
    values = {"oids": table_oids(session, intent.schema, intent.tables), "events": events}
    for table, rule, name in session.execute(_RULES, values).fetchall():
        lifted = f"ALTER TABLE {name} DISABLE RULE {rule} for the transfer"
        way_out = f"{lifted}, or --truncate, which loads past it"
        yield Obstacle(f"the rule {rule} rewrites what is written", way_out, table)


def _unidentified_rows(session: Session, intent: Intent) -> Iterator[Obstacle]:
    """Return published tables whose rows Postgres would refuse to change."""
    if not intent.merged:
        return
    for table, shown in session.execute(_UNIDENTIFIED, intent.values).fetchall():
        if _holds_rows(session, intent.schema, table):
            reason = "it is published, and nothing tells subscribers which row has changed"
            yield Obstacle(reason, f"ALTER TABLE {shown} REPLICA IDENTITY FULL", table)


def _holds_rows(session: Session, schema: str, table: str) -> bool:
    query = sql.statement("SELECT EXISTS (SELECT FROM {})", sql.name(schema, table))
    return session.execute(query).fetchone() == (True,)


_CHECKS = (
    _read_only,
    missing_on_database,
    missing_on_tables,
    hidden_rows,
    missing_on_sequences,
    _unidentified_rows,
    missing_on_functions,
    _rewritten,
)
