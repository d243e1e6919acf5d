"""The triggers by which a SQLite file notes what changes, and the tables they write to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backend.db.sql import literal, quoted
from backend.sync.replica.sqlite_values import QUOTED
from backend.sync.replica.tables import Kind, SyncedColumn, SyncedTable, SyncedTables

CHANGES = "tablecopy_changes"
_PAIRS = 60
_NUMBERS = frozenset({Kind.WHOLE, Kind.FLAG})

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
    " SELECT {table}, {key}, {root}, {base}, random() {which}"
    " ON CONFLICT (tbl, key) DO UPDATE SET stamp = random();"
)
_ABSENT = "NULL"
_APPLYING = "EXISTS (SELECT 1 FROM tablecopy_applying)"


def triggers(tables: SyncedTables) -> dict[str, str]:
    """Return the statement that makes each trigger, by its name."""
    return {name: words for table in tables.tables for name, words in _of(table)}


def _of(table: SyncedTable) -> Iterator[tuple[str, str]]:
    old, new = _note(table, "OLD", _image(table, "OLD")), _note(table, "NEW", _ABSENT)
    # A row that gets another key is one that goes and one that comes.
    moved = _note(table, "NEW", _ABSENT, when=f"NOT ({_same('OLD', 'NEW', table.key)})")
    visible = [column.name for column in table.visible]
    changed = f"NOT ({_same('OLD', 'NEW', visible)})"
    yield _trigger(table, "insert", "AFTER INSERT", new)
    yield _trigger(table, "update", "AFTER UPDATE", f"{old} {moved}", f" AND {changed}")
    yield _trigger(table, "delete", "AFTER DELETE", old)
    yield from _replacing(table)


def _replacing(table: SyncedTable) -> Iterator[tuple[str, str]]:
    """Note what OR REPLACE will delete to make room: no trigger on DELETE is told of that."""
    unique = (table.key, *table.unique)
    among = f"FROM {quoted(table.name)} AS t WHERE"
    wanted = " OR ".join(f"({_equal('t', 'NEW', names)})" for names in unique)
    others = f"({wanted}) AND NOT ({_same('t', 'OLD', table.key)})"
    columns = ", ".join(map(quoted, dict.fromkeys(name for names in unique for name in names)))
    for name, event, which in (
        ("insert_over", "BEFORE INSERT", wanted),
        ("update_over", f"BEFORE UPDATE OF {columns}", others),
    ):
        body = _note(table, "t", _image(table, "t"), among=among, when=which)
        yield _trigger(table, name, event, body, f" AND EXISTS (SELECT 1 {among} {which})")


def _trigger(
    table: SyncedTable, name: str, event: str, body: str, when: str = ""
) -> tuple[str, str]:
    full_name = f"tablecopy_{table.name}_{name}"
    words = (
        f"CREATE TRIGGER {quoted(full_name)} {event} ON {quoted(table.name)}",
        f"WHEN NOT {_APPLYING}{when}",
        f"BEGIN {body} END",
    )
    return full_name, " ".join(words)


def _note(
    table: SyncedTable, row: str, base: str, *, among: str = "WHERE", when: str = "true"
) -> str:
    key, root = (_array(row, names) for names in (table.key, table.root_columns))
    name, which = literal(table.name), f"{among} {when}"
    return _NOTE.format(table=name, key=key, root=root, base=base, which=which)


def _image(table: SyncedTable, row: str) -> str:
    """Return a row as JSON; many columns in several pieces, for functions take 127 arguments."""
    pairs = [f"{literal(c.name)}, {_plain(row, c)}" for c in table.visible]
    pieces = (pairs[start : start + _PAIRS] for start in range(0, len(pairs), _PAIRS))
    whole, *more = (f"json_object({', '.join(piece)})" for piece in pieces)
    for piece in more:
        # What is NULL is left out by this, and read as NULL again.
        whole = f"json_patch({whole}, {piece})"
    return whole


def _plain(row: str, column: SyncedColumn) -> str:
    """Return a value such that JSON holds it: bytes in a row must not keep it from being mended."""
    value = f"{row}.{quoted(column.name)}"
    if column.kind in QUOTED:
        return f"quote({value})"
    return f"{value} + 0" if column.kind in _NUMBERS else f"CAST({value} AS TEXT)"


def _array(row: str, names: tuple[str, ...]) -> str:
    return f"json_array({', '.join(f'{row}.{quoted(name)}' for name in names)})"


def _same(one: str, other: str, names: Sequence[str]) -> str:
    return " AND ".join(f"{one}.{quoted(name)} IS {other}.{quoted(name)}" for name in names)


def _equal(one: str, other: str, names: Sequence[str]) -> str:
    """Return the condition by which a unique constraint compares: no NULL is like another."""
    return " AND ".join(f"{one}.{quoted(name)} = {other}.{quoted(name)}" for name in names)
