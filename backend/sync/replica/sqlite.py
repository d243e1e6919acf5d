"""A SQLite file as one side of a sync."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from backend.capture.change_log import sync_state_from
from backend.capture.sqlite_log import SQLiteCaptureCheck, as_json
from backend.capture.tables import SyncedTables
from backend.config.database_url import EngineName
from backend.db.session import SQLiteConnection
from backend.db.sql import Sql, name, statement
from backend.schema.sqlite import COLUMNS_OF_TABLES, columns_of_tables
from backend.schema.tables import Column
from backend.sync.replica.refusals import sqlite_refusals
from backend.sync.replica.replica import ReplicaState
from backend.sync.replica.sqlite_rows import SQLiteRows
from backend.sync.replica.transactions import Transactions


class SQLiteReplica(SQLiteRows, Transactions):
    """A file, through a connection that begins its transactions only when told to."""

    def __init__(self, connection: SQLiteConnection, where: str) -> None:
        super().__init__(connection)
        self._where = where

    @property
    def engine(self) -> EngineName:
        """Tell how it speaks SQL."""
        return "sqlite"

    @property
    def where(self) -> str:
        """Name the file."""
        return self._where

    def read_state(self, tables: SyncedTables) -> ReplicaState:
        """Read the file as it is at one moment."""
        held = {str(each) for (each,) in self._all("SELECT name FROM sqlite_master")}
        with self.transaction(write=False):
            known = self.log.remembered() if "tablecopy_sync" in held else {}
            return ReplicaState(
                self._revisions() if "alembic_version" in held else "",
                sync_state_from(known) if known else None,
                SQLiteCaptureCheck(tables, known, self.log.held_triggers()) if known else None,
                {each: self._count(each) for each in tables.names if each in held},
                self.log.touched_tables() if "tablecopy_changes" in held else frozenset(),
                self.log.number() if "tablecopy_stamps" in held else 0,
                self.columns(tables),
            )

    def columns(self, tables: SyncedTables) -> Mapping[str, tuple[Column, ...]]:
        """Ask for all tables at once."""
        return columns_of_tables(self._all(COLUMNS_OF_TABLES, (as_json(list(tables.names)),)))

    def holds(self, table: str, column: str) -> bool:
        """Ask for one row."""
        query = "SELECT EXISTS (SELECT 1 FROM {} WHERE {} IS NOT NULL)"
        return bool(self._one(statement(query, name(table), name(column))))

    def clock(self) -> str:
        """Return the machine's clock, as SQLite tells it."""
        return str(self._one(statement("SELECT strftime('%Y-%m-%d %H:%M:%f000', 'now')")))

    def refusals(self) -> AbstractContextManager[None]:
        """Turn errors about refused rows into `RowRefusedError`."""
        return sqlite_refusals()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Execute each write at once: there is no network to wait for."""
        with self.refusals():
            yield

    def check_now(self) -> None:
        """Leave it to the commit: what is deferred, SQLite does not check before."""

    def _commit(self, *, write: bool) -> None:
        if write:
            self._run("DELETE FROM tablecopy_applying")
        self._run("COMMIT")

    def _has_transaction(self) -> bool:
        # When the disk is full, for one, SQLite rolls back by itself.
        return self.connection.in_transaction

    def _begin(self, *, write: bool) -> None:
        self._run("BEGIN IMMEDIATE" if write else "BEGIN")
        if write:
            self.log.make_tables()
            self._run("INSERT INTO tablecopy_applying VALUES (1)")

    def _revisions(self) -> str:
        found = self._all("SELECT version_num FROM alembic_version ORDER BY 1")
        return ", ".join(str(revision) for (revision,) in found)

    def _count(self, table: str) -> int:
        return int(self._one(statement("SELECT count(*) FROM {}", name(table))))

    def _one(self, query: Sql) -> Any:  # whatever the query gives
        return self._all(query)[0][0]
