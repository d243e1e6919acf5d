"""Reading and writing the rows of a Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql

from backend.sync.replica.postgres_values import arrays, listed, names, of, unnested, written
from backend.sync.replica.tables import Key, Kind, Row, SyncedColumn, SyncedTable

_FETCH = 5_000


class PostgresRows:
    """The tables; every statement belongs to whatever transaction is open."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self._cursors = 0

    def scan(self, table: SyncedTable, *, all_columns: bool = False) -> Iterator[Row]:
        """Return every row in the order of its key's bytes, in bounded memory."""
        self._cursors += 1
        cursor = sql.Identifier(f"tablecopy_scan_{self._cursors}")
        order = listed(
            sql.SQL('{} COLLATE "C"' if column.kind is Kind.TEXT else "{}").format(
                sql.Identifier("t", column.name)
            )
            for column in table.named(table.key)
        )
        query = "DECLARE {} NO SCROLL CURSOR FOR SELECT {} FROM {} AS t ORDER BY {}"
        self._run(
            sql.SQL(query).format(
                cursor,
                columns_of(table, all_columns=all_columns),
                sql.Identifier(table.name),
                order,
            )
        )
        fetch = sql.SQL("FETCH {} FROM {}").format(sql.Literal(_FETCH), cursor)
        while rows := self._all(fetch):
            yield from rows
        self._run(sql.SQL("CLOSE {}").format(cursor))

    def rows(
        self,
        table: SyncedTable,
        columns: Sequence[str],
        keys: Sequence[Key],
        *,
        all_columns: bool = False,
    ) -> list[Row]:
        """Return the rows that hold one of these keys in these columns."""
        return self._ask_rows(table, columns, keys, all_columns=all_columns).fetchall()

    def _ask_rows(
        self,
        table: SyncedTable,
        columns: Sequence[str],
        keys: Sequence[Key],
        *,
        all_columns: bool = False,
    ) -> psycopg.Cursor[Any]:
        query = sql.SQL("SELECT {} FROM {} AS t JOIN {} ON {}").format(
            columns_of(table, all_columns=all_columns),
            sql.Identifier(table.name),
            unnested("k", len(columns)),
            matching(table, columns),
        )
        return self.connection.execute(query, arrays(keys, len(columns)))

    def insert(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Insert rows, given with all their columns."""
        width = len(table.columns)
        query = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
            sql.Identifier(table.name),
            names(table.names),
            listed(_given(column, place) for place, column in enumerate(table.columns)),
            unnested("k", width),
        )
        self._run(query, arrays(rows, width))

    def bulk_insert(self, table: SyncedTable, rows: Iterable[Row]) -> int:
        """Send any number of rows, given with all their columns, in one COPY; return how many."""
        target = sql.Identifier(table.name)
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(target, names(table.names))
        # A moment is sent without its zone, which then has to be that of the session.
        self._run("SET LOCAL TimeZone = 'UTC'")
        count = 0
        with self.connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        return count

    def update(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Overwrite the visible columns of rows."""
        width = len(table.visible)
        changed = listed(
            sql.SQL("{} = {}").format(sql.Identifier(column.name), _given(column, place))
            for place, column in enumerate(table.visible)
            if column.name not in table.key
        )
        query = sql.SQL("UPDATE {} AS t SET {} FROM {} WHERE {}").format(
            sql.Identifier(table.name),
            changed,
            unnested("k", width),
            matching(table, table.key, table.places(table.key)),
        )
        self._run(query, arrays(rows, width))

    def delete(self, table: SyncedTable, keys: Sequence[Key]) -> None:
        """Delete rows."""
        query = sql.SQL("DELETE FROM {} AS t USING {} WHERE {}").format(
            sql.Identifier(table.name), unnested("k", len(table.key)), matching(table, table.key)
        )
        self._run(query, arrays(keys, len(table.key)))

    def empty(self, table: SyncedTable) -> None:
        """Delete every row."""
        self._run(sql.SQL("DELETE FROM {}").format(sql.Identifier(table.name)))

    def park_unique(self, table: SyncedTable, columns: Sequence[str], keys: Sequence[Key]) -> None:
        """Put NULL, or a text that nobody else holds, into one of the columns."""
        room = next(one for one in table.named(columns) if table.has_room([one.name]))
        aside = "NULL" if room.nullable else "'moving ' || t.{}::text"
        query = sql.SQL("UPDATE {} AS t SET {} = {} FROM {} WHERE {}").format(
            sql.Identifier(table.name),
            sql.Identifier(room.name),
            sql.SQL(aside).format(sql.Identifier(table.key[0])),
            unnested("k", len(table.key)),
            matching(table, table.key),
        )
        self._run(query, arrays(keys, len(table.key)))

    def _all(self, query: Any, values: Sequence[Any] = ()) -> list[Any]:  # rows of any shape
        return self.connection.execute(query, values or None).fetchall()

    def _run(self, statement: Any, values: Sequence[Any] = ()) -> None:
        self.connection.execute(statement, values or None)


def columns_of(table: SyncedTable, *, all_columns: bool = False) -> sql.Composed:
    """Return the expressions that read the columns of a row `t`."""
    return listed(of("t", column) for column in (table.columns if all_columns else table.visible))


def _given(column: SyncedColumn, place: int) -> sql.Composed:
    return written(column, sql.Identifier("k", f"v{place}"))


def matching(
    table: SyncedTable, columns: Sequence[str], places: Sequence[int] | None = None
) -> sql.Composed:
    """Return the condition that a row `t` holds a row `k`, or what it has at these places."""
    where = places or range(len(columns))
    return sql.SQL(" AND ").join(
        sql.SQL("{} = {}").format(sql.Identifier("t", column.name), _given(column, place))
        for column, place in zip(table.named(columns), where, strict=True)
    )
