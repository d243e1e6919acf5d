"""Read the tables of a SQLite file from its schema."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from backend.db.session import ResultRow
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
# The columns of tables given as JSON; what the primary key holds may not be NULL here.
COLUMNS_OF_TABLES = (
    'SELECT t.value, c.name, c.type, c."notnull" OR c.pk, c.hidden'
    " FROM json_each(?) AS t, pragma_table_xinfo(t.value) AS c ORDER BY 1, 2"
)
_KEY_INDEX = "SELECT 1 FROM pragma_index_list(?) WHERE origin = 'pk'"
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


def columns_of_tables(rows: Iterable[ResultRow]) -> Mapping[str, tuple[Column, ...]]:
    """Return the columns of each table, as `COLUMNS_OF_TABLES` has found them."""
    tables: defaultdict[str, list[Column]] = defaultdict(list)
    for table, name, declared, not_null, hidden in rows:
        tables[table].append(_column(name, declared, not_null, hidden))
    return {table: tuple(columns) for table, columns in tables.items()}


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
        _column(column, declared, not_null, hidden)
        for column, declared, not_null, hidden, _ in rows
    )
    keys = sorted((place, column) for column, *_, place in rows if place)
    return SqliteTable(
        name,
        tuple(columns),
        tuple(column for _, column in keys),
        has_rowid=has_rowid,
        has_key_index=any(query(connection, _KEY_INDEX, (name,))),
        high_water=high_water if isinstance(high_water, int) else None,
    )


def _column(name: str, declared: str, not_null: int, hidden: int) -> Column:
    return Column(
        name, ColumnType.of_sqlite(declared), bool(not_null), generated=hidden in _GENERATED
    )
