"""A SQLite file as one side of a sync."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from backend.config.database_url import EngineName
from backend.sync.shape import Key
from backend.sync.side import Entry, Glance, Memory
from backend.sync.sqlite_capture import TABLES, triggers
from backend.sync.tables import Reference, Row, SyncedTable, SyncedTables
from backend.tablecopy.sqlite.quoting import quoted

_FETCH = 2_000


class SQLiteSide:
    """A file, through a connection that begins its transactions only when told to."""

    def __init__(self, connection: sqlite3.Connection, where: str) -> None:
        self.connection = connection
        self._where = where
        self._rehearsal = False

    @property
    def engine(self) -> EngineName:
        """Tell how it speaks SQL."""
        return "sqlite"

    @property
    def where(self) -> str:
        """Name the file."""
        return self._where

    def glance(self, tables: SyncedTables) -> Glance:
        """Look at the file as it is at one moment."""
        names = {str(name) for (name,) in self._all("SELECT name FROM sqlite_master")}
        with self.transaction(write=False):
            return Glance(
                self._revisions() if "alembic_version" in names else "",
                self._memory() if "tablecopy_sync" in names else None,
                self._problem(tables) if "tablecopy_sync" in names else "",
                {name: self._count(name) for name in tables.names if name in names},
                self._touched_tables() if "tablecopy_changes" in names else frozenset(),
            )

    def clock(self) -> str:
        """Return the machine's clock, as SQLite tells it."""
        return str(self._one("SELECT strftime('%Y-%m-%d %H:%M:%f000', 'now')"))

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[None]:
        """Hold one snapshot; or write, with the triggers told to look away."""
        if self._rehearsal:
            with self._savepoint():
                yield
            return
        self._begin(write=write)
        try:
            yield
            if write:
                self._run("DELETE FROM tablecopy_applying")
            self._run("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Do nothing: there is no way to the file that could be long."""
        yield

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        self._run("SAVEPOINT tablecopy")
        try:
            yield
            self._run("RELEASE tablecopy")
        except BaseException:
            self._run("ROLLBACK TO tablecopy")
            raise

    @contextmanager
    def rehearsing(self) -> Iterator[None]:
        """Do everything in one transaction that never ends well."""
        self._begin(write=True)
        self._rehearsal = True
        try:
            yield
        finally:
            self._rehearsal = False
            self._roll_back()

    def _roll_back(self) -> None:
        # A full disk, for one, has rolled back already.
        if self.connection.in_transaction:
            self._run("ROLLBACK")

    def _begin(self, *, write: bool) -> None:
        self._run("BEGIN IMMEDIATE" if write else "BEGIN")
        if write:
            for statement in TABLES:
                self._run(statement)
            self._run("INSERT INTO tablecopy_applying VALUES (1)")

    def install(self, tables: SyncedTables) -> None:
        """Put every trigger in place that is not there, or is an older one."""
        held = dict(self._all("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        for name, statement in triggers(tables).items():
            if held.get(name) != statement:
                self._run(f"DROP TRIGGER IF EXISTS {quoted(name)}")
                self._run(statement)

    def remember(self, memory: Memory, tables: SyncedTables) -> None:
        """Keep it in the one row of its table; a file's tables tell by their triggers."""
        del tables
        self._run(
            "INSERT OR REPLACE INTO tablecopy_sync VALUES (1, ?, ?, ?)",
            (memory.token, memory.previous, memory.synced_at),
        )

    def start_over(self) -> None:
        """Forget the log and the last sync."""
        self._run("DELETE FROM tablecopy_changes")
        self._run("DELETE FROM tablecopy_sync")

    def touched(self, tables: Sequence[SyncedTable]) -> list[Key]:
        """Return the keys of all owners of which a row has an entry."""
        query = (
            "SELECT DISTINCT root FROM tablecopy_changes"
            " WHERE tbl IN (SELECT value FROM json_each(?)) ORDER BY root"
        )
        names = _json([table.name for table in tables])
        return [tuple(json.loads(root)) for (root,) in self._all(query, (names,))]

    def entries(self, tables: Sequence[SyncedTable], roots: Sequence[Key]) -> list[Entry]:
        """Return the entries of the rows that belong to these owners."""
        by_name = {table.name: table for table in tables}
        query = (
            "SELECT tbl, key, base, stamp FROM tablecopy_changes"
            " WHERE root IN (SELECT value FROM json_each(?))"
            " AND tbl IN (SELECT value FROM json_each(?))"
        )
        found = self._all(query, (_json([_json(root) for root in roots]), _json(list(by_name))))
        return [
            Entry(name, tuple(json.loads(key)), _base(by_name[name], base), stamp)
            for name, key, base, stamp in found
        ]

    def family(
        self, tables: Sequence[SyncedTable], roots: Sequence[Key]
    ) -> tuple[dict[str, list[Row]], list[Entry]]:
        """Return the rows that belong to these owners, by their tables, and their entries."""
        rows = {table.name: self.rows(table, table.root_columns, roots) for table in tables}
        return rows, self.entries(tables, roots)

    def forget(self, entries: Iterable[Entry]) -> None:
        """Remove entries whose rows were not changed again."""
        self.connection.executemany(
            "DELETE FROM tablecopy_changes WHERE tbl = ? AND key = ? AND stamp = ?",
            ((one.table, _json(one.key), one.stamp) for one in entries),
        )

    def note(self, table: SyncedTable, bases: Mapping[Key, Row | None]) -> None:
        """Write entries as if these rows had been changed since the last sync."""
        width = len(table.root_columns)
        names = [column.name for column in table.visible]
        self.connection.executemany(
            "INSERT OR REPLACE INTO tablecopy_changes VALUES (?, ?, ?, ?, random())",
            (
                (
                    table.name,
                    _json(key),
                    _json(key[:width]),
                    None if base is None else _json(dict(zip(names, base, strict=True))),
                )
                for key, base in bases.items()
            ),
        )

    def scan(self, table: SyncedTable, *, guarded: bool = False) -> Iterator[Row]:
        """Return every row in the order of its key's bytes."""
        order = ", ".join(quoted(name) for name in table.key)
        cursor = self.connection.execute(
            f"SELECT {_columns(table, guarded=guarded)} FROM {quoted(table.name)} AS t"  # noqa: S608
            f" ORDER BY {order}"
        )
        while rows := cursor.fetchmany(_FETCH):
            yield from rows

    def rows(
        self,
        table: SyncedTable,
        columns: Sequence[str],
        keys: Sequence[Key],
        *,
        guarded: bool = False,
    ) -> list[Row]:
        """Return the rows that hold one of these keys in these columns."""
        query = (
            f"SELECT {_columns(table, guarded=guarded)} FROM json_each(?) AS k"  # noqa: S608
            f" CROSS JOIN {quoted(table.name)} AS t ON {_matching(columns)}"
        )
        return self._all(query, (_json(list(keys)),))

    def pending_users(
        self, table: SyncedTable, reference: Reference, keys: Sequence[Key]
    ) -> list[Row]:
        """Return rows with an entry in the log that refer to one of these."""
        key = ", ".join(f"t.{quoted(name)}" for name in table.key)
        query = (
            f"SELECT {_columns(table)} FROM json_each(?) AS k"  # noqa: S608
            f" CROSS JOIN {quoted(table.name)} AS t ON {_matching(reference.columns)}"
            " WHERE EXISTS (SELECT 1 FROM tablecopy_changes AS c"
            f" WHERE c.tbl = ? AND c.key = json_array({key}))"
        )
        return self._all(query, (_json(list(keys)), table.name))

    def insert(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Insert rows, given with all their columns."""
        self.fill(table, rows)

    def fill(self, table: SyncedTable, rows: Iterable[Row]) -> int:
        """Insert any number of rows, given with all their columns; return how many."""
        names = ", ".join(quoted(name) for name in table.names)
        marks = ", ".join("?" for _ in table.names)
        cursor = self.connection.executemany(
            f"INSERT INTO {quoted(table.name)} ({names}) VALUES ({marks})",  # noqa: S608
            rows,
        )
        return cursor.rowcount

    def update(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Overwrite the visible columns of rows."""
        others = [column.name for column in table.visible if column.name not in table.key]
        changed = ", ".join(f"{quoted(name)} = ?" for name in others)
        self.connection.executemany(
            f"UPDATE {quoted(table.name)} SET {changed} WHERE {_where(table.key)}",  # noqa: S608
            ((*table.pick(row, others), *table.key_of(row)) for row in rows),
        )

    def delete(self, table: SyncedTable, keys: Sequence[Key]) -> None:
        """Delete rows."""
        self.connection.executemany(
            f"DELETE FROM {quoted(table.name)} WHERE {_where(table.key)}",  # noqa: S608
            keys,
        )

    def empty(self, table: SyncedTable) -> None:
        """Delete every row."""
        self._run(f"DELETE FROM {quoted(table.name)}")  # noqa: S608

    def park(self, table: SyncedTable, columns: Sequence[str], keys: Sequence[Key]) -> None:
        """Put NULL, or a text that nobody else holds, into one of the columns."""
        room = next(one for one in table.named(columns) if table.has_room([one.name]))
        aside = "NULL" if room.nullable else f"'moving ' || {quoted(table.key[0])}"
        self.connection.executemany(
            f"UPDATE {quoted(table.name)} SET {quoted(room.name)} = {aside}"  # noqa: S608
            f" WHERE {_where(table.key)}",
            keys,
        )

    def rekey(self, table: SyncedTable, old: Key, new: Key) -> None:
        """Put a copy under the new key, hang on it what hung on the old one, drop that."""
        (name,) = table.key
        place = table.names.index(name)
        (row,) = self.rows(table, table.key, [old], guarded=True)
        for unique in table.unique:
            self.park(table, unique, [old])
        self.insert(table, [(*row[:place], new[0], *row[place + 1 :])])
        for child, column in self._hanging_on(table.name, name):
            self._run(
                f"UPDATE {quoted(child)} SET {quoted(column)} = ? WHERE {quoted(column)} = ?",  # noqa: S608
                (new[0], old[0]),
            )
        self.delete(table, [old])
        self._run(
            "UPDATE OR REPLACE tablecopy_changes SET key = replace(key, :old, :new),"
            " root = replace(root, :old, :new), base = replace(base, :old, :new)"
            " WHERE instr(key, :old) OR instr(root, :old) OR instr(base, :old)",
            {"old": old[0], "new": new[0]},
        )

    def _hanging_on(self, table: str, column: str) -> list[tuple[str, str]]:
        return self._all(
            'SELECT m.name, f."from" FROM sqlite_master AS m'
            " JOIN pragma_foreign_key_list(m.name) AS f"
            ' WHERE m.type = \'table\' AND f."table" = ? AND coalesce(f."to", ?) = ?',
            (table, column, column),
        )

    def _revisions(self) -> str:
        found = self._all("SELECT version_num FROM alembic_version ORDER BY 1")
        return ", ".join(str(revision) for (revision,) in found)

    def _memory(self) -> Memory | None:
        found = self._all("SELECT token, previous, synced_at FROM tablecopy_sync")
        return Memory(*found[0]) if found else None

    def _problem(self, tables: SyncedTables) -> str:
        held = dict(self._all("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        expected = triggers(tables)
        if missing := sorted(expected.keys() - held.keys()):
            return f"its trigger {missing[0]} is gone"
        changed = any(held[name] != words for name, words in expected.items())
        return "its schema has changed" if changed else ""

    def _touched_tables(self) -> frozenset[str]:
        found = self._all("SELECT DISTINCT tbl FROM tablecopy_changes")
        return frozenset(str(name) for (name,) in found)

    def _count(self, table: str) -> int:
        return int(self._one(f"SELECT count(*) FROM {quoted(table)}"))  # noqa: S608

    def _one(self, query: str) -> Any:  # whatever the query gives
        return self._all(query)[0][0]

    def _all(self, query: str, values: Sequence[Any] = ()) -> list[Any]:  # rows of any shape
        return self.connection.execute(query, values).fetchall()

    def _run(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        self.connection.execute(statement, values)


def _columns(table: SyncedTable, *, guarded: bool = False) -> str:
    columns = table.columns if guarded else table.visible
    return ", ".join(f"t.{quoted(column.name)}" for column in columns)


def _matching(columns: Sequence[str]) -> str:
    return " AND ".join(
        f"t.{quoted(name)} = json_extract(k.value, '$[{place}]')"
        for place, name in enumerate(columns)
    )


def _where(columns: Sequence[str]) -> str:
    return " AND ".join(f"{quoted(name)} = ?" for name in columns)


def _base(table: SyncedTable, image: str | None) -> Row | None:
    if image is None:
        return None
    held = json.loads(image)
    return tuple(held.get(column.name) for column in table.visible)


def _json(value: object) -> str:
    """Write JSON as SQLite itself does, so that keys are found by their text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
