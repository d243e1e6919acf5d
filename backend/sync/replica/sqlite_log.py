"""What a SQLite file notes of its changes, and remembers of the last sync."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from backend.db.sql import quoted
from backend.sync.replica.replica import ChangeLogEntry, SyncState
from backend.sync.replica.sqlite_capture import triggers
from backend.sync.replica.sqlite_rows import SQLiteRows, as_json, columns_of, matching
from backend.sync.replica.sqlite_values import as_remembered, is_key, marked, to_remember
from backend.sync.replica.tables import Key, Kind, Reference, Row, SyncedTable, SyncedTables
from backend.sync.replica.unfit import UnfitRow


class SQLiteLog(SQLiteRows):
    """The tables with the log of their changes beside them."""

    def install(self, tables: SyncedTables) -> None:
        """Put every trigger in place that is not there, or is an older one."""
        held = dict(self._all("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
        for name, statement in triggers(tables).items():
            if held.get(name) != statement:
                self._run(f"DROP TRIGGER IF EXISTS {quoted(name)}")
                self._run(statement)

    def renew(self, tables: SyncedTables) -> None:
        """Put what is older in place anew."""
        self.install(tables)

    def remember(self, state: SyncState, tables: SyncedTables) -> int:
        """Keep it in the one row of its table; a file's tables tell by their triggers."""
        del tables
        self._run(
            "INSERT OR REPLACE INTO tablecopy_sync"
            " (one, token, previous, synced_at, coming, generation, seen)"
            " VALUES (1, :token, :previous, :synced_at, :coming, :generation, :seen)",
            vars(state),
        )
        return self._number()

    def expect(self, tokens: str) -> int:
        """Keep them; alone, it is a transaction of its own."""
        self._run("UPDATE tablecopy_sync SET coming = ?", (tokens,))
        return self._number()

    def _number(self) -> int:
        return int(self._all("SELECT last FROM tablecopy_stamps")[0][0])

    def start_over(self) -> None:
        """Forget the log and the last sync."""
        self._run("DELETE FROM tablecopy_changes")
        self._run("DELETE FROM tablecopy_sync")

    def touched(self, tables: Sequence[SyncedTable]) -> tuple[list[Key], Mapping[Key, str]]:
        """Return the keys of all owners of which a row has an entry, and apart what is no key."""
        query = (
            "SELECT DISTINCT root FROM tablecopy_changes"
            " WHERE tbl IN (SELECT value FROM json_each(?)) ORDER BY root"
        )
        names = as_json([table.name for table in tables])
        found = [tuple(json.loads(root)) for (root,) in self._all(query, (names,))]
        keys = [key for key in found if is_key(tables[0], key)]
        return keys, self._unfit(tables, [key for key in found if not is_key(tables[0], key)])

    def _unfit(self, tables: Sequence[SyncedTable], keys: Sequence[Key]) -> dict[Key, str]:
        """Say what is wrong with those of these keys that rows still have."""
        return {
            table.pick(row, table.root_columns): row.why
            for table in (tables if keys else ())
            for row in self.rows(table, table.root_columns, keys)
            if isinstance(row, UnfitRow)
        }

    def entries(self, tables: Sequence[SyncedTable], roots: Sequence[Key]) -> list[ChangeLogEntry]:
        """Return the entries of the rows that belong to these owners."""
        by_name = {table.name: table for table in tables}
        query = (
            "SELECT tbl, key, base, stamp FROM tablecopy_changes"
            " WHERE root IN (SELECT value FROM json_each(?))"
            " AND tbl IN (SELECT value FROM json_each(?))"
        )
        found = self._all(
            query, (as_json([as_json(root) for root in roots]), as_json(list(by_name)))
        )
        return [
            ChangeLogEntry(name, tuple(json.loads(key)), _base(by_name[name], base), stamp)
            for name, key, base, stamp in found
        ]

    def family(
        self, tables: Sequence[SyncedTable], roots: Sequence[Key]
    ) -> tuple[dict[str, list[Row]], list[ChangeLogEntry]]:
        """Return the rows that belong to these owners, by their tables, and their entries."""
        rows = {table.name: self.rows(table, table.root_columns, roots) for table in tables}
        return rows, self.entries(tables, roots)

    def forget(self, entries: Iterable[ChangeLogEntry]) -> None:
        """Remove entries whose rows were not changed again."""
        self.connection.executemany(
            "DELETE FROM tablecopy_changes WHERE tbl = ? AND key = ? AND stamp = ?",
            ((one.table, as_json(one.key), one.stamp) for one in entries),
        )

    def note(self, table: SyncedTable, bases: Mapping[Key, Row | None]) -> None:
        """Write entries as if these rows had been changed since the last sync."""
        width = len(table.root_columns)
        self.connection.executemany(
            "INSERT OR REPLACE INTO tablecopy_changes VALUES (?, ?, ?, ?, random())",
            (
                (
                    table.name,
                    as_json(key),
                    as_json(key[:width]),
                    None if base is None else _image(table, base),
                )
                for key, base in bases.items()
            ),
        )

    def pending_users(
        self, table: SyncedTable, reference: Reference, keys: Sequence[Key]
    ) -> list[Row]:
        """Return rows with an entry in the log that refer to one of these."""
        key = ", ".join(f"t.{quoted(name)}" for name in table.key)
        query = (
            f"SELECT {columns_of(table)} FROM json_each(?) AS k"  # noqa: S608
            f" CROSS JOIN {quoted(table.name)} AS t ON {matching(reference.columns)}"
            " WHERE EXISTS (SELECT 1 FROM tablecopy_changes AS c"
            f" WHERE c.tbl = ? AND c.key = json_array({key}))"
        )
        found = self._all(query, (as_json(list(keys)), table.name))
        return list(marked(table, table.visible, found))

    def rekey(self, tables: SyncedTables, table: SyncedTable, old: Key, new: Key) -> None:
        """Put a copy under the new key, hang on it what hung on the old one, drop that."""
        (name,) = table.key
        place = table.names.index(name)
        (row,) = self.rows(table, table.key, [old], all_columns=True)
        for unique in table.unique:
            self.park_unique(table, unique, [old])
        self.insert(table, [(*row[:place], new[0], *row[place + 1 :])])
        hanging = [*self._hanging_on(table.name, name), *_unknown_references(tables)]
        for child, column in hanging:
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


def _unknown_references(tables: SyncedTables) -> Iterator[tuple[str, str]]:
    """Return columns that may refer to a row, though no constraint says so."""
    for table in tables.tables:
        for column in table.extras:
            if column.kind in {Kind.UUID, Kind.OTHER}:
                yield table.name, column.name


def _image(table: SyncedTable, row: Row) -> str:
    return as_json(
        {
            column.name: to_remember(column, value)
            for column, value in zip(table.visible, row, strict=True)
        }
    )


def _base(table: SyncedTable, image: str | None) -> Row | None:
    if image is None:
        return None
    held = json.loads(image)
    return tuple(as_remembered(column, held.get(column.name)) for column in table.visible)
