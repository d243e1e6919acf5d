"""The log of changes of a Postgres, and whether it can be believed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import md5
from typing import Any, LiteralString

from backend.capture.change_log import ChangeLogEntry, SyncState
from backend.capture.postgres_triggers import (
    APPLYING,
    OPEN_TO_OTHERS,
    TABLES,
    bodies,
    former_bodies,
    statements,
)
from backend.capture.postgres_values import arrays, unnested
from backend.capture.tables import Key, Row, SyncedColumn, SyncedTable, SyncedTables
from backend.db.session import Cursor, Session
from backend.db.sql import Sql, name, statement, value, verbatim
from backend.values.conversion import Value
from backend.values.kinds import ValueKind

# Where the sync state itself is kept.
_KEPT_IN = "tablecopy_sync"
# A table that was replaced by another one of the same name has another number.
NUMBERS = statement(
    """SELECT coalesce(json_object_agg(name, to_regclass(quote_ident(name))::oid)::text, '{{}}')
    FROM unnest(%s::text[]) AS n(name)"""
)
_STATE = ("token", "previous", "synced_at", "coming", "generation", "seen")
_REMEMBER = statement(
    """INSERT INTO tablecopy_sync
        (one, token, previous, synced_at, coming, generation, seen, tables)
    VALUES (1, %s, %s, %s, %s, %s, %s, ({}))
    ON CONFLICT (one) DO UPDATE SET token = excluded.token, previous = excluded.previous,
        synced_at = excluded.synced_at, coming = excluded.coming,
        generation = excluded.generation, seen = excluded.seen
    RETURNING (SELECT last_value FROM tablecopy_stamps)""",
    NUMBERS,
)
_EXPECT = """
    UPDATE tablecopy_sync SET coming = %s RETURNING (SELECT last_value FROM tablecopy_stamps)"""
_RENEW = statement("UPDATE tablecopy_sync SET tables = ({})", NUMBERS)
_ENTRIES = """
    SELECT tbl, key, base, stamp FROM tablecopy_changes WHERE root = ANY(%s) AND tbl = ANY(%s)"""
_FORGET = """
    DELETE FROM tablecopy_changes AS c USING {}
    WHERE c.tbl = k.v0 AND c.key = k.v1 AND c.stamp = k.v2::bigint"""
_NOTE = """
    INSERT INTO tablecopy_changes (tbl, key, root, base) SELECT {}, k.v0, k.v1, k.v2 FROM {}
    ON CONFLICT (tbl, key) DO UPDATE SET base = excluded.base, stamp = excluded.stamp"""
_REPLACED = """
    DELETE FROM tablecopy_changes WHERE (tbl, key) IN (
        SELECT tbl, replace(key, %s, %s) FROM tablecopy_changes WHERE key LIKE %s)"""
_REPLACE = "UPDATE tablecopy_changes SET {0} = replace({0}, %s, %s) WHERE {0} LIKE %s"

Query = LiteralString | Sql


class PostgresChangeLog:
    """The log, through the connection of whoever reads and writes the rows."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def install(self, tables: SyncedTables) -> None:
        """Put every table, function and trigger in place, or bring it up to date."""
        # Writers wait for it, and so it waits for none of them for long.
        self._run("SET LOCAL lock_timeout = '10s'")
        self._run(TABLES)
        # In a dry run there was no such table when the transaction began.
        self._run(APPLYING)
        ((schema,),) = self._all("SELECT current_schema()")
        for each in statements(tables, schema):
            self._run(each)
        for (revocation,) in self._all(OPEN_TO_OTHERS):
            self._run(verbatim(revocation))

    def renew(self, tables: SyncedTables) -> None:
        """Put what is older in place anew; on another server the tables have other numbers."""
        self.install(tables)
        self._run(_RENEW, [numbered(tables)])

    def remember(self, state: SyncState, tables: SyncedTables) -> int:
        """Keep it; from the first time on, with the numbers of the tables that it is about.

        These, and what was emptied since, are forgotten only by starting over.
        """
        values = [getattr(state, each) for each in _STATE]
        return _first(self._all(_REMEMBER, [*values, numbered(tables)]))

    def expect(self, tokens: str) -> int:
        """Keep them; alone, it is a transaction of its own."""
        return _first(self._all(_EXPECT, [tokens]))

    def start_over(self) -> None:
        """Forget the log and the last sync."""
        self._run("DELETE FROM tablecopy_changes")
        self._run("DELETE FROM tablecopy_sync")

    def touched_roots(self, tables: Sequence[SyncedTable]) -> list[Key]:
        """Return the keys of all owners of which a row has an entry; each is what its type is."""
        query = "SELECT DISTINCT root FROM tablecopy_changes WHERE tbl = ANY(%s) ORDER BY root"
        found = self._all(query, [[table.name for table in tables]])
        return [tuple(json.loads(root)) for (root,) in found]

    def entries(self, tables: Sequence[SyncedTable], roots: Sequence[Key]) -> list[ChangeLogEntry]:
        """Return the entries of the rows that belong to these owners."""
        return entries_in(tables, self.ask(tables, roots))

    def ask(self, tables: Sequence[SyncedTable], roots: Sequence[Key]) -> Cursor:
        """Ask for the entries, and do not wait for the answer in a pipeline."""
        names = [table.name for table in tables]
        return self._session.execute(_ENTRIES, [[_json(root) for root in roots], names])

    def forget(self, entries: Iterable[ChangeLogEntry]) -> None:
        """Remove entries whose rows were not changed again."""
        rows = [(one.table, _json(one.key), one.stamp) for one in entries]
        if rows:
            self._run(statement(_FORGET, unnested("k", 3)), arrays(rows, 3))

    def note(self, table: SyncedTable, bases: Mapping[Key, Row | None]) -> None:
        """Write entries as if these rows had been changed since the last sync."""
        width = len(table.root_columns)
        rows = [(_json(key), _json(key[:width]), _image(table, bases[key])) for key in bases]
        if rows:
            query = statement(_NOTE, value(table.name), unnested("k", 3))
            self._run(query, arrays(rows, 3))

    def rekey(self, old: Key, new: Key) -> None:
        """Replace a key in every entry that holds it."""
        values = [old[0], new[0], f"%{old[0]!s}%"]
        # The new key may have an entry of its own: a row of that key was deleted here before.
        self._run(_REPLACED, values)
        for column in ("key", "root", "base"):
            self._run(statement(_REPLACE, name(column)), values)

    def _all(self, query: Query, values: Sequence[Any] = ()) -> list[Any]:  # rows of any shape
        return self._session.execute(query, values or None).fetchall()

    def _run(self, query: Query, values: Sequence[Any] = ()) -> None:  # of any type
        self._session.execute(query, values or None)


