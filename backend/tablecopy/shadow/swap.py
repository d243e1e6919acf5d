"""Let loaded tables take the place of the live ones, in one short transaction.

The live tables are dropped and the new ones moved to their schema, where they keep the names that
they already have. That is simpler than renaming both, and safer: DROP without CASCADE is Postgres's
own proof that nothing hangs on the old tables that has not been put on the new ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg import errors, sql
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay
from tenacity.wait import wait_random_exponential

from backend.errors import DatabaseError, RefusedError
from backend.schema.tables import PostgresTable
from backend.tablecopy.contents import contents, refuse_unless_empty
from backend.tablecopy.postgres.session import Session, configure, translated
from backend.tablecopy.sequences import counters, next_numbers, set_counters
from backend.tablecopy.shadow.schema import Shadow
from backend.tablecopy.shadow.table_ddl import read_blueprint

_BLOCKED = (errors.LockNotAvailable, errors.DeadlockDetected)

_IN_THE_WAY = """
    SELECT a.pid, coalesce(nullif(a.application_name, ''), 'unnamed')
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE l.granted AND n.nspname = %s AND c.relname = ANY(%s) AND a.pid <> pg_backend_pid()
    ORDER BY a.xact_start LIMIT 1"""


@dataclass(frozen=True)
class Swap:
    """What takes whose place; `high_water` is the largest id that SQLite ever gave to a table."""

    shadow: Shadow
    tables: tuple[PostgresTable, ...]
    high_water: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SwapPatience:
    """How long one attempt waits for the locks, everybody else behind it, and all attempts."""

    lock_timeout: float = 2.0
    wait: float = 60.0


def swap(session: Session, what: Swap, patience: SwapPatience | None = None) -> None:
    """Exchange the tables; the live ones are locked for this moment alone.

    Raises:
        RefusedError: somebody wrote to them, or changed them, since the load began.
        DatabaseError: their locks were not to be had; everything is as before.
    """
    patience = patience or SwapPatience()
    attempts = Retrying(
        retry=retry_if_exception_type(_BLOCKED),
        wait=wait_random_exponential(multiplier=0.3, max=10),
        stop=stop_after_delay(patience.wait),
        retry_error_callback=lambda state: _give_up(session, what.shadow, state),
    )
    with translated("swapping the tables in"):
        # Nothing may ask for more time under the lock than the lock itself was worth.
        configure(session, {"lock_timeout": f"{int(patience.lock_timeout * 1000)}ms"})
        attempts(_exchange, session, what)
        configure(session, {"lock_timeout": "0"})


def _exchange(session: Session, what: Swap) -> None:
    blueprint = what.shadow.blueprint
    with session.transaction():
        _lock(session, blueprint.schema, blueprint.tables)
        # Nothing has changed yet, and nobody else can change it any more.
        _refuse_changes(session, what.shadow)
        numbers = next_numbers(session, what.shadow.name, counters(what.tables), what.high_water)
        # From here on we change things.
        for statement in blueprint.part("before"):
            session.execute(statement.text.encode())
        _drop(session, blueprint.schema, blueprint.tables)
        for table in blueprint.tables:
            _move(session, what.shadow.name, blueprint.schema, table)
        for statement in blueprint.part("after"):
            session.execute(statement.text.encode())
        set_counters(session, numbers)
        for statement in blueprint.part("rights"):
            session.execute(statement.text.encode())
        schema = sql.Identifier(what.shadow.name)
        session.execute(sql.SQL("DROP SCHEMA {}").format(schema))


def _lock(session: Session, schema: str, tables: Iterable[str]) -> None:
    # Always in the order of the names, so that two who do this cannot block each other.
    names = sql.SQL(", ").join(sql.Identifier(schema, table) for table in tables)
    session.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(names))


def _refuse_changes(session: Session, shadow: Shadow) -> None:
    """See that the live tables are what they were when the load began."""
    seen = shadow.blueprint
    if shadow.seeds is not None:
        refuse_unless_empty(contents(session, seen.schema, seen.tables), shadow.seeds)
    now = read_blueprint(session, schema=seen.schema, shadow=seen.shadow, tables=seen.tables)
    if now != seen:
        changed = sorted({one.table for one in set(now.statements) ^ set(seen.statements)})
        raise RefusedError(
            f"the schema of the target has changed while it was loaded: {', '.join(changed)}",
            hint="run the transfer again, and no migration beside it",
        )


def _drop(session: Session, schema: str, tables: Iterable[str]) -> None:
    # All in one statement: what they hold of each other does not count then.
    names = sql.SQL(", ").join(sql.Identifier(schema, table) for table in tables)
    session.execute(sql.SQL("DROP TABLE {}").format(names))


def _move(session: Session, shadow: str, schema: str, table: str) -> None:
    name = sql.Identifier(shadow, table)
    statement = sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(name, sql.Identifier(schema))
    session.execute(statement)


def _give_up(session: Session, shadow: Shadow, state: RetryCallState) -> None:
    blueprint = shadow.blueprint
    row = session.execute(_IN_THE_WAY, (blueprint.schema, list(blueprint.tables))).fetchone()
    who = f"process {row[0]} ({row[1]})" if row else "a transaction that has ended by now"
    cause = state.outcome.exception() if state.outcome else None
    raise DatabaseError(
        f"the tables of the target are in use by {who}",
        hint="end it and run the transfer again; the target is as it was",
    ) from (cause if isinstance(cause, psycopg.Error) else None)
