"""What a Postgres notes of its changes, and remembers of the last sync."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

from backend.sync.replica.postgres_capture import (
    APPLYING,
    OPEN_TO_OTHERS,
    TABLES,
    key_text,
    statements,
)
from backend.sync.replica.postgres_rows import PostgresRows, columns_of, matching
from backend.sync.replica.postgres_values import arrays, unnested, written
from backend.sync.replica.replica import ChangeLogEntry, SyncState
from backend.sync.replica.tables import (
    Key,
    Kind,
    Reference,
    Row,
    SyncedColumn,
    SyncedTable,
    SyncedTables,
    Value,
)

# Where the sync itself keeps what it remembers.
KEPT_IN = "tablecopy_sync"
# A table that was replaced by another one of the same name has another number.
NUMBERS = """
    SELECT coalesce(json_object_agg(name, to_regclass(quote_ident(name))::oid)::text, '{}')
    FROM unnest(%s::text[]) AS n(name)"""
_MEMORY = ("token", "previous", "synced_at", "coming", "generation", "seen")
_REMEMBER = (
    f"INSERT INTO tablecopy_sync (one, {', '.join(_MEMORY)}, tables)"  # noqa: S608 - ours
    f" VALUES (1, %s, %s, %s, %s, %s, %s, ({NUMBERS}))"
    f" ON CONFLICT (one) DO UPDATE SET {', '.join(f'{one} = excluded.{one}' for one in _MEMORY)}"
)
_RETURNING_NUMBER = " RETURNING (SELECT last_value FROM tablecopy_stamps)"
_EXPECT = "UPDATE tablecopy_sync SET coming = %s"
_HANGING_ON = """
    SELECT conrelid::regclass::text, a.attname FROM pg_constraint
        JOIN LATERAL unnest(conkey, confkey) AS k(own, referred) ON true
        JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = k.own
        JOIN pg_attribute AS r ON r.attrelid = confrelid AND r.attnum = k.referred
    WHERE contype = 'f' AND confrelid = quote_ident(%s)::regclass AND r.attname = %s"""
_REPLACED = """
    DELETE FROM tablecopy_changes WHERE (tbl, key) IN (
        SELECT tbl, replace(key, %s, %s) FROM tablecopy_changes WHERE key LIKE %s)"""


class PostgresLog(PostgresRows):
    """The tables with the log of their changes beside them."""

    def install(self, tables: SyncedTables) -> None:
        """Put every table, function and trigger in place, or bring it up to date."""
        # Writers wait for it, and so it waits for none of them for long.
        self._run("SET LOCAL lock_timeout = '10s'")
        self._run(TABLES)
        # In a rehearsal there was no such table when the transaction began.
        self._run(APPLYING)
        ((schema,),) = self._all("SELECT current_schema()")
        for statement in statements(tables, schema):
            self._run(statement)
        for (revocation,) in self._all(OPEN_TO_OTHERS):
            self._run(sql.SQL(revocation))

    def renew(self, tables: SyncedTables) -> None:
        """Put what is older in place anew; on another server the tables have other numbers."""
        self.install(tables)
        self._run(f"UPDATE tablecopy_sync SET tables = ({NUMBERS})", [numbered(tables)])  # noqa: S608 - ours

    def remember(self, state: SyncState, tables: SyncedTables) -> int:
        """Keep it; from the first time on, with the numbers of the tables that it is about.

        These, and what was emptied since, are forgotten only by starting over.
        """
        values = [getattr(state, name) for name in _MEMORY]
        return self._number_after(_REMEMBER, [*values, numbered(tables)])

    def expect(self, tokens: str) -> int:
        """Keep them; alone, it is a transaction of its own."""
        return self._number_after(_EXPECT, [tokens])

    def _number_after(self, statement: str, values: Sequence[Any]) -> int:
        found = self._all(statement + _RETURNING_NUMBER, values)
        return int(found[0][0]) if found else 0

    def start_over(self) -> None:
        """Forget the log and the last sync."""
        self._run("DELETE FROM tablecopy_changes")
        self._run("DELETE FROM tablecopy_sync")

    def touched(self, tables: Sequence[SyncedTable]) -> tuple[list[Key], Mapping[Key, str]]:
        """Return the keys of all owners of which a row has an entry; each is what its type is."""
        query = "SELECT DISTINCT root FROM tablecopy_changes WHERE tbl = ANY(%s) ORDER BY root"
        found = self._all(query, [[table.name for table in tables]])
        return [tuple(json.loads(root)) for (root,) in found], {}

    def entries(self, tables: Sequence[SyncedTable], roots: Sequence[Key]) -> list[ChangeLogEntry]:
        """Return the entries of the rows that belong to these owners."""
        return _entries(tables, self._ask_entries(tables, roots).fetchall())

    def family(
        self, tables: Sequence[SyncedTable], roots: Sequence[Key]
    ) -> tuple[dict[str, list[Row]], list[ChangeLogEntry]]:
        """Return the rows that belong to these owners, by their tables, and their entries."""
        with self.connection.pipeline():
            asked = {
                table.name: self._ask_rows(table, table.root_columns, roots) for table in tables
            }
            entries = self._ask_entries(tables, roots)
            rows = {name: cursor.fetchall() for name, cursor in asked.items()}
            return rows, _entries(tables, entries.fetchall())

    def _ask_entries(
        self, tables: Sequence[SyncedTable], roots: Sequence[Key]
    ) -> psycopg.Cursor[Any]:
        query = (
            "SELECT tbl, key, base, stamp FROM tablecopy_changes"
            " WHERE root = ANY(%s) AND tbl = ANY(%s)"
        )
        names_wanted = [table.name for table in tables]
        return self.connection.execute(query, [[_json(root) for root in roots], names_wanted])

    def forget(self, entries: Iterable[ChangeLogEntry]) -> None:
        """Remove entries whose rows were not changed again."""
        rows = [(one.table, _json(one.key), one.stamp) for one in entries]
        if rows:
            query = (
                "DELETE FROM tablecopy_changes AS c USING {} WHERE c.tbl = k.v0 AND c.key = k.v1"
                " AND c.stamp = k.v2::bigint"
            )
            self._run(sql.SQL(query).format(unnested("k", 3)), arrays(rows, 3))

    def note(self, table: SyncedTable, bases: Mapping[Key, Row | None]) -> None:
        """Write entries as if these rows had been changed since the last sync."""
        width = len(table.root_columns)
        order = [column.name for column in table.visible]
        rows = [
            (
                _json(key),
                _json(key[:width]),
                None if base is None else _json(dict(zip(order, base, strict=True))),
            )
            for key, base in bases.items()
        ]
        if rows:
            query = (
                "INSERT INTO tablecopy_changes (tbl, key, root, base)"
                " SELECT {}, k.v0, k.v1, k.v2 FROM {} ON CONFLICT (tbl, key)"
                " DO UPDATE SET base = excluded.base, stamp = excluded.stamp"
            )
            statement = sql.SQL(query).format(sql.Literal(table.name), unnested("k", 3))
            self._run(statement, arrays(rows, 3))

    def pending_users(
        self, table: SyncedTable, reference: Reference, keys: Sequence[Key]
    ) -> list[Row]:
        """Return rows with an entry in the log that refer to one of these."""
        query = (
            "SELECT {} FROM {} AS t JOIN {} ON {} WHERE EXISTS ("
            "SELECT 1 FROM tablecopy_changes AS c WHERE c.tbl = {} AND c.key = {})"
        )
        statement = sql.SQL(query).format(
            columns_of(table),
            sql.Identifier(table.name),
            unnested("k", len(reference.columns)),
            matching(table, reference.columns),
            sql.Literal(table.name),
            key_text("t", table, table.key),
        )
        return self._all(statement, arrays(keys, len(reference.columns)))

    def rekey(self, tables: SyncedTables, table: SyncedTable, old: Key, new: Key) -> None:
        """Put a copy under the new key, hang on it what hung on the old one, drop that."""
        (column,) = table.named(table.key)
        place = table.names.index(column.name)
        (row,) = self.rows(table, table.key, [old], all_columns=True)
        for unique in table.unique:
            self.park_unique(table, unique, [old])
        self.insert(table, [(*row[:place], new[0], *row[place + 1 :])])
        value = written(column, sql.Placeholder())
        hanging = self._all(_HANGING_ON, [table.name, column.name])
        for child, name in (*hanging, *_unknown_references(tables)):
            query = sql.SQL("UPDATE {} SET {} = {} WHERE {} = {}").format(
                sql.SQL(child), sql.Identifier(name), value, sql.Identifier(name), value
            )
            self._run(query, [new[0], old[0]])
        self.delete(table, [old])
        # The new key may have an entry of its own: a row of that key was deleted here before.
        self._run(_REPLACED, [old[0], new[0], f"%{old[0]!s}%"])
        for column_name in ("key", "root", "base"):
            self._run(
                sql.SQL(
                    "UPDATE tablecopy_changes SET {0} = replace({0}, %s, %s) WHERE {0} LIKE %s"
                ).format(sql.Identifier(column_name)),
                [old[0], new[0], f"%{old[0]!s}%"],
            )


def numbered(tables: SyncedTables) -> list[str]:
    """Return the names of the tables whose numbers are remembered."""
    return [*tables.names, KEPT_IN]


def _unknown_references(tables: SyncedTables) -> Iterator[tuple[str, str]]:
    """Return columns that may refer to a row, though no constraint says so."""
    for table in tables.tables:
        for column in table.extras:
            if column.kind is Kind.UUID:
                yield sql.Identifier(table.name).as_string(None), column.name


def _entries(tables: Sequence[SyncedTable], found: Sequence[Any]) -> list[ChangeLogEntry]:
    by_name = {table.name: table for table in tables}
    return [
        ChangeLogEntry(name, tuple(json.loads(key)), _base(by_name[name], base), stamp)
        for name, key, base, stamp in found
    ]


def _base(table: SyncedTable, image: str | None) -> Row | None:
    if image is None:
        return None
    held = json.loads(image)
    return tuple(_remembered(column, held.get(column.name)) for column in table.visible)


def _remembered(column: SyncedColumn, value: Value) -> Value:
    # JSON has no word for infinity but a text.
    return float(value) if column.kind is Kind.REAL and value is not None else value


def _json(value: object) -> str:
    """Write JSON as Postgres itself does, so that keys are found by their text."""
    return json.dumps(value, ensure_ascii=False)
