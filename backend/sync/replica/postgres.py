"""A Postgres as one side of a sync."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from backend.capture.change_log import sync_state_from
from backend.capture.postgres_log import NUMBERS, PostgresCaptureCheck, numbered
from backend.capture.postgres_triggers import BEGIN_APPLYING, END_APPLYING, TRIGGER
from backend.capture.tables import SyncedTables
from backend.config.database_url import EngineName
from backend.db.errors import NO_SUCH_TABLE
from backend.db.session import Session
from backend.db.sql import Sql, join, name, statement, value
from backend.schema.postgres import COLUMNS_OF_TABLES, columns_of_tables
from backend.schema.tables import Column
from backend.sync.replica.postgres_rows import PostgresRows
from backend.sync.replica.refusals import postgres_refusals
from backend.sync.replica.replica import ReplicaState
from backend.sync.replica.transactions import Transactions
from backend.values.kinds import ValueKind
from backend.values.portable_sql import read

_HELD = """
    SELECT to_regclass('alembic_version') IS NOT NULL,
        to_regclass('tablecopy_sync') IS NOT NULL,
        ARRAY(SELECT name FROM unnest(%s::text[]) AS n(name)
            WHERE to_regclass(quote_ident(name)) IS NOT NULL)"""
_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_BEGIN_WRITING = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ WRITE; " + BEGIN_APPLYING
_REVISIONS = "SELECT string_agg(version_num, ', ' ORDER BY version_num) FROM alembic_version"
_SYNC_STATE = "SELECT to_jsonb(s) FROM tablecopy_sync AS s"
_NUMBER = "SELECT last_value FROM tablecopy_stamps"
_TOUCHED = "SELECT array_agg(DISTINCT tbl) FROM tablecopy_changes"

_CAPTURED = """
    SELECT p.proname, md5(p.prosrc) FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
        JOIN unnest(%s::text[]) AS n(name) ON t.tgrelid = to_regclass(quote_ident(name))
    WHERE t.tgname = %s AND t.tgenabled = 'A'"""


@dataclass(frozen=True)
class _Existing:
    """What can be asked: whether migrations and syncs have left anything, and which tables."""

    schema: bool
    sync_state: bool
    tables: tuple[str, ...]


class PostgresReplica(PostgresRows, Transactions):
    """A database, through a connection that begins its transactions only when told to."""

    def __init__(self, connection: Session, where: str) -> None:
        super().__init__(connection)
        self._where = where

    @property
    def engine(self) -> EngineName:
        """Tell how it speaks SQL."""
        return "postgres"

    @property
    def where(self) -> str:
        """Name the database, without its password."""
        return self._where

    def read_state(self, tables: SyncedTables) -> ReplicaState:
        """Read everything in one round trip; in three where something is not there."""
        try:
            return self._read_state(
                tables, _Existing(schema=True, sync_state=True, tables=tables.names)
            )
        except NO_SUCH_TABLE:
            ((has_schema, has_state, held),) = self._all(_HELD, [list(tables.names)])
            return self._read_state(tables, _Existing(has_schema, has_state, tuple(held)))

    def _read_state(self, tables: SyncedTables, held: _Existing) -> ReplicaState:
        ask, wanted = self.connection.execute, list(tables.names)
        with self.connection.pipeline():
            schema = ask("SELECT current_schema()")
            columns = ask(COLUMNS_OF_TABLES, [wanted])
            revisions = ask(_REVISIONS) if held.schema else None
            state = ask(_SYNC_STATE) if held.sync_state else None
            captured = ask(_CAPTURED, [wanted, TRIGGER])
            numbers = ask(NUMBERS, [numbered(tables)])
            counts = ask(_counting(held.tables)) if held.tables else None
            # After the rows were counted: each statement sees what was committed before it.
            touched = ask(_TOUCHED) if held.sync_state else None
            number = ask(_NUMBER) if held.sync_state else None
        known = next(iter(state.fetchall()), (None,))[0] if state else None
        check = None
        if known:
            triggers: dict[str, str] = dict(captured.fetchall())
            oids = json.loads(numbers.fetchall()[0][0])
            where = str(schema.fetchall()[0][0])
            check = PostgresCaptureCheck(tables, where, known, triggers, oids)
        return ReplicaState(
            str(revisions.fetchall()[0][0] or "") if revisions else "",
            sync_state_from(known) if known else None,
            check,
            dict(counts.fetchall()) if counts else {},
            frozenset((touched.fetchall()[0][0] if touched else None) or ()),
            number.fetchall()[0][0] if number else 0,
            columns_of_tables(columns.fetchall()),
        )

    def columns(self, tables: SyncedTables) -> Mapping[str, tuple[Column, ...]]:
        """Ask the catalog."""
        return columns_of_tables(self._all(COLUMNS_OF_TABLES, [list(tables.names)]))

    def holds(self, table: str, column: str) -> bool:
        """Ask for one row."""
        query = statement(
            "SELECT EXISTS (SELECT 1 FROM {} WHERE {} IS NOT NULL)", name(table), name(column)
        )
        return bool(self._all(query)[0][0])

    def clock(self) -> str:
        """Return the server's clock."""
        clock = read(ValueKind.MOMENT, statement("clock_timestamp()"))
        return str(self._all(statement("SELECT {}", clock))[0][0])

    def refusals(self) -> AbstractContextManager[None]:
        """Turn errors about refused rows into `RowRefusedError`."""
        return postgres_refusals()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Send statements without waiting for the answers to those before."""
        with self.refusals(), self.connection.pipeline():
            yield

    def check_now(self) -> None:
        """Check deferred constraints now."""
        self._run("SET CONSTRAINTS ALL IMMEDIATE")

    def _begin(self, *, write: bool) -> None:
        self._run(_BEGIN_WRITING if write else _BEGIN_READING)

    def _commit(self, *, write: bool) -> None:
        self._run(END_APPLYING + "; COMMIT" if write else "COMMIT")

    def _has_transaction(self) -> bool:
        # The server rolls back what a lost connection has begun.
        return not (self.connection.closed or self.connection.broken)


def _counting(held: Sequence[str]) -> Sql:
    return join(
        " UNION ALL ",
        (statement("SELECT {}, count(*) FROM {}", value(each), name(each)) for each in held),
    )
