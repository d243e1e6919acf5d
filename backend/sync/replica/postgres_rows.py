"""Reading and writing the rows of a Postgres."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from backend.capture.change_log import ChangeLogEntry
from backend.capture.postgres_log import PostgresChangeLog, Query, entries_in
from backend.capture.postgres_triggers import key_text
from backend.capture.postgres_values import arrays, read, unnested, written
from backend.capture.tables import Key, Row, SyncedColumn, SyncedTable, SyncedTables
from backend.db.session import Cursor, Session
from backend.db.sql import (
    Sql,
    SqlPart,
    join,
    name,
    placeholder,
    statement,
    value,
    verbatim,
)
from backend.schema.tables import ForeignKey
from backend.values.kinds import ValueKind

_FETCH = 5_000
_HANGING_ON = """
    SELECT conrelid::regclass::text, a.attname FROM pg_constraint
        JOIN LATERAL unnest(conkey, confkey) AS k(own, referred) ON true
        JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = k.own
        JOIN pg_attribute AS r ON r.attrelid = confrelid AND r.attnum = k.referred
    WHERE contype = 'f' AND confrelid = quote_ident(%s)::regclass AND r.attname = %s"""
_PENDING_USERS = """
    SELECT {} FROM {} AS t JOIN {} ON {}
    WHERE EXISTS (SELECT 1 FROM tablecopy_changes AS c WHERE c.tbl = {} AND c.key = {})"""


class PostgresRows:
    """The tables; every statement belongs to whatever transaction is open."""

    def __init__(self, connection: Session) -> None:
        self.connection = connection
        self.log = PostgresChangeLog(connection)
        self._cursors = 0

    def scan(self, table: SyncedTable, *, all_columns: bool = False) -> Iterator[Row]:
        """Return every row in the order of its key's bytes, in bounded memory."""
        self._cursors += 1
        cursor = name(f"tablecopy_scan_{self._cursors}")
        order = join(", ", map(_in_key_order, table.named(table.key)))
        self._run(
            statement(
                "DECLARE {} NO SCROLL CURSOR FOR SELECT {} FROM {} AS t ORDER BY {}",
                cursor,
                columns_of(table, all_columns=all_columns),
                name(table.name),
                order,
            )
        )
        fetch = statement("FETCH {} FROM {}", value(_FETCH), cursor)
        while rows := self._all(fetch):
            yield from rows
        self._run(statement("CLOSE {}", cursor))

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
    ) -> Cursor:
        query = statement(
            "SELECT {} FROM {} AS t JOIN {} ON {}",
            columns_of(table, all_columns=all_columns),
            name(table.name),
            unnested("k", len(columns)),
            matching(table, columns),
        )
        return self.connection.execute(query, arrays(keys, len(columns)))

    def insert(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Insert rows, given with all their columns."""
        width = len(table.columns)
        query = statement(
            "INSERT INTO {} ({}) SELECT {} FROM {}",
            name(table.name),
            join(", ", map(name, table.names)),
            join(", ", (_given(column, place) for place, column in enumerate(table.columns))),
            unnested("k", width),
        )
        self._run(query, arrays(rows, width))

    def bulk_insert(self, table: SyncedTable, rows: Iterable[Row]) -> int:
        """Send any number of rows, given with all their columns, in one COPY; return how many."""
        target = name(table.name)
        copy_in = statement("COPY {} ({}) FROM STDIN", target, join(", ", map(name, table.names)))
        # A moment is sent without its zone, which then has to be that of the session.
        self._run("SET LOCAL TimeZone = 'UTC'")
        count = 0
        with self.connection.cursor() as cursor, cursor.copy(copy_in) as copy:
            for row in rows:
                copy.write_row(row)
                count += 1
        return count

    def update(self, table: SyncedTable, rows: Sequence[Row]) -> None:
        """Overwrite the visible columns of rows."""
        width = len(table.visible)
        changed = join(
            ", ",
            (
                statement("{} = {}", name(column.name), _given(column, place))
                for place, column in enumerate(table.visible)
                if column.name not in table.key
            ),
        )
        query = statement(
            "UPDATE {} AS t SET {} FROM {} WHERE {}",
            name(table.name),
            changed,
            unnested("k", width),
            matching(table, table.key, table.places(table.key)),
        )
        self._run(query, arrays(rows, width))

    def delete(self, table: SyncedTable, keys: Sequence[Key]) -> None:
        """Delete rows."""
        query = statement(
            "DELETE FROM {} AS t USING {} WHERE {}",
            name(table.name),
            unnested("k", len(table.key)),
            matching(table, table.key),
        )
        self._run(query, arrays(keys, len(table.key)))

    def empty(self, table: SyncedTable) -> None:
        """Delete every row."""
        self._run(statement("DELETE FROM {}", name(table.name)))

    def park_unique(self, table: SyncedTable, columns: Sequence[str], keys: Sequence[Key]) -> None:
        """Put NULL, or a text that nobody else holds, into one of the columns."""
        room = next(one for one in table.named(columns) if table.has_room([one.name]))
        temporary = "NULL" if room.nullable else "'moving ' || t.{}::text"
        query = statement(
            "UPDATE {} AS t SET {} = {} FROM {} WHERE {}",
            name(table.name),
            name(room.name),
            statement(temporary, name(table.key[0])),
            unnested("k", len(table.key)),
            matching(table, table.key),
        )
        self._run(query, arrays(keys, len(table.key)))

    def touched(self, tables: Sequence[SyncedTable]) -> tuple[list[Key], Mapping[Key, str]]:
        """Return the keys of all owners of which a row has an entry; every one is a key here."""
        return self.log.touched_roots(tables), {}

    def family(
        self, tables: Sequence[SyncedTable], roots: Sequence[Key]
    ) -> tuple[dict[str, list[Row]], list[ChangeLogEntry]]:
        """Return the rows that belong to these owners, by their tables, and their entries."""
        with self.connection.pipeline():
            asked = {
                table.name: self._ask_rows(table, table.root_columns, roots) for table in tables
            }
            entries = self.log.ask(tables, roots)
            rows = {each: cursor.fetchall() for each, cursor in asked.items()}
            return rows, entries_in(tables, entries)

    def pending_users(
        self, table: SyncedTable, reference: ForeignKey, keys: Sequence[Key]
    ) -> list[Row]:
        """Return rows with an entry in the log that refer to one of these."""
        query = statement(
            _PENDING_USERS,
            columns_of(table),
            name(table.name),
            unnested("k", len(reference.columns)),
            matching(table, reference.columns),
            value(table.name),
            key_text("t", table, table.key),
        )
        return self._all(query, arrays(keys, len(reference.columns)))

    def rekey(self, tables: SyncedTables, table: SyncedTable, old: Key, new: Key) -> None:
        """Copy the row to the new key, redirect the references to it, delete the old row."""
        (column,) = table.named(table.key)
        place = table.names.index(column.name)
        # None, if somebody has deleted it meanwhile: then its entry alone gets the new key.
        rows = self.rows(table, table.key, [old], all_columns=True)
        for unique in table.unique:
            self.park_unique(table, unique, [old])
        self.insert(table, [(*row[:place], new[0], *row[place + 1 :]) for row in rows])
        given = written(column, placeholder())
        hanging = [
            (verbatim(child), referring)
            for child, referring in self._all(_HANGING_ON, [table.name, column.name])
        ]
        for child, referring in (*hanging, *_unknown_references(tables)):
            parts = child, name(referring), given
            query = statement("UPDATE {0} SET {1} = {2} WHERE {1} = {2}", *parts)
            self._run(query, [new[0], old[0]])
        self.delete(table, [old])
        self.log.rekey(old, new)

    def _all(self, query: Query, values: Sequence[Any] = ()) -> list[Any]:  # rows of any shape
        return self.connection.execute(query, values or None).fetchall()

    def _run(self, query: Query, values: Sequence[Any] = ()) -> None:  # of any type
        self.connection.execute(query, values or None)


def columns_of(table: SyncedTable, *, all_columns: bool = False) -> Sql:
    """Return the expressions that read the columns of a row `t`."""
    columns = table.columns if all_columns else table.visible
    return join(", ", (read("t", column) for column in columns))


def _in_key_order(column: SyncedColumn) -> Sql:
    template = '{} COLLATE "C"' if column.kind is ValueKind.TEXT else "{}"
    return statement(template, name("t", column.name))


def _given(column: SyncedColumn, place: int) -> Sql:
    return written(column, name("k", f"v{place}"))


def matching(
    table: SyncedTable, columns: Sequence[str], places: Sequence[int] | None = None
) -> Sql:
    """Return the condition that a row `t` holds a row `k`, or what it has at these places."""
    where = places or range(len(columns))
    return join(
        " AND ",
        (
            statement("{} = {}", name("t", column.name), _given(column, place))
            for column, place in zip(table.named(columns), where, strict=True)
        ),
    )


def _unknown_references(tables: SyncedTables) -> Iterator[tuple[SqlPart, str]]:
    """Return columns that may refer to a row, though no constraint says so."""
    for table in tables.tables:
        for column in table.extras:
            if column.kind is ValueKind.UUID:
                yield name(table.name), column.name
