"""Reading and writing the rows of a SQLite file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, LiteralString

from backend.capture.change_log import ChangeLogEntry
from backend.capture.sqlite_log import SQLiteChangeLog, as_json
from backend.capture.sqlite_values import AS_TEXT, is_key, mark_unfit, validate_rows
from backend.capture.tables import Key, Row, SyncedTable, SyncedTables
from backend.capture.unfit_rows import UnfitRow
from backend.db.session import SQLiteConnection
from backend.db.sql import Sql, join, name, statement, text, value
from backend.schema.tables import ForeignKey
from backend.values.kinds import ValueKind

_FETCH = 2_000
_HANGING_ON = """
    SELECT m.name, f."from" FROM sqlite_master AS m JOIN pragma_foreign_key_list(m.name) AS f
    WHERE m.type = 'table' AND f."table" = ? AND coalesce(f."to", ?) = ?"""
_ROWS = "SELECT {} FROM json_each(?) AS k CROSS JOIN {} AS t ON {}"
_PENDING_USERS = """
    SELECT {} FROM json_each(?) AS k CROSS JOIN {} AS t ON {} WHERE EXISTS (
        SELECT 1 FROM tablecopy_changes AS c WHERE c.tbl = ? AND c.key = json_array({}))"""


class SQLiteRows:
    """The tables; every statement belongs to whatever transaction is open."""

    def __init__(self, connection: SQLiteConnection) -> None:
        self.connection = connection
        self.log = SQLiteChangeLog(connection)
        connection.text_factory = AS_TEXT

    def scan(self, table: SyncedTable, *, all_columns: bool = False) -> Iterator[Row]:
        """Return every row in the order of its key's bytes."""
        parts = columns_of(table, all_columns=all_columns), name(table.name), _names(table.key)
        query = statement("SELECT {} FROM {} AS t ORDER BY {}", *parts)
        cursor = self.connection.execute(text(query))
        columns, checked = (
            (table.columns, validate_rows) if all_columns else (table.visible, mark_unfit)
        )
        while rows := cursor.fetchmany(_FETCH):
            yield from checked(table, columns, rows)

    def rows(
        self,
        table: SyncedTable,
        columns: Sequence[str],
        keys: Sequence[Key],
        *,
        all_columns: bool = False,
    ) -> list[Row]:
        """Return the rows that hold one of these keys in these columns."""
        parts = columns_of(table, all_columns=all_columns), name(table.name), matching(columns)
        found = self._all(statement(_ROWS, *parts), (as_json(list(keys)),))
        return list(mark_unfit(table, table.columns if all_columns else table.visible, found))

    def touched(self, tables: Sequence[SyncedTable]) -> tuple[list[Key], Mapping[Key, str]]:
        """Return the keys of all owners of which a row has an entry, and apart what is no key."""
        found = self.log.touched_roots(tables)
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

    def family(
        self, tables: Sequence[SyncedTable], roots: Sequence[Key]
    ) -> tuple[dict[str, list[Row]], list[ChangeLogEntry]]:
        """Return the rows that belong to these owners, by their tables, and their entries."""
        rows = {table.name: self.rows(table, table.root_columns, roots) for table in tables}
        return rows, self.log.entries(tables, roots)

    def pending_users(
        self, table: SyncedTable, reference: ForeignKey, keys: Sequence[Key]
    ) -> list[Row]:
        """Return rows with an entry in the log that refer to one of these."""
        key = join(", ", (name("t", each) for each in table.key))
        parts = columns_of(table), name(table.name), matching(reference.columns), key
        found = self._all(statement(_PENDING_USERS, *parts), (as_json(list(keys)), table.name))
        return list(mark_unfit(table, table.visible, found))

    def insert(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Insert rows, given with all their columns."""
        self.bulk_insert(table, rows)

    def bulk_insert(self, table: SyncedTable, rows: Iterable[Row]) -> int:
        """Insert any number of rows, given with all their columns; return how many."""
        marks = join(", ", [statement("?")] * len(table.names))
        parts = name(table.name), _names(table.names), marks
        cursor = self.connection.executemany(
            text(statement("INSERT INTO {} ({}) VALUES ({})", *parts)),
            # Postgres has moments, such as infinity, that the app could not read from here.
            validate_rows(table, table.columns, rows),
        )
        return cursor.rowcount

    def update(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Overwrite the visible columns of rows."""
        others = [column.name for column in table.visible if column.name not in table.key]
        parts = name(table.name), _equal(", ", others), _equal(" AND ", table.key)
        self.connection.executemany(
            text(statement("UPDATE {} SET {} WHERE {}", *parts)),
            (
                (*table.pick(row, others), *table.key_of(row))
                for row in validate_rows(table, table.visible, rows)
            ),
        )

    def delete(self, table: SyncedTable, keys: Sequence[Key]) -> None:
        """Delete rows."""
        parts = name(table.name), _equal(" AND ", table.key)
        self.connection.executemany(text(statement("DELETE FROM {} WHERE {}", *parts)), keys)

    def empty(self, table: SyncedTable) -> None:
        """Delete every row."""
        self._run(statement("DELETE FROM {}", name(table.name)))

    def park_unique(self, table: SyncedTable, columns: Sequence[str], keys: Sequence[Key]) -> None:
        """Put NULL, or a text that nobody else holds, into one of the columns."""
        room = next(one for one in table.named(columns) if table.has_room([one.name]))
        temporary = statement("NULL")
        if not room.nullable:
            temporary = statement("'moving ' || {}", name(table.key[0]))
        parts = name(table.name), name(room.name), temporary, _equal(" AND ", table.key)
        query = statement("UPDATE {} SET {} = {} WHERE {}", *parts)
        self.connection.executemany(text(query), keys)

    def rekey(self, tables: SyncedTables, table: SyncedTable, old: Key, new: Key) -> None:
        """Copy the row to the new key, redirect the references to it, delete the old row."""
        (key,) = table.key
        place = table.names.index(key)
        # None, if somebody has deleted it meanwhile: then its entry alone gets the new key.
        rows = self.rows(table, table.key, [old], all_columns=True)
        for unique in table.unique:
            self.park_unique(table, unique, [old])
        self.insert(table, [(*row[:place], new[0], *row[place + 1 :]) for row in rows])
        hanging = self._all(_HANGING_ON, (table.name, key, key))
        for child, column in (*hanging, *_unknown_references(tables)):
            update = statement("UPDATE {0} SET {1} = ? WHERE {1} = ?", name(child), name(column))
            self._run(update, (new[0], old[0]))
        self.delete(table, [old])
        self.log.rekey(old, new)

    def _all(self, query: LiteralString | Sql, values: Sequence[Any] = ()) -> list[Any]:  # any rows
        return self.connection.execute(_text(query), values).fetchall()

    def _run(self, query: LiteralString | Sql, values: Sequence[Any] = ()) -> None:  # any values
        self.connection.execute(_text(query), values)


def columns_of(table: SyncedTable, *, all_columns: bool = False) -> Sql:
    """Return the columns of a row `t`."""
    columns = table.columns if all_columns else table.visible
    return join(", ", (name("t", column.name) for column in columns))


def matching(columns: Sequence[str]) -> Sql:
    """Return the condition that a row `t` holds an array `k` of JSON in these columns."""
    return join(
        " AND ",
        (
            statement("{} = json_extract(k.value, {})", name("t", each), value(f"$[{place}]"))
            for place, each in enumerate(columns)
        ),
    )


def _text(query: LiteralString | Sql) -> str:
    return query if isinstance(query, str) else text(query)


def _names(columns: Sequence[str]) -> Sql:
    return join(", ", map(name, columns))


def _equal(separator: LiteralString, columns: Sequence[str]) -> Sql:
    return join(separator, (statement("{} = ?", name(each)) for each in columns))


def _unknown_references(tables: SyncedTables) -> Iterator[tuple[str, str]]:
    """Return columns that may refer to a row, though no constraint says so."""
    for table in tables.tables:
        for column in table.extras:
            if column.kind in {ValueKind.UUID, ValueKind.OTHER}:
                yield table.name, column.name
