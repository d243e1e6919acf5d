"""The log of changes of a SQLite file, and whether it can be believed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backend.capture.change_log import ChangeLogEntry, SyncState
from backend.capture.sqlite_triggers import LATER_COLUMNS, TABLES, triggers
from backend.capture.sqlite_values import from_log, to_log
from backend.capture.tables import Key, Row, SyncedTable, SyncedTables
from backend.db.session import SQLiteConnection
from backend.db.sql import name, statement, text

_REMEMBER = """
    INSERT OR REPLACE INTO tablecopy_sync
        (one, token, previous, synced_at, coming, generation, seen)
    VALUES (1, :token, :previous, :synced_at, :coming, :generation, :seen)"""
_ROOTS = """
    SELECT DISTINCT root FROM tablecopy_changes
    WHERE tbl IN (SELECT value FROM json_each(?)) ORDER BY root"""
_ENTRIES = """
    SELECT tbl, key, base, stamp FROM tablecopy_changes
    WHERE root IN (SELECT value FROM json_each(?)) AND tbl IN (SELECT value FROM json_each(?))"""
_REPLACE = """
    UPDATE OR REPLACE tablecopy_changes SET key = replace(key, :old, :new),
        root = replace(root, :old, :new), base = replace(base, :old, :new)
    WHERE instr(key, :old) OR instr(root, :old) OR instr(base, :old)"""


class SQLiteChangeLog:
    """The log, through the connection of whoever reads and writes the rows."""

    def __init__(self, connection: SQLiteConnection) -> None:
        self._connection = connection

    def make_tables(self) -> None:
        """Make what the log is written to, if it is not there, or is of the first release."""
        for each in TABLES:
            self._run(each)
        held = {column for _, column, *_ in self._all("PRAGMA table_info(tablecopy_sync)")}
        for column, alter in LATER_COLUMNS.items():
            if column not in held:
                self._run(alter)

    def install(self, tables: SyncedTables) -> None:
        """Put every trigger in place that is not there, or is an older one."""
        held = self.held_triggers()
        for trigger, create in triggers(tables).items():
            if held.get(trigger) != create:
                drop = statement("DROP TRIGGER IF EXISTS {}", name(trigger))
                self._run(text(drop))
                self._run(create)

    def renew(self, tables: SyncedTables) -> None:
        """Put what is older in place anew."""
        self.install(tables)

    def remember(self, state: SyncState, tables: SyncedTables) -> int:
        """Keep it in the one row of its table; a file's tables tell by their triggers."""
        del tables
        self._run(_REMEMBER, vars(state))
        return self.number()

    def remembered(self) -> dict[str, str | int]:
        """Return what the last sync has left, by the names of the columns; empty: nothing."""
        cursor = self._connection.execute("SELECT * FROM tablecopy_sync")
        names = [column[0] for column in cursor.description]
        found = cursor.fetchone()
        return dict(zip(names, found, strict=True)) if found else {}

    def expect(self, tokens: str) -> int:
        """Keep them; alone, it is a transaction of its own."""
        self._run("UPDATE tablecopy_sync SET coming = ?", (tokens,))
        return self.number()

    def number(self) -> int:
        """Return how many changes were ever noted."""
        return int(self._all("SELECT last FROM tablecopy_stamps")[0][0])

    def start_over(self) -> None:
        """Forget the log and the last sync."""
        self._run("DELETE FROM tablecopy_changes")
        self._run("DELETE FROM tablecopy_sync")

    def held_triggers(self) -> dict[str, str]:
        """Return the statement that made each trigger of the file, by its name."""
        return dict(self._all("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))

    def touched_tables(self) -> frozenset[str]:
        """Return the tables of which a row has an entry."""
        found = self._all("SELECT DISTINCT tbl FROM tablecopy_changes")
        return frozenset(str(table) for (table,) in found)

    def touched_roots(self, tables: Sequence[SyncedTable]) -> list[Key]:
        """Return the keys of all owners of which a row has an entry; some may be no keys."""
        found = self._all(_ROOTS, (as_json([table.name for table in tables]),))
        return [tuple(json.loads(root)) for (root,) in found]

    def entries(self, tables: Sequence[SyncedTable], roots: Sequence[Key]) -> list[ChangeLogEntry]:
        """Return the entries of the rows that belong to these owners."""
        by_name = {table.name: table for table in tables}
        keys, names = as_json([as_json(root) for root in roots]), as_json(list(by_name))
        return [
            ChangeLogEntry(table, tuple(json.loads(key)), _base(by_name[table], base), stamp)
            for table, key, base, stamp in self._all(_ENTRIES, (keys, names))
        ]

    def forget(self, entries: Iterable[ChangeLogEntry]) -> None:
        """Remove entries whose rows were not changed again."""
        self._connection.executemany(
            "DELETE FROM tablecopy_changes WHERE tbl = ? AND key = ? AND stamp = ?",
            ((one.table, as_json(one.key), one.stamp) for one in entries),
        )

    def note(self, table: SyncedTable, bases: Mapping[Key, Row | None]) -> None:
        """Write entries as if these rows had been changed since the last sync."""
        width = len(table.root_columns)
        self._connection.executemany(
            "INSERT OR REPLACE INTO tablecopy_changes VALUES (?, ?, ?, ?, random())",
            (
                (table.name, as_json(key), as_json(key[:width]), _image(table, base))
                for key, base in bases.items()
            ),
        )

    def rekey(self, old: Key, new: Key) -> None:
        """Replace a key in every entry that holds it."""
        self._run(_REPLACE, {"old": old[0], "new": new[0]})

    def _all(self, query: str, values: Sequence[str] = ()) -> list[Any]:  # rows of any shape
        return self._connection.execute(query, values).fetchall()

    def _run(
        self, query: str, values: Sequence[Any] | Mapping[str, Any] = ()
    ) -> None:  # of any type
        self._connection.execute(query, values)


@dataclass(frozen=True)
class SQLiteCaptureCheck:
    """What a file holds of a sync.

    Args:
        tables: the tables that are to be captured.
        known: what the file remembers, by the names of the columns.
        captured: the statement that made each trigger, by its name.
    """

    tables: SyncedTables
    known: Mapping[str, str | int]
    captured: Mapping[str, str]

    def of(self, tables: SyncedTables) -> SQLiteCaptureCheck:
        """Return the check of these tables."""
        return replace(self, tables=tables)

    @property
    def problem(self) -> str:
        """Say why the log cannot be believed; empty: it can."""
        expected = triggers(self.tables)
        if missing := sorted(expected.keys() - self.captured.keys()):
            return f"its trigger {missing[0]} is gone"
        changed = any(self.captured[each] != create for each, create in expected.items())
        return "its schema has changed" if changed else ""

    @property
    def is_outdated(self) -> bool:
        """Tell whether it comes from the first release."""
        return not LATER_COLUMNS.keys() <= self.known.keys()


def as_json(value: object) -> str:
    """Write JSON as SQLite itself does, so that keys are found by their text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _image(table: SyncedTable, row: Row | None) -> str | None:
    if row is None:
        return None
    columns = zip(table.visible, row, strict=True)
    return as_json({column.name: to_log(column, value) for column, value in columns})


def _base(table: SyncedTable, image: str | None) -> Row | None:
    if image is None:
        return None
    held = json.loads(image)
    return tuple(from_log(column, held.get(column.name)) for column in table.visible)
