"""A SQLite file as one side of a sync."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from backend.config.database_url import EngineName
from backend.db.sql import quoted
from backend.sync.replica.columns import SQLITE_COLUMNS, sqlite_columns
from backend.sync.replica.refusals import sqlite_refusals
from backend.sync.replica.replica import DatabaseColumn, ReplicaState, sync_state_from
from backend.sync.replica.sqlite_capture import LATER_COLUMNS, TABLES
from backend.sync.replica.sqlite_checks import SQLiteCaptureCheck
from backend.sync.replica.sqlite_log import SQLiteLog
from backend.sync.replica.sqlite_rows import as_json
from backend.sync.replica.tables import SyncedTables
from backend.sync.replica.transactions import Transactions


class SQLiteReplica(SQLiteLog, Transactions):
    """A file, through a connection that begins its transactions only when told to."""

    def __init__(self, connection: sqlite3.Connection, where: str) -> None:
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
        """Look at the file as it is at one moment."""
        names = {str(name) for (name,) in self._all("SELECT name FROM sqlite_master")}
        with self.transaction(write=False):
            known = self._remembered() if "tablecopy_sync" in names else {}
            return ReplicaState(
                self._revisions() if "alembic_version" in names else "",
                sync_state_from(known) if known else None,
                SQLiteCaptureCheck(tables, known, self._triggers()) if known else None,
                {name: self._count(name) for name in tables.names if name in names},
                self._touched_tables() if "tablecopy_changes" in names else frozenset(),
                self._number() if "tablecopy_stamps" in names else 0,
                self.columns(tables),
            )

    def columns(self, tables: SyncedTables) -> Mapping[str, tuple[DatabaseColumn, ...]]:
        """Ask for all tables at once."""
        return sqlite_columns(self._all(SQLITE_COLUMNS, (as_json(list(tables.names)),)))

    def holds(self, table: str, column: str) -> bool:
        """Look for one row."""
        query = f"SELECT EXISTS (SELECT 1 FROM {quoted(table)} WHERE {quoted(column)} IS NOT NULL)"  # noqa: S608
        return bool(self._one(query))

    def clock(self) -> str:
        """Return the machine's clock, as SQLite tells it."""
        return str(self._one("SELECT strftime('%Y-%m-%d %H:%M:%f000', 'now')"))

    def refusals(self) -> AbstractContextManager[None]:
        """Let a row that is refused be told from all else that may be said."""
        return sqlite_refusals()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Let each write be done at once: there is no way to the file that could be long."""
        with self.refusals():
            yield

    def check_now(self) -> None:
        """Leave it to the commit: what is deferred, SQLite does not check before."""

    def _commit(self, *, write: bool) -> None:
        if write:
            self._run("DELETE FROM tablecopy_applying")
        self._run("COMMIT")

    def _roll_back(self) -> None:
        # A full disk, for one, has rolled back already.
        if self.connection.in_transaction:
            self._run("ROLLBACK")

    def _begin(self, *, write: bool) -> None:
        self._run("BEGIN IMMEDIATE" if write else "BEGIN")
        if write:
            self._make_tables()
            self._run("INSERT INTO tablecopy_applying VALUES (1)")

    def _revisions(self) -> str:
        found = self._all("SELECT version_num FROM alembic_version ORDER BY 1")
        return ", ".join(str(revision) for (revision,) in found)

    def _make_tables(self) -> None:
        for statement in TABLES:
            self._run(statement)
        held = {name for _, name, *_ in self._all("PRAGMA table_info(tablecopy_sync)")}
        for name, statement in LATER_COLUMNS.items():
            if name not in held:
                self._run(statement)

    def _remembered(self) -> dict[str, str | int]:
        cursor = self.connection.execute("SELECT * FROM tablecopy_sync")
        names = [column[0] for column in cursor.description]
        found = cursor.fetchone()
        return dict(zip(names, found, strict=True)) if found else {}

    def _triggers(self) -> dict[str, str]:
        return dict(self._all("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))

    def _touched_tables(self) -> frozenset[str]:
        found = self._all("SELECT DISTINCT tbl FROM tablecopy_changes")
        return frozenset(str(name) for (name,) in found)

    def _count(self, table: str) -> int:
        return int(self._one(f"SELECT count(*) FROM {quoted(table)}"))  # noqa: S608

    def _one(self, query: str) -> Any:  # whatever the query gives
        return self._all(query)[0][0]
