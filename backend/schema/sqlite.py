"""Read the tables of a SQLite file from its schema."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend.db.sqlite_reader import APSWConnection, query
from backend.schema.tables import Column, ColumnType, SqliteTable

# Neither views nor virtual tables, nor the tables in which the latter keep what they hold.
_TABLES = """
    SELECT name, wr FROM pragma_table_list
    WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    ORDER BY name"""
_VIRTUAL = """
    SELECT t.name, s.sql FROM pragma_table_list t JOIN sqlite_schema s USING (name)
    WHERE t.schema = 'main' AND t.type = 'virtual' ORDER BY t.name"""
_SHADOWS = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'"
# A full-text index over the rows of another table, which travels; content='' is over nothing.
_OVER_ANOTHER = re.compile(r"""\bcontent\s*=\s*(?!''|""|[,)])""", re.IGNORECASE)
_COLUMNS = 'SELECT name, type, "notnull", hidden, pk FROM pragma_table_xinfo(?) ORDER BY cid'
_COUNTS = "SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'"
_HIGH_WATERS = "SELECT name, seq FROM sqlite_sequence"
_GENERATED = {2, 3}


def reflect_sqlite(connection: APSWConnection) -> tuple[SqliteTable, ...]:
    """Return every table, ordered by name; views and SQLite's own tables are left alone.

    Virtual tables come last, and only those that hold something that no other table holds.
    """
    counts = any(query(connection, _COUNTS))
    high_waters = {name: seq for name, seq in query(connection, _HIGH_WATERS)} if counts else {}
    return (
        *(
            _table(connection, name, has_rowid=not without_rowid, high_water=high_waters.get(name))
            for name, without_rowid in query(connection, _TABLES)
        ),
        *(SqliteTable(name, (), (), virtual=True) for name in _virtual(connection)),
    )


def _virtual(connection: APSWConnection) -> Iterator[str]:
    """Name the virtual tables with their own content: an index over another table has none."""
    found: dict[str, str] = dict(query(connection, _VIRTUAL))
    shadows = [name for (name,) in query(connection, _SHADOWS)]
    for name, sql in found.items():
        # The tables of "a_b" are not those of "a".
        longer = tuple(f"{other}_" for other in found if other.startswith(f"{name}_"))
        own = [one for one in shadows if one.startswith(f"{name}_") and not one.startswith(longer)]
        if own and not _OVER_ANOTHER.search(sql):
            yield name


def _table(
    connection: APSWConnection, name: str, *, has_rowid: bool, high_water: int | None
) -> SqliteTable:
    rows = list(query(connection, _COLUMNS, (name,)))
    columns = (
        Column(n, ColumnType.of_sqlite(declared), bool(nn), generated=hidden in _GENERATED)
        for n, declared, nn, hidden, _ in rows
    )
    keys = sorted((place, column) for column, *_, place in rows if place)
    return SqliteTable(
        name,
        tuple(columns),
        tuple(column for _, column in keys),
        has_rowid=has_rowid,
        high_water=high_water if isinstance(high_water, int) else None,
    )
