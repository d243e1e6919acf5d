"""Reading and writing the rows of a SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from backend.db.sql import quoted
from backend.sync.replica.sqlite_values import AS_TEXT, marked, sound
from backend.sync.replica.tables import Key, Row, SyncedTable

_FETCH = 2_000


class SQLiteRows:
    """The tables; every statement belongs to whatever transaction is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        connection.text_factory = AS_TEXT

    def scan(self, table: SyncedTable, *, all_columns: bool = False) -> Iterator[Row]:
        """Return every row in the order of its key's bytes."""
        order = ", ".join(quoted(name) for name in table.key)
        cursor = self.connection.execute(
            f"SELECT {columns_of(table, all_columns=all_columns)} FROM {quoted(table.name)} AS t"  # noqa: S608
            f" ORDER BY {order}"
        )
        columns, checked = (table.columns, sound) if all_columns else (table.visible, marked)
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
        query = (
            f"SELECT {columns_of(table, all_columns=all_columns)} FROM json_each(?) AS k"  # noqa: S608
            f" CROSS JOIN {quoted(table.name)} AS t ON {matching(columns)}"
        )
        found = self._all(query, (as_json(list(keys)),))
        return list(marked(table, table.columns if all_columns else table.visible, found))

    def insert(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Insert rows, given with all their columns."""
        self.bulk_insert(table, rows)

    def bulk_insert(self, table: SyncedTable, rows: Iterable[Row]) -> int:
        """Insert any number of rows, given with all their columns; return how many."""
        names = ", ".join(quoted(name) for name in table.names)
        marks = ", ".join("?" for _ in table.names)
        cursor = self.connection.executemany(
            f"INSERT INTO {quoted(table.name)} ({names}) VALUES ({marks})",  # noqa: S608
            # Postgres has moments, such as infinity, that the app could not read from here.
            sound(table, table.columns, rows),
        )
        return cursor.rowcount

    def update(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Overwrite the visible columns of rows."""
        others = [column.name for column in table.visible if column.name not in table.key]
        changed = ", ".join(f"{quoted(name)} = ?" for name in others)
        self.connection.executemany(
            f"UPDATE {quoted(table.name)} SET {changed} WHERE {_where(table.key)}",  # noqa: S608
            (
                (*table.pick(row, others), *table.key_of(row))
                for row in sound(table, table.visible, rows)
            ),
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

    def park_unique(self, table: SyncedTable, columns: Sequence[str], keys: Sequence[Key]) -> None:
        """Put NULL, or a text that nobody else holds, into one of the columns."""
        room = next(one for one in table.named(columns) if table.has_room([one.name]))
        aside = "NULL" if room.nullable else f"'moving ' || {quoted(table.key[0])}"
        self.connection.executemany(
            f"UPDATE {quoted(table.name)} SET {quoted(room.name)} = {aside}"  # noqa: S608
            f" WHERE {_where(table.key)}",
            keys,
        )

    def _all(self, query: str, values: Sequence[Any] = ()) -> list[Any]:  # rows of any shape
        return self.connection.execute(query, values).fetchall()

    def _run(self, statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> None:
        self.connection.execute(statement, values)


def columns_of(table: SyncedTable, *, all_columns: bool = False) -> str:
    """Return the columns of a row `t`."""
    columns = table.columns if all_columns else table.visible
    return ", ".join(f"t.{quoted(column.name)}" for column in columns)


def matching(columns: Sequence[str]) -> str:
    """Return the condition that a row `t` holds an array `k` of JSON in these columns."""
    return " AND ".join(
        f"t.{quoted(name)} = json_extract(k.value, '$[{place}]')"
        for place, name in enumerate(columns)
    )


def _where(columns: Sequence[str]) -> str:
    return " AND ".join(f"{quoted(name)} = ?" for name in columns)


def as_json(value: object) -> str:
    """Write JSON as SQLite itself does, so that keys are found by their text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