@dataclass(frozen=True)
class PostgresCaptureCheck:
    """What a database holds of a sync: its state, its triggers and the numbers of its tables.

    Args:
        tables: the tables that are to be captured.
        schema: where they are.
        known: what the database remembers, by the names of the columns.
        captured: the hash of what each trigger runs, by the function's name.
        numbers: the number of each table now, by its name.
    """

    tables: SyncedTables
    schema: str
    known: Mapping[str, Any]  # texts and numbers
    captured: Mapping[str, str]
    numbers: Mapping[str, str]

    def of(self, tables: SyncedTables) -> PostgresCaptureCheck:
        """Return the check of these tables."""
        return replace(self, tables=tables)

    @property
    def problem(self) -> str:
        """Say why the log cannot be believed; empty: it can."""
        if self.known["emptied"]:
            return f"{self.known['emptied']} was emptied by TRUNCATE"
        if self._are_others:
            return "its tables were replaced by others"
        expected = bodies(self.tables, self.schema)
        if missing := sorted(expected.keys() - self.captured.keys()):
            return f"the trigger of {missing[0]} is gone"
        known = (_hashed(expected), self._former)
        return "" if self.captured in known else "its schema has changed"

    @property
    def is_outdated(self) -> bool:
        """Tell whether it comes from the first release, or from another server."""
        another = "coming" not in self.known or self._remembered != self.numbers
        return another or self.captured == self._former

    @property
    def _are_others(self) -> bool:
        held = self._remembered
        # Restored elsewhere, everything has another number, and so has what remembers them.
        has_moved = _KEPT_IN in held and held[_KEPT_IN] != self.numbers[_KEPT_IN]
        return not has_moved and any(self.numbers.get(one) != held[one] for one in held)

    @property
    def _remembered(self) -> dict[str, str]:
        return dict(json.loads(self.known["tables"]))

    @cached_property
    def _former(self) -> dict[str, str]:
        return _hashed(former_bodies(self.tables, self.schema))


def numbered(tables: SyncedTables) -> list[str]:
    """Return the names of the tables whose numbers are remembered."""
    return [*tables.names, _KEPT_IN]


def entries_in(tables: Sequence[SyncedTable], found: Iterable[Any]) -> list[ChangeLogEntry]:
    """Return the entries that `ask` has found."""
    by_name = {table.name: table for table in tables}
    return [
        ChangeLogEntry(table, tuple(json.loads(key)), _base(by_name[table], base), stamp)
        for table, key, base, stamp in found
    ]


def _first(rows: Sequence[Row]) -> int:
    return int(rows[0][0] or 0) if rows else 0


def _hashed(texts: Mapping[str, str]) -> dict[str, str]:
    return {
        each: md5(text.encode(), usedforsecurity=False).hexdigest() for each, text in texts.items()
    }


def _image(table: SyncedTable, row: Row | None) -> str | None:
    names = [column.name for column in table.visible]
    return None if row is None else _json(dict(zip(names, row, strict=True)))


def _base(table: SyncedTable, image: str | None) -> Row | None:
    if image is None:
        return None
    held = json.loads(image)
    return tuple(_remembered(column, held.get(column.name)) for column in table.visible)


def _remembered(column: SyncedColumn, value: Value) -> Value:
    # JSON has no word for infinity but a text.
    return float(value) if column.kind is ValueKind.REAL and value is not None else value


def _json(value: object) -> str:
    """Write JSON as Postgres itself does, so that keys are found by their text."""
    return json.dumps(value, ensure_ascii=False)
