"""The triggers by which a SQLite file notes what changes, and the tables they write to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import LiteralString

from backend.capture.sqlite_values import QUOTED
from backend.capture.tables import SyncedColumn, SyncedTable, SyncedTables
from backend.db.chunks import chunks
from backend.db.sql import Sql, join, name, statement, text, value
from backend.values.kinds import ValueKind

_PAIRS = 60
_NUMBERS = frozenset({ValueKind.WHOLE, ValueKind.FLAG})

# A row in tablecopy_applying, never committed, tells the triggers that the sync itself writes.
TABLES = (
    "CREATE TABLE IF NOT EXISTS tablecopy_changes (tbl TEXT NOT NULL, key TEXT NOT NULL,"
    " root TEXT NOT NULL, base TEXT, stamp INTEGER NOT NULL, PRIMARY KEY (tbl, key)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS tablecopy_changes_root ON tablecopy_changes (root)",
    "CREATE TABLE IF NOT EXISTS tablecopy_applying (one INTEGER PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS tablecopy_sync (one INTEGER PRIMARY KEY CHECK (one = 1),"
    " token TEXT NOT NULL, previous TEXT NOT NULL, synced_at TEXT NOT NULL)",
    # Counts the changes: a file that was put back to an earlier state has noted fewer.
    "CREATE TABLE IF NOT EXISTS tablecopy_stamps"
    " (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL)",
    "INSERT OR IGNORE INTO tablecopy_stamps VALUES (1, 0)",
    "CREATE TRIGGER IF NOT EXISTS tablecopy_changes_insert AFTER INSERT ON tablecopy_changes"
    " BEGIN UPDATE tablecopy_stamps SET last = last + 1; END",
    "CREATE TRIGGER IF NOT EXISTS tablecopy_changes_update AFTER UPDATE OF stamp"
    " ON tablecopy_changes BEGIN UPDATE tablecopy_stamps SET last = last + 1; END",
)
# What the first release did not remember.
LATER_COLUMNS = {
    "coming": "ALTER TABLE tablecopy_sync ADD COLUMN coming TEXT NOT NULL DEFAULT ''",
    "generation": "ALTER TABLE tablecopy_sync ADD COLUMN generation INTEGER NOT NULL DEFAULT 0",
    "seen": "ALTER TABLE tablecopy_sync ADD COLUMN seen INTEGER NOT NULL DEFAULT 0",
}

# The WHERE also keeps the parser from taking ON for the beginning of a join.
_NOTE = (
    "INSERT INTO tablecopy_changes (tbl, key, root, base, stamp)"
    " SELECT {table}, {key}, {root}, {base}, random() {among} {when}"
    " ON CONFLICT (tbl, key) DO UPDATE SET stamp = random();"
)
_TRIGGER = (
    "CREATE TRIGGER {trigger} {event} ON {table}"
    " WHEN NOT EXISTS (SELECT 1 FROM tablecopy_applying){when} BEGIN {body} END"
)
# The rows that a trigger knows, and one that the statement is about to replace.
_OLD, _NEW, _HELD = statement("OLD"), statement("NEW"), statement("t")
_ABSENT = statement("NULL")
_WHERE, _ALWAYS = statement("WHERE"), statement("true")
_NOTHING = statement("")


@lru_cache(maxsize=8)
def triggers(tables: SyncedTables) -> Mapping[str, str]:
    """Return the statement that makes each trigger, by its name."""
    return dict(chain.from_iterable(map(_of, tables.tables)))


def _of(table: SyncedTable) -> Iterator[tuple[str, str]]:
    old, new = _note(table, _OLD, _image(table, _OLD)), _note(table, _NEW, _ABSENT)
    # A row that gets another key is one that goes and one that comes.
    has_moved = statement("NOT ({})", _same(_OLD, _NEW, table.key))
    moved = _note(table, _NEW, _ABSENT, when=has_moved)
    changed = statement(" AND NOT ({})", _same(_OLD, _NEW, [one.name for one in table.visible]))
    yield _trigger(table, "insert", statement("AFTER INSERT"), new)
    yield _trigger(table, "update", statement("AFTER UPDATE"), join(" ", [old, moved]), changed)
    yield _trigger(table, "delete", statement("AFTER DELETE"), old)
    yield from _replacing(table)


def _replacing(table: SyncedTable) -> Iterator[tuple[str, str]]:
    """Note what OR REPLACE will delete to make room: no trigger on DELETE is told of that."""
    unique = (table.key, *table.unique)
    among = statement("FROM {} AS t WHERE", name(table.name))
    wanted = join(" OR ", (statement("({})", _equal(_HELD, _NEW, names)) for names in unique))
    others = statement("({}) AND NOT ({})", wanted, _same(_HELD, _OLD, table.key))
    columns = join(", ", map(name, dict.fromkeys(chain.from_iterable(unique))))
    update = statement("BEFORE UPDATE OF {}", columns)
    for kind, event, which in (
        ("insert_over", statement("BEFORE INSERT"), wanted),
        ("update_over", update, others),
    ):
        body = _note(table, _HELD, _image(table, _HELD), among=among, when=which)
        exists = statement(" AND EXISTS (SELECT 1 {} {})", among, which)
        yield _trigger(table, kind, event, body, exists)


def _trigger(
    table: SyncedTable, kind: str, event: Sql, body: Sql, when: Sql = _NOTHING
) -> tuple[str, str]:
    trigger = f"tablecopy_{table.name}_{kind}"
    words = {"trigger": name(trigger), "event": event, "table": name(table.name)}
    return trigger, text(statement(_TRIGGER, **words, when=when, body=body))


def _note(
    table: SyncedTable,
    row: Sql,
    base: Sql,
    *,
    among: Sql = _WHERE,
    when: Sql = _ALWAYS,
) -> Sql:
    key, root = (_array(row, names) for names in (table.key, table.root_columns))
    words = {"table": value(table.name), "key": key, "root": root, "base": base}
    return statement(_NOTE, **words, among=among, when=when)


def _image(table: SyncedTable, row: Sql) -> Sql:
    """Return a row as JSON; many columns in several pieces, for functions take 127 arguments."""
    pairs = (
        statement("{}, {}", value(column.name), _plain(row, column)) for column in table.visible
    )
    whole, *more = (
        statement("json_object({})", join(", ", some)) for some in chunks(pairs, _PAIRS)
    )
    for piece in more:
        # What is NULL is left out by this, and read as NULL again.
        whole = statement("json_patch({}, {})", whole, piece)
    return whole


def _plain(row: Sql, column: SyncedColumn) -> Sql:
    """Return a value such that JSON holds it: bytes in a row must not keep it from being mended."""
    if column.kind in QUOTED:
        template: LiteralString = "quote({}.{})"
    else:
        template = "{}.{} + 0" if column.kind in _NUMBERS else "CAST({}.{} AS TEXT)"
    return statement(template, row, name(column.name))


def _array(row: Sql, names: Sequence[str]) -> Sql:
    columns = (statement("{}.{}", row, name(each)) for each in names)
    return statement("json_array({})", join(", ", columns))


def _same(one: Sql, other: Sql, names: Sequence[str]) -> Sql:
    pairs = (statement("{0}.{2} IS {1}.{2}", one, other, name(each)) for each in names)
    return join(" AND ", pairs)


def _equal(one: Sql, other: Sql, names: Sequence[str]) -> Sql:
    """Return the condition by which a unique constraint compares: no NULL is like another."""
    pairs = (statement("{0}.{2} = {1}.{2}", one, other, name(each)) for each in names)
    return join(" AND ", pairs)
