"""Exchange the live tables for loaded ones, in one short transaction.

The live tables are dropped and the new ones moved to their schema, under the names that they have
already. That is simpler than renaming both, and safer: DROP without CASCADE is Postgres's own proof
that nothing depends on the old tables which the new ones lack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay
from tenacity.wait import wait_random_exponential

from backend.db import sql
from backend.db.connect import configure
from backend.db.errors import LOCK_NOT_TAKEN, PostgresError, translated
from backend.db.session import Session
from backend.errors import DatabaseError, RefusedError
from backend.schema.tables import PostgresTable
from backend.tablecopy.contents import refuse_unless_empty
from backend.tablecopy.sequences import next_values, sequence_columns, set_sequences
from backend.tablecopy.shadow.schema import Shadow
from backend.tablecopy.shadow.table_ddl import read_table_ddl

_BLOCKING_PROCESS = """
    SELECT a.pid, coalesce(nullif(a.application_name, ''), 'unnamed')
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE l.granted AND n.nspname = %s AND c.relname = ANY(%s) AND a.pid <> pg_backend_pid()
    ORDER BY a.xact_start LIMIT 1"""


@dataclass(frozen=True)
class Swap:
    """What to exchange; `high_water` is the largest id that SQLite ever gave, by table."""

    shadow: Shadow
    tables: tuple[PostgresTable, ...]
    high_water: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SwapTimeouts:
    """Seconds that one attempt waits for the locks, with everybody else behind it, and all do."""

    lock_timeout: float = 2.0
    wait: float = 60.0


def swap(session: Session, what: Swap, timeouts: SwapTimeouts | None = None) -> None:
    """Exchange the tables; the live ones are locked during this transaction alone.

    Raises:
        RefusedError: somebody wrote to them, or changed them, since the load began.
        DatabaseError: their locks could not be taken; everything is as before.
    """
    timeouts = timeouts or SwapTimeouts()
    attempts = Retrying(
        retry=retry_if_exception_type(LOCK_NOT_TAKEN),
        wait=wait_random_exponential(multiplier=0.3, max=10),
        stop=stop_after_delay(timeouts.wait),
        retry_error_callback=lambda state: _give_up(session, what.shadow, state),
    )
    with translated("swapping the tables in"):
        # No statement under the locks may wait longer than for the locks themselves.
        configure(session, {"lock_timeout": f"{int(timeouts.lock_timeout * 1000)}ms"})
        attempts(_exchange, session, what)
        configure(session, {"lock_timeout": "0"})


def _exchange(session: Session, what: Swap) -> None:
    ddl = what.shadow.ddl
    with session.transaction():
        _lock(session, ddl.schema, ddl.tables)
        # Nothing has changed yet, and nobody else can change it any more.
        _refuse_changes(session, what.shadow)
        columns = sequence_columns(what.tables)
        numbers = next_values(session, what.shadow.name, columns, what.high_water)
        # From here on we change things.
        ddl.run(session, "before")
        _drop(session, ddl.schema, ddl.tables)
        for table in ddl.tables:
            _move(session, what.shadow.name, ddl.schema, table)
        ddl.run(session, "after")
        set_sequences(session, numbers)
        ddl.run(session, "privileges")
        schema = sql.name(what.shadow.name)
        session.execute(sql.statement("DROP SCHEMA {}", schema))


def _lock(session: Session, schema: str, tables: Iterable[str]) -> None:
    # Always in the order of the names, so that two swaps cannot deadlock.
    names = sql.join(", ", (sql.name(schema, table) for table in tables))
    session.execute(sql.statement("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", names))


def _refuse_changes(session: Session, shadow: Shadow) -> None:
    """Check that the live tables are what they were when the load began."""
    before = shadow.ddl
    if not shadow.replaces:
        refuse_unless_empty(session, before.schema, before.tables)
    now = read_table_ddl(session, schema=before.schema, shadow=before.shadow, tables=before.tables)
    if now != before:
        changed = sorted({one.table for one in set(now.statements) ^ set(before.statements)})
        raise RefusedError(
            f"the schema of the target has changed while it was loaded: {', '.join(changed)}",
            hint="run the transfer again, and no migration beside it",
        )


def _drop(session: Session, schema: str, tables: Iterable[str]) -> None:
    # In one statement, so that references between them do not matter.
    names = sql.join(", ", (sql.name(schema, table) for table in tables))
    session.execute(sql.statement("DROP TABLE {}", names))


def _move(session: Session, shadow: str, schema: str, table: str) -> None:
    name = sql.name(shadow, table)
    session.execute(sql.statement("ALTER TABLE {} SET SCHEMA {}", name, sql.name(schema)))


def _give_up(session: Session, shadow: Shadow, state: RetryCallState) -> None:
    ddl = shadow.ddl
    row = session.execute(_BLOCKING_PROCESS, (ddl.schema, list(ddl.tables))).fetchone()
    who = f"process {row[0]} ({row[1]})" if row else "a transaction that has ended by now"
    cause = state.outcome.exception() if state.outcome else None
    raise DatabaseError(
        f"the tables of the target are in use by {who}",
        hint="end it and run the transfer again; the target is as it was",
    ) from (cause if isinstance(cause, PostgresError) else None)
